"""What was found by looking for it: each test is a promise that was once broken."""

import os
import signal
import time

from conftest import until
from test_run_interrupted import ended


def begun(work):
    """How many tasks of a gated plan have begun."""
    return [path.name for path in work.folder.iterdir() if path.name.endswith(".ran")]


def gated(count):
    return "workstream: gated\ntasks:\n" + "".join(
        "  t%d: {run: 'echo $SK_ATTEMPT >> t%d.ran; : < gate'}\n" % (i, i) for i in range(count))


def test_drain_takes_back_what_was_given_ahead(work):
    """Tasks are assigned ahead of need; the first interrupt keeps those from starting, too."""
    work.gate()
    run = work.start("run", "-j", "1", work.plan(gated(6)))
    until(lambda: begun(work) and len(work.events("task_assigned")) > 1, "one runs and another is given ahead")
    run.send_signal(signal.SIGINT)
    until(lambda: work.events("task_reassigned"), "it is taken back")
    work.open_gate()
    assert ended(run) == 130
    assert len(begun(work)) == 1
    work.nothing_left()
    assert work("run", "plan.yaml").code == 0
    assert all(work.lines("t%d.ran" % i) for i in range(6))


def left_running(work, name="slow.yaml"):
    """A plan whose orchestrator was killed while its only task waits at the gate."""
    work.gate()
    run = work.start("run", work.plan("workstream: slow\ntasks:\n"
                                      "  slow: {run: 'echo $SK_ATTEMPT >> slow.ran; : < gate; echo done >> slow.ran'}\n", name))
    until(lambda: work.lines("slow.ran"), "the task begins")
    run.kill()
    run.wait()
    return name


def goes_on_alone(work, name):
    assert work.lines("slow.ran") == ["1"] and work.workers(), "the task of the other plan is still at work"
    work.open_gate()
    assert work("run", name).code == 0
    assert work.lines("slow.ran") == ["1", "done"]
    work.nothing_left()


def test_other_plans_tasks_survive_the_end(work):
    """A run that ends leaves alone what an earlier run of another plan left at work."""
    name = left_running(work)
    assert work("run", work.plan("workstream: quick\ntasks:\n  quick: {run: 'true'}\n", "quick.yaml")).code == 0
    goes_on_alone(work, name)


def test_other_plans_tasks_survive_a_cancel(work):
    name = left_running(work)
    work.gate("other")
    run = work.start("run", "-j", "2", work.plan("workstream: quick\ntasks:\n  quick: {run: 'echo >> q.ran; : < other'}\n", "quick.yaml"))
    until(lambda: work.lines("q.ran"), "the other plan's task begins")
    run.send_signal(signal.SIGTERM)
    assert ended(run) == 143
    goes_on_alone(work, name)


def kill_while_cancelling(work, run):
    """SIGTERM, and SIGKILL before the task has ended: the order to end it is on record, its end is not."""
    run.send_signal(signal.SIGTERM)
    until(lambda: work.events("task_cancel_requested"), "the task is told to end")
    run.kill()
    run.wait()


STUBBORN = """
workstream: stubborn
tasks:
  stubborn: {run: "echo $SK_ATTEMPT >> s.ran; test $SK_ATTEMPT = 2 || { trap '' TERM; : < gate; }"}
"""


def test_cancelled_by_the_last_run_is_run_by_this_one(work):
    """A task that is still being ended when its plan is run again is wanted again: it runs, in this very run."""
    work.gate()
    run = work.start("run", work.plan(STUBBORN))
    until(lambda: work.lines("s.ran"), "the task begins")
    kill_while_cancelling(work, run)
    done = work("run", "plan.yaml")
    assert done.code == 0, done.out
    assert work.lines("s.ran") == ["1", "2"]
    work.nothing_left()


def test_third_interrupt_leaves(work):
    """A worker that does not answer keeps nobody at the terminal."""
    work.gate()
    with open(work.folder / "said", "w") as said:
        run = work.start("run", work.plan(STUBBORN), stderr=said)
        until(lambda: work.lines("s.ran"), "the task begins")
        worker, = work.workers()
        os.kill(worker, signal.SIGSTOP)
        for word in ("draining", "cancelling", "leaving"):
            run.send_signal(signal.SIGINT)
            until(lambda: word in work.read("said"), "it says that it is " + word)
    assert ended(run) == 130
    os.kill(worker, signal.SIGCONT)
    assert work("run", "plan.yaml").code == 0
    assert work.lines("s.ran") == ["1", "2"]
    work.nothing_left()


def test_time_between_two_runs_is_not_charged(work):
    """A plan with a limit of time that was interrupted goes on the next day."""
    work.gate()
    run = work.start("run", work.plan("workstream: limited\ntimeout: 4s\ntasks:\n"
                                      "  slow: {run: 'echo $SK_ATTEMPT >> slow.ran; : < gate'}\n"
                                      "  next: {run: 'true', needs: [slow]}\n"))
    until(lambda: work.lines("slow.ran"), "the task begins")
    began = time.monotonic()
    run.kill()
    run.wait()
    work.open_gate()
    until(lambda: time.monotonic() > began + 4.1, "the limit passes")
    assert work("run", "plan.yaml").code == 0


def test_outputs_that_no_message_can_hold(work):
    """Too much is refused with a reason; it was sent, and refused by the worker, over and over again."""
    text = "workstream: outputs\ntasks:\n"
    for i in range(40):
        text += "  p%d: {run: \"{ printf A=; head -c 32000 /dev/zero | tr '\\\\0' x; } > $SK_OUTPUT\"}\n" % i
    text += "  last: {run: 'true', needs: [%s]}\n" % ", ".join("p%d" % i for i in range(40))
    assert work("run", "-q", work.plan(text)).code == 1
    failure, = work.events("task_failed")
    assert failure["task_id"] == "last" and "1024 KiB" in failure["error"]
    work.nothing_left()


def test_adopted_worker_does_as_many_as_this_run_wants(work):
    work.gate()
    run = work.start("run", "-j", "1", work.plan(gated(5)))
    until(lambda: begun(work), "one runs")
    run.kill()
    run.wait()
    run = work.start("run", "-j", "4", "plan.yaml")
    until(lambda: len(begun(work)) == 4, "four run at the same time")
    work.open_gate()
    assert ended(run) == 0
    work.nothing_left()


def test_adopted_worker_offers_what_this_run_says(work):
    """A task that asks for a capability waited for ever for a worker that had been started without it."""
    name = left_running(work)
    text = work.read(name) + "  gpu: {run: 'true', capabilities: [gpu]}\n"
    work.open_gate()
    assert work("run", "--accept-changes", "--capabilities", "gpu", work.plan(text, name)).code == 0
    assert work.lines("slow.ran") == ["1", "done"]


def test_limit_of_a_resource_is_what_the_plan_says(work):
    """It stayed what the first plan had said, and a task that wanted more waited for ever."""
    plan = "workstream: limits\nresources: {disk: %d}\ntasks:\n  one: {run: 'test -e mended', resources: {disk: %d}}\n"
    assert work("run", work.plan(plan % (1, 1))).code == 1
    (work.folder / "mended").touch()
    work.plan(plan % (3, 3))
    refused = work("run", "plan.yaml")
    assert refused.code == 4 and "resource disk: limit 1 -> 3" in refused.err
    assert work("run", "--accept-changes", "plan.yaml").code == 0
    work.plan(plan % (2, 2))
    assert work("run", "--new-run", "plan.yaml").code == 0
    assert work("run", "plan.yaml").code == 0
