"""All of it again, or all but what is completed."""

import pytest

from acts import fail, runs


@pytest.fixture
def failed(work):
    return fail(work)


def test_whole_workstream_again(failed):
    (failed.folder / "broken").unlink()
    assert failed("workstream", "retry", "w").code == 5
    assert failed("workstream", "retry", "w", "--yes").code == 0
    assert failed("run", "plan.yaml").code == 0
    assert runs(failed, "zero") == 2 and runs(failed, "one") == 2 and runs(failed, "two") == 1


def test_keep_completed(failed):
    (failed.folder / "broken").unlink()
    assert failed("workstream", "retry", "w", "--keep-completed", "--yes").code == 0
    assert failed("run", "plan.yaml").code == 0
    assert runs(failed, "zero") == 1 and runs(failed, "one") == 2


def test_twice_is_once(failed):
    """Whoever does not know whether it was done may ask again: no run is thrown away that has not begun."""
    assert failed("workstream", "retry", "w", "--yes").code == 0
    again = failed("workstream", "retry", "w", "--yes")
    assert again.code == 4 and "it has not begun" in again.err
    assert len(failed.events("workstream_archived")) == 1
    assert failed("task", "cancel", "two").code == 0
    assert failed("workstream", "retry", "w", "--yes").code == 0, "it is not as the plan says any more"
