"""The list of backups: which there are, how old, what they hold, and whether they can be used."""

import shutil

import pytest

from states import finish, newest_backup, tree

PLANTED = {
    "current_2030-01-01T00-00-00.json": "unreadable",
    "current_2030-01-01T00-00-01.json": "unreadable",
    "current_2030-01-01T00-00-02.json": "other_workspace",
}


@pytest.fixture
def made(work):
    return finish(work)


def verdicts(made):
    done = made("state", "backups", "--json")
    assert done.code == 0, done.err
    return {row["name"]: row for row in done.json["backups"]}


def test_valid(made):
    before = tree(made.state)
    row = verdicts(made)[newest_backup(made).name]
    assert row["verdict"] == "valid" and row["last_seq"] > 1 and row["problem"] is None
    shown = made("state", "backups")
    assert newest_backup(made).name in shown.out and " ago" in shown.out
    assert "sk state restore --from-backup " + newest_backup(made).name in shown.out
    assert tree(made.state) == before


def test_each_problem_has_its_name(made, tmp_path_factory):
    good = newest_backup(made)
    folder = good.parent
    (folder / "current_2030-01-01T00-00-00.json").write_bytes(good.read_bytes()[:-40])
    (folder / "current_2030-01-01T00-00-01.json").write_bytes(b"")
    (folder / "current_../../x.json".replace("/", "_")).write_text("no")
    (folder / "notes.txt").write_text("no")
    theirs = type(made)(tmp_path_factory.mktemp("theirs"))
    finish(theirs)
    shutil.copy(theirs.snapshot, folder / "current_2030-01-01T00-00-02.json")
    theirs.end()
    assert made("state", "restore", "--to-seq", "4", "--yes").code == 0
    # The restore makes a backup of its own when a new minute has begun meanwhile.
    found = verdicts(made)
    assert [name for name in found if name.startswith("current_2030")] == sorted(PLANTED, reverse=True)
    assert {name: found[name]["verdict"] for name in PLANTED} == PLANTED
    assert found[good.name]["verdict"] == "dropped_future"
    assert "empty" in found["current_2030-01-01T00-00-01.json"]["problem"]
    assert made("state", "backups").code == 0


def test_the_state_may_be_damaged(made):
    made.journal.write_text("nothing of ours\n")
    made.snapshot.write_text("")
    assert verdicts(made)[newest_backup(made).name]["valid"]


def test_nothing_yet(work):
    assert work("state", "backups").code == 3
