"""State files that were cut, edited, swapped or replaced by something else: what `sk run` and `sk status` say and do.

Damaged state is exit 7, a file that may not be trusted is 4. In every refusal: the file, the place, the problem, what was
not done, what to type; and nothing is written. Rows that need a right checksum over wrong content are unit tests of the
store (tests/unit/test_store*.c).
"""

import json
import os
import re
import shutil
import stat
import subprocess

import pytest

from conftest import DEADLINE_S, binary
from killing import tool

PLAN = """
workstream: w
tasks:
  a: {run: "echo a >> ran"}
  b: {run: "echo b >> ran", needs: [a]}
"""


@pytest.fixture
def finished(work):
    """A state with a completed run; journal() and snapshot() are its files."""
    assert work("run", "-q", work.plan(PLAN)).code == 0
    work.journal = work.folder / ".state" / "transitions.jsonl"
    work.snapshot = work.folder / ".state" / "current.json"
    return work


def tree(folder):
    """Everything of the state that means something, with content. The lock and the socket are for the living."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.name in ("orchestrator.lock", "orchestrator.sock"):
            continue
        info = path.lstat()
        found[str(path)] = (stat.S_IFMT(info.st_mode), info.st_nlink, info.st_mode,
                            path.read_bytes() if stat.S_ISREG(info.st_mode) else None)
    return found


def refused(work, code, *said, run=True):
    """Both commands refuse with these words, and nothing has changed."""
    before = tree(work.folder / ".state")
    for words in ([["run", "plan.yaml"]] if run else []) + [["status"]]:
        done = work(*words)
        assert done.code == code, (words, done.code, done.out, done.err)
        assert done.err.startswith("sk: ") and done.err.count("\n") == 1, done.err
        for word in said:
            assert re.search(word, done.err), (words, word, done.err)
    assert tree(work.folder / ".state") == before, "something was written"
    assert work.lines("ran") == ["a", "b"]


def lines_of(work):
    return work.journal.read_bytes().splitlines(keepends=True)


def put(work, lines):
    work.journal.write_bytes(b"".join(lines))


def begins(lines, index):
    return sum(map(len, lines[:index]))


# --- the journal: everything is replayed, because there is no snapshot to start from --------------------------------


@pytest.fixture
def replayed(finished):
    finished.snapshot.unlink()
    return finished


def test_replayed_when_whole(replayed):
    assert "nothing to do" in replayed("run", "plan.yaml").out


def test_one_flipped_letter(replayed):
    lines = lines_of(replayed)
    place = begins(lines, 7)
    lines[7] = lines[7].replace(b'"info"', b'"inf0"')
    put(replayed, lines)
    refused(replayed, 7, "transitions.jsonl", "line 8", "byte %d" % (place + 1) + "|byte %d" % place,
            "%d later records are intact" % (len(lines) - 8), "nothing was changed", "Try: sk state repair --explain")


def test_missing_line(replayed):
    lines = lines_of(replayed)
    del lines[7]
    put(replayed, lines)
    refused(replayed, 7, "sequence gap after 7", "line 8")


def test_repeated_line(replayed):
    lines = lines_of(replayed)
    lines.insert(7, lines[7])
    put(replayed, lines)
    refused(replayed, 7, r"seq 8 appears twice \(lines 8, 9\)")


def test_swapped_lines(replayed):
    lines = lines_of(replayed)
    lines[7], lines[8] = lines[8], lines[7]
    put(replayed, lines)
    refused(replayed, 7, "seq", "line [89]")


@pytest.mark.parametrize("number", ["1e3", "-1", "1.5", '"7"', "9223372036854775808", "18446744073709551616", "0", "03"])
def test_sequence_that_is_none(replayed, number):
    lines = lines_of(replayed)
    lines[2] = lines[2].replace(b'"seq":3', b'"seq":' + number.encode())
    put(replayed, lines)
    refused(replayed, 7, "line 3", r"seq is not an integer in 1..9007199254740991|number|leading zero|gap|goes back")


def test_long_line(replayed):
    lines = lines_of(replayed)
    lines[2] = lines[2].replace(b'"severity"', b'"x":"' + b"y" * (2 << 20) + b'","severity"')
    put(replayed, lines)
    refused(replayed, 7, "longer than 1 MiB", "line 3")


def test_byte_order_mark(replayed):
    replayed.journal.write_bytes(b"\xef\xbb\xbf" + replayed.journal.read_bytes())
    refused(replayed, 7, "byte-order mark at byte 0")


def test_line_ends_of_windows(replayed):
    replayed.journal.write_bytes(replayed.journal.read_bytes().replace(b"\n", b"\r\n"))
    assert "nothing to do" in replayed("run", "plan.yaml").out
    assert not lines_of(replayed)[-1].endswith(b"\r\n"), "they are read, never written"


@pytest.mark.parametrize("bad, said", [
    (b"\x00", "NUL byte at line 5"), (b"\xc0\x80", "invalid UTF-8 at line 5, byte [0-9]+: C0 80"),
    (b"\xed\xa0\x80", "invalid UTF-8 at line 5"), (b"\xf5\x80\x80\x80", "invalid UTF-8 at line 5")])
def test_bytes_that_are_no_text(replayed, bad, said):
    lines = lines_of(replayed)
    lines[4] = lines[4].replace(b'"info"', b'"in' + bad + b'"')
    put(replayed, lines)
    refused(replayed, 7, said)


@pytest.mark.parametrize("tail, said", [
    (b'{"seq":', "torn last record"), (b"\0" * 512, "zero-filled tail"), (b"abc", "torn last record")],
    ids=["half a record", "zeros", "letters"])
def test_torn_tail_is_repaired(replayed, tail, said):
    whole = replayed.journal.read_bytes()
    place = len(whole)
    count = whole.count(b"\n")
    replayed.journal.write_bytes(whole + tail)
    assert replayed("status").code == 0
    assert replayed.journal.read_bytes() == whole + tail, "reading repairs nothing"
    done = replayed("run", "plan.yaml")
    assert done.code == 0
    for word in (said, "line %d" % (count + 1), "byte %d" % place, "%d bytes" % len(tail), "dropped"):
        assert word in done.err, done.err
    aside = list(replayed.folder.glob(".state/torn-*"))
    assert [path.read_bytes() for path in aside] == ([tail] if tail.strip(b"\0") else [])
    assert ("kept aside" in done.err) == bool(aside)
    assert replayed.journal.read_bytes().startswith(whole)
    assert not re.search("torn", replayed("run", "plan.yaml").err), "it is said once"


def test_every_cut_of_the_last_turns(replayed):
    """However short the journal was cut: it is a torn tail, the run goes on, and no task runs a third time."""
    whole = replayed.journal.read_bytes()
    for cut in range(len(whole) - 1, len(whole) - 1200, -97):
        shutil.rmtree(replayed.folder / ".state")
        (replayed.folder / ".state").mkdir(mode=0o700)
        replayed.journal.write_bytes(whole[:cut])
        replayed.journal.chmod(0o600)
        (replayed.folder / "ran").unlink(missing_ok=True)
        done = replayed("run", "-q", "plan.yaml")
        assert done.code == 0, done.err
        assert sorted(set(replayed.lines("ran"))) in ([], ["a"], ["b"], ["a", "b"])
        assert len(replayed.lines("ran")) <= 2


# --- the journal as a file ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["FIFO", "directory", "socket"])
def test_another_kind_of_file(finished, kind):
    finished.journal.unlink()
    if kind == "FIFO":
        os.mkfifo(finished.journal, 0o600)
    elif kind == "directory":
        finished.journal.mkdir()
    else:
        os.mknod(finished.journal, stat.S_IFSOCK | 0o600)
    refused(finished, 7, "transitions.jsonl", "is a %s, expected a regular file" % kind, "nothing was done|cannot be")


def test_symbolic_link(finished):
    finished.journal.rename(finished.folder / "elsewhere")
    finished.journal.symlink_to(finished.folder / "elsewhere")
    refused(finished, 4, "transitions.jsonl", "is a symbolic link; refused")


def test_writable_by_others(finished):
    finished.journal.chmod(0o664)
    refused(finished, 4, r"is writable by group \(mode 0664\): nothing was done",
            "Try: chmod 0600 transitions.jsonl, in the state folder")
    finished.journal.chmod(0o602)
    refused(finished, 4, r"mode 0602", "Try: chmod 0600")


def test_two_names(finished):
    os.link(finished.journal, finished.folder / "second-name")
    refused(finished, 4, "has 2 hard links; refused")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away: not proven")
def test_owned_by_another(finished):
    os.chown(finished.journal, 12345, -1)
    refused(finished, 4, "transitions.jsonl", "12345|another user|owner")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files immutable: not proven")
def test_immutable(finished):
    if subprocess.run(["chattr", "+i", finished.journal], stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("this file system has no immutable flag: not proven")
    try:
        done = finished("run", "--new-run", "plan.yaml")
    finally:
        subprocess.run(["chattr", "-i", finished.journal], check=True)
    assert done.code == 8
    assert "cannot append: the file is immutable (chattr)" in done.err and "Try: sk install --unlock-state" in done.err
    assert finished.lines("ran") == ["a", "b"]


def test_shrinks_while_it_is_open(work):
    """The driver answers the journal's writes without doing them: to us the file is shorter than what we wrote."""
    done = subprocess.run([tool("crash/sweep"), "--lie", "write:transitions.jsonl", "--", binary(), "run",
                           work.plan(PLAN)], cwd=work.folder, env=work.env, text=True, capture_output=True, timeout=DEADLINE_S)
    assert re.search(r"shrank from [0-9]+ to 0 bytes while open: stopped", done.stderr), done.stderr
    assert not work.lines("ran")
    work.nothing_left()


