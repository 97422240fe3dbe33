"""Going on from a chosen task."""

import pytest

from acts import fail, state_of


@pytest.fixture
def failed(work):
    return fail(work)


def test_resume_from_a_task_needs_what_is_before_it(failed):
    refused = failed("workstream", "resume", "w", "--from-task", "two")
    assert refused.code == 4 and '"one" comes before "two"' in refused.err
    assert failed("workstream", "resume", "w", "--from-task", "two", "--force").code == 0
    assert state_of(failed, "two") == "pending" and state_of(failed, "one") == "failed"
