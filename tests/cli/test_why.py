"""Each state explained down to its cause, with the one thing to type next."""

import pytest

from conftest import DONE, NIGHTLY


@pytest.fixture
def night(sk, maker):
    maker.steps(NIGHTLY)
    maker.hold()
    return sk


def test_failed(night):
    out = night("why", "arm").out
    assert out.startswith("arm: failed, exit code 2\n")
    assert "  failed: exit code 2, took 2.0s, attempt 1\n" in out
    assert "\nIts last words\n  cc: error: no such file\n  make: *** [arm] Error 1\n" in out
    assert "\nAll of it: .state/logs/arm.log\n" in out
    assert "\nIt keeps from running: publish, announce\n" in out
    assert out.endswith("\nNext: sk logs arm\n")


def test_blocked_names_the_root(night):
    out = night("why", "announce").out
    assert out.startswith("announce: pending, cannot run: needs arm, which failed\n")
    assert "\nBecause\n  arm  failed  exit code 2\n" in out
    assert out.endswith("\nNext: sk why arm\n")


def test_pending_follows_the_chain(night):
    out = night("why", "unit").out
    assert out.startswith("unit: pending, waits for build\n")
    assert "\nBecause\n  build  running  for " in out
    assert out.endswith("\nNext: sk logs -f build\n")


def test_resource(night):
    out = night("why", "push").out
    assert out.startswith("push: queued, waits for git_repo_write, held by sync for ")
    assert "\nBecause\n  sync  running  for " in out
    document = night("why", "push", "--json").json
    assert document["waits_for"] == "resource"
    assert document["resource_id"] == "git_repo_write"
    assert document["chain"][0]["task_id"] == "sync"
    assert document["next"] == ["sk logs -f sync"]


def test_capability(night):
    assert night("why", "gpu").out.startswith("gpu: queued, no worker offers gpu\n")
    assert night("why", "gpu", "--json").json["capability"] == "gpu"


def test_retrying(night):
    out = night("why", "lint").out
    assert out.startswith("lint: retrying, exit code 1; tries again in ")
    assert "(retry 1 of 3)" in out.splitlines()[0]
    assert "exit code 1, took 1.5s, attempt 1; tries again in " in out
    assert "\nIts last words\n  lint: 3 problems\n" in out


def test_completed(sk, maker):
    maker.make(DONE)
    out = sk("why", "one").out
    assert out.startswith("one: completed, took 1.2s\n")
    assert "  ran for 1.2s\n" in out
    assert "Next" not in out


def test_cancelled_says_by_whom(sk, maker):
    maker.make(NIGHTLY + "cancel gpu alice no gpu this week\n")
    out = sk("why", "gpu").out
    assert out.startswith("gpu: cancelled")
    assert "cancelled by alice: no gpu this week" in out


def test_died(sk, maker):
    maker.make(NIGHTLY)
    out = sk("why", "unit").out
    assert "The orchestrator died; nothing recorded is lost" in out
    assert out.endswith("      sk run plans/nightly.yaml\n")
    assert sk("why", "unit", "--json").json["orchestrator_died"] is True


def test_json_has_the_history(night):
    document = night("why", "lint", "--json").json
    assert [event["event"] for event in document["events"]][-1] == "task_retry"
    assert document["events"][-1]["exit_code"] == 1
    assert document["log"] == ".state/logs/lint.log"


def test_nothing_yet(sk):
    done = sk("why", "x")
    assert done.code == 3
    assert "Try: sk run PLAN" in done.err


def test_unknown(night):
    done = night("why", "publsh")
    assert done.code == 3
    assert "near: publish" in done.err


def test_missing_word(sk):
    done = sk("why")
    assert done.code == 2
    assert "something is missing: sk why TASK" in done.err


def test_output_cannot_act_on_the_terminal(sk, maker):
    maker.make(NIGHTLY.replace("cc: error: no such file", "evil \x1b]0;owned\x07"))
    for words in (["why", "arm"], ["status"], ["status", "arm"], ["events"]):
        assert "\x1b" not in sk(*words).out
