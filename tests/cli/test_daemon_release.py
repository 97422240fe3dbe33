"""The other half of --paused: also for what an earlier worker still runs."""

from conftest import DEADLINE_S, until
from daemons import begin_slow, served


def test_nobody_to_release(work):
    refused = work("daemon", "release")
    assert refused.code == 4 and "sk daemon start" in refused.err


def test_not_paused_is_no_mistake(work):
    served(work)
    assert work("daemon", "release").code == 0
    assert work("daemon", "stop").code == 0


def test_what_runs_goes_on_and_nothing_new_begins(work):
    served(work)
    begin_slow(work)
    assert work("daemon", "stop", "--leave").code == 0
    served(work, "--paused")
    work.open_gate()
    until(lambda: work.state_of("slow") == "completed", "what runs goes to its end")
    assert work("wait", "--timeout", "300ms").code == 124
    assert not work.lines("next.ran")
    assert "sk daemon, paused until: sk daemon release\n" in work("status").out, "whoever looks must see why nothing begins"
    shown = work("why", "next")
    assert "the orchestrator is paused until: sk daemon release" in shown.out and "\nNext: sk daemon release\n" in shown.out
    assert work("why", "next", "--json").json["waits_for"] == "paused"
    assert work("status", "--json").json["next"] == ["sk daemon release"]
    found = {one["finding"]: one for one in work("recommend", "--json").json["findings"]}
    assert found["orchestrator_paused"]["next"] == ["sk daemon release"] and found["orchestrator_paused"]["entity_id"] == "orchestrator"
    assert work("daemon", "release").code == 0
    assert "paused" not in work("status").out + work("why", "next").out + work("recommend").out
    assert work("wait").code == 0 and work.lines("next.ran") == ["1"]
    assert work("daemon", "stop").code == 0


def test_one_that_stops_begins_nothing(work):
    served(work)
    begin_slow(work)
    assert work("daemon", "stop", "--leave").code == 0
    served(work, "--paused")
    stopping = work.start("daemon", "stop")
    until(lambda: work("daemon", "status", "--json").json["state"] == "stopping", "it stops")
    refused = work("daemon", "release")
    assert refused.code == 6 and "it is stopping" in refused.err
    work.open_gate()
    assert stopping.wait(timeout=DEADLINE_S) == 0
    assert work.lines("slow.ran") == ["1", "done"] and not work.lines("next.ran")
