"""Drain, end or leave what runs."""

import os
import signal

import pytest

from conftest import DEADLINE_S, until
from daemons import begin_slow, pid_of, served


def test_nobody_is_no_mistake(work):
    assert work("daemon", "stop").out == "nobody is at work here\n"
    assert work("daemon", "stop", "--json").json["state"] == "not_running"


def test_waits_for_what_runs(work):
    served(work)
    begin_slow(work)
    late = work("daemon", "stop", "--timeout", "200ms")
    assert late.code == 6 and "waits for what runs" in late.err
    work.open_gate()
    assert work("daemon", "stop").code == 0
    assert work.lines("slow.ran") == ["1", "done"] and not work.lines("next.ran")
    work.nothing_left()


def test_now_ends_what_runs(work):
    served(work)
    begin_slow(work)
    assert work("daemon", "stop", "--now").code == 0
    assert work.state_of("slow") == "cancelled"
    work.nothing_left()


def test_leave_keeps_what_runs(work):
    served(work)
    begin_slow(work)
    assert work("daemon", "stop", "--leave").code == 0
    assert len(work.workers()) == 1
    served(work)
    work.open_gate()
    assert work("wait").code == 0 and work.lines("slow.ran") == ["1", "done"]
    assert work("daemon", "stop").code == 0
    work.nothing_left()


def test_stops_a_run_as_well(work):
    work.gate()
    work.plan("workstream: w\ntasks: {a: {run: 'echo 1 >> ran; : < gate'}}")
    run = work.start("run", "plan.yaml")
    until(lambda: work.lines("ran"), "it runs")
    assert work("daemon", "stop", "--now").code == 0
    assert run.wait(timeout=DEADLINE_S) == 143


def test_hung_one_is_bounded(work):
    served(work)
    pid = pid_of(work)
    os.kill(pid, signal.SIGSTOP)
    try:
        hung = work("daemon", "stop")
        assert hung.code == 6 and "does not answer (pid %d)" % pid in hung.err
    finally:
        os.kill(pid, signal.SIGCONT)
    assert work("daemon", "stop").code == 0


def test_two_ways_at_once(work):
    assert work("daemon", "stop", "--now", "--leave").code == 2


def test_one_that_has_only_begun_is_told_when_it_listens(work, maker):
    """The lock is held all the time, first by somebody who does not listen, then by a daemon that begins."""
    assert work("daemon", "start").code == 0
    assert work("daemon", "stop").code == 0
    maker.hold()
    stopping = work.start("daemon", "stop")
    starting = work.start("daemon", "start")
    until(lambda: len(work.left()) == 3, "both wait for the lock")
    maker.close()
    assert stopping.wait(timeout=DEADLINE_S) == 0
    starting.wait(timeout=DEADLINE_S)
    assert work("daemon", "stop").code == 0
    work.nothing_left()
