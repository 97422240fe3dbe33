"""One workstream and what in it needs a look."""

import pytest

from conftest import NIGHTLY
from pages import check_nothing_yet, check_page, check_refusals


@pytest.fixture
def night(sk, maker):
    maker.steps(NIGHTLY)
    maker.hold()
    return sk


def test_page(night):
    out = check_page(night("workstream", "show", "nightly"))
    assert out.startswith("nightly  executing  0 of 9 done  ")
    assert "\n  plan     plans/nightly.yaml\n" in out
    assert "\nTasks that run, failed or are blocked\n  build     running   for " in out
    assert "\n  push" not in out
    assert out.endswith("\nNext: sk workstream analyze nightly\n")


def test_many_tasks_are_counted(sk, maker):
    tasks = "".join('task t%d {"run":"true"} first\n' % i for i in range(50))
    maker.make('ws big big.yaml 0\ntask first {"run":"true"} -\n' + tasks +
               "submit\norchestrator\nworker local 1 []\nstart first\nfinish first 1 10\n")
    assert "\n  and 31 more: sk task list big\n" in check_page(sk("workstream", "show", "big"))


def test_json(night):
    document = night("show_workstream", "--workstream-id", "nightly", "--json").json
    assert document["kind"] == "workstream"
    assert document["task_ids"][:2] == ["build", "arm"]
    assert document["state"] == "executing"


def test_refusals(night):
    check_refusals(night, ["workstream", "show"], "workstream-id", "nightl", "nightly")
    check_nothing_yet(night, "workstream", "show", "nightly")
