"""sk install --install-git-hooks: the commit guard in a repository, beside whatever hooks were there, and the way back."""

import json
import os
import pathlib
import random
import shutil
import stat
import subprocess

import pytest

from conftest import DEADLINE_S, binary
from killing import tool
from test_guard import Guarded
from test_tentacle_marker_cleanup import agent  # noqa: F401 (a fixture)

NAMES = ("pre-commit", "pre-push")
FULL = os.environ.get("SK_TIER") == "full"
SAMPLE = 5


@pytest.fixture
def repo(tmp_path):
    made = Guarded(tmp_path)
    for name in NAMES:
        (tmp_path / ".git" / "hooks" / name).unlink()
    made.hooks = tmp_path / ".git" / "hooks"
    yield made
    made.end()


def install(repo, *words, cwd=None, **more):
    return repo("install", "--install-git-hooks", *words, cwd=cwd, **more)


def remove(repo, *words, **more):
    return repo("install", "--remove-git-hooks", *words, **more)


def results(done):
    assert done.code == 0, done.err
    return [hook["result"] for hook in done.json["hooks"]]


def script(path, text, mode=0o755):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def seen(folder):
    """Names, kinds, modes and texts of all that is in it."""
    return {path.name: (stat.S_IFMT(path.lstat().st_mode), path.lstat().st_mode & 0o777,
                        os.readlink(path) if path.is_symlink() else path.read_bytes())
            for path in folder.iterdir()}


def test_from_nothing(repo, agent):
    before = seen(repo.hooks)
    done = install(repo, "--dry-run")
    assert done.code == 0 and "dry run: nothing was changed" in done.out and seen(repo.hooks) == before
    assert results(install(repo, "--json")) == ["installed", "installed"]
    for name in NAMES:
        assert (repo.hooks / name).stat().st_mode & 0o777 == 0o755
    process = agent()
    repo.put(repo.entry(pid=process.pid))
    went, said = repo.try_commit("src/a.c")
    assert not went and 'commit: tentacle "lexer" is at work' in said
    process.kill()
    process.wait()
    assert repo.try_commit("src/a.c") == (True, "")
    assert results(remove(repo, "--json")) == ["removed", "removed"]
    assert seen(repo.hooks) == before
    assert results(remove(repo, "--json")) == ["absent", "absent"]


def test_again_changes_nothing(repo):
    assert install(repo).code == 0

    def looks():
        seen = [(repo.hooks / name).stat() for name in NAMES]
        return [(one.st_ino, one.st_mode, one.st_size, one.st_mtime_ns, one.st_ctime_ns) for one in seen]

    before = looks()
    done = install(repo)
    assert done.out.count("is there already, identical") == 2
    assert looks() == before
    assert results(install(repo, "--json")) == ["unchanged", "unchanged"]


def test_older_text_is_brought_up_to_date(repo):
    assert install(repo).code == 0
    path = repo.hooks / "pre-commit"
    text = path.read_text()
    path.write_text(text + "# older\n")
    (repo.hooks / "pre-push").chmod(0o644)
    assert results(install(repo, "--json")) == ["updated", "updated"]
    assert path.read_text() == text
    assert (repo.hooks / "pre-push").stat().st_mode & 0o777 == 0o755
    assert not list(repo.hooks.glob("*.backup"))


