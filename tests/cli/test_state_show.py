"""The state as it is recorded, now and at any record or time of the past."""

import json

import pytest

from states import finish, flip, last_seq, refused, tree, turn_end


@pytest.fixture
def made(work):
    return finish(work)


def test_now(made):
    before = tree(made.state)
    shown = made("state", "show")
    assert shown.code == 0 and "behind seq %d" % last_seq(made) in shown.out
    assert "2 completed" in shown.out and "1 pending" in shown.out
    document = made("state", "show", "--json").json
    recorded = json.loads(made.snapshot.read_text())
    for part in ("workstreams", "tasks", "workers"):
        assert document["state"][part] == recorded[part]
    assert tree(made.state) == before


def test_one_thing(made):
    page = made("state", "show", "--task-id", "a", "--json").json
    assert (page["entity_type"], page["entity_id"], page["state"]["state"]) == ("task", "a", "completed")
    assert '"completed"' in made("state", "show", "--task-id", "a").out
    assert made("state", "show", "--workstream-id", "w", "--json").json["entity_type"] == "workstream"
    assert made("state", "show", "--worker-id", "local", "--json").json["state"]["state"] == "shutdown"
    refused(made("state", "show", "--task-id", "no"), 3, 'task "no"')
    refused(made("state", "show", "--task-id", "a", "--worker-id", "local"), 2)


def test_every_record_of_the_past(made):
    """What --at shows of a task is the last state that the journal gave it up to there."""
    states = {}
    for event in made.events():
        if event.get("task_id") == "a" and event.get("to_state"):
            states["a"] = event["to_state"]
        if "a" in states:
            page = made("state", "show", "--at", event["seq"], "--task-id", "a", "--json")
            assert page.code == 0, page.err
            assert page.json["seq"] == event["seq"] and page.json["state"]["state"] == states["a"]


def test_at_a_time(made):
    first = made.events()[0]["timestamp"]
    assert made("state", "show", "--at-time", first, "--json").json["seq"] >= 1
    assert made("state", "show", "--at-time", first[:19] + "Z").code == 0
    refused(made("state", "show", "--at-time", "2020-01-01T00:00:00Z"), 3)
    refused(made("state", "show", "--at-time", "soon"), 2, "is no time")
    refused(made("state", "show", "--at", last_seq(made) + 1), 3, "ends at seq")


def test_behind_a_restore(made):
    """The past in front of a restore is in a closed journal."""
    kept = turn_end(made, made.events("task_completed", "a")[0]["seq"])
    assert made("state", "restore", "--to-seq", kept, "--yes").code == 0
    assert made("state", "show", "--at", 3).code == 0
    assert made("state", "show", "--at", kept, "--task-id", "a", "--json").json["state"]["state"] == "completed"


def test_damage(made):
    flip(made.journal, 5)
    assert made("state", "show", "--at", 3, "--json").json["seq"] == 3
    refused(made("state", "show", "--at", 9), 7, "line 5")


def test_nothing_yet(work):
    assert work("state", "show").code == 3
