"""SIGKILL before every system call of sk migrate, in all its forms: the database opens, all that was in it is somewhere, what
was said is true, and the same command again comes to the end.

The fast tier takes a sample of the boundaries, another one each time (SK_SEED repeats it). SK_TIER=full takes all, in parts
that pytest runs side by side; with sanitizers, which make a round ten times as long, only those of one part: the boundaries
are the same.

Every round has a folder in memory: what a killed process has written is in the files either way, and a disk that others keep
busy would take most of the time.
"""

import concurrent.futures
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import sqlite3
import subprocess
import tempfile

import pytest

from conftest import DEADLINE_S, binary
from killing import Broken, tool
from knowledge import HALF, OLD_SEARCH, make, sound

FULL = os.environ.get("SK_TIER") == "full"
PARTS = 8 if FULL else 1
SAMPLE = 12
NEWEST = 35
SEED = int(os.environ.get("SK_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)


def sk(folder, *words, check=True):
    done = subprocess.run([binary(), *words], cwd=folder, text=True, capture_output=True, timeout=DEADLINE_S,
                          env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "ASAN_OPTIONS": "detect_leaks=0"})
    assert not check or done.returncode == 0, done.stderr
    return done


def nothing(folder):
    pass


def first(folder):
    make(folder / "k.db")


def half(folder):
    make(folder / "k.db", HALF)


def old_search(folder):
    first(folder)
    sk(folder, "migrate", "k.db", "--no-backup")
    make(folder / "k.db", OLD_SEARCH)


def in_wal(folder):
    """The rows are in the WAL alone: whoever wrote them was killed."""
    first(folder)
    subprocess.run(["python3", "-c", """
import os, sqlite3
base = sqlite3.connect("k.db", isolation_level=None)
base.execute("PRAGMA wal_autocheckpoint=0")
base.execute("INSERT INTO sessions(id, path) VALUES ('in the wal', '')")
os.kill(os.getpid(), 9)
"""], cwd=folder, check=False)
    assert (folder / "k.db-wal").stat().st_size > 0


def with_copy(folder):
    first(folder)
    sk(folder, "migrate", "k.db", "--no-backup")
    sk(folder, "migrate", "k.db", "--backup-only", "--backup-path", "copy")
    make(folder / "k.db", "INSERT INTO sessions(id, path) VALUES ('later', '')")


def damaged_with_copy(folder):
    with_copy(folder)
    with open(folder / "k.db", "r+b") as file:
        file.seek(4096)
        file.write(b"noise" * 2000)
    (folder / "k.db-wal").write_bytes(b"a log that belongs to it")


def orphan(folder):
    (folder / "k.db-wal").write_bytes(b"a log that belongs to nobody")


# name: how it begins, the words behind "migrate k.db", how it may end when done again
CASES = {
    "make": (nothing, "", {0}),
    "make beside an orphan": (orphan, "", {0}),
    "first version": (first, "", {0}),
    "half applied": (half, "", {0}),
    "search index": (old_search, "", {0}),
    "rows in the wal": (in_wal, "", {0}),
    "backup": (in_wal, "--backup-only --backup-path copy", {0, 2}),
    "backup replaced": (with_copy, "--backup-only --backup-path copy --replace", {0}),
    "restore": (with_copy, "--restore copy", {0}),
    "restore over damage": (damaged_with_copy, "--restore copy", {0}),
    "restore where nothing is": (lambda folder: (with_copy(folder), (folder / "k.db").unlink()), "--restore copy", {0}),
    "quarantine": (damaged_with_copy, "--quarantine", {0, 5}),
    "quarantine a sound one": (with_copy, "--quarantine --yes", {0}),
}


def peek(path, *texts):
    """The rows of several queries, or None when it is no database. It may have to be recovered first, which needs the right
    to write: only for copies."""
    if path.name.endswith("-wal"):
        return None
    base = sqlite3.connect("file:%s?mode=rw" % path, uri=True)
    try:
        return [row for text in texts for row in base.execute(text).fetchall()]
    except sqlite3.DatabaseError:
        return None
    finally:
        base.close()


# All that a version makes, and the rows that it changes.
SHAPE = ("SELECT name, sql FROM sqlite_schema", "PRAGMA user_version", "SELECT version FROM schema_version",
         "SELECT * FROM knowledge_entries", "SELECT count(*) FROM ke_fts_docsize")


def shape(path):
    return [(text, row) for text in SHAPE for row in peek(path, text) or []]


def mended(said):
    return set(re.findall(r"^mended: .*", said, re.M | re.I))


class Case:
    def __init__(self, name, folder):
        self.name, self.folder, self.count = name, folder, itertools.count()
        prepare, words, self.again = CASES[name]
        self.words = ["migrate", "k.db", *words.split()]
        pristine = folder / "pristine"
        pristine.mkdir()
        prepare(pristine)
        self.before = self.look(self.fresh("before"))
        whole = self.fresh("whole")
        report, said = self.sweep(whole)
        if report["exit"] != 0:
            raise Broken("%s ended with %d without a kill" % (name, report["exit"]))
        self.calls, self.whole = report["orchestrator"], self.look(whole)
        self.mended, self.shapes = mended(said), {}

    def fresh(self, name):
        folder = self.folder / name
        shutil.copytree(self.folder / "pristine", folder)
        return folder

    def copy(self, folder):
        scratch = self.folder / ("look-%d" % next(self.count))
        shutil.copytree(folder, scratch)
        return scratch

    def sweep(self, folder, *options):
        report = self.folder / (folder.name + ".json")
        done = subprocess.run(
            [tool("crash/sweep"), "--report", str(report), *map(str, options), "--", binary(), *self.words], cwd=folder,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "ASAN_OPTIONS": "detect_leaks=0"}, text=True,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE_S, check=False)
        return json.loads(report.read_text()), done.stdout

    def look(self, folder):
        """Each database of the folder with its rows, by name without the moment; other bytes as they are."""
        found = {}
        scratch = self.copy(folder)
        for path in sorted(folder.iterdir()):
            name = re.sub(r"-\d{8}T\d{6}Z(-\d+)?", "", path.name)
            content = path.read_bytes()
            if name.endswith((".lock", "-shm", "-journal")) or (name.endswith("-wal") and b"belongs" not in content):
                continue
            rows = peek(scratch / path.name, "SELECT id FROM sessions ORDER BY id",
                        "SELECT id, title, content FROM knowledge_entries")
            found.setdefault(name, []).append(content if rows is None else rows)
        shutil.rmtree(scratch)
        return found

    def kept(self, found):
        """All that was there before, and is not the copy that is to be replaced, is somewhere."""
        contents = [content for several in found.values() for content in several]
        return all(content in contents for name, several in self.before.items() for content in several
                   if not (name == "copy" and "--replace" in self.words))

    def killed(self, number, fault=""):
        """Kills before that call, judges, does it again, judges; the fault is a change to what the kill left."""
        folder = self.fresh("%d-%d" % (number, next(self.count)))
        report, said = self.sweep(folder, "--kill", number)
        if fault:
            make(folder / "k.db", fault)
        where = "%s, killed before call %d" % (self.name, number)
        found = self.look(folder)
        if not self.kept(found):
            raise Broken("%s: lost: %r of %r" % (where, found, self.before))
        if "k.db" in self.before and "k.db" not in found:
            raise Broken(where + ": for a moment there was no database")
        self.judge_version(folder, said, where)
        done = sk(folder, *self.words, check=False)
        if done.returncode not in self.again:
            raise Broken("%s, again: exit %d: %s" % (where, done.returncode, done.stderr))
        if not mended(done.stdout) <= self.mended:
            raise Broken("%s, again: a version that is recorded was not there: %s" % (where, done.stdout))
        after = self.look(folder)
        if not self.kept(after):
            raise Broken("%s, again: lost: %r of %r" % (where, after, self.before))
        for name, several in self.whole.items():
            if any(content not in after.get(name, []) for content in several):
                raise Broken("%s, again: %s is not as without a kill: %r" % (where, name, after))
        if len(after["k.db"]) != 1 or [path for path in folder.iterdir() if "partial" in path.name]:
            raise Broken("%s, again: left behind: %r" % (where, list(folder.iterdir())))
        if "--restore" not in self.words and "--backup-only" not in self.words and not sound(folder / "k.db"):
            raise Broken(where + ", again: not sound")
        shutil.rmtree(folder)
        return report["killed"]

    def judge_version(self, folder, said, where):
        """What was said is recorded, and what is recorded is there: a version is the same thing at every moment at which it
        is the newest."""
        scratch = self.copy(folder)
        base = scratch / "k.db"
        recorded = base.exists() and peek(base, "SELECT max(version) FROM schema_version")
        recorded = recorded[0][0] if recorded else 0
        for line in re.findall(r"^v(\d+): ", said, re.M)[-1:]:
            if recorded < int(line):
                raise Broken("%s: it was not true that v%s is there" % (where, line))
        if recorded and len(self.words) == 2 and not (recorded == NEWEST and self.mended):
            found = shape(base)
            expected = self.shapes.setdefault(recorded, found)
            if found != expected:
                raise Broken("%s: version %d is one thing, and another: %r" % (where, recorded, set(found) ^ set(expected)))
        if (scratch / "copy").exists() and peek(scratch / "copy", "PRAGMA integrity_check") != [("ok",)]:
            raise Broken(where + ": the copy is not whole")
        shutil.rmtree(scratch)


