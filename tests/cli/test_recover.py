"""After a bad night: one plan with proofs, and one word that carries it out, as often as one likes."""

import os

import pytest

from conftest import until
from states import diary, finish, flip, killed_everywhere, last_seq, refused, tree


@pytest.fixture
def made(work):
    return finish(work)


def plan(made, *words, code=0):
    done = made("recover", "--json", *words)
    assert done.code == code, (done.out, done.err)
    return done.json


def test_nothing_to_do(made):
    assert made("run", "-q", "plan.yaml").code == 0
    before = tree(made.state)
    assert plan(made)["items"] == [] and plan(made, "--yes")["items"] == []
    assert tree(made.state) == before


def damage_journal(made):
    flip(made.journal, 5)
    return "restore_journal"


def lose_journal(made):
    made.journal.unlink()
    return "restore_journal"


def damage_snapshot(made):
    made.snapshot.write_text("x")
    return "snapshot"


@pytest.mark.parametrize("damage", [damage_journal, lose_journal, damage_snapshot])
def test_the_way_back(made, damage):
    before = last_seq(made)
    kind = damage(made)
    kept = tree(made.state)
    page = plan(made, code=7 if kind == "restore_journal" else 0)
    assert kind in [item["kind"] for item in page["items"]] and not page["done"] and not page["loses"]
    assert tree(made.state) == kept
    assert plan(made, "--yes")["done"]
    assert plan(made)["items"] == []
    assert made("state", "validate").code == 0
    assert last_seq(made) > before
    assert made("run", "-q", "plan.yaml").code == 0
    assert made.lines("ran") == ["a", "b"]


def test_what_is_dropped_is_told(made):
    made.snapshot.unlink()
    for backup in (made.state / "backups").iterdir():
        backup.unlink()
    flip(made.journal, 9)
    page = plan(made, code=7)
    item = page["items"][0]
    assert page["loses"] and "line 9" in item["proof"] and "dropped: " in item["proof"]
    assert plan(made, "--yes")["done"]
    assert made("run", "-q", "plan.yaml").code == 0


def test_everything_at_once(work):
    """The orchestrator and its worker were killed, the journal rotted, the snapshot is half."""
    work.gate()
    work.state, work.journal = work.folder / ".state", work.folder / ".state" / "transitions.jsonl"
    run = work.start("run", "-q", work.plan('workstream: w\ntasks:\n  one: {run: "echo one >> ran"}\n'
                                            '  t: {run: ": < gate; echo t >> ran", needs: [one]}\n'))
    until(lambda: work.events("task_started", "t"), "the task runs")
    worker, = work.workers()
    run.kill()
    run.wait()
    os.kill(worker, 9)
    until(lambda: "dead_worker" in [item["kind"] for item in plan(work)["items"]], "the worker's lock is free")
    (work.state / "current.json").write_text("half")
    with work.journal.open("ab") as journal:
        journal.write(b"\0" * 40)
    assert plan(work, "--yes")["done"]
    work.nothing_left()
    assert plan(work)["items"] == []
    again = work.start("run", "-q", "plan.yaml")
    work.open_gate()
    assert again.wait() == 0 and work.lines("ran") == ["one", "t"]


def test_a_live_orchestrator_needs_no_recovery(work):
    work.gate()
    run = work.start("run", "-q", work.plan('workstream: w\ntasks:\n  t: {run: ": < gate"}\n'))
    until(lambda: work.events("task_started"), "the task runs")
    refused(work("recover", "--yes"), 6, "pid %d" % run.pid, "nothing was recovered")
    work.open_gate()
    assert run.wait() == 0


def put_in_the_way(path):
    """A folder that is not empty: a file that is spoiled is written anew by the run, at a moment of its own."""
    try:
        path.unlink(missing_ok=True)
        (path / "x").mkdir(parents=True)
        return True
    except OSError:
        return False


@pytest.fixture
def busy(work):
    """A run at work that records nothing for as long as its gate is closed."""
    work.gate()
    work.state, work.journal = work.folder / ".state", work.folder / ".state" / "transitions.jsonl"
    run = work.start("run", "-q", work.plan('workstream: w\ntasks:\n  one: {run: "true"}\n  t: {run: ": < gate", needs: [one]}\n'))
    until(lambda: work.events("task_started", "t") and (work.state / "by_status.json").exists(), "the task runs")
    yield work
    work.open_gate()
    assert run.wait() == 0


@pytest.mark.parametrize("command", [("recover",), ("state", "repair")])
def test_a_plan_beside_a_live_orchestrator(busy, command):
    """It is only looked at; what the orchestrator sees to by itself is no finding."""
    def page(code=0):
        done = busy(*command, "--json")
        assert done.code == code, (done.out, done.err)
        return done.json

    kept = busy.journal.read_bytes()
    found = page()
    assert found["items"] == [] and found["orchestrator_alive"]
    assert "An orchestrator is at work" in busy(*command).out
    until(lambda: put_in_the_way(busy.state / "by_status.json"), "it is spoiled for good")
    item, = page()["items"]
    assert (item["kind"], item["subject"]) == ("view", "by_status.json")
    assert page()["next"] == ["sk daemon stop", "sk %s --yes" % " ".join(command)]
    flip(busy.journal, 3)
    found = page(7)
    assert found["damaged"] and not found["done"]
    assert [item["kind"] for item in found["items"]] == (["restore_journal"] if command == ("recover",) else ["not_touched"])
    flip(busy.journal, 3)
    assert busy.journal.read_bytes() == kept and diary(busy)[-1]["dry_run"]


def test_nothing_yet(work):
    assert work("recover").code == 3


def test_killed_at_every_call(made):
    flip(made.journal, 5)
    before = last_seq_of_lines(made)

    def judge(killed):
        assert made("status", "--json").code in (0, 1, 7)
        assert plan(made, "--yes")["loses"] is False
        assert plan(made)["items"] == []
        assert made("state", "validate").code == 0
        assert last_seq(made) >= before
        assert made("run", "-q", "plan.yaml").code == 0 and made.lines("ran") == ["a", "b"]

    assert killed_everywhere(made, ["recover", "--yes"], judge) > 30


def last_seq_of_lines(made):
    return len(made.journal.read_bytes().splitlines())
