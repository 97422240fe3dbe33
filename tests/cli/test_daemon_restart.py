"""An upgrade: the orchestrator is exchanged, the tasks are not."""

from conftest import DEADLINE_S
from daemons import begin_slow, pid_of, served


def test_tasks_go_on(work):
    served(work)
    begin_slow(work)
    before, worker = pid_of(work), work.workers()
    assert work("daemon", "restart").code == 0
    assert pid_of(work) != before and work.workers() == worker
    work.open_gate()
    assert work("wait").code == 0
    assert work.lines("slow.ran") == ["1", "done"] and work.lines("next.ran") == ["1"]
    assert work("daemon", "stop").code == 0


def test_nobody_there_is_a_start(work):
    assert work("daemon", "restart").code == 0 and pid_of(work)
    assert work("daemon", "stop").code == 0


def test_who_submits_meanwhile_notices_nothing(work):
    """However the restart falls between the commands; and what has failed is retried."""
    served(work)
    for i in range(8):
        work.plan("workstream: w%d\ntasks: {t%d: {run: 'test -e fixed%d', retries: 0}}" % (i, i, i))
        restarting = work.start("daemon", "restart")
        submitted = work("submit", "plan.yaml")
        assert submitted.code == 0, submitted.err
        waited = work("wait", "w%d" % i)
        assert waited.code == 1, waited.out + waited.err
        assert restarting.wait(timeout=DEADLINE_S) == 0
        (work.folder / ("fixed%d" % i)).touch()
        restarting = work.start("daemon", "restart")
        retried = work("task", "retry", "t%d" % i)
        assert retried.code == 0, retried.err
        waited = work("wait", "w%d" % i)
        assert waited.code == 0, waited.out + waited.err
        assert restarting.wait(timeout=DEADLINE_S) == 0
    assert work("daemon", "stop").code == 0
