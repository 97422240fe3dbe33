"""Is this machine able to keep the promises: each check passes where all is well and tells where it is not."""

import json
import os
import shutil

import pytest

from conftest import binary


@pytest.fixture
def repo(goals):
    goals.commit(a="a\n")
    return goals


def check(sk, name, **more):
    done = sk("doctor", "--json", **more)
    [found] = [one for one in done.json["checks"] if one["name"] == name]
    return found


def test_page(repo):
    done = repo("doctor")
    assert done.code == 0, done.out
    lines = done.out.splitlines()
    assert all(line[:6] in ("PASS  ", "WARN  ") for line in lines[:-1])
    assert lines[0].startswith("PASS  kernel        Linux ")
    counts = [sum(line.startswith(word) for line in lines) for word in ("PASS", "WARN", "FAIL")]
    assert lines[-1] == "%d passed, %d warned, %d failed" % tuple(counts)
    assert not (repo.folder / ".state").exists() and not repo.home.exists(), "looking makes nothing"
    assert sorted(os.listdir(repo.folder)) == [".git", "a", "home"] and os.listdir(repo.folder / "home") == []


def test_json(repo):
    document = repo("doctor", "--json").json
    assert document["kind"] == "doctor"
    results = [one["result"] for one in document["checks"]]
    assert document["passed"] == results.count("PASS") and document["failed"] == results.count("FAIL") == 0
    names = [one["name"] for one in document["checks"]]
    assert names == ["kernel", "pidfd", "kill_mode", "landlock", "state", "fsync", "tmpfile", "leftovers",
                     "orchestrator", "goals", "git", "git_settings", "tracked", "agents", "commit_guard", "host_hooks", "home",
                     "hooks_secret"]
    for one in document["checks"]:
        assert one["text"] and (one["result"] != "FAIL" or one["try"])


def test_state_that_others_may_write(repo):
    (repo.folder / ".state").mkdir(mode=0o700)
    assert check(repo, "state")["text"].endswith("/.state: yours alone")
    (repo.folder / ".state").chmod(0o770)
    done = repo("doctor")
    assert done.code == 1
    assert "FAIL  state" in done.out and "is writable by group" in done.out and "1 failed" in done.out


def test_leftovers_are_counted(repo):
    (repo.folder / ".state").mkdir(mode=0o700)
    (repo.folder / ".state" / "current.json.tmp").write_text("x")
    assert check(repo, "leftovers")["text"] == "1 temporary file of a crash: replaced at the next commit"


def test_orchestrator(work):
    from daemons import served
    assert check(work, "orchestrator")["text"] == "none runs"
    served(work)
    pid = work("daemon", "status", "--json").json["pid"]
    assert check(work, "orchestrator")["text"] == "runs: pid %d" % pid
    assert work("daemon", "stop").code == 0


def test_settings_that_run_something(repo):
    assert check(repo, "git_settings")["result"] == "PASS"
    repo.git("config", "core.fsmonitor", "/tmp/x")
    repo.git("config", "alias.st", "!evil")
    found = check(repo, "git_settings")
    assert found["result"] == "WARN" and found["text"].endswith("run programs: core.fsmonitor, alias.st")


def test_run_time_files_in_git(repo):
    (repo.folder / ".state").mkdir(mode=0o700)
    (repo.folder / ".state" / "x").write_text("x")
    repo.git("add", "-f", ".state/x")
    found = check(repo, "tracked")
    assert found["result"] == "WARN" and "(.state/x)" in found["text"]
    assert found["try"] == "git rm -r --cached .state .octogent"


def test_no_repository(work):
    env = {"GIT_CEILING_DIRECTORIES": str(work.folder.parent)}
    assert check(work, "git_settings", env=env)["text"] == "there is no repository here"
    assert check(work, "tracked", env=env)["result"] == "PASS"


