"""SIGKILL before every system call that changes something, of what changes schedules and of what they run: the configuration
is whole, the database is whole with all its rows, no slot is lost, and none is run twice without saying so.

The fast tier takes a sample of the boundaries, another one each time (SK_SEED repeats it); SK_TIER=full takes all.
"""

import concurrent.futures
import itertools
import json
import os
import random
import shutil
import sqlite3
import subprocess

import pytest

from conftest import DEADLINE_S, Sk, binary
from killing import Broken, tool
from maintenance import Home

FULL = os.environ.get("SK_TIER") == "full"
SAMPLE = 10
SEED = int(os.environ.get("SK_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
CHANCE = {"id", "created_at", "last_run_at", "last_attempt_at", "last_message"}


def plain(home):
    config = json.loads(home.path.read_text()) if home.path.exists() else {}
    return [{key: value for key, value in task.items() if key not in CHANCE} for task in config.get("tasks", [])]


def nothing(home):
    home.make(ROWS).close()


def other(home):
    nothing(home)
    home.add("other", "--template", "cleanup", "--disabled")


def scheduled(home):
    other(home)
    home.add("vacuum", "--interval", "1h")


def with_wal(home):
    """As a writer leaves it that was killed: what it committed is in the WAL alone."""
    home.folder.chmod(0o700)
    db = home.make(ROWS)
    for name in ("knowledge.db", "knowledge.db-wal"):
        shutil.copy2(home.folder / name, home.home / name)
    db.close()
    for name in ("knowledge.db", "knowledge.db-wal"):
        (home.home / name).rename(home.folder / name)
    assert (home.folder / "knowledge.db-wal").stat().st_size > 0
    home.add("wal-checkpoint", "--interval", "1h")


def with_leftovers(home):
    nothing(home)
    (home.folder / "cron-artifacts").mkdir(mode=0o700)
    for day in range(10, 20):
        (home.folder / "cron-artifacts" / ("202601%dT000000.000Z-0123456789ab.md" % day)).write_text("x")
    home.add("cleanup", "--interval", "1h")


ROWS = 60
# name: the state it begins with, the words, how it may end when done again
CASES = {
    "add, the first": (nothing, "add vacuum", {0}),
    "add": (other, "add vacuum", {0}),
    "remove": (scheduled, "remove vacuum", {0, 3}),
    "disable": (scheduled, "disable vacuum", {0}),
    "vacuum": (nothing, "run vacuum", {0}),
    "scheduled vacuum": (scheduled, "run --due", {0}),
    "scheduled checkpoint": (with_wal, "run --due", {0}),
    "scheduled cleanup": (with_leftovers, "run --due", {0}),
    "as a daemon": (scheduled, "__maintain", {0}),
}


class Case:
    def __init__(self, name, folder, rows=ROWS):
        self.name, self.folder, self.rows = name, folder, rows
        prepare, words, self.again = CASES[name]
        self.words = words.split() if words.startswith("__") else ["cron", *words.split()]
        self.runs = "run" in self.words or self.words[0] == "__maintain"
        self.count = itertools.count()
        (folder / "pristine").mkdir()
        made = Home(Sk(folder / "pristine"))
        prepare(made)
        self.before = plain(made)
        whole = self.fresh("whole")
        report = self.sweep(whole)
        if report["exit"] != 0:
            raise Broken("%s ended with %d without a kill" % (name, report["exit"]))
        self.calls, self.whole = report["orchestrator"], plain(whole)

    def fresh(self, name):
        folder = self.folder / name
        shutil.copytree(self.folder / "pristine", folder, symlinks=True)
        home = Home.__new__(Home)
        home.sk = Sk(folder)
        home.home = folder / "home"
        home.folder = home.home / ".copilot" / "session-state"
        home.db, home.path = home.folder / "knowledge.db", home.folder / "cron-config.json"
        home.sk.env.update(SK_HOME=str(home.home), ASAN_OPTIONS="detect_leaks=0")
        return home

    def sweep(self, home, *options):
        report = home.home / "report.json"
        subprocess.run([tool("crash/sweep"), "--report", str(report), *map(str, options), "--", binary(), *self.words],
                       env=home.sk.env, cwd=home.home, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=DEADLINE_S, check=False)
        return json.loads(report.read_text())

    def broken(self, home, number, what):
        raise Broken("%s, killed before call %d: %s; %r" % (self.name, number, what, home.statuses()))

    def check_database(self, home, number):
        """Also as it is found by somebody else: with whatever the kill left beside it."""
        try:
            home.whole(self.rows)
        except (AssertionError, sqlite3.DatabaseError) as problem:
            self.broken(home, number, "the database is not whole: %s" % problem)

    def killed(self, number):
        home = self.fresh("%d-%d" % (number, next(self.count)))
        report = self.sweep(home, "--kill", number)
        between = [{key: value for key, value in task.items() if key not in ("running", "last_status")}
                   for task in plain(home)]
        ends = [[{key: value for key, value in task.items() if key != "last_status"} for task in tasks]
                for tasks in (self.before, self.whole)]
        if between not in ends:
            self.broken(home, number, "the schedules are neither the old nor the new ones: %r" % between)
        if number % 2:  # else sk is the first to see what the kill left
            self.check_database(home, number)
        listed = home("list", "--json")
        if listed.code != 0:
            self.broken(home, number, "it cannot be listed: " + listed.err)
        done = home.sk(*self.words)
        if done.code not in self.again:
            self.broken(home, number, "again: exit %d: %s" % (done.code, done.err))
        if plain(home) != self.whole:
            self.broken(home, number, "again leads elsewhere: %r" % plain(home))
        self.check_database(home, number)
        self.check_runs(home, number)
        left = [path.name for path in home.folder.rglob("*tmp")]
        if left:
            self.broken(home, number, "left behind: %r" % left)
        shutil.rmtree(home.home)
        return report["killed"]

    def check_runs(self, home, number):
        statuses = home.statuses()
        if not self.runs:
            return
        if not statuses or statuses[-1] not in ("ok", "interrupted") or "ok" not in statuses:
            self.broken(home, number, "it was not run")
        if self.before and statuses.count("ok") > 1 and "interrupted" not in statuses:
            self.broken(home, number, "a slot was run twice, and nobody is told")
        count = len(statuses)
        if self.before and (home("run", "--due").code != 0 or len(home.statuses()) != count):
            self.broken(home, number, "it is run once more")


def sweep(case, sample):
    numbers = list(range(1, case.calls + 1))
    if not FULL:
        numbers = sorted(random.Random(SEED).sample(numbers, min(sample, len(numbers))))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        killed = sum(future.result() for future in [pool.submit(case.killed, number) for number in numbers])
    print("SK_SEED=%d: %s killed at %d of %d boundaries" % (SEED, case.name, killed, case.calls))
    assert killed >= len(numbers) * 9 // 10, "the driver has hardly killed anything"


@pytest.mark.parametrize("name", CASES)
def test_killed(tmp_path, name):
    sweep(Case(name, tmp_path), SAMPLE)


def test_a_large_vacuum_is_killed_in_the_middle(tmp_path, monkeypatch):
    """Megabytes are on their way then, in the WAL and in the database."""
    rows = 6000
    monkeypatch.setitem(globals(), "ROWS", rows)
    case = Case("scheduled vacuum", tmp_path, rows)
    assert case.calls > 100
    for number in sorted(random.Random(SEED).sample(range(20, case.calls - 20), 40 if FULL else 5)):
        assert case.killed(number)
