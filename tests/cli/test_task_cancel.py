"""A cancelled task holds nobody up."""

import pytest

from acts import diary, fail, runs, state_of, write


@pytest.fixture
def failed(work):
    return fail(work)


def test_others_go_on(work):
    write(work, "plan.yaml", "workstream: w\ntasks:\n  a: {run: 'false'}\n  b: {run: 'echo ran >> b.txt', needs: [a]}\n")
    assert work("run", "plan.yaml").code == 1
    assert work("task", "retry", "a").code == 0
    assert work("task", "cancel", "a", "--reason", "not needed").code == 0
    assert state_of(work, "a") == "cancelled"
    work("run", "plan.yaml")
    assert runs(work, "b") == 1


def test_final_is_refused(failed):
    refused = failed("task", "cancel", "one")
    assert refused.code == 4 and "sk task skip one" in refused.err and diary(failed)[0]["result"] == "refused"
