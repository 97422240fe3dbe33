"""The closed list, item by item: shown with its proof, changed only with --yes, and done again it finds nothing."""

import os

import pytest

from conftest import until
from states import diary, finish, flip, killed_everywhere, last_seq, newest_backup, refused, tree


@pytest.fixture
def made(work):
    finish(work)
    assert work("run", "-q", "plan.yaml").code == 0
    return work


def plan(made, *words, code=0):
    done = made("repair_state", "--json", *words)
    assert done.code == code, (done.out, done.err)
    return done.json


def kinds(page):
    return sorted(item["kind"] for item in page["items"])


def repaired(made, *expected):
    """Shows them, changes nothing; does them with --yes; then finds nothing."""
    before = tree(made.state)
    assert kinds(plan(made)) == sorted(expected)
    assert tree(made.state) == before
    assert plan(made, "--yes")["done"]
    assert kinds(plan(made)) == []
    assert made("state", "validate").code == 0
    record, = made.events("state_repaired")
    assert record["metadata"]["name"]


def test_nothing_to_repair(made):
    before = tree(made.state)
    assert kinds(plan(made)) == [] and not plan(made, "--yes")["done"]
    assert "Nothing to repair" in made("state", "repair").out
    assert tree(made.state) == before


def test_temp_files(made):
    for name in ("current.json.tmp", "checkpoints/w_1.json.tmp", "backups/x.tmp"):
        (made.state / name).write_text("half")
    repaired(made, "stale_temp_file", "stale_temp_file", "stale_temp_file")
    assert not list(made.state.rglob("*.tmp"))


def test_torn_tail(made):
    with made.journal.open("ab") as journal:
        journal.write(b'{"seq":99,')
    repaired(made, "torn_tail")
    assert list(made.state.glob("torn-*"))[0].read_bytes() == b'{"seq":99,'


@pytest.mark.parametrize("content", [None, b"", b"garbage"])
def test_snapshot(made, content):
    made.snapshot.unlink()
    if content is not None:
        made.snapshot.write_bytes(content)
    repaired(made, "snapshot")


def test_views(made):
    (made.state / "by_status.json").unlink()
    (made.state / "dag_w.json").write_text("{}")
    view = made.state / "by_workstream.json"
    view.write_text(view.read_text().replace('"a"', '"b"', 1))
    checkpoint = made.state / "checkpoints" / "w_latest.json"
    text = checkpoint.read_text()
    checkpoint.unlink()  # its history has the same bytes under another name
    checkpoint.write_text(text.replace("completed", "cancelled", 1))
    repaired(made, "view", "view", "view", "checkpoint")


def test_leftovers_of_a_restore(made):
    """Killed between the archive's new file and the rename."""
    os.link(made.journal, made.state / "transitions.jsonl.replaced-2026-01-01T00-00-00")
    folder = made.state / "archive" / "transitions"
    (folder / "1-8.jsonl").write_bytes(made.journal.read_bytes()[:2000])
    repaired(made, "second_name", "dropped_future")
    assert [path.name[:20] for path in folder.iterdir()] == ["1-8.jsonl.replaced-2"]


def test_a_dead_worker(work):
    """Its tasks are free again, its processes are ended, and what nobody started is left alone."""
    work.gate()
    work.state, work.journal = work.folder / ".state", work.folder / ".state" / "transitions.jsonl"
    run = work.start("run", "-q", work.plan('workstream: w\ntasks:\n  t: {run: ": < gate; echo t >> ran"}\n'))
    until(lambda: work.events("task_started"), "the task runs")
    worker, = work.workers()
    run.kill()
    run.wait()
    os.kill(worker, 9)
    until(lambda: "dead_worker" in kinds(plan(work)), "the worker's lock is free")
    page = plan(work)
    item, = [item for item in page["items"] if item["kind"] == "dead_worker"]
    assert item["subject"] == "worker local" and "its lock is free" in item["proof"]
    assert "pid %d" % worker in item["proof"] and "1 task is with it" in item["proof"]
    assert plan(work, "--yes")["done"]
    work.nothing_left()
    assert work.events("task_reassigned", "t") and work.state_of("t") in ("retrying", "pending", "queued")
    assert kinds(plan(work)) == []
    again = work.start("run", "-q", "plan.yaml")
    work.open_gate()
    assert again.wait() == 0 and work.lines("ran") == ["t"]


def test_what_is_not_on_the_list_is_reported(made):
    newest_backup(made).write_bytes(b"half")
    (made.state / "interventions.log").open("a").write("no line of ours\n")
    before = tree(made.state)
    page = plan(made, "--yes", code=1)
    assert kinds(page) == ["not_touched", "not_touched"] and not page["done"]
    assert tree(made.state) == before


def test_damage_is_not_touched(made):
    flip(made.journal, 5)
    before = tree(made.state)
    for words in ([], ["--yes"], ["--explain"]):
        page = plan(made, *words, code=7)
        assert page["damaged"] and set(kinds(page)) == {"not_touched"}
        assert page["items"][0]["subject"] == "transitions.jsonl:5" and page["next"][0] == "sk recover"
    assert tree(made.state) == before


def test_an_orchestrator_lives(work):
    work.gate()
    run = work.start("run", "-q", work.plan('workstream: w\ntasks:\n  t: {run: ": < gate"}\n'))
    until(lambda: work.events("task_started"), "the task runs")
    refused(work("state", "repair", "--yes"), 6, "pid %d" % run.pid, "nothing was repaired")
    assert kinds(plan(work)) == [], "a plan may be looked at"
    work.open_gate()
    assert run.wait() == 0


def test_the_diary_has_one_line_each(made):
    before = len(diary(made))
    (made.state / "a.tmp").write_text("")
    made("state", "repair")
    made("state", "repair", "--yes", "--reason", "why not")
    dry, done = diary(made)[before:]
    assert dry["dry_run"] and dry["message"] == "would repair: 1 stale_temp_file"
    assert not done["dry_run"] and done["confirmed"] and done["reason"] == "why not" and len(done["event_ids"]) == 1


def test_killed_at_every_call(made):
    made.snapshot.write_text("broken")
    (made.state / "a.tmp").write_text("")
    (made.state / "by_status.json").unlink()
    with made.journal.open("ab") as journal:
        journal.write(b'{"seq":99,')
    before = len(made.journal.read_bytes().splitlines()) - 1

    def judge(killed):
        assert made("status").code == 0
        assert plan(made, "--yes")["damaged"] is False
        assert kinds(plan(made)) == []
        assert made("state", "validate").code == 0
        assert last_seq(made) > before and made.lines("ran") == ["a", "b"]

    assert killed_everywhere(made, ["state", "repair", "--yes"], judge) > 20
