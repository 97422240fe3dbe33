"""Runs that are interrupted by a person, and processes that are killed: what goes on, what ends, what is done again.

Tasks wait at a gate (a FIFO), so each test decides when they end; what is done is seen in the files they append to.
"""

import os
import signal
import subprocess

from conftest import DEADLINE_S, binary, until
from killing import tool

TWO_STEPS = """
workstream: steps
tasks:
  slow: {run: "echo $SK_ATTEMPT >> slow.ran; : < gate; echo done >> slow.ran"}
  next: {run: "echo $SK_ATTEMPT >> next.ran", needs: [slow]}
"""


def begin(work, plan=TWO_STEPS, *words, **more):
    """Starts a run of the plan and waits until its first task has begun."""
    work.gate()
    process = work.start("run", *words, work.plan(plan), **more)
    until(lambda: work.lines("slow.ran"), "the task begins")
    return process


def ended(process):
    until(lambda: process.poll() is not None, "the run ends")
    return process.returncode


def kill(pid):
    os.kill(pid, signal.SIGKILL)


# --- signals --------------------------------------------------------------------------------------------------------


def test_first_interrupt_drains(work):
    with open(work.folder / "said", "w") as said:
        process = begin(work, stderr=said)
        process.send_signal(signal.SIGINT)
        until(lambda: "draining" in work.read("said"), "it says that it drains")
    assert process.poll() is None, "what runs goes to its end"
    work.open_gate()
    assert ended(process) == 130
    assert work.lines("slow.ran") == ["1", "done"] and not work.lines("next.ran")
    work.nothing_left()
    assert work("run", "plan.yaml").code == 0
    assert work.lines("slow.ran") == ["1", "done"] and work.lines("next.ran") == ["1"]


def test_second_interrupt_cancels(work):
    with open(work.folder / "said", "w") as said:
        process = begin(work, TWO_STEPS.replace(": < gate", "setsid sleep 1000 & : < gate"), stderr=said)
        process.send_signal(signal.SIGINT)
        until(lambda: "draining" in work.read("said"), "it says that it drains")
        process.send_signal(signal.SIGINT)
        assert ended(process) == 130
    assert work.lines("slow.ran") == ["1"] and not work.lines("next.ran")
    work.nothing_left()
    document = work("status", "--json", "--all").json
    assert document["orchestrator"]["state"] == "stopped"
    again = work.start("run", "plan.yaml")
    until(lambda: len(work.lines("slow.ran")) == 2, "the cancelled task runs again")
    work.open_gate()
    assert ended(again) == 0
    assert work.lines("slow.ran") == ["1", "2", "done"] and work.lines("next.ran") == ["1"]


def test_terminated(work):
    process = begin(work)
    process.send_signal(signal.SIGTERM)
    assert ended(process) == 143
    assert work.lines("slow.ran") == ["1"]
    work.nothing_left()


def test_hang_up_stops_nothing(work):
    process = begin(work)
    process.send_signal(signal.SIGHUP)
    for pid in work.workers():
        os.kill(pid, signal.SIGHUP)
    work.open_gate()
    assert ended(process) == 0
    assert work.lines("slow.ran") == ["1", "done"]


def test_interrupt_while_a_retry_waits(work):
    process = work.start("run", work.plan("tasks: {a: {run: 'exit 1', retries: 3, backoff: 1h}}".replace("1h", "200s")))
    until(lambda: work.events("task_retry"), "the task fails")
    process.send_signal(signal.SIGINT)
    assert ended(process) == 130
    work.nothing_left()


# --- the orchestrator dies ------------------------------------------------------------------------------------------


def test_hundred_tasks_are_adopted(work):
    """SIGKILL with a hundred running tasks: the next run takes them over, and none has noticed."""
    count = 100
    tasks = "".join("  t%d: {run: 'echo $SK_ATTEMPT $PPID >> t%d.ran; : < gate'}\n" % (i, i) for i in range(count))
    plan = "workstream: many\ntasks:\n" + tasks
    work.gate()
    process = work.start("run", "-j", count, work.plan(plan))
    until(lambda: all(work.lines("t%d.ran" % i) for i in range(count)), "all tasks run")
    kill(process.pid)
    process.communicate()
    (worker,) = work.workers()
    with open(work.folder / "said", "w") as said:
        again = work.start("run", "-j", count, "plan.yaml", stderr=said)
        until(lambda: "took over %d tasks" % count in work.read("said"), "they are taken over")
    assert work.workers() == [worker]
    document = work("status", "--json").json
    assert document["workstreams"][0]["tasks"]["running"] == count
    work.open_gate()
    assert ended(again) == 0
    for i in range(count):
        assert work.lines("t%d.ran" % i) == ["1 %d" % worker], "the task was disturbed"
    assert len(work.events("task_completed")) == count
    assert not work.events("task_reassigned")
    work.nothing_left()