def test_programs(repo):
    tools = repo.folder / "home" / "tools"
    tools.mkdir()
    env = {"PATH": str(tools)}
    assert check(repo, "git", env=env)["text"] == "it is not on PATH: no worktrees"
    assert check(repo, "agents", env=env)["text"] == "none of claude, copilot, codex is on PATH"
    for name, text in (("claude", "exit 0"), ("git", "echo git version 2.20.1")):
        (tools / name).write_text("#!/bin/sh\n%s\n" % text)
        (tools / name).chmod(0o755)
    assert check(repo, "agents", env=env)["text"] == "claude; not on PATH: copilot, codex"
    old = check(repo, "git", env=env)
    assert old["result"] == "FAIL" and "is too old" in old["text"]


def test_home_and_secret(repo):
    assert check(repo, "home")["text"].endswith("/home/.copilot: none yet")
    assert "markers are not signed" in check(repo, "hooks_secret")["text"]
    hooks = repo.folder / "home" / ".copilot" / "hooks"
    hooks.mkdir(parents=True, mode=0o700)
    secret = hooks / ".marker-secret"
    secret.write_text("s")
    secret.chmod(0o644)
    found = check(repo, "hooks_secret")
    assert found["result"] == "FAIL" and "(mode 0644)" in found["text"]
    secret.chmod(0o600)
    assert check(repo, "hooks_secret")["result"] == "PASS"
    (repo.folder / "home" / ".copilot").chmod(0o777)
    assert check(repo, "home")["result"] == "FAIL"
    missing = check(repo, "home", env={"SK_HOME": "/nonexistent"})
    assert missing["result"] == "FAIL" and "SK_HOME '/nonexistent' is no folder" in missing["text"]


def test_memory_is_no_disk(repo):
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("there is no /dev/shm")
    found = check(repo, "fsync", env={"SK_STATE_DIR": "/dev/shm/sk-doctor-state"})
    assert found["result"] == "WARN" and "nothing survives a power cut" in found["text"]
    assert not os.path.exists("/dev/shm/sk-doctor-state")


def test_a_disk_that_cannot_be_written(repo):
    found = check(repo, "fsync", env={"SK_STATE_DIR": "/proc/sk"})
    assert found["result"] == "FAIL" and "cannot be made durable" in found["text"]


def test_plain_arguments_are_refused(repo):
    assert repo("doctor", "x").code == 2


def test_goals_that_every_command_refuses(goals):
    def found():
        return [check for check in goals("doctor", "--json").json["checks"] if check["name"] == "goals"][0]

    goals.begin()
    assert "yours alone" in str(found())
    (goals.home / "goal.json").write_text("{")
    assert "goal.json" in str(found()) and "goal repair --explain" in str(found())
    assert goals.g("repair").code == 0
    (goals.home / "transitions.jsonl").unlink()
    assert "contains event" in str(found()) and "goal repair --from files" in str(found())


def test_goals_are_not_where_tasks_are(goals):
    goals.begin()
    done = goals.g("status", "--state-dir", "/tmp/elsewhere")
    assert done.code == 2 and "--state-dir" in done.err and "nothing was done" in done.err


def test_commit_guard(repo):
    found = check(repo, "commit_guard")
    assert found["result"] == "WARN" and "is not installed" in found["text"]
    assert found["try"] == "sk install --install-git-hooks"
    assert repo(*found["try"].split()[1:]).code == 0
    found = check(repo, "commit_guard")
    assert found["result"] == "PASS" and found["try"] is None
    assert found["text"] == "%s: the commit guard is installed" % (repo.folder / ".git" / "hooks")
    hook = repo.folder / ".git" / "hooks" / "pre-push"
    text = hook.read_text()
    hook.write_text(text + "# of another version\n")
    assert "another version" in check(repo, "commit_guard")["text"]
    hook.unlink()
    found = check(repo, "commit_guard")
    assert found["result"] == "WARN" and "installed in part" in found["text"]
    assert repo(*found["try"].split()[1:]).code == 0 and hook.read_text() == text
    repo.git("config", "core.hooksPath", "/dev/null")
    found = check(repo, "commit_guard")
    assert found["result"] == "WARN" and "hooks are turned off here" in found["text"]
    assert found["try"] == "git config --local --unset core.hooksPath"


