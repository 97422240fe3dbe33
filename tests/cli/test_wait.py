"""Waiting for what others do."""

import os
import signal

from conftest import DEADLINE_S, until
from daemons import begin_slow, pid_of, served


def test_nothing_at_work(work):
    assert work("wait").code == 3
    work.plan("workstream: w\ntasks: {a: {run: 'true'}}")
    assert work("run", "plan.yaml").code == 0
    assert work("wait").out == "nothing is at work\n"
    assert work("wait", "w").out == "w: completed, 1 of 1 task completed\n"
    assert work("wait", "v").code == 3


def test_failed(work):
    work.plan("workstream: w\ntasks: {a: {run: 'false', retries: 0}}")
    assert work("run", "plan.yaml").code == 1
    done = work("wait", "w", "--json")
    assert done.code == 1
    assert done.json["workstreams"][0]["state"] == "failed" and done.json["workstreams"][0]["failed"] == 1


def blocks_signals(pid):
    with open("/proc/%d/status" % pid) as status:
        return "SigBlk:\t0000000000000000" not in status.read()


def test_timeout_and_ctrl_c_change_nothing(work):
    served(work)
    begin_slow(work)
    assert work("wait", "--timeout", "100ms").code == 124
    waiting = work.start("wait", "w")
    until(lambda: blocks_signals(waiting.pid), "it waits")
    waiting.send_signal(signal.SIGINT)
    assert waiting.wait(timeout=DEADLINE_S) == 130
    assert work.state_of("slow") == "running"
    work.open_gate()
    assert work("wait").code == 0
    assert work("daemon", "stop").code == 0


def test_nobody_works_on_it(work):
    served(work)
    begin_slow(work)
    os.kill(pid_of(work), signal.SIGKILL)
    alone = work("wait", "w")
    assert alone.code == 4 and "nobody is at work" in alone.err
    served(work)
    work.open_gate()
    assert work("wait").code == 0
    assert work("daemon", "stop").code == 0