def test_adopted_with_fewer_slots(work):
    """A worker that runs three tasks is taken over by a run that wants one at a time: nothing is ended or lost."""
    tasks = "".join("  t%d: {run: 'echo $SK_ATTEMPT >> t%d.ran; : < gate'}\n" % (i, i) for i in range(3))
    work.gate()
    process = work.start("run", "-j", 3, work.plan("tasks:\n" + tasks))
    until(lambda: all(work.lines("t%d.ran" % i) for i in range(3)), "all tasks run")
    kill(process.pid)
    process.communicate()
    again = work.start("run", "-j", 1, "plan.yaml")
    until(lambda: len(work.events("orchestrator_started")) == 2, "the next one starts")
    work.open_gate()
    assert ended(again) == 0
    assert [work.lines("t%d.ran" % i) for i in range(3)] == [["1"]] * 3


def lonely_result(work, *front):
    """The orchestrator is killed while a task runs; then the task ends, its worker keeps the result, and is killed too."""
    work.gate()
    work.plan(TWO_STEPS)
    words = [*front, "--", binary(), "run", "plan.yaml"] if front else [binary(), "run", "plan.yaml"]
    work.started.append(subprocess.Popen(words, cwd=work.folder, env=work.env, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL))
    until(lambda: work.lines("slow.ran"), "the task begins")
    until(lambda: work.events("task_started", "slow"), "its start is recorded")
    kill(next(pid for pid, words in work.left().items() if words.endswith(" run plan.yaml ") and "--" not in words))
    (worker,) = work.workers()
    work.open_gate()
    until(lambda: work.lines("slow.ran") == ["1", "done"], "the task ends")
    return worker


def kept(work):
    return '"finished"' in work.read(".state/workers/local.outbox")


def test_result_outlives_both(work):
    """What the worker kept on disk is read by the next start: the task is not done again."""
    worker = lonely_result(work)
    until(lambda: kept(work), "the worker keeps the result")
    kill(worker)
    done = work("run", "plan.yaml")
    assert done.code == 0
    assert "it had kept, ended" in done.err
    assert work.lines("slow.ran") == ["1", "done"] and work.lines("next.ran") == ["1"]


def test_fault_result_was_not_kept(work):
    """Planted: the worker's writes to its outbox do nothing. The test above would see the task run a second time."""
    worker = lonely_result(work, tool("crash/sweep"), "--lie", "write:.outbox")
    until(lambda: not [words for words in work.left().values() if ": < gate" in words], "the task's process is gone")
    kill(worker)
    assert work("run", "plan.yaml").code == 0
    assert work.lines("slow.ran") == ["1", "done", "2", "done"], "the fault has not been noticed"


# --- the worker dies ------------------------------------------------------------------------------------------------

ESCAPES = """
workstream: steps
tasks:
  slow:
    run: "echo $SK_ATTEMPT >> slow.ran; setsid sleep 1000 & (setsid sh -c 'sleep 1001 & sleep 1002' &); : < gate"
"""


def escaped(work):
    return [pid for pid, words in work.left().items() if words.startswith("sleep 100")]


def test_worker_dies_alone(work):
    """The orchestrator lives: it ends what the worker had started, starts another one, and does the tasks again."""
    process = begin(work, ESCAPES)
    until(lambda: len(escaped(work)) == 3, "the task has set free its processes")
    before = escaped(work)
    kill(work.workers()[0])
    until(lambda: work.lines("slow.ran") == ["1", "2"], "the task is done again")
    assert not set(before) & set(work.left()), "something of the dead worker survived"
    assert work.events("task_reassigned")[0]["metadata"]["reassign_count"] == 1
    until(lambda: len(escaped(work)) == 3, "the second attempt is as far")
    work.open_gate()
    assert ended(process) == 0
    work.nothing_left()


def test_both_die_and_processes_escape(work):
    """Nobody is left to end what had detached itself; the next start finds it and ends it."""
    process = begin(work, ESCAPES)
    until(lambda: len(escaped(work)) == 3, "the task has set free its processes")
    before = escaped(work)
    worker = work.workers()[0]
    kill(process.pid)
    kill(worker)
    process.communicate()
    until(lambda: worker not in work.left(), "the worker is gone")
    assert set(before) <= set(work.left()), "they outlive it, or this test would show nothing"
    with open(work.folder / "said", "w") as said:
        again = work.start("run", "plan.yaml", stderr=said)
        until(lambda: work.lines("slow.ran") == ["1", "2"], "the task is done again")
    assert not set(before) & set(work.left())
    assert "processes it left, 1 task was with it" in work.read("said")
    until(lambda: len(escaped(work)) == 3, "the second attempt is as far")
    work.open_gate()
    assert ended(again) == 0
    work.nothing_left()


