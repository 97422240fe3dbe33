"""`sk workstream rollback`: the six steps of the runbook and its three limits, with and without an orchestrator."""

import json

import pytest

from acts import diary, runs, state_of, write
from conftest import DEADLINE_S, until

PLAN = """workstream: w
resources: {lock: 1}
tasks:
  zero: {run: "echo ran >> zero.txt"}
  one: {run: "echo $SK_ATTEMPT >> one.txt; : < gate", resources: [lock], needs: [zero]}
  two: {run: "echo ran >> two.txt", resources: [lock], needs: [zero]}
  bad: {run: "echo ran >> bad.txt; test ! -e broken", needs: [zero], priority: 9}
  last: {run: "echo ran >> last.txt", needs: [one, two, bad]}
"""


def checkpoints(work):
    folder = work.folder / ".state/checkpoints"
    found = {}
    for path in folder.glob("w_*.json") if folder.exists() else []:
        if not path.name.endswith("_latest.json"):
            found[int(path.stem.split("_")[1])] = json.loads(path.read_text())
    return found


def states(document):
    return document["task_states"]


def seq_where(work, **wanted):
    """The record of a checkpoint in which the tasks are in these states."""
    def look():
        for seq, document in sorted(checkpoints(work).items()):
            if all(states(document).get(task) == state for task, state in wanted.items()):
                return seq
        return None
    return until(look, "a checkpoint with %r" % wanted)


@pytest.fixture
def busy(work):
    """one runs and holds the lock, two waits for it, bad runs as well; a checkpoint says so."""
    work.gate()
    write(work, "plan.yaml", PLAN.replace("test ! -e broken", ": < gate; test ! -e broken"))
    work.run = work.start("run", "-j", "2", "plan.yaml")
    until(lambda: work.state_of("one") == work.state_of("bad") == "running", "both run")
    work.seq = seq_where(work, one="running", bad="running", two="queued")
    return work


def kill(work):
    work.run.kill()
    work.run.wait()


def edges(work, task, since=0):
    return [event["metadata"]["edge"] for event in work.events(task=task)
            if event["seq"] > since and "edge" in event.get("metadata", {})]


def rollback_of(work):
    return work.events("workstream_rollback")[-1]


def test_live_ends_what_runs_and_begins_anew(busy):
    assert busy("workstream", "rollback", "w").code == 5
    done = busy("rollback_workstream", "--workstream-id", "w", "--to-checkpoint", "latest", "--yes", "--reason", "wrong key")
    assert done.code == 0, done.err
    assert "rolled back" in done.out
    told = rollback_of(busy)
    assert told["reason"] == "wrong key" and told["severity"] == "warning"
    assert told["metadata"]["changes"] == {"one": ["running", "pending"], "two": ["queued", "pending"],
                                         "bad": ["running", "pending"]}
    until(lambda: len(busy.lines("one.txt")) == 2, "one begins anew")
    assert busy.lines("zero.txt") == ["ran"]
    assert edges(busy, "one", told["seq"])[:2] == ["O4", "O5"] and edges(busy, "two", told["seq"])[0] == "O3"
    busy.open_gate()
    assert busy.run.wait() == 0
    assert runs(busy, "zero") == 1 and runs(busy, "two") == 1 and busy.lines("one.txt") == ["1", "2"]


def test_without_an_orchestrator(busy):
    kill(busy)
    done = busy("workstream", "rollback", "w", "--to-checkpoint", busy.seq, "--yes")
    assert done.code == 0, done.err
    told = rollback_of(busy)
    turn = [event for event in busy.events() if event["seq"] >= told["seq"]]
    assert [event for event in turn if event["event"] == "task_rollback_requested"]
    assert turn[-1]["turn"] == len(turn)  # one commit
    run = busy.start("run", "-j", "2", "plan.yaml")
    until(lambda: busy.lines("one.txt") == ["1", "2"], "one begins anew under the next orchestrator")
    busy.open_gate()
    assert run.wait() == 0
    assert runs(busy, "zero") == 1
    assert diary(busy)[-1]["script"] == "workstream rollback" and diary(busy)[-1]["result"] == "ok"


def test_what_failed_since_is_done_again(busy):
    write(busy, "broken", "")
    busy.open_gate()
    assert busy.run.wait() == 1
    assert state_of(busy, "bad") == "failed" and state_of(busy, "one") == "completed"
    (busy.folder / "broken").unlink()
    before = set(checkpoints(busy))
    assert busy("workstream", "rollback", "w", "--to-checkpoint", busy.seq, "--yes").code == 0
    assert rollback_of(busy)["metadata"]["changes"] == {"bad": ["failed", "pending"]}
    assert state_of(busy, "bad") == "pending" and state_of(busy, "one") == "completed"
    fresh = set(checkpoints(busy)) - before
    assert fresh and states(checkpoints(busy)[max(fresh)])["bad"] == "pending"
    assert busy("run", "-j", "2", "plan.yaml").code == 0
    assert runs(busy, "zero") == 1 and len(busy.lines("one.txt")) == 1 and runs(busy, "bad") == 2