# --- the snapshot ---------------------------------------------------------------------------------------------------


def test_lost_journal(finished):
    finished.journal.write_bytes(b"")
    finished.journal.chmod(0o600)
    refused(finished, 7, "snapshot is at [0-9]+, journal ends at 0: [0-9]+ acknowledged transitions are missing",
            "nothing was (done|started|changed)", "Try: sk state restore --from-backup latest --dry-run")


def test_journal_of_yesterday(finished):
    """An old copy of the journal beside a newer snapshot is loss, not something to go on from."""
    lines = lines_of(finished)
    put(finished, lines[:12])
    refused(finished, 7, "acknowledged transitions are missing|does not belong|torn")


@pytest.mark.parametrize("content", [b"", b"{", b"half", b"[]", b"\0" * 100])
def test_snapshot_that_is_none(finished, content):
    whole = finished.snapshot.read_bytes()
    finished.snapshot.write_bytes(whole[:len(whole) // 2] if content == b"half" else content)
    finished.snapshot.chmod(0o600)
    kept = finished.snapshot.read_bytes()
    assert finished("status").code == 0
    done = finished("run", "plan.yaml")
    assert done.code == 0 and "nothing to do" in done.out
    assert "current.json could not be read; it was rebuilt from the journal" in done.err
    (aside,) = finished.folder.glob(".state/current.json.corrupt-*")
    assert aside.read_bytes() == kept
    assert "rebuilt" not in finished("run", "plan.yaml").err
    assert json.loads(finished.snapshot.read_bytes())


def test_snapshot_of_another_place(finished, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "plan.yaml").write_text(PLAN)
    assert finished("run", "-q", "plan.yaml", cwd=other).code == 0
    shutil.copy(other / ".state" / "current.json", finished.snapshot)
    refused(finished, 7, "snapshot.*belong|workspace")


def test_stray_temporary_files(finished):
    for name in ("current.json.tmp", "current.json.123.tmp"):
        (finished.folder / ".state" / name).write_text("left by a crash")
    assert finished("run", "--new-run", "plan.yaml").code == 0
    assert not (finished.folder / ".state" / "current.json.tmp").exists()


def test_flooded_backups(finished):
    for i in range(3000):
        (finished.folder / ".state" / "backups" / ("junk%d" % i)).touch()
    assert finished("run", "--new-run", "plan.yaml").code == 0
    assert len(list(finished.folder.glob(".state/backups/junk*"))) == 3000, "what is not ours is not removed"


# --- the folder -----------------------------------------------------------------------------------------------------


def test_state_is_a_file(work):
    (work.folder / ".state").write_text("")
    for words in (["run", work.plan(PLAN)], ["status"]):
        done = work(*words)
        assert done.code in (4, 7, 8) and ".state" in done.err, done.err
    assert not work.lines("ran")


def test_state_is_a_link(work, tmp_path_factory):
    target = tmp_path_factory.mktemp("target")
    os.chmod(target, 0o777)
    (work.folder / ".state").symlink_to(target)
    done = work("run", work.plan(PLAN))
    assert done.code == 4 and "symbolic link" in done.err or "writable" in done.err, done.err
    assert not list(target.iterdir()) and not work.lines("ran")


@pytest.mark.parametrize("name", ["orchestrator.lock", "workers/local.lock", "workers/local.json", "workers/local.outbox"])
def test_garbage_in_small_files(finished, name):
    """They are for people or can be done without: whatever stands in them, the run works."""
    (finished.folder / ".state" / name).write_bytes(b"\xff{[garbage\0" * 50)
    assert finished("run", "-q", "--new-run", "plan.yaml").code == 0
    assert finished.lines("ran") == ["a", "b", "a", "b"]


def test_lock_is_a_link(finished):
    (finished.folder / "mine").write_text("precious")
    lock = finished.folder / ".state" / "orchestrator.lock"
    lock.unlink()
    lock.symlink_to(finished.folder / "mine")
    done = finished("run", "--new-run", "plan.yaml")
    assert done.code in (4, 8) and "orchestrator.lock" in done.err
    assert finished.read("mine") == "precious"


def test_rot_in_front_of_a_good_snapshot_is_told(finished):
    """The snapshot makes what stands before it unnecessary, not unimportant."""
    lines = lines_of(finished)
    assert json.loads(finished.snapshot.read_text())["last_seq"] == len(lines)
    lines[3] = lines[3].replace(b'"seq":4', b'"seq":4'[:-1] + b"5", 1)
    put(finished, lines)
    refused(finished, 7, r"transitions\.jsonl", r"line 4", "nothing was changed", "Try: ")
