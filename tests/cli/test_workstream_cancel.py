"""The end of a workstream is final."""

import pytest

from acts import fail


@pytest.fixture
def failed(work):
    return fail(work)


def test_cancelled_workstream_is_final(failed):
    (failed.folder / "broken").unlink()
    assert failed("workstream", "cancel", "w", "--yes").code == 4  # it has failed already
    assert failed("workstream", "resume", "w").code == 0
    assert failed("workstream", "cancel", "w", "--yes").code == 0
    refused = failed("task", "retry", "two")
    assert refused.code == 4 and "--new-run" in refused.err
