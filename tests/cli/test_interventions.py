"""The diary: every act of a person, also those that were refused, found again by what one remembers of them."""

import pytest

from conftest import until
from states import finish


@pytest.fixture
def made(work):
    finish(work)  # one line: task retry c
    assert work("task", "cancel", "c", "--reason", "not needed", "--operator", "ann").code == 0
    assert work("task", "retry", "a").code == 4
    return work


def found(made, *words):
    done = made("interventions", "--json", *words)
    assert done.code == 0, done.err
    return [(line["script"], line["entity_id"], line["result"]) for line in done.json["interventions"]]


def test_all(made):
    assert found(made) == [("task retry", "c", "ok"), ("task cancel", "c", "ok"), ("task retry", "a", "refused")]
    text = made("interventions").out.splitlines()
    assert len(text) == 3 and "ann  task cancel c  ok" in text[1] and "(not needed)" in text[1]


def test_the_line_has_all_that_was_asked_for(made):
    """Whoever reads it later must not guess which timeout it was, and finds the records that came of it."""
    assert made("task", "retry", "--task-id", "c", "--timeout", "7").code == 0
    line = made("interventions", "--json").json["interventions"][-1]
    assert line["args"] == ["--task-id", "c", "--timeout", "7"]
    assert line["event_ids"] == [event["event_id"] for event in made("events", "--json").lines
                                 if event["event_id"] in line["event_ids"]] != []
    assert made("task", "cancel", "c", "--dry-run", "--reason", "what if").code == 0
    line = made("interventions", "--json").json["interventions"][-1]
    assert (line["args"], line["event_ids"], line["reason"]) == (["c"], [], "what if")


def test_it_is_the_same_beside_an_orchestrator(work):
    work.gate().plan("workstream: w\nresources: {r: 1}\ntasks:\n  t: {run: ': < gate', resources: [r]}\n")
    run = work.start("run", "plan.yaml")
    until(lambda: work.state_of("t") == "running", "t runs")
    assert work("resource", "limit", "r", "--max-holders", "2").code == 0
    line = work("interventions", "--json").json["interventions"][-1]
    assert line["args"] == ["--max-holders", "2", "r"]
    changed, = [event for event in work("events", "--json").lines if event["event_id"] in line["event_ids"]]
    assert changed["event"] == "resource_limit_set"
    work.open_gate()
    run.communicate()
    assert run.returncode == 0


def test_filters(made):
    assert found(made, "--entity", "c") == [("task retry", "c", "ok"), ("task cancel", "c", "ok")]
    assert found(made, "--result", "refused") == [("task retry", "a", "refused")]
    assert found(made, "--operator", "ann") == [("task cancel", "c", "ok")]
    assert found(made, "--command", "task cancel") == [("task cancel", "c", "ok")]
    assert found(made, "--limit", "1", "--entity", "c") == [("task cancel", "c", "ok")]
    assert len(found(made, "--since", "1h")) == 3 and found(made, "--until", "1h") == []
    first = made("interventions", "--json").json["interventions"][0]["timestamp"][:19] + "Z"
    assert len(found(made, "--since", first)) == 3


def test_unreadable_lines_are_counted(made):
    with (made.state / "interventions.log").open("a") as diary:
        diary.write('{"timestamp":\n')
    done = made("interventions", "--json").json
    assert len(done["interventions"]) == 3 and done["unreadable_lines"] == 1
    assert "1 line cannot be read" in made("interventions").out


def test_nothing_was_done(work):
    assert work("interventions").code == 3
    assert work("run", "-q", work.plan('workstream: w\ntasks:\n  t: {run: "true"}\n')).code == 0
    assert "Nothing was done by hand." in work("interventions").out


def test_usage(made):
    assert made("interventions", "--since", "soon").code == 2
    assert made("interventions", "--result", "perhaps").code == 2
