"""Both directions, and which of them blocks."""

import pytest

from conftest import NIGHTLY
from pages import check_nothing_yet, check_page, check_refusals


@pytest.fixture
def night(sk, maker):
    maker.steps(NIGHTLY)
    maker.hold()
    return sk


def test_what_blocks_comes_first(night):
    out = check_page(night("task", "deps", "publish"))
    assert out.startswith("publish  pending  cannot run: needs arm, which failed\n")
    assert "\nNeeds\n  arm   failed   blocks  exit code 2\n  unit  pending  waits   waits for build\n" in out
    assert "\nNeeded by\n  announce  pending  blocks  cannot run: needs arm, which failed\n" in out
    assert "\nNext: sk task show arm\n" in out


def test_met_and_nothing(sk, maker):
    maker.make(NIGHTLY + "finish build 0 10\n")
    assert "\nNeeds\n  build  completed  met  " in check_page(sk("task", "deps", "unit"))
    assert "\nNeeds nothing\n" in check_page(sk("task", "deps", "build"))
    assert "\nNeeded by nothing\n" in check_page(sk("task", "deps", "announce"))


@pytest.mark.parametrize("words", [["task", "deps", "--task-id", "publish"], ["show_dependencies", "--task-id=publish"]])
def test_json(night, words):
    document = night(*words, "--format", "json").json
    assert document["kind"] == "dependencies"
    assert document["because_of"] == "arm"
    assert [(need["task_id"], need["blocks"], need["met"]) for need in document["needs"]] == \
        [("unit", False, False), ("arm", True, False)]
    assert document["needed_by"] == [{"task_id": "announce", "state": "pending", "blocked": True}]


def test_refusals(night):
    check_refusals(night, ["task", "deps"], "task-id", "publsh", "publish")
    check_nothing_yet(night, "task", "deps", "arm")
