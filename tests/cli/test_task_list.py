"""Tasks one a line, chosen by state and workstream."""

import pytest

from conftest import DONE, NIGHTLY
from pages import check_nothing_yet, check_page


@pytest.fixture
def night(sk, maker):
    maker.steps(NIGHTLY)
    maker.hold()
    return sk


def ids(sk, *words):
    return [task["task_id"] for task in sk("task", "list", "--json", *words).json["tasks"]]


def test_all(night):
    out = check_page(night("task", "list"))
    assert out.startswith("build     running   for ")
    assert len(out.splitlines()) == 9 + 2
    assert out.endswith("\nNext: sk task show arm\n")


@pytest.mark.parametrize("states, expected", [
    (["failed"], ["arm"]), (["retrying"], ["lint"]), (["failed", "running"], ["build", "arm", "sync"]),
    (["pending"], ["unit", "publish", "announce"]), (["blocked"], ["publish", "announce"]), (["completed"], [])])
def test_states(night, states, expected):
    assert ids(night, *["--state=" + state for state in states]) == expected


def test_workstream(sk, maker):
    maker.make(NIGHTLY + DONE.split("orchestrator")[0])
    assert ids(sk, "small") == ids(sk, "--workstream-id", "small") == ["one", "two"]
    assert len(ids(sk)) == 11
    assert sk("task", "list", "smal").code == 3


def test_none(night):
    assert check_page(night("task", "list", "--state", "cancelled")) == "No such tasks.\n"


def test_refusals(night):
    done = night("task", "list", "--state", "fialed")
    assert done.code == 2
    assert "--state" in done.err
    check_nothing_yet(night, "task", "list")
