"""Serving in front, under a service manager."""

import os
import shutil
import signal
import socket
import subprocess

import pytest

from conftest import DEADLINE_S, binary, until
from daemons import SLOW, begin_slow, pid_of, served


def in_front(work, **env):
    process = subprocess.Popen([binary(), "daemon", "--foreground"], cwd=work.folder, env={**work.env, **env}, text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    work.started.append(process)
    until(lambda: "serving" in process.stderr.readline(), "it serves")
    return process


def test_alone_it_goes_to_the_background(work):
    assert work("daemon").code == 0
    assert pid_of(work)
    assert work("daemon", "stop").code == 0


def test_unfinished_work_goes_on_without_a_command(work):
    work.gate().plan(SLOW)
    run = work.start("run", "plan.yaml")
    until(lambda: work.lines("slow.ran"), "the task begins")
    run.kill()
    run.wait()
    served(work)
    work.open_gate()
    assert work("wait", "w").code == 0
    assert work.lines("slow.ran") == ["1", "done"] and work.lines("next.ran") == ["1"]
    assert work("daemon", "stop").code == 0


def test_sigterm_leaves_tasks_to_the_next_one(work):
    process = in_front(work)
    begin_slow(work)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=DEADLINE_S) == 0
    assert len(work.workers()) == 1
    served(work)
    work.open_gate()
    assert work("wait").code == 0
    assert work.lines("slow.ran") == ["1", "done"]
    assert work("daemon", "stop").code == 0


def test_ctrl_c_drains_and_a_second_one_cancels(work):
    process = in_front(work)
    begin_slow(work)
    process.send_signal(signal.SIGINT)
    until(lambda: "goes to its end" in process.stderr.readline(), "it drains")
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=DEADLINE_S) == 0
    assert work.state_of("slow") == "cancelled"
    work.nothing_left()


def test_killed_daemon_loses_nothing(work):
    process = in_front(work)
    begin_slow(work)
    process.kill()
    process.wait()
    assert work("daemon", "status").code == 3
    served(work)
    work.open_gate()
    assert work("wait").code == 0
    assert work.lines("slow.ran") == ["1", "done"]
    assert work("daemon", "stop").code == 0


def test_service_manager_is_told(work, tmp_path):
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.settimeout(DEADLINE_S)
    path = "\0sk-test-%d" % os.getpid()
    manager.bind(path)
    process = in_front(work, NOTIFY_SOCKET="@" + path[1:], WATCHDOG_USEC="200000")
    assert b"READY=1" in manager.recv(4096)
    assert manager.recv(4096) == b"WATCHDOG=1"
    assert manager.recv(4096) == b"WATCHDOG=1"
    work.plan("workstream: w\ntasks: {a: {run: 'echo \"[$NOTIFY_SOCKET]\" > seen'}}")
    assert work("submit", "-w", "plan.yaml").code == 0
    assert work.read("seen") == "[]\n", "no task speaks for the daemon"
    process.send_signal(signal.SIGTERM)
    until(lambda: b"STOPPING=1" in manager.recv(4096), "it says that it stops")
    assert process.wait(timeout=DEADLINE_S) == 0


@pytest.mark.parametrize("words", [("--jobs", "0"), ("--workstreams", "x"), ("--foreground", "now")])
def test_bad_words(work, words):
    assert work("daemon", *words).code == 2
    assert not (work.folder / ".state").exists()


def test_workstreams_at_once(work):
    """Two at a time: the third begins when one has ended, whatever slots are free."""
    for name in "abc":
        work.gate("gate_" + name)
        work.plan("workstream: %s\ntasks: {t%s: {run: 'echo %s >> began; : < gate_%s'}}" % (name, name, name, name), name + ".yaml")
    served(work, "--jobs", "8", "--workstreams", "2")
    assert work("submit", "a.yaml", "b.yaml", "c.yaml").code == 0
    until(lambda: len(work.lines("began")) == 2, "two begin")
    first = work.lines("began")[0]
    work.open_gate("gate_" + first)
    until(lambda: len(work.lines("began")) == 3, "the third one begins")
    # A task is at work before its start is reported, and the report before it is recorded.
    until(lambda: len(work.events("workstream_started")) == 3, "its start is recorded")
    last = work.events("workstream_started")[-1]["seq"]
    ended = [event["seq"] for event in work.events("workstream_completed")]
    assert ended and ended[0] < last
    for name in work.lines("began"):
        if name != first:
            work.open_gate("gate_" + name)
    assert work("wait").code == 0
    assert work("daemon", "stop").code == 0


def test_tasks_of_one_workstream(work):
    """Five at a time unless the plan or the option says otherwise."""
    work.gate()
    tasks = "".join("  t%d: {run: 'echo %d >> began; : < gate'}\n" % (i, i) for i in range(8))
    work.plan("workstream: w\ntasks:\n" + tasks)
    served(work, "--jobs", "8")
    assert work("submit", "plan.yaml").code == 0
    until(lambda: len(work.lines("began")) == 5, "five begin")
    assert len(work.events("task_assigned")) == 5
    work.open_gate()
    assert work("wait").code == 0
    assert work("daemon", "stop").code == 0


def remove(folder):
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def test_removed_state_is_noticed_by_whoever_served_it(work):
    process = in_front(work)
    begin_slow(work)
    until(lambda: remove(work.folder / ".state"), "it is removed, although somebody writes there")
    _, said = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 8 and "was removed or replaced" in said
    work.open_gate()
    work.nothing_left()
    assert work.lines("slow.ran") == ["1", "done"]


@pytest.mark.parametrize("moved", [".state", ".state/orchestrator.lock"])
def test_nothing_is_acknowledged_where_nobody_looks_for_it(work, moved):
    """Without its lock it would be the second writer of whoever begins next."""
    process = in_front(work)
    work.plan("workstream: w\ntasks: {a: {run: 'true'}}")
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    control.settimeout(DEADLINE_S)
    control.connect("/proc/self/fd/%d/control.sock" % os.open(work.folder / ".state", os.O_PATH))
    os.rename(work.folder / moved, work.folder / "elsewhere")
    control.sendall(b'{"control":"submit","submission":{"workstreams":[{"name":"w","plan":"p"}],'
                    b'"tasks":[{"name":"a","ws":0,"def":{"run":"true"}}]}}\n')
    assert control.recv(65536) == b""
    _, said = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 8 and "was removed or replaced" in said
    assert not work.events("task_created")
    assert work("run", "plan.yaml").code == 0
    assert work("state", "validate").code == 0
