"""The runbook's State File Rollback to its end, and what it must refuse. Nothing that is on record is ever dropped unasked."""

import json

import pytest

from conftest import until
from states import diary, finish, flip, killed_everywhere, last_seq, newest_backup, refused, tree, turn_end


@pytest.fixture
def made(work):
    return finish(work)


def goes_on(made):
    """The runs after it come to the right end, and nothing is done twice."""
    assert made("status").code in (0, 1)
    done = made("run", "-q", "plan.yaml")
    assert done.code == 0, done.err
    assert made.lines("ran") == ["a", "b"]


@pytest.mark.parametrize("damage", ["garbage", "", "half", "flip", "gone"])
def test_current_json_is_corrupted(made, damage):
    """The runbook's words: If current.json becomes corrupted, restore_state --from-backup latest."""
    whole = made.snapshot.read_bytes()
    if damage == "gone":
        made.snapshot.unlink()
    else:
        flipped = bytearray(whole)
        flipped[100] ^= 1
        made.snapshot.write_bytes({"garbage": b"garbage", "": b"", "half": whole[:300], "flip": bytes(flipped)}[damage])
    before = last_seq(made)
    done = made("restore_state", "--from-backup", "latest")
    assert done.code == 0, done.err
    assert "dropped  " in done.out and "nothing" in done.out and "sk state validate" in done.out
    assert len(list(made.state.glob("current.json.corrupt-*"))) == (damage != "gone")
    assert json.loads(made.snapshot.read_text())["last_seq"] == before + 1
    restored, = made.events("state_restored")
    assert restored["severity"] == "warning" and restored["seq"] == before + 1
    goes_on(made)


def test_from_transitions(made):
    made.snapshot.write_text("{}")
    done = made("restore_state", "--from-transitions", ".state/transitions.jsonl", "--json")
    assert done.code == 0, done.err
    assert done.json["loses"] is False and done.json["journal_replaced"] is False
    assert done.json["recorded_seq"] == last_seq(made)
    goes_on(made)


def test_a_flipped_byte_in_front_of_the_snapshot_loses_nothing(made):
    before = last_seq(made)
    flip(made.journal, 5)
    refused(made("run", "plan.yaml"), 7, "line 5", "sk state")
    done = made("state", "restore", "--from-backup", "latest", "--json")
    assert done.code == 0, done.err
    page = done.json
    assert page["loses"] is False and page["dropped_records"] == 0 and page["seq"] == before
    assert "line 5" in page["damage"]
    assert (made.state / page["journal_kept"]).exists()
    goes_on(made)


def test_damage_that_costs_needs_yes(made):
    made.snapshot.unlink()
    for backup in (made.state / "backups").iterdir():
        backup.unlink()
    flip(made.journal, 9)
    kept, end = tree(made.state), len(made.journal.read_bytes().splitlines())
    asked = made("state", "restore", "--from-transitions", ".state/transitions.jsonl")
    refused(asked, 5, "this drops", "..%d" % end, "--yes")
    shown = made("state", "restore", "--from-transitions", ".state/transitions.jsonl", "--dry-run")
    assert shown.code == 0 and "would restore" in shown.out and "line 9" in shown.out
    assert tree(made.state) == kept
    done = made("state", "restore", "--from-transitions", ".state/transitions.jsonl", "--yes", "--json")
    assert done.code == 0, done.err
    assert done.json["loses"] is True and done.json["dropped_records"] >= end - 9
    assert (made.state / done.json["journal_kept"]).read_bytes() == kept["transitions.jsonl"]
    assert made("run", "-q", "plan.yaml").code == 0


def test_the_journal_is_lost(made):
    """Only the snapshot is left, which is behind nothing here: the orchestrator wrote it when it stopped."""
    made.journal.unlink()
    refused(made("run", "plan.yaml"), 7, "sk state restore --from-backup latest")
    done = made("state", "restore", "--from-backup", "latest")
    assert done.code == 0, done.err
    assert "records 1.." in done.out
    goes_on(made)


def test_newest_backup_is_corrupt(made):
    older = newest_backup(made)
    newer = made.state / "backups" / "current_2030-01-01T00-00-00.json"
    newer.write_bytes(older.read_bytes()[:-30])
    before = tree(made.state)
    refused(made("state", "restore", "--from-backup", "latest"), 7, newer.name,
            "the next older one is at seq", "--from-backup " + older.name)
    assert tree(made.state) == before
    assert made("state", "restore", "--from-backup", older.name).code == 0
    goes_on(made)


@pytest.mark.parametrize("name", ["current_../../x.json", "current_2026-13-45T00-00-00.json", "../current.json", "x"])
def test_a_backup_by_another_name(made, name):
    refused(made("state", "restore", "--from-backup", name), 2, "current_YYYY-MM-DDThh-mm-ss.json")


def test_a_backup_by_its_path(made):
    assert made("state", "restore", "--from-backup", ".state/backups/" + newest_backup(made).name).code == 0
    other = made.folder / newest_backup(made).name
    other.write_bytes(newest_backup(made).read_bytes())
    refused(made("state", "restore", "--from-backup", str(other)), 4, "none of this state's backups")
    refused(made("state", "restore", "--from-backup", "current_2020-01-01T00-00-00.json"), 3, "does not exist")


def test_another_workspace(made, tmp_path_factory):
    theirs = type(made)(tmp_path_factory.mktemp("theirs"))
    finish(theirs)
    refused_by = made("state", "restore", "--from-transitions", str(theirs.journal))
    assert refused_by.code == 4 and "belongs to workspace" in refused_by.err
    theirs.end()