def test_what_had_failed_then_stays_failed(busy):
    write(busy, "broken", "")
    busy.open_gate()
    assert busy.run.wait() == 1
    assert busy("workstream", "rollback", "w", "--to-checkpoint", "latest", "--yes").code == 0
    assert state_of(busy, "bad") == "failed"
    assert rollback_of(busy)["metadata"].get("changes", {}) == {}


def test_dry_run_changes_nothing(busy):
    kill(busy)
    last = busy.events()[-1]["seq"]
    dry = busy("workstream", "rollback", "w", "--dry-run")
    assert dry.code == 0 and "would: " in dry.out
    assert busy.events()[-1]["seq"] == last


def test_before_the_first_checkpoint_is_written(work):
    """It comes within a second of what it is of; whoever is quicker waits for it."""
    work.gate()
    write(work, "plan.yaml", PLAN)
    run = work.start("run", "-j", "2", "plan.yaml")
    until(lambda: work.state_of("one") == "running", "it runs")
    before = checkpoints(work)
    done = work("workstream", "rollback", "w", "--yes")
    assert done.code == 0, done.err
    assert not before or min(checkpoints(work)) == min(before)
    until(lambda: len(work.lines("one.txt")) == 2, "it begins anew")
    work.open_gate()
    assert run.wait() == 0


def test_limits(busy):
    unknown = busy("workstream", "rollback", "w", "--to-checkpoint", "1", "--yes")
    assert unknown.code == 3 and "nothing was rolled back" in unknown.err
    senseless = busy("workstream", "rollback", "w", "--to-checkpoint", "yesterday", "--yes")
    assert senseless.code == 2 and "nothing was rolled back" in senseless.err
    assert busy("workstream", "rollback", "v", "--yes").code == 3
    assert busy("workstream", "rollback", "--yes").code == 2
    busy.open_gate()
    assert busy.run.wait() == 0
    over = busy("workstream", "rollback", "w", "--to-checkpoint", busy.seq, "--yes")
    assert over.code == 4 and "it is completed" in over.err
    assert [line["result"] for line in diary(busy)][-1] == "refused"


def test_a_damaged_checkpoint_is_refused(busy):
    kill(busy)
    path = busy.folder / (".state/checkpoints/w_%d.json" % busy.seq)
    text = path.read_text()
    path.unlink()
    path.write_text(text.replace('"queued"', '"failed"'))
    last = busy.events()[-1]["seq"]
    refused = busy("workstream", "rollback", "w", "--to-checkpoint", busy.seq, "--yes")
    assert refused.code == 7 and "damaged" in refused.err and busy.events()[-1]["seq"] == last


def test_an_earlier_run_is_another(busy):
    busy.open_gate()
    assert busy.run.wait() == 0
    write(busy, "broken", "")
    assert busy("run", "--new-run", "-j", "2", "plan.yaml").code == 1
    refused = busy("workstream", "rollback", "w", "--to-checkpoint", busy.seq, "--yes")
    assert refused.code in (3, 4) and "nothing was rolled back" in refused.err


def test_what_another_workstream_relied_on_stays(work):
    """A task was cancelled and one elsewhere went on without it: it must not wait again in front of that one."""
    work.gate()
    work.gate("gate_other")
    work.plan("workstream: one\ntasks:\n  x: {run: ': < gate'}\n  z: {run: ': < gate'}\n", "one.yaml")
    work.plan("workstream: two\ntasks:\n  other: {run: 'echo ran >> other.ran; : < gate_other', needs: [one/x]}\n", "two.yaml")
    run = work.start("run", "-j", "4", "one.yaml", "two.yaml")
    until(lambda: work.events("task_started", "x") and work.events("task_started", "z"), "both begin")
    assert work("task", "cancel", "x").code == 0
    until(lambda: work.lines("other.ran"), "what needs it goes on without it")
    until(lambda: (work.folder / ".state/checkpoints/one_latest.json").exists(), "a checkpoint is written")
    done = work("workstream", "rollback", "one", "--to-checkpoint", "latest", "--yes")
    assert done.code == 0, done.err
    assert work.state_of("x") == "cancelled"
    assert work("state", "validate").code == 0
    work.open_gate("gate_other")
    until(lambda: len(work.events("task_started", "z")) == 2, "what ran begins again")
    work.open_gate()
    assert run.wait(timeout=DEADLINE_S) == 0
    assert work.lines("other.ran") == ["ran"]
