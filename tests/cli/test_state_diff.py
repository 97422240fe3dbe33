"""What is different between two states, whatever they are named by."""

import pytest

from states import finish, last_seq, newest_backup, refused, tree


@pytest.fixture
def made(work):
    return finish(work)


def changes(made, first, second):
    done = made("state", "diff", first, second, "--json")
    assert done.code == 0, done.err
    assert done.json["count"] == len(done.json["changes"])
    return {(row["entity_type"], row["entity_id"], row["member"]): (row["from"], row["to"])
            for row in done.json["changes"]}


def test_records(made):
    before = tree(made.state)
    started = made.events("task_started", "a")[0]["seq"]
    found = changes(made, started - 1, started)
    assert found["task", "a", "state"] == ("queued", "running")
    assert not [key for key in found if key[:2] == ("task", "b")]
    assert changes(made, started, started - 1)["task", "a", "state"] == ("running", "queued")
    assert '  state: "queued" -> "running"' in made("state", "diff", started - 1, started).out
    assert tree(made.state) == before


@pytest.mark.parametrize("name", ["current", ".state/current.json", ".state/transitions.jsonl"])
def test_names_of_the_same_state(made, name):
    assert changes(made, last_seq(made), name) == {}
    assert "They are the same." in made("state", "diff", last_seq(made), name).out


def test_backups(made):
    backup = newest_backup(made)
    assert changes(made, "latest", backup.name) == {} and changes(made, backup.name, str(backup)) == {}
    assert changes(made, "latest", "current")["task", "b", "state"] == ("pending", "completed")


def test_born_and_gone(made):
    created = made.events("task_created", "b")[0]["seq"]
    born = made("state", "diff", created - 1, created, "--json").json["changes"]
    assert {row["change"] for row in born if row["entity_id"] == "b"} == {"only_second"}
    gone = made("state", "diff", created, created - 1, "--json").json["changes"]
    assert {row["change"] for row in gone if row["entity_id"] == "b"} == {"only_first"}


def test_refusals(made):
    refused(made("state", "diff", "current", "nonsense"), 3, "'nonsense'", "is none of current")
    assert made("state", "diff", "current").code == 2
    broken = made.state / "backups" / "current_2030-01-01T00-00-00.json"
    broken.write_text("{}")
    refused(made("state", "diff", "latest", "current"), 7, broken.name)


def test_nothing_yet(work):
    assert work("state", "diff", "1", "2").code == 3
