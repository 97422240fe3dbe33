"""Files that are known to be in line are not read again: yet no edit goes unnoticed, and no record stays out of a file."""

import os

import pytest

from conftest import until

NAMES = ["one", "two", "three"]


def path_of(goals, name, file="todo.md"):
    return goals.home / "tentacles" / name / file


@pytest.fixture
def settled(goals):
    """Three tentacles, one to-do each, whose files some command has read a while after they were written."""
    goals.begin()
    for name in NAMES:
        assert goals.t("create", name).code == 0
        assert goals.t("todo", name, "add", "x").code == 0
        assert goals.g("link", name).code == 0
    settle(goals)
    return goals


def settle(goals):
    """A writing command looks at what is not known; it must have begun in a later moment than the last change."""
    last = max(path_of(goals, name, file).stat().st_ctime_ns for name in NAMES for file in ("todo.md", "meta.json"))

    def looked():
        assert goals.g("spend", "--tokens", "1").code == 0
        return (goals.home / "goal.json.lock").stat().st_ctime_ns > last

    until(looked, "the clock of the file system goes on")
    assert (goals.home / "looked").stat().st_size > 0


def edit_in_place(path, text):
    """Same file, same size, and the time of the last writing as it was."""
    before = path.stat()
    with open(path, "r+b") as file:
        assert len(text) == before.st_size
        file.write(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def counts(goals):
    return {t["name"]: t["todos_done"] for t in goals.t("status", "--json").json["tentacles"]}


def test_status_notices_an_edit_of_any_todo(settled):
    for name in NAMES:
        path = path_of(settled, name)
        edit_in_place(path, path.read_bytes().replace(b"[ ]", b"[x]"))
        assert counts(settled)[name] == 1
    assert settled.events("tentacle_edited") == [], "who only looks records nothing"
    assert settled.g("eval", "--decision", "pause").code == 0
    assert {event["tentacle"] for event in settled.events("tentacle_edited")} == set(NAMES), "a decision about all does"
    assert counts(settled) == {"one": 1, "two": 1, "three": 1}


def test_status_notices_an_edit_of_any_meta_and_handoff(settled):
    for name in NAMES:
        settled.edit_meta(name, description="as the editor says of " + name)
        path_of(settled, name, "handoff.md").write_text("## [2026-11-21 18:40 UTC]\n\nall well\n\nSTATUS: DONE\n")
    shown = settled.t("status", "--json").json["tentacles"]
    assert [t["description"] for t in shown] == ["as the editor says of " + name for name in NAMES]
    assert [t["terminal_status"] for t in shown] == ["DONE"] * 3
    path_of(settled, "two", "meta.json").write_text("{")
    assert [bool(t["problem"]) for t in settled.t("status", "--json").json["tentacles"]] == [False, True, False]
    assert settled.t("todo", "two", "add", "y").code == 2 and settled.t("todo", "one", "add", "y").code == 0
    assert path_of(settled, "two", "meta.json").read_text() == "{"


def test_the_command_about_it_records_the_edit_first(settled):
    path = path_of(settled, "two")
    edit_in_place(path, path.read_bytes().replace(b"[ ]", b"[x]"))
    assert settled.t("todo", "two", "add", "y").code == 0
    edited, added = settled.events()[-2:]
    assert (edited["event"], edited["tentacle"]) == ("tentacle_edited", "two") and added["seq"] == edited["seq"] + 1
    assert path.read_text().count("[x] x") == 1 and path.read_text().count("[ ] y") == 1
    # Also where the command is refused: what a person wrote is no part of what was refused.
    path.write_text(path.read_text().replace("[ ] y", "[x] z"))
    assert settled.t("todo", "two", "done", "99").code != 0
    assert settled.events()[-1]["event"] == "tentacle_edited"


def test_an_edit_in_the_moment_of_the_look(settled):
    """Written, read by a command, and written again before the clock went on: only the text tells."""
    path = path_of(settled, "two")
    text = path.read_bytes()
    done = text.replace(b"[ ]", b"[x]")
    for _ in range(60):
        path.write_bytes(text)
        assert settled.g("spend", "--tokens", "1").code == 0
        edit_in_place(path, done)
        assert counts(settled)["two"] == 1
        assert settled.g("spend", "--tokens", "1").code == 0
        assert counts(settled)["two"] == 1


@pytest.mark.parametrize("harm", ["remove", "empty", "half", "noise", "link", "folder"])
def test_the_note_is_worth_nothing_by_itself(settled, harm):
    note = settled.home / "looked"
    whole = note.read_bytes()
    note.unlink()
    if harm == "folder":
        note.mkdir()
    elif harm == "link":
        (settled.folder / "elsewhere").write_bytes(b"keep me")
        note.symlink_to(settled.folder / "elsewhere")
    elif harm != "remove":
        note.write_bytes({"empty": b"", "half": whole[:len(whole) // 2], "noise": os.urandom(len(whole))}[harm])
    assert counts(settled) == {"one": 0, "two": 0, "three": 0}
    edit_in_place(path_of(settled, "two"), path_of(settled, "two").read_bytes().replace(b"[ ]", b"[x]"))
    assert counts(settled)["two"] == 1
    assert settled.t("todo", "one", "add", "y").code == 0
    assert counts(settled) == {"one": 0, "two": 1, "three": 0}
    if harm == "link":
        assert (settled.folder / "elsewhere").read_bytes() == b"keep me"


def test_files_of_others_that_a_decision_changes_are_written_at_once(settled):
    for name in NAMES:
        assert settled.t("handoff", name, "stuck", "--status", "AMBIGUOUS").code in (0, 11)
    settle(settled)
    assert settled.g("eval", "--decision", "pause").code == 0
    done = settled.g("resume", "--reset-failed")
    assert done.code == 0, done.err
    assert [settled.meta(name)["terminal_status"] for name in NAMES] == ["none"] * 3


def test_a_parent_ends_with_its_last_child(settled):
    assert settled.t("todo", "one", "add", "y").code == 0
    assert settled.t("split", "one", "left", "right").code == 0
    for name in ("left", "right"):
        assert settled.t("handoff", name, "well", "--status", "DONE").code == 0
    settle(settled)
    assert settled.t("complete", "left").code == 0
    settle(settled)
    assert settled.t("complete", "right").code == 0
    assert settled.meta("one")["status"] == settled.t("show", "one", "--json").json["status"]


def test_a_file_that_was_not_written_is_written_by_a_command_about_another(settled):
    """As after a kill between record and file: the older version is ours, and is replaced."""
    path = path_of(settled, "two", "meta.json")
    older = path.read_bytes()
    assert settled.t("handoff", "two", "went on", "--status", "DONE").code == 0
    newer = settled.meta("two")
    path.write_bytes(older)
    assert settled.t("todo", "one", "add", "y").code == 0
    assert settled.meta("two")["terminal_status"] == newer["terminal_status"] == "DONE"


def test_a_journal_that_began_anew(settled):
    """The note outlives it; what was changed just before is read again all the same."""
    closed = settled.home / "archive" / "transitions"
    for _ in range(100):
        assert settled.t("todo", "three", "add", "y" * 1000).code == 0
        if list(closed.iterdir()):
            break
    assert list(closed.iterdir()), "the journal was closed once"
    settle(settled)
    for name in ("one", "two"):
        path = path_of(settled, name)
        edit_in_place(path, path.read_bytes().replace(b"[ ]", b"[x]"))
    assert counts(settled) == {"one": 1, "two": 1, "three": 0}
