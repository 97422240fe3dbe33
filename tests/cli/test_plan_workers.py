"""workers: of a plan: started with it like the run's own, and gone with it."""

import json
import os

import pytest

from conftest import until
from daemons import served

PLAN = """workstream: w
workers:
  gpu: {slots: 2, capabilities: [gpu@3.1, cuda]}
  helper: 3
tasks:
  train: {run: 'echo $SK_TASK_ID >> ran', capabilities: [gpu>=3]}
  plain: {run: 'echo $SK_TASK_ID >> ran', needs: [train]}
"""
HELD = """workstream: w
workers: {gpu: {capabilities: [gpu]}}
tasks:
  held: {run: 'echo $SK_ATTEMPT >> held.ran; : < gate', capabilities: [gpu]}
  after: {run: 'echo $SK_ATTEMPT >> after.ran', capabilities: [gpu], needs: [held]}
"""


def worker(work, name):
    found, = [one for one in work("worker", "list", "--json").json["workers"] if one["worker_id"] == name]
    return found


def left(work, name):
    return [event["metadata"]["edge"] for event in work.events("worker_shutdown") if event["worker_id"] == name]


def test_they_come_and_go_with_the_run(work):
    assert work("run", work.plan(PLAN)).code == 0
    given = {event["task_id"]: event["worker_id"] for event in work.events("task_assigned")}
    assert given["train"] == "gpu" and work.lines("ran") == ["train", "plain"]
    registered = {event["worker_id"]: event["metadata"] for event in work.events("worker_registered")}
    assert registered["gpu"]["slots"] == 2 and registered["gpu"]["capabilities"] == ["gpu@3.1", "cuda"]
    assert registered["helper"]["slots"] == 3 and set(registered) <= {"local", "gpu", "helper"}
    for name in registered:
        assert left(work, name) == ["K9"], name
    assert not work.events("worker_crashed")
    work.nothing_left()


def test_dry_run_names_them(work):
    two = work.plan(PLAN.replace("workstream: w", "workstream: v"), "two.yaml")
    done = work("run", "--dry-run", work.plan(PLAN), two)
    assert done.code == 0
    assert '\nworkers of the plan: gpu, 2 slots, with "gpu@3.1","cuda"; helper, 3 slots\n' in done.out
    assert work("run", "--dry-run", "--json", "plan.yaml", two).json["workers"] == [
        {"worker_id": "gpu", "slots": 2, "capabilities": ["gpu@3.1", "cuda"]},
        {"worker_id": "helper", "slots": 3, "capabilities": []}]
    assert "workers of the plan" not in work("run", "--dry-run", work.plan("tasks: {a: {run: x}}", "none.yaml")).out


def test_a_json_plan_and_a_folder_have_them_too(work):
    plan = {"workers": {"gpu": {"capabilities": "gpu"}}, "tasks": {"a": {"run": "true", "capabilities": ["gpu"]}}}
    assert work("run", work.plan(json.dumps(plan), "plan.json")).code == 0
    work.plan(json.dumps({"workers": {"tpu": {"capabilities": ["tpu"]}}}), "tasks/v/workstream.json")
    work.plan(json.dumps({"task_id": "t", "execution": {"command": "true"},
                          "worker_requirements": {"capabilities": ["tpu"]}}), "tasks/v/t.json")
    done = work("run", "tasks/v")
    assert done.code == 0, done.err
    assert left(work, "gpu") == ["K9"] and left(work, "tpu") == ["K9"]


def test_killed_it_is_started_again(work):
    work.gate()
    run = work.start("run", work.plan(HELD))
    until(lambda: work.lines("held.ran") == ["1"], "held runs")
    os.kill(worker(work, "gpu")["pid"], 9)
    until(lambda: work.lines("held.ran") == ["1", "2"], "held runs on the next one")
    work.open_gate()
    assert run.wait() == 0
    assert [event["metadata"]["incarnation"] for event in work.events("worker_spawned")
            if event["worker_id"] == "gpu"] == [1, 2]
    work.nothing_left()


