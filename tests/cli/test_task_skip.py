"""Somebody answers for a task that did not complete."""

import pytest

from acts import fail, runs, state_of


@pytest.fixture
def failed(work):
    return fail(work)


def test_skip_needs_yes_and_lets_others_go_on(failed):
    asked = failed("task", "skip", "one", "--reason", "not today")
    assert asked.code == 5 and "--yes" in asked.err and state_of(failed, "one") == "failed"
    refused = failed("task", "skip", "onne", "--reason", "not today")
    assert refused.code == 3 and "near: one" in refused.err, "nobody is asked to confirm what cannot be"
    assert failed("task", "skip", "one", "--reason", "not today", "--yes").code == 0
    assert failed("workstream", "resume", "w").code == 0
    assert failed("run", "plan.yaml").code == 0
    assert runs(failed, "one") == 1 and runs(failed, "two") == 1
    assert state_of(failed, "one") == "completed"