def test_travel_goes_into_a_copy(made):
    before, completed = tree(made.state), turn_end(made, made.events("task_completed", "a")[0]["seq"])
    refused(made("state", "restore", "--to-seq", completed), 5, "--into DIR", "this drops")
    done = made("state", "restore", "--to-seq", completed, "--into", "copy", "--json")
    assert done.code == 0, done.err
    assert tree(made.state) == before
    copied = made("--state-dir", "copy", "task", "list", "--state", "completed", "--json").json["tasks"]
    assert [task["task_id"] for task in copied] == ["a"]
    refused(made("state", "restore", "--to-seq", completed, "--into", "copy"), 4, "is not empty")
    assert made("--state-dir", "copy", "state", "restore", "--from-backup", "latest").code == 0


def test_travel_in_place_and_back(made):
    """The backup tells of a future that is given up: it is not chosen silently, but can be gone back to."""
    backup = newest_backup(made).name
    assert made("state", "restore", "--to-seq", 4, "--yes", "--reason", "again").code == 0
    assert made("state", "validate").code == 0
    assert made("run", "-q", "plan.yaml").code == 0
    assert made.lines("ran") == ["a", "b", "a", "b"]
    page = made("state", "restore", "--from-backup", "latest", "--dry-run", "--json").json
    assert page["next"][0].startswith("sk state restore --from-backup latest"), "it can be typed as it is"
    assert page["loses"] is False and page["seq"] == last_seq(made)
    refused(made("state", "restore", "--from-backup", backup), 5, "this drops")
    assert made("state", "restore", "--from-backup", backup, "--yes").code == 0
    assert made("run", "-q", "plan.yaml").code == 0


def test_a_travel_is_undone_from_the_journal_that_was_kept(made):
    before = last_seq(made)
    page = made("state", "restore", "--to-seq", 4, "--yes", "--json").json
    kept = ".state/" + page["journal_kept"]
    refused(made("state", "restore", "--from-transitions", kept), 5, "this drops")
    done = made("state", "restore", "--from-transitions", kept, "--yes", "--json")
    assert done.code == 0 and done.json["seq"] == before
    assert made("state", "validate").code == 0
    goes_on(made)


def test_to_time(made):
    first = made.events()[0]["timestamp"]
    done = made("state", "restore", "--to-time", first, "--into", "copy", "--json")
    assert done.code == 0 and done.json["seq"] >= 1
    refused(made("state", "restore", "--to-time", "2020-01-01T00:00:00Z"), 3, "nothing that old")
    refused(made("state", "restore", "--to-time", "yesterday"), 2, "is no time")


def test_an_orchestrator_lives(work):
    """It is named, with what to type; a copy needs no lock."""
    work.gate()
    run = work.start("run", "-q", work.plan('workstream: w\ntasks:\n  t: {run: ": < gate"}\n'))
    until(lambda: work.events("task_started"), "the task runs")
    refused(work("state", "restore", "--from-backup", "latest"), 6, "pid %d" % run.pid, "Try: let it end, or sk daemon stop, then the same again")
    assert work("state", "restore", "--to-seq", "2", "--into", "copy").code == 0
    assert diary(work)[0]["result"] == "refused"
    work.open_gate()
    assert run.wait() == 0


def test_a_worker_lives(work):
    """What it runs would be lost sight of by going back to before it was given out."""
    work.gate()
    run = work.start("run", "-q", work.plan('workstream: w\ntasks:\n  t: {run: ": < gate"}\n'))
    until(lambda: work.events("task_started"), "the task runs")
    run.kill()
    run.wait()
    refused(work("state", "restore", "--to-seq", "2", "--yes"), 6, 'worker "local"', "kill -TERM")
    assert work("state", "restore", "--from-transitions", ".state/transitions.jsonl").code == 0
    work.open_gate()
    assert work("run", "-q", "plan.yaml").code == 0
    assert len(work.events("task_completed", "t")) == 1 and not work.events("task_reassigned")


def test_usage(made):
    for words in ([], ["--from-backup", "latest", "--to-seq", "3"], ["--to-seq", "3", "--to-time", "10m"]):
        assert made("state", "restore", *words).code == 2
    refused(made("state", "restore", "--from-transitions", "none.jsonl"), 3, "none.jsonl", "does not exist")
    assert made("state", "restore", "--to-seq", "0").code == 2
    assert made("state", "restore", "--to-seq", "100000", "--into", "x").code in (0, 3)


def test_the_diary_has_one_line_each(made):
    before = len(diary(made))
    made("state", "restore", "--from-backup", "latest", "--dry-run")
    made("state", "restore", "--from-backup", "nonsense", "--reason", "why not", "--operator", "ann")
    made("state", "restore", "--from-backup", "latest", "--yes")
    dry, no, yes = diary(made)[before:]
    assert dry["dry_run"] and dry["result"] == "ok" and dry["args"] == ["--from-backup", "latest"]
    assert no["result"] == "refused" and (no["operator"], no["reason"]) == ("ann", "why not")
    assert yes["confirmed"] and yes["script"] == "state restore" and len(yes["event_ids"]) == 1


@pytest.mark.parametrize("damage", ["snapshot", "journal"])
def test_killed_at_every_call(made, damage):
    """Done or not done; and the same words again do it."""
    if damage == "snapshot":
        made.snapshot.write_text("broken")
    else:
        flip(made.journal, 5)
    before = len(made.journal.read_bytes().splitlines())
    words = ["state", "restore", "--from-backup", "latest"]

    def judge(killed):
        look = made("status", "--json")
        assert look.code in ((0, 1) if damage == "snapshot" else (0, 1, 7)), look.err
        assert made(*words).code == 0
        assert made("state", "restore", "--from-transitions", ".state/transitions.jsonl", "--dry-run").code == 0
        assert last_seq(made) >= before
        goes_on(made)

    places = killed_everywhere(made, words, judge)
    assert places > 15
