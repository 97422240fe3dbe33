"""Pages of a large state come from the orchestrator's memory, and look as if they had been read."""

import json
import os
import signal

import pytest

from conftest import until
from daemons import pid_of, served

PAGES = [("task", "show", "t00007"), ("task", "deps", "t00007"), ("task", "list", "--limit", "5"), ("workstream", "show", "big", "--json"),
         ("workstream", "list"), ("resource", "list", "--json"), ("status",), ("task", "show", "t0000x"), ("workstream", "analyze", "big"),
         ("task", "show"), ("task", "show", "--format", "xml", "t00007")]


@pytest.fixture
def large(work):
    """A paused daemon with a state that is worth asking for."""
    tasks = {"t%05d" % i: {"run": "true", "needs": ["t%05d" % (i + 1)] if i % 10 else []} for i in range(15000)}
    tasks["t15000"] = {"run": "true"}
    (work.folder / "big.json").write_text(json.dumps({"workstream": "big", "tasks": tasks}))
    (work.folder / "sub").mkdir()
    served(work, "--paused")
    assert work("submit", "-q", "big.json").code == 0
    return work


def outcome(done):
    return done.code, done.out, done.err


def test_pages_look_the_same(large):
    until_snapshot(large)
    for words in PAGES:
        read = large(*words, cwd=large.folder / "sub", env={"SK_STATE_DIR": str(large.folder / ".state")})
        assert outcome(large(*words)) == outcome(read), words
    journal = large.folder / ".state/transitions.jsonl"
    journal.rename(journal.with_suffix(".aside"))
    assert large("task", "show", "t00007").code == 0, "it came from memory"
    assert large("task", "show", "t00007", cwd=large.folder / "sub").code == 7, "it was read"
    journal.with_suffix(".aside").rename(journal)
    assert large("daemon", "stop").code == 0


def until_snapshot(work):
    snapshot = work.folder / ".state/current.json"
    return until(lambda: snapshot.exists() and snapshot.stat().st_size > 2 * 1024 * 1024, "the snapshot is written")


def test_hung_orchestrator_is_not_waited_for(large):
    until_snapshot(large)
    pid = pid_of(large)
    os.kill(pid, signal.SIGSTOP)
    try:
        assert "t00007" in large("task", "show", "t00007").out
    finally:
        os.kill(pid, signal.SIGCONT)
    assert large("daemon", "stop").code == 0


def test_a_run_shows_them_as_well(work):
    tasks = {"t%05d" % i: {"run": "true", "needs": ["gate"]} for i in range(15000)}
    tasks["gate"] = {"run": ": < gate"}
    (work.folder / "big.json").write_text(json.dumps({"workstream": "big", "tasks": tasks}))
    work.gate()
    run = work.start("run", "-q", "big.json")
    until(lambda: work.state_of("gate") == "running", "it runs")
    until_snapshot(work)
    shown = work("task", "show", "gate")
    assert shown.code == 0 and "running" in shown.out, shown.err
    assert work("task", "cancel", "gate").code == 0
    assert work("workstream", "cancel", "big", "--yes").code == 0
    run.wait()
