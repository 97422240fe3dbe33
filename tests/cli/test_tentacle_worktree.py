"""A tentacle's own checkout: made, shown, and removed so that nothing is lost."""

import json
import os
import signal
import subprocess

import pytest

from conftest import binary, until


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
