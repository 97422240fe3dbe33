"""`sk worker restart` while no orchestrator lives: the old one goes, the next run brings a new incarnation."""

import json

import pytest

from acts import write
from conftest import until


@pytest.fixture
def left(work):
    """The orchestrator was killed; its worker goes on with `held`."""
    work.gate()
    write(work, "plan.yaml", 'workstream: w\ntasks:\n  held: {run: "echo $SK_ATTEMPT >> held.txt; : < gate"}\n'
                             '  then: {run: "true", needs: [held]}\n')
    run = work.start("run", "plan.yaml")
    until(lambda: work.state_of("held") == "running" and work.lines("held.txt"), "held runs")
    run.kill()
    run.wait()
    return work


def incarnations(work):
    return [event["metadata"]["incarnation"] for event in work.events("worker_spawned")]


def test_drained_then_new(left):
    assert left("restart_worker", "--worker-id", "local").code == 0
    run = left.start("run", "plan.yaml")
    until(lambda: any(event["epoch"] > 1 for event in left.events("orchestrator_stopped") +
                      left.events("orchestrator_started")[1:]), "the next run began")
    left.open_gate()
    assert run.wait() == 0
    assert left.lines("held.txt") == ["1"] and incarnations(left) == [1, 2]


def test_forced_runs_its_tasks_again(left):
    done = left("worker", "restart", "local", "--force")
    assert done.code == 0 and "then it is started again" in done.out
    left.nothing_left()
    snapshot = json.loads((left.folder / ".state/current.json").read_text())
    assert snapshot["workers"]["local"]["restart"] is True
    run = left.start("run", "plan.yaml")
    until(lambda: left.lines("held.txt") == ["1", "2"], "held runs again")
    left.open_gate()
    assert run.wait() == 0
    assert incarnations(left) == [1, 2]
    assert not left.events("task_failed") and not left.events("task_retry")


def test_one_that_left(left):
    assert left("worker", "shutdown", "local", "--reassign").code == 0
    done = left("worker", "restart", "local")
    assert done.code == 0 and "to be started again" in done.out


def test_refusals(left):
    assert left("worker", "restart", "nobody").code == 3
    assert left("worker", "restart").code == 2
    assert left("worker", "restart", "local", "--json").json["act"] == "worker_restart"
