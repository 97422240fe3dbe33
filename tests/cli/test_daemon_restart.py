"""An upgrade: the orchestrator is exchanged, the tasks are not."""

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
