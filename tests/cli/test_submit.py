"""A plan for the daemon."""

import pytest

from conftest import until
from daemons import served

PLAN = "workstream: w\ntasks: {a: {run: 'echo 1 >> ran'}, b: {run: 'exit 3', needs: [a], retries: 0}}"


@pytest.fixture
def daemon(work):
    yield served(work)
    assert work("daemon", "stop", "--now").code == 0


def test_nobody_at_work(work):
    work.plan(PLAN)
    refused = work("submit", "plan.yaml")
    assert refused.code == 4 and "sk daemon start" in refused.err
    assert not work.events()


def test_recorded_when_it_returns(daemon):
    daemon.plan(PLAN)
    done = daemon("submit", "plan.yaml")
    assert done.code == 0 and done.out == "next: sk wait w, or to look: sk status\n"
    assert daemon.events("workstream_created")
    until(lambda: daemon("wait", "w").code == 1, "it fails")
    assert daemon.lines("ran") == ["1"]


def test_wait_gives_the_result(daemon):
    daemon.plan(PLAN)
    done = daemon("submit", "--wait", "plan.yaml")
    assert done.code == 1 and "failed  w: 1 of 2 tasks completed, 1 failed" in done.out


def test_json(daemon):
    daemon.plan(PLAN)
    document = daemon("submit", "--json", "plan.yaml").json
    assert document["workstreams"] == ["w"] and document["tasks"] == 2


def test_again_is_taken_as_the_same(daemon):
    daemon.plan("workstream: w\ntasks: {a: {run: 'echo 1 >> ran'}}")
    assert daemon("submit", "-w", "plan.yaml").code == 0
    assert daemon("submit", "-w", "plan.yaml").code == 0
    assert daemon.lines("ran") == ["1"]
    assert daemon("submit", "-w", "--new-run", "plan.yaml").code == 0
    assert daemon.lines("ran") == ["1", "1"]


def test_changed_plan_needs_a_word(daemon):
    daemon.plan(PLAN)
    assert daemon("submit", "-w", "plan.yaml").code == 1
    daemon.plan(PLAN.replace("exit 3", "true"))
    assert daemon("submit", "plan.yaml").code == 4
    assert daemon("submit", "-w", "--accept-changes", "plan.yaml").code == 0


def test_bad_plan_never_reaches_the_daemon(daemon):
    daemon.plan("workstream: w\ntasks: {a: {run: 1, needs: [ghost]}}")
    before = len(daemon.events())
    assert daemon("submit", "plan.yaml").code == 2
    assert len(daemon.events()) == before


def test_large_plan(daemon):
    tasks = "".join("  t%d: {run: 'true'}\n" % i for i in range(3000))
    daemon.plan("workstream: big\ntasks:\n" + tasks)
    assert daemon("submit", "--wait", "--quiet", "plan.yaml").code == 0


def test_relative_paths_are_those_of_who_submits(daemon):
    (daemon.folder / "sub").mkdir()
    daemon.plan("workstream: w\ntasks: {a: {run: 'pwd > where', working_directory: sub}}")
    assert daemon("submit", "-w", "plan.yaml").code == 0
    assert daemon.read("sub/where").strip() == str(daemon.folder / "sub")
