"""Each state explained down to its cause, with the one thing to type next."""

import pytest

from conftest import DONE, NIGHTLY


@pytest.fixture
def night(sk, maker):
    maker.steps(NIGHTLY)
    maker.hold()
    logs = sk.folder / ".state" / "logs"
    logs.mkdir(mode=0o700)
    (logs / "arm.log").write_text("make: *** [arm] Error 1\n")
    return sk


def test_failed(night):
    out = night("why", "arm").out
    assert out.startswith("arm: failed, exit code 2\n")
    assert "  failed: exit code 2, took 2.0s, attempt 1\n" in out
    assert "\nIts last words\n  cc: error: no such file\n  make: *** [arm] Error 1\n" in out
    assert "\nAll of it: .state/logs/arm.log\n" in out
    assert "\nIt keeps from running: publish, announce\n" in out
    assert out.endswith("\nNext: sk logs arm\n")
    (night.folder / ".state/logs/arm.log").unlink()
    assert "All of it" not in night("why", "arm").out, "where its log is, is said only where one is"


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
    assert document["log"] is None, "it has none"
    assert night("why", "arm", "--json").json["log"] == ".state/logs/arm.log"


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
    assert "something is missing (sk why TASK" in done.err


def test_output_cannot_act_on_the_terminal(sk, maker):
    maker.make(NIGHTLY.replace("cc: error: no such file", "evil \x1b]0;owned\x07"))
    for words in (["why", "arm"], ["status"], ["status", "arm"], ["events"]):
        assert "\x1b" not in sk(*words).out


CRITICAL = """
ws night night.yaml 0
task unit {"run":"make","critical":true} -
task slow {"run":"sleep"} -
task later {"run":"true"} slow
submit
orchestrator
worker local 2 []
start unit
start slow
pass 1000
finish unit 1 1000 2 tests failed
kill slow 15 1000
"""


def test_cancelled_names_the_critical_task(sk, maker):
    maker.make(CRITICAL + "stop\n")
    for task in ("slow", "later"):
        out = sk("why", task).out
        assert out.startswith("%s: cancelled, because unit, which is critical, failed\n" % task)
        assert "\nBecause\n  unit  failed  exit code 1\n" in out
        assert out.endswith("\nNext: sk why unit\n      sk run night.yaml\n")
    document = sk("why", "slow", "--json").json
    assert document["waits_for"] == "ended" and document["because_of"] == "unit"
    assert document["next"] == ["sk why unit", "sk run night.yaml"]


def test_cancelled_by_an_interrupt(sk, maker):
    maker.make(CRITICAL.replace("finish unit 1 1000 2 tests failed", "interrupt\nkill unit 15 1000") + "stop\n")
    out = sk("why", "slow").out
    assert out.startswith("slow: cancelled, the run was interrupted\n")
    assert out.endswith("\nNext: sk run night.yaml\n")
    assert sk("why", "later").out.endswith("\nNext: sk why slow\n      sk run night.yaml\n")


@pytest.mark.parametrize("task", ["build", "arm", "lint", "sync", "push", "unit", "publish", "announce", "gpu"])
def test_each_ends_with_what_to_type_next(night, task):
    assert "\nNext: sk " in night("why", task).out


def test_completed_leads_to_its_log(sk, maker):
    maker.make(DONE + "log one x\n")
    assert sk("why", "one").out.endswith("\nNext: sk logs one\n")


MATRIX = """
ws night night.yaml 0
task build-gcc {"run":"make"} -
task build-clang {"run":"make"} -
task builder {"run":"make"} -
task unit {"run":"make"} build-gcc,build-clang
submit
orchestrator
worker local 3 []
start build-gcc
start build-clang
pass 1000
finish build-gcc 2 1000 cc: no
"""


def test_base_name_of_a_matrix(sk, maker):
    maker.make(MATRIX)
    out = sk("why", "build").out
    assert out.startswith("build: 2 tasks, 0 done, 1 running, 1 failed\n\n  build-gcc    failed   exit code 2\n"
                          "  build-clang  running  ")
    assert "builder" not in out
    assert out.endswith("\nNext: sk why build-gcc\n      sk run night.yaml\n")
    document = sk("why", "build", "--json").json
    assert [task["task_id"] for task in document["tasks"]] == ["build-gcc", "build-clang"]
    assert document["next"][0] == "sk why build-gcc"


def test_workstream(sk, maker):
    maker.make(MATRIX)
    out = sk("why", "night").out
    assert out.startswith("night: interrupted, 0 of 4 done, 1 running, 1 failed, 1 blocked, 1 waiting\n")
    assert "\n  unit         pending  cannot run: needs build-gcc, which failed\n" in out
    assert out.endswith("\nNext: sk why build-gcc\n      sk run night.yaml\n")
    document = sk("why", "night", "--json").json
    assert document["workstream_id"] == "night" and document["interrupted"] is True
    assert len(document["tasks"]) == 4


def test_workstream_that_failed(sk, maker):
    maker.make(CRITICAL + "stop\n")
    assert sk("why", "night").out.startswith("night: failed, because unit, which is critical, failed\n")


def test_workstream_that_is_done(sk, maker):
    maker.make(DONE)
    assert sk("why", "small").out == "small: completed, 2 of 2 done\n"
