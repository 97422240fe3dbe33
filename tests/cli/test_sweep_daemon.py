"""SIGKILL at the boundaries of `sk submit` and of the verbs of the daemon: whatever was reached by then, the same words
again bring about what was asked for, and every task ran once.

tests/crash/sweep.c kills the command, not the daemon that it talks to: a terminal that is closed, a script that is ended.
The fast tier takes a sample of the boundaries, another one each time; SK_TIER=full takes all.
"""

import json
import os
import random
import subprocess

import pytest

from conftest import DEADLINE_S, until
from killing import Broken, Run, tool
from sweeping import Beside

FULL = os.environ.get("SK_TIER") == "full"
SAMPLE = 8
SEED = int(os.environ.get("SK_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)

PLAN = """workstream: w
tasks:
  first: {run: "echo $SK_ATTEMPT >> first.ran; : < gate"}
  second: {run: "echo $SK_ATTEMPT >> second.ran", needs: [first]}
"""


def numbers_of(calls):
    """The first boundaries, which no delay moves, and some of the others."""
    if FULL or calls <= SAMPLE:
        return range(1, calls + 1)
    return sorted([1, 2, 3, *random.Random(SEED).sample(range(4, calls + 1), SAMPLE - 3)])


class Place(Run):
    """A folder in which a daemon serves, may serve, or has served. Its first task waits at the gate."""

    def __init__(self, folder):
        super().__init__(folder, plan=PLAN, tasks=["first", "second"])
        self.env["ASAN_OPTIONS"] = "detect_leaks=0"  # nobody can look for leaks in a process that is traced
        os.mkfifo(folder / "gate")
        self.gate = None

    def ask(self, *words, front=()):
        """The exit code. Nobody inherits a pipe of ours: a daemon would keep it open."""
        with open(self.folder / "said", "w+") as said:
            code = subprocess.run([*front, self.words[0], *words], cwd=self.folder, env=self.env, timeout=DEADLINE_S,
                                  stdin=subprocess.DEVNULL, stdout=said, stderr=said).returncode
            said.seek(0)
            self.story.append("%s: exit %d %s" % (" ".join(words), code, said.read().strip()))
        return code

    def killed(self, number, *words):
        """The words, killed before call `number`; 0 = not at all -> the driver's report."""
        report = self.folder / "report.json"
        self.ask(*words, front=[tool("crash/sweep"), "--report", str(report), "--kill", str(number), "--"])
        told = json.loads(report.read_text())
        self.story.append(json.dumps(told))
        return told

    def must(self, *words):
        if self.ask(*words) != 0:
            raise Broken("%s does not work; %s" % (" ".join(words), self.told()))

    def require(self, kept, what):
        if not kept:
            raise Broken("%s; %s" % (what, self.told()))

    def recorded(self, kind):
        path = self.folder / ".state" / "transitions.jsonl"
        return [event for event in self.events() if event["event"] == kind] if path.exists() else []

    def begin(self):
        self.must("daemon", "start")
        self.must("submit", "plan.yaml")
        until(lambda: self.ran("first"), "the first task begins")

    def open_gate(self):
        self.gate = os.open(self.folder / "gate", os.O_RDWR)

    def finish(self):
        """The plan comes to its end, once, and the daemon to its own."""
        self.open_gate()
        self.must("wait", "w")
        self.must("daemon", "stop")
        self.require(self.ask("state", "validate") == 0, "something is wrong in the end")
        self.require(len(self.recorded("workstream_created")) == 1, "the plan is not recorded once")
        self.require(len(self.recorded("orchestrator_started")) == len(self.recorded("orchestrator_stopped")),
                     "an orchestrator did not stop in good order")
        self.judge()

    def close(self):
        self.end()
        if self.gate is not None:
            os.close(self.gate)


def submit(place, number):
    place.must("daemon", "start")
    told = place.killed(number, "submit", "plan.yaml")
    place.require(len(place.recorded("workstream_created")) <= 1, "it is recorded twice")
    place.must("submit", "plan.yaml")
    place.finish()
    return told


def start(place, number):
    """What it had started by then may go on, and comes up or not; starting it again is the same for whoever does that."""
    told = place.killed(number, "daemon", "start")
    until(lambda: place.ask("daemon", "start") in (0, 6), "it comes up, or is there")
    until(lambda: place.ask("daemon", "status") == 0, "it answers")
    place.must("submit", "plan.yaml")
    place.finish()
    return told


def restart(place, number):
    place.begin()
    told = place.killed(number, "daemon", "restart")
    until(lambda: place.ask("daemon", "restart") == 0, "it is exchanged")
    place.require(place.ran("first") == [1], "what ran was disturbed")
    place.finish()
    return told


def stop(place, number):
    """Who asked for the end does not see it; asking again waits for it, or finds that it has come."""
    place.begin()
    told = place.killed(number, "daemon", "stop", "--leave")
    place.must("daemon", "stop", "--leave")
    place.require(place.ran("first") == [1], "what ran was disturbed")
    place.must("daemon", "start")
    place.finish()
    return told


def release(place, number):
    place.must("daemon", "start", "--paused")
    place.must("submit", "plan.yaml")
    told = place.killed(number, "daemon", "release")
    place.must("daemon", "release")
    place.finish()
    return told


@pytest.mark.parametrize("verb", [submit, start, restart, stop, release], ids=lambda verb: verb.__name__)
def test_killed(tmp_path, verb):
    def once(number):
        place = Place(tmp_path / str(number))
        try:
            return verb(place, number)
        finally:
            place.close()

    whole = once(0)
    calls = whole["orchestrator"]
    killed = [number for number in numbers_of(calls) if once(number)["killed"]]
    print("SK_SEED=%d: %s killed at %r of %d boundaries" % (SEED, verb.__name__, killed, calls))
    assert whole["exit"] == 0 and killed[:3] == [1, 2, 3], "the driver has hardly killed anything"


def submission_meets_death(folder, number):
    """A second plan is submitted to a run, which is killed before call `number` from then on -> the driver's report."""
    run = Beside(folder, "--kill", number)
    (folder / "other.yaml").write_text("workstream: v\ntasks: {other: {run: 'echo $SK_ATTEMPT >> other.ran'}}\n")
    try:
        (folder / "armed").touch()
        code = run.ask("submit", "other.yaml")
        run.require(code in (0, 4, 6, 8), "the command ended with %d" % code)
        run.require(code or run.recorded("workstream_created", workstream_id="v") == 1, "it was told as done, and is not")
        run.require(code == 0 or "Try: " in run.said, "it does not say what to do")
        report = run.let_go()
        run.require(run.recorded("workstream_created", workstream_id="v") <= 1, "it is recorded twice")
        run.require(run.ask("run", "-q", "other.yaml") == 0, "the same again does not work")
        run.require(run.recorded("workstream_created", workstream_id="v") == 1 and len(run.ran("other")) == 1,
                    "it is not done once")
        run.go_on()
        run.require(run.ask("state", "validate") == 0 and run.ran("held") == [1], "something is wrong in the end")
    finally:
        run.close()
    return report


def test_orchestrator_killed_with_a_submission(tmp_path):
    calls = submission_meets_death(tmp_path / "0", 0)["orchestrator"]
    killed = [number for number in numbers_of(calls) if submission_meets_death(tmp_path / str(number), number)["killed"]]
    print("SK_SEED=%d: killed at %r of %d boundaries" % (SEED, killed, calls))
    assert killed[:3] == [1, 2, 3], "the driver has hardly killed anything"
