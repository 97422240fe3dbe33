"""SIGKILL before every system call of every command on goals that changes something: it is done or not done, the files
agree with the journal, nobody's edit is invented, and doing it again leads to where an undisturbed run leads.

The fast tier takes a sample of the boundaries, another one each time (SK_SEED repeats it); SK_TIER=full takes all.
"""

import concurrent.futures
import fcntl
import itertools
import json
import os
import random
import re
import shutil
import subprocess

import pytest

from conftest import DEADLINE_S, binary
from goal_work import Goals
from killing import Broken, tool
from sweeping import ON_GOALS, difference, plain

FULL = os.environ.get("SK_TIER") == "full"
SAMPLE = 6
SEED = int(os.environ.get("SK_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
# What no two runs share, beside the moments.
CHANCE = {"goal_id", "tentacle_id", "turn", "seq", "last_seq", "owner", "handoff_digest", "handoff_was", "output_hash", "todo_was", "id",
          "active_since", "log_path"}


def nothing(goals):
    """No store at all."""


def begun(goals):
    goals.begin("a goal", "--max-iterations", "9")


def at_work(goals):
    begun(goals)
    for name in ("lexer", "parser"):
        assert goals.t("create", name, "--scope", "src").code == 0
        assert goals.t("todo", name, "add", "first").code == 0
        assert goals.g("link", name).code == 0
    assert goals.g("gate", "add", "review").code == 0
    assert goals.g("criteria", "add", "--id", "tests", "--desc", "pass", "--verify-cmd", "true").code == 0


def paused(goals):
    at_work(goals)
    assert goals.g("eval", "--decision", "pause").code == 0


def handed_off(goals):
    at_work(goals)
    assert goals.t("handoff", "lexer", "well done", "--status", "DONE").code == 0


def parked(goals):
    at_work(goals)
    goals.t("handoff", "lexer", "Quota exhausted", "--status", "BLOCKED")
    assert goals.meta("lexer")["status"] == "parked"


def ended(goals):
    """A session that ended while somebody held the store, and left word."""
    at_work(goals)
    with open(goals.home / "goal.json.lock", "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        payload = goals.folder / "home" / "payload"
        payload.write_text('{"sessionId":"s1","reason":"user_exit"}')
        with open(payload) as stdin:
            assert goals("hooks", "run", "sessionEnd", stdin=stdin).code == 0
    assert (goals.home / "goal-pause-pending.json").exists()


def with_more(goals):
    at_work(goals)
    assert goals.t("todo", "lexer", "add", "second").code == 0


def edited(goals):
    at_work(goals)
    goals.edit(title="another title")


def spoiled(goals):
    at_work(goals)
    (goals.home / "goal.json").write_text("not JSON")


def lost(goals):
    """The journal is gone; what the files say is all there is."""
    handed_off(goals)
    (goals.home / "transitions.jsonl").unlink()


def cut(goals):
    """The journal lacks its last records, which the files know of."""
    handed_off(goals)
    path = goals.home / "transitions.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-2]))


# name: the state it begins with, the words, how it ends when done, how it may end when done again
CASES = {
    "init": (nothing, "goal init --title one", 0, {0, 4}),
    "init beside": (at_work, "goal init --title two --force", 0, {0}),
    "eval pause": (at_work, "goal eval --decision pause", 0, {0, 4}),
    "eval abandon": (paused, "goal eval --decision abandon --notes enough", 0, {0, 4}),
    "resume": (paused, "goal resume", 0, {0}),
    "gate add": (begun, "goal gate add review --desc read", 0, {0}),
    "gate approve": (at_work, "goal gate approve review --reason fine", 0, {0}),
    "gate reject": (at_work, "goal gate reject review --reason no", 0, {0, 4}),
    "criteria add": (begun, "goal criteria add --id c --desc d --verify-cmd true", 0, {0, 4}),
    "criteria check": (at_work, "goal criteria check", 0, {0}),
    "budget": (begun, "goal budget --max-iterations 4", 0, {0}),
    "spend": (begun, "goal spend --tokens 10", 0, {0}),
    "link": (handed_off, "goal link parser", 0, {0}),
    "repair": (spoiled, "goal repair", 0, {0}),
    "repair from files": (lost, "goal repair --from files --yes", 0, {0, 4}),
    "repair from journal": (cut, "goal repair --from journal --yes", 0, {0, 4}),
    "resume from iteration": (handed_off, "goal resume --from-iteration 1", 0, {0}),
    "an edit is taken in": (edited, "goal budget --max-iterations 4", 0, {0}),
    "a pause is taken in": (ended, "goal budget --max-iterations 4", 0, {0}),
    "create": (begun, "create lexer --scope src --desc text", 0, {0, 4}),
    "todo add": (at_work, "todo lexer add second", 0, {0}),
    "todo done": (at_work, "todo lexer done 0", 0, {0}),
    "handoff": (at_work, "handoff lexer text --status DONE --changed-file src/a.c", 0, {0}),
    "handoff parked": (at_work, "handoff lexer Quota-exhausted,-try-later --status BLOCKED --quota-reason rate_limit", 75, {75, 4}),
    "resume tentacle": (handed_off, "resume lexer", 0, {0, 4}),
    "complete": (handed_off, "complete lexer", 0, {0, 4}),
    "delete": (handed_off, "delete lexer --yes", 0, {3}),
    "dispatch": (at_work, "dispatch lexer", 0, {0}),
    "release": (parked, "retry-queue release lexer", 0, {0, 4}),
    "hold": (parked, "retry-queue hold lexer", 0, {0}),
    "goal create": (nothing, "goal create --title one", 0, {0, 4}),
    "gate pass": (at_work, "goal gate pass review", 0, {0}),
    "gate fail": (at_work, "goal gate fail review", 0, {0}),
    "criteria remove": (at_work, "goal criteria remove tests", 0, {0, 3}),
    "verify-loop": (at_work, "goal verify-loop --max-retries 1 --retry-delay 1", 0, {0}),
    "verify": (at_work, "verify lexer true", 0, {0}),
    "split": (with_more, "split lexer left right", 0, {0, 4}),
    "swarm": (at_work, "swarm lexer", 0, {0}),
}
# Doing it again adds to it.
ADDS = {"init beside", "spend", "todo add", "handoff", "handoff parked", "dispatch", "swarm", "criteria check",
        "verify-loop", "verify"}
# Killed step by step in a script of their own, or nothing but another name.
ELSEWHERE = {"tentacle worktree", "tentacle goal loop", "tentacle goal choose", "breaker reset", "retry-queue"}


def without_chance(value):
    """Also without the minute that heads a section of a hand-off."""
    if isinstance(value, str):
        return re.sub(r"## \[[0-9: -]+ UTC\]", "## [then]", value)
    if isinstance(value, dict):
        return {key: without_chance(member) for key, member in value.items() if key not in CHANCE}
    return [without_chance(member) for member in value] if isinstance(value, list) else value


class Case:
    """A case made ready: the folder it begins with, and what it is like without a kill."""

    def __init__(self, name, folder):
        self.name, self.folder = name, folder
        prepare, words, self.ends, self.again = CASES[name]
        self.words = ["tentacle", *words.split()]
        (folder / "pristine").mkdir()
        made = Goals(folder / "pristine")
        prepare(made)
        self.count = itertools.count()
        self.before = self.look(self.fresh("before"))
        whole = self.fresh("whole")
        report = self.sweep(whole)
        if report["exit"] != self.ends:
            raise Broken("%s ended with %d without a kill" % (name, report["exit"]))
        self.calls, self.whole = report["orchestrator"], self.look(whole)

    def fresh(self, name):
        folder = self.folder / name
        shutil.copytree(self.folder / "pristine", folder, symlinks=True)
        goals = Goals.__new__(Goals)
        goals.__dict__.update(folder=folder, home=folder / ".octogent", started=[], gates=[], tag=str(folder))
        goals.env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(folder / "home"),
                     "SK_HOME": str(folder / "home"), "ASAN_OPTIONS": "detect_leaks=0"}
        return goals

    def sweep(self, goals, *options):
        report = goals.folder / "report.json"
        subprocess.run([tool("crash/sweep"), "--report", str(report), *map(str, options), "--", binary(), *self.words],
                       cwd=goals.folder, env=goals.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=DEADLINE_S, check=False)
        return json.loads(report.read_text())

    @staticmethod
    def look(goals):
        """The journal and what the commands that look say, without moments and chance."""
        events = [without_chance(plain(event)) for event in goals.events()]
        pages = []
        for words in (["goal", "status"], ["status"], ["goal", "next-iter"]):
            done = goals.t(*words, "--json")
            if done.code not in (0, 2, 3, 7):  # 7: until a person says from what to go on
                raise Broken("%s: %s" % (words, done.err))
            if done.err.strip() and done.code == 0:
                raise Broken("%s complains: %s" % (words, done.err))
            pages.append(without_chance(plain(json.loads(done.out or done.err))))
        return {"events": events, "pages": pages}

    def killed(self, number):
        goals = self.fresh("%d-%d" % (number, next(self.count)))
        report = self.sweep(goals, "--kill", number)
        events = self.look(goals)["events"]
        before, whole = self.before["events"], self.whole["events"]
        if events[:len(before)] != before or events != whole[:len(events)]:
            raise Broken("%s, killed before call %d: the journal is no beginning of a whole run: %s"
                         % (self.name, number, difference(events, whole)))
        done = goals(*self.words)
        if done.code not in self.again | {self.ends}:
            raise Broken("%s, killed before call %d, again: exit %d: %s" % (self.name, number, done.code, done.err))
        invented = {"goal_edited", "tentacle_edited", "goal_imported"} - {event["event"] for event in whole}
        if [event for event in goals.events() if event["event"] in invented]:
            raise Broken("%s, killed before call %d: an edit that nobody made" % (self.name, number))
        look = self.look(goals)
        if self.name not in ADDS and look["pages"] != self.whole["pages"]:
            raise Broken("%s, killed before call %d, again: %s"
                         % (self.name, number, difference(look["pages"], self.whole["pages"])))
        # A last command of another kind leaves nothing behind.
        assert goals.g("budget", "--max-tentacles", "77").code in (0, 3, 4), goals.g("status").err
        # CONTEXT.md is written by whoever needs it next.
        left = [path for path in goals.home.rglob("*.tmp") if path.name != "CONTEXT.md.tmp"]
        if left:
            raise Broken("%s, killed before call %d: left behind: %r" % (self.name, number, left))
        shutil.rmtree(goals.folder)
        return report["killed"]


@pytest.mark.parametrize("name", CASES)
def test_killed(tmp_path, name):
    case = Case(name, tmp_path)
    numbers = list(range(1, case.calls + 1))
    if not FULL:
        numbers = sorted(random.Random(SEED).sample(numbers, min(SAMPLE, len(numbers))))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        killed = sum(future.result() for future in [pool.submit(case.killed, number) for number in numbers])
    print("SK_SEED=%d: %s killed at %d of %d boundaries" % (SEED, name, killed, case.calls))
    assert killed >= len(numbers) * 9 // 10, "the driver has hardly killed anything"


def test_every_command_that_changes_something_has_a_case(goals):
    def ask(*words):
        return goals("help", *words, "--json").json

    names = [row["command"] for row in ask()["commands"]]
    swept = {max((name for name in names if ("tentacle " + words + " ").startswith(name + " ")), key=len)
             for _, words, *_ in CASES.values()}
    changing = {name for name in names if name.split()[0] in ON_GOALS
                and "operator" in {option["name"] for option in ask(*name.split()).get("options", [])}}
    assert changing - swept - ELSEWHERE == set()