def test_strangers_are_left_alone(work):
    """A process that sk has not started is never signalled, whatever else it has in common with what sk did start."""
    bystander = subprocess.Popen(["sleep", "1000"], cwd=work.folder, env=work.env)
    work.started.append(bystander)
    process = begin(work, ESCAPES)
    kill(process.pid)
    kill(work.workers()[0])
    process.communicate()
    again = work.start("run", "plan.yaml")
    until(lambda: work.lines("slow.ran") == ["1", "2"], "the task is done again")
    assert bystander.poll() is None
    until(lambda: len(escaped(work)) >= 3, "the second attempt is as far")
    work.open_gate()
    assert ended(again) == 0
    assert bystander.poll() is None


def test_worker_that_dies_again_and_again(work):
    """A task that takes its worker along is given up after a while; the run says so and ends."""
    done = work("run", work.plan("tasks: {a: {run: 'echo $SK_ATTEMPT >> ran; kill -9 $PPID; sleep 1000'}}"))
    # A worker that could still report the start makes it the task's fault, one that could not makes it its own.
    if done.code == 1:
        assert "its worker is gone" in done.out
    else:
        assert done.code == 8 and "died 5 times in a row" in done.err and "Try: " in done.err
    assert 4 <= len(work.lines("ran")) <= 6
    work.nothing_left()


# --- two at once ----------------------------------------------------------------------------------------------------


def test_second_run_is_handed_over(work):
    process = begin(work)
    work.plan("workstream: other\ntasks: {a: {run: 'echo $PPID >> other.ran'}}", "other.yaml")
    done = work("run", "other.yaml")
    assert done.code == 0, done.err
    assert "handed to the orchestrator that is at work (pid %d, sk run)" % process.pid in done.err
    assert "done  other: 1 of 1 task completed" in done.out
    work.open_gate()
    assert ended(process) == 0
    assert len(work.lines("other.ran")) == 1 and work.lines("slow.ran") == ["1", "done"]
    assert len(work.events("orchestrator_started")) == 1


def test_same_plan_twice_runs_once(work):
    process = begin(work)
    second = work.start("run", "plan.yaml")
    until(lambda: "pid %d" % process.pid in second.stderr.readline(), "the second one looks on")
    work.open_gate()
    out, err = second.communicate(timeout=DEADLINE_S)
    assert second.returncode == 0, err
    assert ended(process) == 0
    assert work.lines("slow.ran") == ["1", "done"] and work.lines("next.ran") == ["1"]


def test_changed_plan_beside_is_refused(work):
    process = begin(work)
    work.plan(TWO_STEPS.replace("echo $SK_ATTEMPT >> next.ran", "echo other >> next.ran"), "changed.yaml")
    refused = work("run", "changed.yaml")
    assert refused.code == 4 and "--accept-changes" in refused.err
    work.open_gate()
    assert ended(process) == 0 and work.lines("next.ran") == ["1"]


def test_ctrl_c_beside_stops_looking_only(work):
    process = begin(work)
    work.plan("workstream: other\ntasks: {a: {run: 'echo $SK_ATTEMPT >> other.ran; : < gate'}}", "other.yaml")
    second = work.start("run", "-j", "2", "other.yaml")
    until(lambda: work.events("task_started", "a") or work.state_of("a") == "queued", "it is recorded")
    second.send_signal(signal.SIGINT)
    out, err = second.communicate(timeout=DEADLINE_S)
    assert second.returncode == 130 and "sk wait other" in err
    work.open_gate()
    assert ended(process) == 0
    assert work.state_of("a") == "completed"


def test_detached_beside_is_recorded_and_left(work):
    process = begin(work)
    work.plan("workstream: other\ntasks: {a: {run: 'echo $SK_ATTEMPT >> other.ran'}}", "other.yaml")
    assert work("run", "--detach", "other.yaml").code == 0
    assert work.events("workstream_created")
    work.open_gate()
    assert ended(process) == 0
    assert work.lines("other.ran") == ["1"]


def test_who_looks_on_goes_on_when_the_orchestrator_is_killed(work):
    process = begin(work)
    second = work.start("run", "plan.yaml")
    until(lambda: "pid %d" % process.pid in second.stderr.readline(), "the second one looks on")
    kill(process.pid)
    process.wait()
    until(lambda: "going on with it here" in second.stderr.readline(), "it takes over")
    work.open_gate()
    out, err = second.communicate(timeout=DEADLINE_S)
    assert second.returncode == 0, err
    assert work.lines("slow.ran") == ["1", "done"] and work.lines("next.ran") == ["1"]


def test_fault_lock_not_taken(work):
    """Planted: the second one is told that it has the lock. Then it runs, which the test above would not accept."""
    process = begin(work)
    work.plan("tasks: {a: {run: 'touch intruder'}}", "other.yaml")
    fooled = subprocess.Popen(
        [tool("crash/sweep"), "--lie", "flock:orchestrator.lock", "--", binary(), "run", "other.yaml"], cwd=work.folder,
        env=work.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    work.started.append(fooled)
    until(lambda: fooled.poll() is not None or len(work.events("orchestrator_started")) > 1, "it gets through")
    assert len(work.events("orchestrator_started")) > 1
    kill(process.pid)
