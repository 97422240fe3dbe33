"""Workers that hang, come back, are sent away or are ended while their orchestrator lives: by really doing it.

The heartbeat is made short, and with it the three misses, the calm and the patience; see `sk help worker`.
"""

import datetime
import os
import signal

import pytest

from acts import write
from conftest import until

PLAN = """workstream: w
tasks:
  held: {run: "echo $SK_ATTEMPT >> held.txt; : < gate", retries: 0}
  after: {run: "echo ran >> after.txt", needs: [held]}
"""


@pytest.fixture
def busy(work):
    """held runs under a live orchestrator; work.hang(...) chooses the patience before that."""
    def begin(**env):
        work.env.update({"SK_HEARTBEAT": "300ms", **env})
        work.gate()
        write(work, "plan.yaml", PLAN)
        work.run = work.start("run", "plan.yaml")
        until(lambda: work.state_of("held") == "running" and work.lines("held.txt"), "held runs")
        work.pid = work.workers()[0]
        return work
    yield begin
    if hasattr(work, "pid"):
        try:
            os.kill(work.pid, signal.SIGCONT)
        except ProcessLookupError:
            pass


def edges(work):
    return [event["metadata"]["edge"] for event in work.events()
            if event.get("worker_id") == "local" and event["event_type"] == "worker_state_transition"]


def hang(work):
    os.kill(work.pid, signal.SIGSTOP)
    until(lambda: work.events("worker_unresponsive"), "three heartbeats are missed")


def finish(work):
    work.open_gate()
    assert work.run.wait() == 0
    assert work.lines("after.txt") == ["ran"]
    work.nothing_left()


def test_hung_and_back_in_time_goes_on_as_before(busy):
    work = busy(SK_WORKER_CALM="1h", SK_WORKER_GIVE_UP="2h")
    hang(work)
    assert work.events("worker_unresponsive")[0]["severity"] == "error"
    assert "unresponsive" in work("status").out
    os.kill(work.pid, signal.SIGCONT)
    until(lambda: work.events("worker_recovered"), "it answers again")
    finish(work)
    assert edges(work)[:6] == ["K1", "K2", "K3", "K5", "K7", "K3"]
    assert work.lines("held.txt") == ["1"] and not work.events("worker_watch_closely")


def test_hung_and_late_is_watched_closely(busy):
    work = busy(SK_WORKER_CALM="1ms", SK_WORKER_GIVE_UP="2h")
    hang(work)
    silent = datetime.datetime.fromisoformat(work.events("worker_unresponsive")[0]["timestamp"].replace("Z", "+00:00"))
    over = silent + datetime.timedelta(milliseconds=20)
    until(lambda: datetime.datetime.now(datetime.timezone.utc) > over, "the calm is over")
    os.kill(work.pid, signal.SIGCONT)
    watched = until(lambda: work.events("worker_watch_closely"), "it is watched")[0]
    assert watched["severity"] == "warning" and watched["worker_id"] == "local"
    assert watched["caused_by"] == work.events("worker_recovered")[0]["seq"]
    assert "watched closely" in work("status").out
    finish(work)
    assert work.lines("held.txt") == ["1"]


def test_hung_for_too_long_is_ended_and_its_tasks_go_to_another(busy):
    work = busy(SK_WORKER_GIVE_UP="500ms")
    hang(work)
    until(lambda: work.lines("held.txt") == ["1", "2"], "held runs on another worker")
    finish(work)
    assert edges(work)[3:5] == ["K5", "K8"]
    assert [event["metadata"]["edge"] for event in work.events("task_reassigned")] == ["T15"]
    assert not work.events("task_retry") and not work.events("task_failed")


def test_killed(busy):
    work = busy()
    os.kill(work.pid, signal.SIGKILL)
    until(lambda: work.lines("held.txt") == ["1", "2"], "held runs again")
    finish(work)
    assert "K11" in edges(work)


def test_shutdown_beside_a_live_orchestrator(busy):
    work = busy()
    assert work("worker", "shutdown", "local", "--force", "--reassign").code == 0
    until(lambda: work.lines("held.txt") == ["1", "2"], "held runs on another worker")
    finish(work)
    assert "K12" in edges(work) and work.pid not in work.workers()
    assert [event["metadata"]["edge"] for event in work.events("task_reassigned")] == ["T15"]


def test_forced_without_reassign_fails_its_tasks(busy):
    work = busy()
    assert work("worker", "shutdown", "local", "--force", "--yes").code == 0
    assert work.run.wait() == 1
    work.nothing_left()
    assert work.lines("held.txt") == ["1"]
    assert "shut down by force" in work.events("task_failed")[0]["error"]


def test_a_hung_one_can_be_restarted(busy):
    """The runbook: worker unresponsive -> restart_worker."""
    work = busy(SK_WORKER_CALM="1h", SK_WORKER_GIVE_UP="2h")
    hang(work)
    refused = work("worker", "shutdown", "local")
    assert refused.code == 4 and "--force --reassign" in refused.err
    assert work("restart_worker", "--worker-id", "local").code == 0
    until(lambda: work.lines("held.txt") == ["1", "2"], "held runs on the new one")
    finish(work)
    assert [event["metadata"]["incarnation"] for event in work.events("worker_spawned")] == [1, 2]


def test_draining_is_shown_and_ends_with_its_tasks(busy):
    work = busy()
    assert work("worker", "restart", "local").code == 0
    assert "draining" in work("status").out
    listed = work("worker", "list")
    assert "draining" in listed.out and "to be restarted" in listed.out
    assert work("worker", "list", "--json").json["workers"][0]["draining"] is True
    shown = [w for w in work("status", "--json").json["workers"] if w["worker_id"] == "local"]
    assert shown[0]["draining"] is True
    finish(work)
    assert work.lines("held.txt") == ["1"]
    assert [event["metadata"]["incarnation"] for event in work.events("worker_spawned")] == [1, 2]
    assert "K12" not in edges(work) and "K11" not in edges(work)


def test_bad_settings_are_refused(work):
    write(work, "plan.yaml", PLAN)
    for name in ("SK_HEARTBEAT", "SK_WORKER_CALM", "SK_WORKER_GIVE_UP", "SK_WORKER_RESTART"):
        for value in ("soon", "-1s", "0ms", "100000h"):
            refused = work("run", "plan.yaml", env={name: value})
            assert refused.code == 2 and name in refused.err and "nothing was started" in refused.err