@pytest.fixture
def memory(tmp_path):
    """A folder in memory, where there is such a thing."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else tmp_path) as folder:
        yield pathlib.Path(folder)


@pytest.mark.parametrize("part", [0] if "ASAN_OPTIONS" in os.environ else range(PARTS))
@pytest.mark.parametrize("name", CASES)
def test_killed(memory, name, part):
    case = Case(name, memory)
    numbers = list(range(1, case.calls + 1))[part::PARTS]
    if not FULL:
        numbers = sorted(random.Random(SEED).sample(numbers, min(SAMPLE, len(numbers))))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        killed = sum(future.result() for future in [pool.submit(case.killed, number) for number in numbers])
    print("SK_SEED=%d: %s killed at %d of %d boundaries" % (SEED, name, killed, case.calls))
    assert killed >= len(numbers) * 9 // 10, "the driver has hardly killed anything"


# --- planted faults: each must be noticed by the judge above --------------------------------------------------------


def complaint(case, number, fault=""):
    """What the judge says of this fault; "" when nothing."""
    try:
        case.killed(number, fault)
    except Broken as broken:
        return str(broken).splitlines()[0]
    return ""


def test_fault_recorded_before_it_is_there(memory):
    """Planted: the version is recorded outside of the transaction that makes what it promises."""
    case = Case("first version", memory)
    assert not complaint(case, case.calls // 2)
    [recorded] = case.shapes
    fault = "INSERT INTO schema_version(version) VALUES (%d)" % recorded
    assert "is one thing, and another" in complaint(case, case.calls // 2 - 60, fault)


def test_fault_recorded_apart_from_what_it_made(memory):
    """Planted: at two moments a version is the newest, and at one of them not all of it is there."""
    case = Case("first version", memory)
    assert not complaint(case, case.calls // 2)
    assert "is one thing, and another" in complaint(case, case.calls // 2, "DROP INDEX idx_entries_session")


def test_fault_a_row_is_lost(memory):
    case = Case("first version", memory)
    assert "is not as without a kill" in complaint(case, case.calls // 2, "DELETE FROM sessions WHERE id='22'")