def test_no_repository_needs_no_guard(sk):
    assert check(sk, "commit_guard") == {"name": "commit_guard", "result": "PASS", "text": "there is no repository here",
                                         "try": None}


HOSTS = {"claude": ".claude/settings.json", "copilot": ".copilot/hooks/holdfast.json", "codex": ".codex/hooks.json",
         "gemini": ".gemini/settings.json"}


@pytest.fixture
def hosts(repo):
    """All hosts that there are can be started, and are told nothing."""
    tools = repo.folder / "tools"
    tools.mkdir()
    (tools / "git").symlink_to(shutil.which("git"))
    for name in HOSTS:
        (tools / name).write_text("#!/bin/sh\nexit 0\n")
        (tools / name).chmod(0o755)
    repo.env["PATH"] = str(tools)
    return repo


def tell(repo, host, change=lambda text: text, folder="home"):
    path = repo.folder / folder / HOSTS[host]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(change(repo("hooks", "config", host).out))
    return path


def test_hosts_are_told_one_by_one(hosts):
    told = []
    for host in ("claude", "codex"):
        found = check(hosts, "host_hooks")
        assert found["result"] == "WARN" and host + " is not told to call sk" in found["text"]
        assert found["try"] == "sk hooks config %s, whose output belongs into ~/%s" % (host, HOSTS[host])
        told.append("%s (%s)" % (host, tell(hosts, host)))
    found = check(hosts, "host_hooks")
    assert found["result"] == "PASS" and found["text"] == "events come from " + ", ".join(told)


@pytest.mark.parametrize("host", HOSTS)
def test_what_hooks_config_prints_is_found(repo, host):
    """No host can be started here, so nothing else is missing."""
    assert check(repo, "host_hooks")["text"] == "no host that could be told is installed"
    path = tell(repo, host)
    for form in (json.dumps(json.loads(path.read_text())), json.dumps(json.loads(path.read_text()), indent=4, sort_keys=True)):
        path.write_text(form)
        assert check(repo, "host_hooks")["text"] == "events come from %s (%s)" % (host, path)
    document = json.loads(path.read_text())
    del document["hooks"][next(iter(document["hooks"]))]
    path.write_text(json.dumps(document))
    found = check(repo, "host_hooks")
    assert found["result"] == "WARN" and found["text"].endswith("not all events are asked for")
    path.write_text(json.dumps({"hooks": {name: [] for name in document["hooks"]}}))
    assert check(repo, "host_hooks")["text"] == "no host that could be told is installed"


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_that_calls_what_is_gone(repo, host):
    path = tell(repo, host, lambda text: text.replace(binary(), str(repo.folder / "it is" / "gone")))
    found = check(repo, "host_hooks")
    assert found["result"] == "WARN" and "%s: %s: calls an sk that is not there" % (host, path) in found["text"]


def test_settings_that_mean_nothing(hosts):
    tell(hosts, "codex")
    path = tell(hosts, "claude", lambda text: text.replace("{", '{"disableAllHooks": true,', 1))
    assert "claude: %s: turns all hooks off" % path in check(hosts, "host_hooks")["text"]
    for text in ("", "{", "[]", '{"hooks": ', "\0", "{" * 100):
        path.write_text(text)
        found = check(hosts, "host_hooks")
        assert found["result"] == "WARN" and "claude: %s: is no JSON that can be read" % path in found["text"], text
    for text in ("{}", '{"hooks": 5}', '{"hooks": {"Stop": 5, "SessionStart": [{"command": 5, "args": [5, {}]}]}}'):
        path.write_text(text)
        assert "claude is not told to call sk; " in check(hosts, "host_hooks")["text"], text


def test_a_repository_tells_its_hosts_itself(hosts):
    tell(hosts, "codex", folder=".")
    path = tell(hosts, "claude", folder=".")
    found = check(hosts, "host_hooks")
    assert found["result"] == "PASS" and str(path) in found["text"]
    path.rename(path.with_name("settings.local.json"))
    assert check(hosts, "host_hooks")["result"] == "PASS"
