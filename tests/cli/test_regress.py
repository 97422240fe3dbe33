"""What was found by looking for it: each test is a promise that was once broken."""

import os
import signal

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
