"""A tentacle's own checkout: made, shown, and removed so that nothing is lost."""

import json
import os
import random
import signal
import subprocess

import pytest

from conftest import binary, until
from goal_work import Goals
from killing import tool


def tentacle(goals, name="build", **members):
    """A tentacle that was written by hand, as the store takes it over."""
    folder = goals.home / "tentacles" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "meta.json").write_text(json.dumps({"name": name, "status": "idle", **members}))


@pytest.fixture
def repo(goals):
    goals.commit(src__a="a\n", docs__b="b\n")
    goals.begin()
    tentacle(goals)
    return goals


def wt(goals, *words, name="build", **more):
    return goals("tentacle", "worktree", name, *words, **more)


def path_of(goals):
    return wt(goals, "status", "--json").json["path"]


def write(path, text):
    path = str(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def test_made_and_found_again(repo):
    before = wt(repo, "status")
    assert before.code == 0 and before.out.startswith("build: none\n")
    assert before.out.endswith("next: sk tentacle worktree build prepare\n")
    made = wt(repo, "prepare", "--json")
    assert made.code == 0, made.err
    document = made.json
    assert document["branch"] == "sk/build" and document["reused"] is False
    assert document["base"] == repo.git("rev-parse", "main").strip()
    assert document["path"].startswith(str(repo.folder / "home/.copilot/session-state/worktrees/"))
    assert repo.git("symbolic-ref", "--short", "HEAD", cwd=document["path"]) == "sk/build\n"
    meta = repo.meta("build")["worktree"]
    assert meta["prepared"] is True and meta["path"] == document["path"]
    assert meta["base"] == document["base"] and meta["branch"] == "sk/build"
    assert wt(repo, "prepare", "--json").json["reused"] is True
    # From inside of it the same goals and the same worktree are found.
    inside = repo("tentacle", "worktree", "build", "status", "--json", cwd=document["path"])
    assert inside.code == 0 and inside.json["path"] == document["path"]
    assert inside.json["in_use_by_pid"] > 0
    text = wt(repo, "status").out
    assert "  branch       sk/build, 0 ahead of main, 0 behind\n" in text
    assert "  files        nothing uncommitted\n" in text


def test_begins_where_it_is_told(repo):
    first = repo.git("rev-parse", "HEAD").strip()
    repo.commit(src__c="c\n")
    assert wt(repo, "prepare", "--base", first, "--json").json["base"] == first
    assert not os.path.exists(path_of(repo) + "/src/c")


def test_what_is_in_it(repo):
    tentacle(repo, scope=["src"])
    path = wt(repo, "prepare", "--json").json["path"]
    write(path + "/src/a", "changed\n")
    write(path + "/docs/new", "new\n")
    repo.git("commit", "-q", "--allow-empty", "-m", "mine", cwd=path)
    document = wt(repo, "status", "--json").json
    assert document["state"] == "ready" and document["checked_out"] == "sk/build"
    assert (document["ahead"], document["behind"], document["commits_only_here"]) == (1, 0, 1)
    assert (document["staged"], document["changed"], document["untracked"]) == (0, 1, 1)
    assert document["outside_scope"] == ["docs/new"]
    assert document["cleanup"] == {"action": "remove", "why": None, "keeps": True, "removes_branch": True,
                                   "needs_yes": True}
    text = wt(repo, "status").out
    assert "  files        1 changed, 1 untracked\n" in text and "  outside      1: docs/new\n" in text


def test_removed_when_nothing_is_in_it(repo):
    path = wt(repo, "prepare", "--json").json["path"]
    done = wt(repo, "cleanup")
    assert done.code == 0 and done.out == "build: worktree removed\n"
    assert not os.path.exists(path) and repo.git("branch", "--list", "sk/*") == ""
    assert "worktree" not in repo.meta("build") or not repo.meta("build")["worktree"].get("prepared")
    assert wt(repo, "cleanup").out == "build: there is no worktree\n"
    assert [event["event"] for event in repo.events("tentacle_worktree_set")] == ["tentacle_worktree_set"] * 2


def test_work_is_kept(repo):
    path = wt(repo, "prepare", "--json").json["path"]
    write(path + "/src/a", "mine\n")
    write(path + "/new/file", "also mine\n")
    refused = wt(repo, "cleanup")
    assert refused.code == 5 and "nothing was removed" in refused.err and os.path.exists(path)
    dry = wt(repo, "cleanup", "--dry-run")
    assert dry.code == 0 and os.path.exists(path)
    assert "  keep files and commits under refs/sk/kept/build/\n" in dry.out
    assert dry.out.endswith("next: sk tentacle worktree build cleanup --yes\n")
    done = wt(repo, "cleanup", "--yes", "--json").json
    assert done["removed"] is True and not os.path.exists(path)
    ref = done["kept_ref"]
    assert ref.startswith("refs/sk/kept/build/")
    assert repo.git("rev-parse", ref).strip() == done["kept_commit"]
    assert repo.git("show", ref + ":src/a") == "mine\n" and repo.git("show", ref + ":new/file") == "also mine\n"
    assert wt(repo, "status", "--json").json["kept"] == [ref]
    # And it can be taken back as the page says.
    repo.git("worktree", "add", "-q", "../back", ref, cwd=repo.folder / "home")
    assert (repo.folder / "back" / "new" / "file").read_text() == "also mine\n"


def test_ignored_files_need_a_yes(repo):
    repo.commit(**{".gitignore": "*.log\n"})
    path = wt(repo, "prepare", "--json").json["path"]
    write(path + "/x.log", "x\n")
    assert wt(repo, "cleanup").code == 5
    assert "  lose the ignored files\n" in wt(repo, "cleanup", "--dry-run").out
    assert wt(repo, "status", "--json").json["ignored_names"] == ["x.log"]
    assert wt(repo, "cleanup", "--yes", "--json").json["kept_ref"] is None


def test_refused_while_somebody_is_in_it(repo):
    path = wt(repo, "prepare", "--json").json["path"]
    sleeper = subprocess.Popen(["sleep", "1000"], cwd=path)
    try:
        refused = wt(repo, "cleanup", "--yes")
        assert refused.code == 4 and "working directory (pid %d)" % sleeper.pid in refused.err
        assert wt(repo, "cleanup", "--dry-run").code == 4
    finally:
        sleeper.kill()
        sleeper.wait()
    assert wt(repo, "cleanup").code == 0


def test_refused_while_locked(repo):
    path = wt(repo, "prepare", "--json").json["path"]
    repo.git("worktree", "lock", "--reason", "on holiday", path)
    assert "  git          locked: on holiday\n" in wt(repo, "status").out
    refused = wt(repo, "cleanup", "--yes")
    assert refused.code == 4 and "is locked: nothing was removed. Try: git worktree unlock" in refused.err


def test_not_ours(repo):
    path = path_of(repo)
    write(path + "/precious", "x")
    for words in (["prepare"], ["cleanup", "--yes"]):
        refused = wt(repo, *words)
        assert refused.code == 4 and "was not made by us" in refused.err
    assert os.path.exists(path + "/precious")


def test_bad_words(repo):
    assert wt(repo, "prepare", name="bulid").code == 3
    assert "build" in wt(repo, "prepare", name="bulid").err
    assert wt(repo, "cleanup", name="nobody").code == 3
    assert wt(repo, "prepare", name="../x").code in (2, 3)
    assert wt(repo, "status", name="../x").code == 2
    assert wt(repo, "remove").code == 2
    assert wt(repo).code == 2
    assert wt(repo, "prepare", "--yes").code == 2
    assert wt(repo, "status", "--base", "main").code == 2
    bad = wt(repo, "prepare", "--base", "--upload-pack=x")
    assert bad.code == 2, bad.err
    bad = wt(repo, "prepare", "--base=--upload-pack=x")
    assert bad.code == 2 and "is no commit here" in bad.err
    assert repo.git("worktree", "list").count("\n") == 1


def test_outside_of_a_repository(work):
    work.env["HOME"] = str(work.folder)
    work("tentacle", "goal", "init", "--title", "x")
    tentacle_folder = work.folder / ".octogent" / "tentacles" / "build"
    tentacle_folder.mkdir(parents=True)
    (tentacle_folder / "meta.json").write_text('{"name":"build","status":"idle"}')
    refused = work("tentacle", "worktree", "build", "prepare", env={"GIT_CEILING_DIRECTORIES": str(work.folder.parent)})
    assert refused.code == 4 and "there is no git repository here" in refused.err


def test_no_home(repo):
    del repo.env["SK_HOME"]
    del repo.env["HOME"]
    refused = wt(repo, "prepare")
    assert refused.code == 8 and "HOME is not set" in refused.err


def test_killed_and_typed_again(repo):
    """A checkout that takes its time is killed with sk; the same command ends it."""
    repo.commit(**{".gitattributes": "src/a filter=slow\n"})
    repo.git("config", "filter.slow.smudge", "cat; touch ~/reached; test ! -e ~/gate || cat ~/gate")
    os.mkfifo(repo.folder / "home" / "gate")
    process = subprocess.Popen([binary(), "tentacle", "worktree", "build", "prepare"], cwd=repo.folder, env=repo.env)
    until(lambda: (repo.folder / "home" / "reached").exists(), "the checkout begins")
    process.send_signal(signal.SIGKILL)
    process.wait()
    os.close(os.open(repo.folder / "home" / "gate", os.O_RDWR))
    os.unlink(repo.folder / "home" / "gate")
    assert wt(repo, "status", "--json").json["state"] == "unfinished"
    done = wt(repo, "prepare", "--json")
    assert done.code == 0, done.err
    assert repo.git("status", "--porcelain", cwd=done.json["path"]) == ""
    assert repo.git("worktree", "list").count("\n") == 2


def work_in(goals, text="mine\n", **files):
    """A worktree whose agent changed something and committed nothing; its path."""
    path = wt(goals, "prepare", "--json").json["path"]
    for name, content in {"src/a": text, **files}.items():
        write(path + "/" + name, content)
    return path


def test_merged(repo):
    path = work_in(repo, **{"src/new": "new\n"})
    repo.commit(docs__c="c\n")
    refused = wt(repo, "merge")
    assert refused.code == 4 and "not committed: src/a, src/new (" in refused.err and "Try: the same with --commit" in refused.err
    dry = wt(repo, "merge", "--commit", "--dry-run", "--json")
    assert dry.code == 0 and dry.json["outcome"] == "merged" and dry.json["committed_first"] == ["src/a", "src/new"]
    assert not repo.events("tentacle_merged") and not (repo.folder / "src/new").exists()
    done = wt(repo, "merge", "--commit", "--json")
    assert done.code == 0, done.err
    assert done.json["outcome"] == "merged" and done.json["into"] == "main" and done.json["commits"] == 1
    assert (repo.folder / "src/a").read_text() == "mine\n" and (repo.folder / "src/new").read_text() == "new\n"
    assert done.json["merge_commit"] == repo.git("rev-parse", "main").strip()
    assert repo.git("rev-list", "--parents", "-1", "main").count(" ") == 2
    assert repo.git("status", "--porcelain", ":!home") == "" and repo.git("status", "--porcelain", cwd=path) == ""
    assert repo.meta("build")["worktree"]["merged_commit"] == done.json["merge_commit"]
    assert repo.meta("build")["worktree"]["merged_into"] == "main"
    event, = repo.events("tentacle_merged")
    assert event["reason"] == "into main" and event["metadata"]["name"] == done.json["merge_commit"]
    again = wt(repo, "merge")
    assert again.code == 0 and again.out.startswith("build: is in main already\n")
    assert len(repo.events("tentacle_merged")) == 1
    assert wt(repo, "cleanup").code == 0
    assert repo.meta("build")["worktree"]["merged_commit"] == done.json["merge_commit"]


def test_merged_when_there_is_nothing(repo):
    assert wt(repo, "merge").code == 4
    wt(repo, "prepare")
    done = wt(repo, "merge")
    assert done.code == 0 and done.out.startswith("build: nothing was committed in its worktree")


def test_a_conflict_is_said_and_recorded(repo):
    path = work_in(repo)
    repo.commit(src__a="theirs\n")
    refused = wt(repo, "merge", "--commit")
    assert refused.code == 4, refused.err
    assert "it and main changed the same places of src/a (%s): nothing was merged. Try: git merge main there" % path in refused.err
    assert (repo.folder / "src/a").read_text() == "theirs\n" and repo.git("status", "--porcelain", cwd=path) == ""
    assert repo.meta("build")["worktree"]["conflicts"] == ["src/a"]
    dry = wt(repo, "merge", "--dry-run")
    assert dry.code == 4 and "same places of src/a" in dry.err
    subprocess.run(["git", "merge", "-q", "main"], cwd=path, env=repo.env, capture_output=True)
    write(path + "/src/a", "both\n")
    repo.git("commit", "-q", "-a", "-m", "settled", cwd=path)
    assert wt(repo, "merge").code == 0
    assert (repo.folder / "src/a").read_text() == "both\n" and "conflicts" not in repo.meta("build")["worktree"]


def test_what_lies_outside_of_the_scope(repo):
    tentacle(repo, scope=["src"])
    path = work_in(repo, **{"docs/b": "not mine\n"})
    refused = wt(repo, "merge", "--commit")
    assert refused.code == 4 and "changed outside of its scope and not committed: docs/b (" in refused.err
    repo.git("commit", "-q", "-a", "-m", "by hand", cwd=path)
    repo.commit(docs__c="of somebody else\n")
    done = wt(repo, "merge", "--json")
    assert done.code == 0 and done.json["outside_scope"] == ["docs/b"]


def test_the_users_changes_stay(repo):
    work_in(repo)
    (repo.folder / "src/a").write_text("precious\n")
    refused = wt(repo, "merge", "--commit")
    assert refused.code == 4 and "your own changes in the main checkout are in the way: src/a (" in refused.err
    assert (repo.folder / "src/a").read_text() == "precious\n"
    repo.git("stash", "-q")
    assert wt(repo, "merge").code == 0


def test_nobody_is_known(repo):
    work_in(repo)
    repo.git("config", "--unset", "user.email")
    refused = wt(repo, "merge", "--commit")
    assert refused.code == 4 and "git does not know who you are" in refused.err and "git config --global user.name" in refused.err


def test_not_while_its_agent_runs(goals):
    goals.commit(src__a="a\n")
    sleeper = subprocess.Popen(["sleep", "1000"])
    try:
        start = int(open("/proc/%d/stat" % sleeper.pid).read().rsplit(")", 1)[1].split()[19])
        boot = open("/proc/sys/kernel/random/boot_id").read().strip()
        goals.begin()
        tentacle(goals, status="active", owner={"pid": sleeper.pid, "pid_start_time": start, "boot_id": boot})
        work_in(goals)
        refused = wt(goals, "merge", "--commit")
        assert refused.code == 4 and "its agent runs (pid %d): nothing was merged" % sleeper.pid in refused.err
    finally:
        sleeper.kill()
        sleeper.wait()


def test_another_branch(repo):
    work_in(repo)
    repo.git("switch", "-q", "-c", "other")
    refused = wt(repo, "merge", "--commit")
    assert refused.code == 4 and "its work is for main, and the main checkout is on other" in refused.err
    assert wt(repo, "merge", "--commit", "--into", "other", "--json").json["into"] == "other"
    assert wt(repo, "merge", "--base", "main").code == 2


def test_it_holds_what_it_depends_on(repo):
    path = work_in(repo)
    tentacle(repo, "after", todo_deps=["build"])
    refused = wt(repo, "prepare", name="after")
    assert refused.code == 4 and 'builds on "build", whose worktree holds work that is not committed' in refused.err
    assert "sk tentacle worktree build merge --commit" in refused.err
    repo.git("commit", "-q", "-a", "-m", "mine", cwd=path)
    later = wt(repo, "prepare", "--json", name="after").json["path"]
    assert open(later + "/src/a").read() == "mine\n"
    # What came with it is not counted as its own.
    tentacle(repo, "after", todo_deps=["build"], scope=["docs"])
    assert wt(repo, "status", "--json", name="after").json["outside_scope"] == []
    write(path + "/src/b", "more\n")
    repo.git("add", ".", cwd=path)
    repo.git("commit", "-q", "-m", "more", cwd=path)
    assert wt(repo, "prepare", "--json", name="after").json["reused"] is True
    assert open(later + "/src/b").read() == "more\n"
    # Also when it was merged and cleaned up meanwhile.
    write(path + "/src/c", "last\n")
    assert wt(repo, "merge", "--commit").code == 0 and wt(repo, "cleanup").code == 0
    assert repo.git("branch", "--list", "sk/build") == ""
    assert wt(repo, "prepare", name="after").code == 0
    assert open(later + "/src/c").read() == "last\n"


# How many of the boundaries between system calls are tried: each needs a repository of its own.
SAMPLE = 1000 if os.environ.get("SK_TIER") == "full" else 4


def test_merge_killed_before_a_call_(goals, tmp_path):
    """Killed anywhere, git goes on by itself; the same command waits for it and ends what was begun, once."""
    def begun(number):
        folder = tmp_path / str(number)
        folder.mkdir()
        made = Goals(folder)
        made.commit(src__a="a\n", docs__b="b\n")
        made.begin()
        tentacle(made)
        path = work_in(made, **{"src/new": "new\n"})
        made.commit(docs__b="theirs\n")
        return made, path

    def sweep(made, *options):
        report = made.folder / "home" / "report.json"
        subprocess.run([tool("crash/sweep"), "--report", str(report), *map(str, options), "--", binary(), "tentacle",
                        "worktree", "build", "merge", "--commit"], cwd=made.folder, env=made.env, capture_output=True)
        return json.loads(report.read_text())

    calls = sweep(begun(0)[0])["orchestrator"]
    seed = int(os.environ.get("SK_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
    print("SK_SEED=%d, of %d calls" % (seed, calls))
    for number in random.Random(seed).sample(range(1, calls + 1), min(SAMPLE, calls)):
        made, path = begun(number)
        sweep(made, "--kill", number)
        done = wt(made, "merge", "--commit")
        assert done.code == 0, (number, done.err)
        assert made.git("status", "--porcelain", ":!home") == made.git("status", "--porcelain", cwd=path) == "", number
        assert [made.folder.joinpath(name).read_text() for name in ("src/a", "src/new", "docs/b")] == [
            "mine\n", "new\n", "theirs\n"], number
        assert made.git("log", "--format=%s").count("Merge the work of build") == 1, number
        assert len(made.events("tentacle_merged")) == 1 and "unmerged" not in made.meta("build")["worktree"], number
        assert made.git("for-each-ref", "refs/sk") == "", number
        assert made.events("tentacle_merged")[0]["metadata"]["name"] == made.git("rev-parse", "main").strip(), number
