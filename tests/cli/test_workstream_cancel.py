"""The end of a workstream is final."""

import re

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


def test_what_does_not_fit_the_answer_is_found(work):
    """More records than an answer tells: the advised command prints exactly the others."""
    names = ["t%04d" % i for i in range(1100)]
    (work.folder / "plan.yaml").write_text("workstream: w\ntasks:\n" + "".join("  %s: {run: 'true'}\n" % n for n in names))
    assert work("daemon", "start", "--paused").code == 0
    assert work("submit", "plan.yaml").code == 0
    done = work("workstream", "cancel", "w", "--yes")
    assert done.code == 0, done.err
    rest, since = re.search(r"^and (\d+) more: sk events --since (\d+)$", done.out, re.M).groups()
    assert work("daemon", "stop").code == 0
    told = done.out.splitlines().index("and %s more: sk events --since %s" % (rest, since))
    assert told == 1000
    others = [line["seq"] for line in work("events", "--since", since, "--json").lines
              if line["event"] in ("task_cancelled", "workstream_cancelled")]
    first = next(event["seq"] for event in work.events() if event["event"] == "task_cancelled")
    assert others[0] - first == told and len(others) == int(rest)
