"""Health of a worker: what is recorded, what the kernel says, and one exit code."""

import os
import signal

import pytest

from conftest import DONE, NIGHTLY, until
from pages import check_nothing_yet, check_page, check_refusals

PLAN = "workstream: w\ntasks:\n  one: {run: ': < gate'}\n"


@pytest.fixture
def busy(work):
    work.gate().plan(PLAN)
    work.run = work.start("run", "plan.yaml")
    until(lambda: work.state_of("one") == "running", "one runs")
    return work


def test_healthy(busy):
    out = check_page(busy("worker", "check", "local"))
    assert out.startswith("local: healthy\n  state        busy\n  process      pid ")
    assert "alive, and the same one that registered\n  lock         held\n" in out
    assert "\nIts tasks\n  one  running  for " in out
    assert "Next" not in out
    document = busy("check_worker", "--worker-id", "local", "--json").json
    assert document["healthy"] is True
    assert document["active_tasks"][0]["task_id"] == "one"
    busy.open_gate()
    assert busy.run.wait() == 0


def test_healthy_without_orchestrator(busy):
    busy.run.kill()
    busy.run.wait()
    assert check_page(busy("worker", "check", "local")).startswith("local: healthy\n")


def test_gone(busy):
    busy.run.kill()
    busy.run.wait()
    for pid in busy.workers():
        os.kill(pid, signal.SIGKILL)
    until(lambda: busy("worker", "check", "local").code == 1, "the worker is gone")
    out = check_page(busy("worker", "check", "local"), code=1)
    assert out.startswith("local: its process is gone, and nobody has buried it yet\n")
    assert "\n  lock         free\n" in out
    assert out.endswith("\nNext: sk worker logs local\n      sk worker restart --worker-id local\n")


def test_stopped(sk, maker):
    maker.make(NIGHTLY + "lose local\n")
    out = check_page(sk("worker", "check", "local"), code=1)
    assert out.startswith("local: not running")
    assert "Next" not in out


def test_lock_lost(sk, maker):
    maker.steps(NIGHTLY)
    maker.hold()
    document = sk("worker", "check", "local", "--json")
    assert document.code == 1
    assert document.json["health"] == "lock_lost"
    assert document.json["healthy"] is False


def test_silent(sk, maker):
    maker.steps(NIGHTLY + "silent local\npass 40000\n")
    maker.hold()
    document = sk("worker", "check", "local", "--json").json
    assert document["state"] == "unresponsive"
    assert document["unresponsive_since"]
    assert document["last_sign_at"] < document["unresponsive_since"]
    assert "\n  fell silent  " in check_page(sk("worker", "check", "local"), code=1)


def test_refusals(sk, maker):
    maker.make(DONE)
    check_refusals(sk, ["worker", "check"], "worker-id", "loca", "local")
    check_nothing_yet(sk, "worker", "check", "local")
