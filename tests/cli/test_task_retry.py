"""What failed runs again, in the next run and once."""

import json

import pytest

from acts import diary, fail, runs, state_of, write


@pytest.fixture
def failed(work):
    return fail(work)


def test_retry_then_run(failed):
    (failed.folder / "broken").unlink()
    done = failed("task", "retry", "--task-id", "one", "--reason", "mended", "--operator", "ann")
    assert done.code == 0, done.err
    assert state_of(failed, "one") == "pending"
    assert "sk run" in done.out
    assert failed("run", "plan.yaml").code == 0
    assert runs(failed, "zero") == 1 and runs(failed, "one") == 2 and runs(failed, "two") == 1
    line, = diary(failed)
    assert (line["operator"], line["reason"], line["result"], line["entity_id"]) == ("ann", "mended", "ok", "one")


def test_retry_twice_is_refused_and_noted(failed):
    assert failed("task", "retry", "one").code == 0
    again = failed("task", "retry", "one")
    assert again.code == 4 and "it is pending" in again.err and "nothing was changed" in again.err
    assert [line["result"] for line in diary(failed)] == ["ok", "refused"]


def test_completed_never_changes(failed):
    for words in (["task", "retry", "zero"], ["task", "skip", "zero", "--yes"], ["task", "cancel", "zero"]):
        refused = failed(*words)
        assert refused.code == 4 and "completed" in refused.err
    assert runs(failed, "zero") == 1


def test_unknown_task(failed):
    missing = failed("task", "retry", "onr")
    assert missing.code == 3 and "one" in missing.err
    assert diary(failed)[0]["result"] == "refused"


def test_dry_run_changes_nothing(failed):
    before = (failed.folder / ".state/transitions.jsonl").read_bytes()
    shown = failed("task", "retry", "one", "--dry-run")
    assert shown.code == 0 and shown.out.startswith("would: one")
    assert (failed.folder / ".state/transitions.jsonl").read_bytes() == before
    assert diary(failed)[0]["dry_run"] is True


def test_retry_with_a_time_limit_for_this_and_later_runs(work):
    write(work, "plan.yaml", "workstream: w\ntasks:\n  slow: {run: 'test -e go || sleep 60', timeout: 1}\n")
    assert work("run", "plan.yaml").code == 1
    write(work, "go", "")
    assert work("task", "retry", "slow", "--timeout", "120").code == 0
    assert json.loads((work.folder / ".state/current.json").read_text())["tasks"]["slow"]["timeout_ms"] == 120000
    assert work("run", "plan.yaml").code == 0


@pytest.mark.parametrize("script", ["retry_task", "cancel_task"])
def test_names_of_the_scripts(failed, script):
    done = failed(script, "--task-id", "one")
    assert done.code == (0 if script == "retry_task" else 4), done.err


def test_no_state_yet(work):
    assert work("task", "retry", "one").code == 3
