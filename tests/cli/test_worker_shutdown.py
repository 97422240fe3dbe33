"""`sk worker shutdown` while no orchestrator lives: the wish is recorded, the process and its tasks end, nothing is lost.

What it does beside a live orchestrator is in test_worker_life.py.
"""

import json

import pytest

from acts import diary, state_of, write
from conftest import until

PLAN = """workstream: w
tasks:
  done: {run: "echo ran >> done.txt"}
  held: {run: "echo $SK_ATTEMPT >> held.txt; : < gate; sleep 1000 &", retries: 0, needs: [done]}
"""


@pytest.fixture
def left(work):
    """The orchestrator was killed; its worker goes on with `held`."""
    work.gate()
    write(work, "plan.yaml", PLAN)
    run = work.start("run", "plan.yaml")
    until(lambda: work.state_of("held") == "running" and work.lines("held.txt"), "held runs")
    run.kill()
    run.wait()
    assert len(work.workers()) == 1
    return work


def worker_of(work):
    return json.loads((work.folder / ".state/current.json").read_text())["workers"]["local"]


def test_forced_fails_its_tasks(left):
    assert left("worker", "shutdown", "local", "--force").code == 5
    assert left.workers()
    done = left("worker", "shutdown", "--worker-id", "local", "--force", "--yes", "--reason", "stuck")
    assert done.code == 0, done.err
    assert "local" in done.out and "ended by force" in done.out
    left.nothing_left()
    assert state_of(left, "held") == "failed" and state_of(left, "done") == "completed"
    assert worker_of(left)["state"] == "shutdown"
    assert [e["metadata"]["edge"] for e in left.events("worker_shutdown")] == ["K12"]
    assert [e["metadata"]["edge"] for e in left.events("task_failed")] == ["T6"]
    assert diary(left)[-1]["entity_type"] == "worker" and diary(left)[-1]["reason"] == "stuck"


def test_reassigned_runs_again_and_uses_no_retry(left):
    assert left("force_shutdown_worker", "--worker-id", "local", "--reassign").code == 0
    left.nothing_left()
    assert state_of(left, "held") == "retrying"
    assert [e["metadata"]["edge"] for e in left.events("task_reassigned")] == ["T15"]
    run = left.start("run", "plan.yaml")
    until(lambda: len(left.lines("held.txt")) == 2, "held runs again")
    left.open_gate()
    assert run.wait() == 0
    assert left.lines("held.txt") == ["1", "2"] and left.lines("done.txt") == ["ran"]


def test_what_had_finished_counts(work):
    work.gate()
    work.gate("second")
    write(work, "plan.yaml", """workstream: w
tasks:
  one: {run: ": < gate; echo ran >> one.txt"}
  two: {run: "echo $SK_ATTEMPT >> two.txt; : < second"}
""")
    run = work.start("run", "-j", "2", "plan.yaml")
    until(lambda: work.state_of("one") == work.state_of("two") == "running", "both run")
    run.kill()
    run.wait()
    work.open_gate()
    outbox = work.folder / ".state/workers/local.outbox"
    # Its start may be kept there as well, when nobody had acknowledged that.
    until(lambda: any('"msg":"finished"' in line and '"task_id":"one"' in line
                      for line in work.lines(".state/workers/local.outbox")), "the result is kept")
    assert work("worker", "shutdown", "local", "--force", "--yes").code == 0
    assert state_of(work, "one") == "completed" and state_of(work, "two") == "failed"
    assert not outbox.exists()


def test_draining_waits_for_the_next_orchestrator(left):
    assert left("worker", "shutdown", "local").code == 0
    assert worker_of(left)["draining"] is True and len(left.workers()) == 1
    again = left("worker", "shutdown", "local")
    assert again.code == 0 and "so already" in again.out
    status = left("status")
    assert "draining" in status.out, status.out
    before = left.workers()
    run = left.start("run", "plan.yaml")
    until(lambda: any(e["worker_id"] == "local" for e in left.events("worker_registered")), "it was adopted")
    left.open_gate()
    assert run.wait() == 0
    until(lambda: before[0] not in left.workers(), "it left")
    assert left.lines("held.txt") == ["1"]
    assert "K9" in [e["metadata"]["edge"] for e in left.events("worker_shutdown")]


def test_an_idle_one_leaves_at_once(left):
    left.open_gate()
    outbox = left.folder / ".state/workers/local.outbox"
    until(lambda: outbox.exists() and '"task_id":"held"' in outbox.read_text(), "held has ended")
    assert left("run", "plan.yaml").code == 0
    left.nothing_left()
    assert left("worker", "shutdown", "local").code == 4


def test_dry_run_touches_nothing(left):
    pids = left.workers()
    dry = left("worker", "shutdown", "local", "--force", "--dry-run")
    assert dry.code == 0 and "would: " in dry.out
    assert left.workers() == pids and left.state_of("held") == "running"
    assert not left.events("worker_leave_requested")


def test_refusals(left):
    nobody = left("worker", "shutdown", "locl", "--reassign")
    assert nobody.code == 3 and "local" in nobody.err
    assert left("worker", "shutdown").code == 2
    assert left("worker", "shutdown", "local", "--reassign").code == 0
    twice = left("worker", "shutdown", "local", "--reassign")
    assert twice.code == 4 and "shut down already" in twice.err and "sk worker restart local" in twice.err
    assert diary(left)[-1]["result"] == "refused"


def test_json(left):
    told = left("worker", "shutdown", "local", "--reassign", "--json").json
    assert told["act"] == "worker_shutdown" and told["recorded"] == 1