def test_it_outlives_the_orchestrator_and_is_adopted(work):
    work.gate()
    run = work.start("run", work.plan(HELD))
    until(lambda: work.lines("held.ran") == ["1"], "held runs")
    run.kill()
    run.wait()
    work.open_gate()
    assert work("run", "plan.yaml").code == 0
    assert work.lines("held.ran") == ["1"] and work.lines("after.ran") == ["1"]
    assert len([event for event in work.events("worker_spawned") if event["worker_id"] == "gpu"]) == 1
    work.nothing_left()


def test_beside_a_daemon_they_leave_when_the_plan_has_ended_and_come_again(work):
    served(work).plan(HELD)
    (work.folder / "gate").touch()
    for run in (1, 2):
        assert work("submit", "--wait", "--new-run", "plan.yaml").code == 0
        until(lambda run=run: len(left(work, "gpu")) == run, "it leaves")
    assert left(work, "gpu") == ["K9", "K9"] and not left(work, "local")
    assert work("daemon", "stop").code == 0
    work.nothing_left()


def test_one_that_a_person_started_before_is_used(work):
    assert work("run", work.plan("tasks: {first: {run: 'true'}}", "first.yaml")).code == 0
    work.start("worker", "--worker-id", "gpu", "--slots", "7", "--capabilities", '["gpu"]')
    until(lambda: (work.folder / ".state/workers/gpu.json").exists(), "the worker is somebody")
    (work.folder / "gate").touch()
    assert work("run", work.plan(HELD)).code == 0
    assert {event["metadata"]["slots"] for event in work.events("worker_registered") if event["worker_id"] == "gpu"} == {7}
    work.nothing_left()


def test_one_worker_of_two_plans(work):
    one = work.plan("workers: {gpu: {capabilities: [gpu]}}\ntasks: {a: {run: 'true', capabilities: [gpu]}}", "one.yaml")
    two = work.plan("workers: {gpu: {capabilities: [gpu]}}\ntasks: {b: {run: 'true', capabilities: [gpu]}}", "two.yaml")
    other = work.plan("workers:\n  gpu: 2\ntasks: {c: {run: 'true'}}", "other.yaml")
    assert work("run", one, two).code == 0
    refused = work("run", one, other)
    assert refused.code == 2 and "other.yaml:2:3: worker gpu is not the one of one.yaml:1" in refused.err
    assert len([event for event in work.events("worker_spawned") if event["worker_id"] == "gpu"]) == 1


@pytest.mark.parametrize("workers, place, problem", [
    ("[gpu]", "1:10", "workers: expected a map"),
    ("{local: 2}", "1:11", 'worker "local" is the run\'s own'),
    ("{../x: 2}", "1:11", "invalid name"),
    ("{gpu: 0}", "1:16", "gpu 0: expected a whole number, 1..1024"),
    ("{gpu: {slots: x}}", "1:24", "slots"),
    ("{gpu: {slot: 2}}", "1:17", 'unknown key "slot" in a worker; did you mean "slots"?'),
    ("{gpu: {capabilities: [gpu>=3]}}", "1:32", "it has one version"),
    ("{gpu: {capabilities: [gpu@x]}}", "1:32", "not a version"),
    ("{gpu: {capabilities: ['']}}", "1:32", ""),
    ("{gpu: {capabilities: {a: 1}}}", "1:31", "capabilities"),
    ("{gpu: {capabilities: [%s]}}" % ", ".join("c%d" % i for i in range(40)), "", "more than 32 capabilities"),
    ("{%s}" % ", ".join("w%d: 1" % i for i in range(40)), "1:10", "more than 16 workers"),
])
def test_strict(work, workers, place, problem):
    done = work("run", work.plan("workers: %s\ntasks: {a: {run: 'true'}}" % workers))
    assert done.code == 2 and problem in done.err, done.err
    assert "plan.yaml:%s" % place in done.err, done.err
    assert not (work.folder / ".state" / "transitions.jsonl").exists()


def test_a_capability_nobody_offers_is_refused(work):
    work.plan("workers: {gpu: {capabilities: [gpu@2]}}\ntasks: {a: {run: 'true', capabilities: [gpu>=3]}}")
    refused = work("run", "plan.yaml")
    assert refused.code == 2 and 'wants capability "gpu>=3", which no worker of this run offers' in refused.err
