"""What failed, and what was cancelled with it, runs again."""

import pytest

from acts import fail, runs


@pytest.fixture
def failed(work):
    return fail(work)


def test_retry_failed_runs_what_was_cancelled_too(failed):
    (failed.folder / "broken").unlink()
    assert failed("workstream", "retry-failed", "--workstream-id", "w").code == 0
    assert failed("run", "plan.yaml").code == 0
    assert runs(failed, "zero") == 1 and runs(failed, "two") == 1