FOREIGN = {
    "sh": "#!/bin/sh\necho \"$(basename \"$0\") $*\" >>ran\nif [ -e refuse ]; then exit 7; fi\n",
    "env sh": "#!/usr/bin/env sh\necho \"$(basename \"$0\") $*\" >>ran\nif [ -e refuse ]; then exit 7; fi\n",
    "bash": "#!/bin/bash\nset -euo pipefail\nlist=(\"$(basename \"$0\")\" \"$*\")\necho \"${list[*]}\" >>ran\n"
            "[[ ! -e refuse ]] || exit 7\n",
    "python": "#!/usr/bin/python3\nimport os, sys\nname = os.path.basename(sys.argv[0])\n"
              "open('ran', 'a').write(' '.join([name.replace('.backup', ''), *sys.argv[1:]]).rstrip() + ' \\n')\n"
              "sys.exit(7 if os.path.exists('refuse') else 0)\n",
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_hook_of_others_is_kept_and_runs_first(repo, agent, kind):
    script(repo.hooks / "pre-commit", FOREIGN[kind])
    before = seen(repo.hooks)
    assert results(install(repo, "--json")) == ["chained", "installed"]
    assert (repo.hooks / "pre-commit.backup").read_text() == FOREIGN[kind]
    assert results(install(repo, "--json")) == ["unchanged", "unchanged"]
    assert repo.try_commit("src/a.c") == (True, "")
    assert [line.strip() for line in repo.lines("ran")] == ["pre-commit"]  # under its old name
    process = agent()
    repo.put(repo.entry(pid=process.pid))
    assert not repo.try_commit("src/a.c")[0]
    assert len(repo.lines("ran")) == 2
    process.kill()
    process.wait()
    (repo.folder / "refuse").write_text("")
    assert repo.try_commit("src/a.c") == (False, "")
    assert results(remove(repo, "--json")) == ["restored", "removed"]
    assert seen(repo.hooks) == before
    assert not repo.try_commit("src/a.c")[0]


def test_push_gives_both_its_references(repo, agent, tmp_path):
    """pre-push reads standard input, and so may the one that was there."""
    bare = tmp_path / "home" / "bare.git"
    repo.git("init", "-q", "--bare", bare)
    repo.git("remote", "add", "origin", bare)
    script(repo.hooks / "pre-push", "#!/bin/sh\necho \"$@\" >>ran\ncat >>ran\n")
    assert results(install(repo, "--json")) == ["installed", "chained"]
    assert repo.try_commit("src/a.c")[0]
    process = agent()
    repo.put(repo.entry(pid=process.pid))
    assert repo.try_git("push", "-q", "origin", "main")[0] == 1
    head = repo.git("rev-parse", "HEAD").strip()
    assert repo.lines("ran") == ["origin %s" % bare, "refs/heads/main %s refs/heads/main %s" % (head, "0" * 40)]
    process.kill()
    process.wait()
    repo.git("branch", "two")
    assert repo.try_git("push", "-q", "origin", "main", "two") == (0, "")
    assert len(repo.lines("ran")) == 5
    assert repo.try_git("push", "-q", "origin", "main") == (0, "")  # nothing to push: git gives no line
    assert len(repo.lines("ran")) in (5, 6)


def test_hook_that_is_a_link_or_cannot_run(repo):
    script(repo.folder / "tools" / "check", FOREIGN["sh"])
    (repo.hooks / "pre-commit").symlink_to("../../tools/check")
    script(repo.hooks / "pre-push", "exit 1\n", 0o644)  # git passes over one that may not be run
    before = seen(repo.hooks)
    assert results(install(repo, "--json")) == ["chained", "chained"]
    assert repo.try_commit("src/a.c") == (True, "")
    assert [line.strip() for line in repo.lines("ran")] == ["pre-commit"]
    assert repo("hooks", "run", "pre-push").code == 0
    done = subprocess.run([repo.hooks / "pre-push", "origin", "url"], cwd=repo.folder, env=repo.env, stdin=subprocess.DEVNULL)
    assert done.returncode == 0
    assert results(remove(repo, "--json")) == ["restored", "restored"]
    assert seen(repo.hooks) == before


def test_backup_of_others(repo):
    """Nothing is written over, and a backup that was never ours is not run."""
    script(repo.hooks / "pre-commit.backup", "#!/bin/sh\nexit 1\n")
    assert results(install(repo, "--json")) == ["installed", "installed"]
    assert repo.try_commit("src/a.c") == (True, "")
    assert results(remove(repo, "--json")) == ["removed", "removed"]
    script(repo.hooks / "pre-commit", FOREIGN["sh"])
    before = seen(repo.hooks)
    done = install(repo)
    assert done.code == 4
    assert "pre-commit.backup: is there already, and is another hook than pre-commit: no hook was changed. Try: mv" in done.err
    assert seen(repo.hooks) == before
    (repo.hooks / "pre-commit.backup").unlink()
    (repo.hooks / "pre-commit").unlink()
    (repo.hooks / "pre-commit").mkdir()
    assert install(repo).code == 8


def test_program_that_is_gone(repo, tmp_path):
    """The hooks outlive the program: by the one on PATH, or by letting the commit pass."""
    copy = tmp_path / "home" / "it's sk"
    shutil.copy(binary(), copy)
    done = subprocess.run([copy, "install", "--install-git-hooks"], cwd=repo.folder, env=repo.env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert repo.try_commit("src/a.c") == (True, "")
    copy.unlink()
    went, said = repo.try_commit("src/a.c")
    assert went and "sk: pre-commit: the program is gone" in said and said.count("\n") == 1
    on_path = tmp_path / "home" / "bin"
    script(on_path / "sk", "#!/bin/sh\necho another program; exit 1\n")
    env = {"PATH": "%s:%s" % (on_path, os.environ["PATH"])}
    went, said = repo.try_commit("src/a.c", env=env)
    assert went and "the program is gone" in said
    (on_path / "sk").unlink()
    (on_path / "sk").symlink_to(binary())
    assert repo.try_commit("src/a.c", env=env) == (True, "")
    repo.put()
    repo.marker.write_text("damaged")
    assert "commit refused" in repo.try_commit("src/a.c", env=env)[1]
    script(copy, "#!/bin/sh\nexit 127\n")
    went, said = repo.try_commit("src/a.c", env=env)
    assert went and "the guard ended with 127" in said


# --- where hooks are ------------------------------------------------------------------------------------------------


def held(repo, agent, root, cwd):
    """Whether the guard is asked there."""
    process = agent()
    repo.put(repo.entry(pid=process.pid, git_root=str(root)))
    went, said = repo.try_commit("src/a.c", cwd=cwd)
    process.kill()
    process.wait()
    repo.git("reset", "-q", cwd=cwd)
    return not went and "is at work in this checkout" in said


def test_from_a_linked_worktree(repo, agent, tmp_path):
    repo.try_commit("README")
    other = tmp_path / "home" / "other"
    repo.git("worktree", "add", "-q", "-b", "other", other)
    done = install(repo, "--json", cwd=other)
    assert done.json["hooks_folder"] == str(repo.hooks) and not done.json["in_worktree"]
    assert held(repo, agent, tmp_path, tmp_path)
    assert repo.try_commit("src/a.c", cwd=other) == (True, "")


def test_submodule(repo, agent, tmp_path):
    inner, outer = tmp_path / "home" / "inner", tmp_path / "sub"
    repo.git("init", "-q", "-b", "main", inner)
    for name, value in (("user.name", "A"), ("user.email", "a@example.org")):
        repo.git("config", name, value, cwd=inner)
    repo.change("README", inner)
    repo.git("add", "README", cwd=inner)
    repo.git("commit", "-q", "-m", "x", cwd=inner)
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner, "sub")
    done = install(repo, "--json", cwd=outer)
    assert done.json["hooks_folder"] == str(tmp_path / ".git" / "modules" / "sub" / "hooks")
    for name, value in (("user.name", "A"), ("user.email", "a@example.org")):
        repo.git("config", name, value, cwd=outer)
    assert held(repo, agent, outer, outer)
    assert not held(repo, agent, tmp_path, tmp_path)


@pytest.mark.parametrize("scope", ["local", "global"])
def test_hooks_path(repo, agent, tmp_path, scope):
    folder = tmp_path / "home" / "my hooks"
    repo.git("config", "--" + scope, "core.hooksPath", folder)
    done = install(repo, "--json")
    assert done.json["hooks_folder"] == str(folder) and done.json["hooks_path_scope"] == scope
    assert ("hooks of all repositories" in install(repo).out) == (scope == "global")
    assert held(repo, agent, tmp_path, tmp_path)
    assert remove(repo).code == 0 and list(folder.iterdir()) == []


def test_hooks_path_in_the_checkout(repo, agent, tmp_path):
    repo.git("config", "core.hooksPath", ".githooks")
    (tmp_path / "src").mkdir()
    done = install(repo, "--json", cwd=tmp_path / "src")
    assert done.json["hooks_folder"] == str(tmp_path / ".githooks") and done.json["in_worktree"]
    assert "git status may show it" in install(repo).out
    assert held(repo, agent, tmp_path, tmp_path)


def test_hooks_that_are_turned_off(repo):
    repo.git("config", "core.hooksPath", "/dev/null")
    done = install(repo)
    assert done.code == 4
    assert "/dev/null: is no folder, so hooks are turned off here (core.hooksPath in the local settings)" in done.err
    assert "Try: git config --local --unset core.hooksPath" in done.err


def test_bare_repository(repo, tmp_path):
    bare = tmp_path / "home" / "bare.git"
    repo.git("init", "-q", "--bare", bare)
    assert install(repo, "--json", cwd=bare).json["hooks_folder"] == str(bare / "hooks")


def test_hooks_folder_that_is_not_there(repo):
    shutil.rmtree(repo.hooks)
    assert results(remove(repo, "--json")) == ["absent", "absent"]
    assert results(install(repo, "--dry-run", "--json")) == ["installed", "installed"]
    assert not repo.hooks.exists()
    assert results(install(repo, "--json")) == ["installed", "installed"]


# --- refusals -------------------------------------------------------------------------------------------------------


def test_usage(repo, sk, tmp_path):
    assert repo("install").code == 2
    assert "Try: sk install --install-git-hooks" in repo("install").err
    assert repo("install", "--install-git-hooks", "--remove-git-hooks").code == 2
    done = repo("install", "--install-git-hooks", env={"PATH": str(tmp_path / "home")})
    assert done.code == 3 and "git: is not on PATH" in done.err
    outside = pathlib.Path("/")
    done = repo("install", "--install-git-hooks", cwd=outside)
    assert done.code == 3 and "there is no repository here: no hook was changed" in done.err


# --- killed at every system call ------------------------------------------------------------------------------------


def chained(repo):
    script(repo.hooks / "pre-commit", FOREIGN["sh"])


def linked(repo):
    script(repo.folder / "tools" / "check", FOREIGN["sh"])
    (repo.hooks / "pre-commit").symlink_to("../../tools/check")
    script(repo.hooks / "pre-push", FOREIGN["sh"])


def older(repo):
    """Beside somebody's hook, what this program installed once, and the mode lost."""
    chained(repo)
    assert install(repo).code == 0
    for name in NAMES:
        (repo.hooks / name).write_text((repo.hooks / name).read_text() + "# older\n")
    (repo.hooks / "pre-push").chmod(0o644)


def no_folder(repo):
    shutil.rmtree(repo.hooks)


WORLDS = {"chained": chained, "linked": linked, "older": older, "nothing": lambda repo: None, "no folder": no_folder}


def copied(source, target):
    if target.exists():
        shutil.rmtree(target)
    if source.exists():
        shutil.copytree(source, target, symlinks=True)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("words", [["--install-git-hooks"], ["--remove-git-hooks"]])
def test_killed(repo, words, world):
    """At every moment a commit runs what was there before; doing it again leads to where it would have led."""
    home = repo.folder / "home"
    WORLDS[world](repo)
    ran_before = 1 if (repo.hooks / "pre-commit").exists() else 0
    copied(repo.hooks, home / "first")
    assert install(repo).code == 0
    if words == ["--install-git-hooks"]:
        pristine, after = home / "first", seen(repo.hooks)
    else:
        pristine = home / "first" if world == "older" else home / "installed"
        copied(repo.hooks, home / "installed")
        assert remove(repo).code == 0
        after = seen(repo.hooks)
    report = home / "report.json"

    def swept(*options):
        copied(pristine, repo.hooks)
        subprocess.run([tool("crash/sweep"), "--report", report, *map(str, options), "--", binary(), "install", *words],
                       cwd=repo.folder, env={**repo.env, "ASAN_OPTIONS": "detect_leaks=0"}, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=DEADLINE_S, check=False)
        return json.loads(report.read_text())

    whole = swept()
    assert whole["exit"] == 0 and seen(repo.hooks) == after
    numbers = range(1, whole["orchestrator"] + 1)
    if not FULL and world != "chained":
        numbers = sorted(random.sample(numbers, min(SAMPLE, len(numbers))))
    killed = 0
    for number in numbers:
        killed += swept("--kill", number)["killed"]
        ran = len(repo.lines("ran"))
        assert repo.try_commit("src/a.c") == (True, ""), number
        assert len(repo.lines("ran")) == ran + ran_before, number
        assert repo("install", *words).code == 0
        assert seen(repo.hooks) == after, number
    print("%s %s killed at %d of %d boundaries" % (words[0], world, killed, whole["orchestrator"]))
    assert killed == len(numbers) > 0
