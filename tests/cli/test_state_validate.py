"""Every check says PASS on a good state, and names file and line of what was damaged, beside a live orchestrator as well."""


import pytest

from conftest import until
from states import finish, flip, killed_everywhere, last_seq, newest_backup, tree


@pytest.fixture
def made(work):
    finish(work)
    assert work("run", "-q", "plan.yaml").code == 0
    return work


def failures(made, code):
    done = made("validate_state", "--json")
    assert done.code == code, (done.out, done.err)
    page = done.json
    assert page["valid"] == (code == 0) and page["damaged"] == (code == 7)
    return {check["check"]: check for check in page["checks"] if check["outcome"] == "FAIL"}


def test_all_in_order(made):
    before = tree(made.state, without=("orchestrator.lock",))
    done = made("state", "validate")
    assert done.code == 0, done.out
    assert all(line.startswith("PASS  ") for line in done.out.split("\n\n")[0].splitlines())
    assert "The state is in order" in done.out
    assert tree(made.state, without=("orchestrator.lock",)) == before


def rewrite(made, change):
    lines = made.journal.read_bytes().splitlines(keepends=True)
    change(lines)
    made.journal.write_bytes(b"".join(lines))


def test_flipped_byte(made):
    flip(made.journal, 5)
    found = failures(made, 7)
    assert set(found) == {"journal-lines"}
    problem = found["journal-lines"]["problems"][0]
    assert (problem["file"], problem["line"]) == ("transitions.jsonl", 5) and "checksum" in problem["problem"]
    assert "FAIL  journal-lines         transitions.jsonl:5: byte " in made("state", "validate").out


def test_what_is_newer_than_the_last_readable_record_is_not_accused(made):
    """The state ends in front of the damage; views and checkpoints were made of what stood behind it."""
    (made.state / "current.json").unlink()
    flip(made.journal, len(made.journal.read_bytes().splitlines()) - 2)
    found = failures(made, 7)
    assert "journal-lines" in found and not {"checkpoints", "indexes-and-graphs"} & set(found)
    assert "from a later one than can be read: not judged" in made("state", "validate").out
    assert {item["subject"].split(":")[0] for item in made("state", "repair", "--json").json["items"]} == {"transitions.jsonl"}


def test_every_damaged_line_is_named(made):
    for line in (5, 9, 14):
        flip(made.journal, line)
    lines = [problem["line"] for problem in failures(made, 7)["journal-lines"]["problems"]]
    assert lines == [5, 9, 14]


@pytest.mark.parametrize("change,words", [
    (lambda lines: lines.pop(4), "gap after 4"),
    (lambda lines: lines.insert(5, lines[4]), "seq 5 stands twice"),
    (lambda lines: lines.insert(4, lines.pop(5)), "goes back from 6 to 5"),
])
def test_lines_out_of_order(made, change, words):
    rewrite(made, change)
    found = failures(made, 7)
    assert any(words in problem["problem"] for problem in found["journal-sequence"]["problems"]), found


def test_a_torn_end_is_no_damage(made):
    with made.journal.open("ab") as journal:
        journal.write(b'{"seq":')
    assert failures(made, 0) == {}
    assert "an unfinished turn that the next start drops" in made("state", "validate").out


@pytest.mark.parametrize("content", [b"", b"{}\n", b"garbage"])
def test_snapshot_that_cannot_be_read(made, content):
    made.snapshot.write_bytes(content)
    assert set(failures(made, 7)) == {"snapshot"}
    assert "\nNext: sk state repair\n" in made("state", "validate").out, "the journal is whole: nothing need be given up"
    assert made("state", "repair", "--yes").code == 0
    assert made("state", "validate").code == 0


def test_journal_that_ends_before_the_snapshot(made):
    rewrite(made, lambda lines: lines.__delitem__(slice(-1, None)))
    found = failures(made, 7)
    assert "acknowledged transitions are missing" in found["snapshot"]["problems"][0]["problem"]


def test_journal_is_missing(made):
    made.journal.unlink()
    found = failures(made, 7)
    assert found["journal-file"]["problems"][0]["problem"] == "is missing or empty"


def test_backup_view_and_diary(made):
    newest_backup(made).write_bytes(b"half")
    view = made.state / "by_status.json"
    view.write_text(view.read_text().replace("completed", "cancelled", 1))
    (made.state / "interventions.log").open("a").write("no line of ours\n")
    (made.state / "current.json.tmp").write_text("")
    found = failures(made, 1)
    assert set(found) == {"backups", "indexes-and-graphs", "interventions", "left-overs"}
    assert found["indexes-and-graphs"]["problems"][0]["file"] == "by_status.json"
    assert "Next: sk state repair" in made("state", "validate").out


def test_older_views_are_no_problem(made):
    kept = (made.state / "by_status.json").read_bytes()
    assert made("workstream", "retry", "w", "--yes").code == 0
    (made.state / "by_status.json").write_bytes(kept)
    assert failures(made, 0) == {}
    assert ", 0 from an earlier state" not in made("state", "validate").out


def test_a_checkpoint_that_was_changed(made):
    checkpoint = made.state / "checkpoints" / "w_latest.json"
    checkpoint.write_text(checkpoint.read_text().replace("completed", "cancelled", 1))
    assert set(failures(made, 1)) == {"checkpoints"}


def test_closed_journals_are_part_of_it(made):
    """A restore to an earlier record leaves the front of the old journal as a closed file."""
    assert made("state", "restore", "--to-seq", last_seq(made) - 3, "--yes").code == 0
    closed, = (made.state / "archive" / "transitions").glob("*-*.jsonl")
    assert made("state", "validate").code in (0, 1)
    flip(closed, 3)
    found = failures(made, 7)
    assert (found["journal-lines"]["problems"][0]["file"], found["journal-lines"]["problems"][0]["line"]) == (
        "archive/transitions/" + closed.name, 3)


def test_beside_a_live_orchestrator(work):
    work.gate()
    work.state = work.folder / ".state"
    tasks = "".join('  t%d: {run: "true"}\n' % i for i in range(300))
    run = work.start("run", "-q", work.plan("workstream: w\ntasks:\n" + tasks + '  last: {run: ": < gate"}\n'))
    until(lambda: work.events("task_started"), "tasks run")
    while len(work.events("task_completed")) < 300:
        assert failures(work, 0) == {}
        assert run.poll() is None
    work.open_gate()
    assert run.wait() == 0
    assert failures(work, 0) == {}


def test_killed_anywhere_it_changes_nothing(made):
    before = tree(made.state)

    def judge(killed):
        assert tree(made.state) == before

    killed_everywhere(made, ["state", "validate"], judge)


def test_a_folder_in_which_nothing_was_ever_recorded(work):
    """Somebody made it, or a command that was refused left its diary there: that is no damage."""
    (work.folder / ".state").mkdir(mode=0o700)
    done = work("state", "validate")
    assert done.code == 3 and "nothing has run here yet" in done.err
    (work.folder / ".state" / "current.json").write_text("{}")
    assert work("state", "validate").code == 7


def test_nothing_yet(work):
    assert work("state", "validate").code == 3
