"""The diary: every act of a person, also those that were refused, found again by what one remembers of them."""

import pytest

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
