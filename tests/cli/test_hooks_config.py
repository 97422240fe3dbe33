"""sk hooks config HOST: what it prints is run here the way each host runs it, and does what docs/hooks.md says."""

import json
import shutil
import subprocess

import pytest

from conftest import binary
from goal_work import Goals

# host: event of the end, payload, event of the start, the member with the session.
HOSTS = {
    "claude": ("SessionEnd", {"hook_event_name": "SessionEnd", "reason": "clear"}, "SessionStart", "session_id"),
    "copilot": ("sessionEnd", {"timestamp": 1795262400000, "reason": "user_exit"}, "sessionStart", "sessionId"),
    "codex": ("SessionEnd", {"hook_event_name": "SessionEnd", "reason": "other"}, "SessionStart", "session_id"),
    "gemini": ("SessionEnd", {"hook_event_name": "SessionEnd", "reason": "exit"}, "SessionStart", "session_id"),
}


@pytest.fixture
def work(tmp_path):
    """sk stands in a folder that a careless line of shell would stumble over."""
    runner = Goals(tmp_path)
    runner.program = tmp_path / "it's a folder" / "sk"
    runner.program.parent.mkdir()
    shutil.copy(binary(), runner.program)
    yield runner
    runner.end()


def config(work, host):
    done = subprocess.run([str(work.program), "hooks", "config", host], cwd=work.folder, env=work.env,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0
    assert "/." + host in done.stderr
    return json.loads(done.stdout)


def handlers(document, event):
    """All commands of an event: Copilot lists them, the others group them by what they match."""
    found = [one for entry in document["hooks"][event] for one in entry.get("hooks", [entry])]
    assert found and all(one["type"] == "command" for one in found)
    return found


def fire(work, host, event, payload):
    (one,) = handlers(config(work, host), event)
    if "args" in one:
        words = [one.get("exec") or one["command"], *one["args"]]
    else:
        words = ["/bin/sh", "-c", one["command"]]
    done = subprocess.run(words, cwd=work.folder, env=work.env, input=json.dumps(payload), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_that_is_set_up_so_pauses_and_shows_the_way_back(work, host):
    end, payload, start, session = HOSTS[host]
    work.begin("Port the parser")
    assert fire(work, host, end, {**payload, session: "one", "cwd": str(work.folder)}) == ""
    assert work.goal()["status"] == "paused"
    shown = fire(work, host, start, {session: "two", "source": "startup", "cwd": str(work.folder)})
    assert "sk tentacle goal resume" in shown


@pytest.mark.parametrize("host", HOSTS)
def test_every_event_is_one_that_sk_knows(work, host):
    document = config(work, host)
    assert len(document["hooks"]) >= 6
    for event in document["hooks"]:
        for one in handlers(document, event):
            words = one.get("args") or one["command"].split("sk' ")[1].split()
            assert words == ["hooks", "run", "--agent", host, event]
            assert one.get("timeout") or one["timeoutSec"]


def test_the_same_bytes_each_time(work):
    """Two hosts ask their user again for each definition that has changed."""
    say = lambda: work("hooks", "config", "codex").out  # noqa: E731
    assert say() == say()


def test_refusals(work):
    for words in (["emacs"], ["unknown"]):
        done = work("hooks", "config", *words)
        assert done.code == 2 and "is no host that is known" in done.err and done.out == ""
    assert work("hooks", "config").code == 2
