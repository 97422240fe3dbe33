"""Twenty people at once beside a daemon that is restarted and killed under them: what was acknowledged is recorded
exactly once, and every task is done exactly once."""

import os
import signal
import threading
import time

import pytest

from conftest import DEADLINE_S, until
from daemons import pid_of

PEOPLE = 20
PLANS_EACH = 4

PLAN = """workstream: w%(n)d
tasks:
  ok%(n)d: {run: "echo $SK_ATTEMPT >> ok%(n)d.ran"}
  bad%(n)d: {run: "test -e fixed%(n)d && echo $SK_ATTEMPT >> bad%(n)d.ran", retries: 0}
  behind%(n)d: {run: "echo $SK_ATTEMPT >> behind%(n)d.ran", needs: [bad%(n)d]}
  held%(n)d: {run: ": < gate"}
"""

DONE, REFUSED, BUSY, UNKNOWN, KILLED = 0, 4, 6, 8, -9
AGAIN = (REFUSED, BUSY, UNKNOWN, KILLED)  # a command that holds the lock for a moment may be who is killed


class Person(threading.Thread):
    """Submits a plan, mends and repeats what fails, cancels what hangs, and waits; asks again when nobody answers."""

    def __init__(self, work, numbers, end):
        super().__init__()
        self.work, self.numbers, self.n, self.end = work, numbers, numbers[0], end
        self.acknowledged, self.asked, self.problem = [], 0, None

    def ask(self, *words):
        """Until it is done or refused; what was asked bears its own reason."""
        while time.monotonic() < self.end:
            self.asked += 1
            reason = "r%d.%d." % (self.n, self.asked)
            done = self.work(*words, "--reason", reason, "--json")
            if done.code == DONE:
                self.acknowledged.append((reason, done.json["recorded"], words))
                return done.code
            assert done.code in AGAIN, done.err
            if done.code == REFUSED:
                return done.code
        raise AssertionError("not in time: %r" % (words,))

    def submit(self):
        while time.monotonic() < self.end:
            done = self.work("submit", "p%d.yaml" % self.n)
            if done.code == DONE:
                return
            assert done.code in AGAIN, done.err
        raise AssertionError("not submitted in time")

    def state(self, task):
        shown = self.work("task", "show", task + str(self.n), "--json")
        assert shown.code == DONE, shown.err
        return shown.json["state"]

    def wait_for(self, task, *states):
        state = None
        while time.monotonic() < self.end:
            state = self.state(task)
            if state in states:
                return state
        raise AssertionError("%s%d is %s" % (task, self.n, state))

    def steps(self):
        self.submit()
        self.wait_for("bad", "failed")
        (self.work.folder / ("fixed%d" % self.n)).touch()
        self.ask("task", "retry", "bad%d" % self.n)
        assert self.work("status", "--json").code == DONE
        self.wait_for("held", "running", "assigned", "queued")
        self.ask("task", "cancel", "held%d" % self.n, "--yes")
        while time.monotonic() < self.end:
            waited = self.work("wait", "w%d" % self.n, "--timeout", "1m")
            if waited.code != REFUSED:
                break
        assert waited.code in (0, 1), waited.err

    def run(self):
        try:
            for self.n in self.numbers:
                self.steps()
        except BaseException as problem:  # the test tells of it
            self.problem = problem


def disturb(work, people):
    """Restarts and kills the daemon by turns until all are done."""
    count = 0
    while any(person.is_alive() for person in people):
        count += 1
        if count % 3 == 0:
            pid = pid_of(work)
            if pid:
                os.kill(pid, signal.SIGKILL)
            started = work("daemon", "start", "--jobs", "64", "--workstreams", "64")
        else:
            started = work("daemon", "restart", "--jobs", "64", "--workstreams", "64")
        assert started.code in (DONE, BUSY), started.err
        asked = work("daemon", "status")
        assert asked.code in (DONE, 3, BUSY), asked.err
    return count


def test_acknowledged_once_and_done_once(work):
    work.gate()
    for n in range(PEOPLE * PLANS_EACH):
        work.plan(PLAN % {"n": n}, "p%d.yaml" % n)
    assert work("daemon", "start", "--jobs", "64", "--workstreams", "64").code == 0
    people = [Person(work, range(n, PEOPLE * PLANS_EACH, PEOPLE), time.monotonic() + 150) for n in range(PEOPLE)]
    for person in people:
        person.start()
    disturbed = disturb(work, people)
    for person in people:
        person.join()
    problems = ["%d: %r" % (person.n, person.problem) for person in people if person.problem]
    assert not problems, "\n".join(problems)
    assert disturbed > 5
    assert work("daemon", "restart").code == 0
    assert work("daemon", "stop").code == 0
    check(work, people)


def check(work, people):
    events = work.events()
    for reason, recorded, words in [one for person in people for one in person.acknowledged]:
        found = [e for e in events if e.get("reason", "") == reason]
        assert (len(found) > 0) == (recorded > 0), (words, recorded, found)
        kinds = [(e["event"], e.get("task_id"), e.get("to_state")) for e in found]
        assert len(kinds) == len(set(kinds)), kinds
    for n in range(PEOPLE * PLANS_EACH):
        assert len([e for e in events if e["event"] == "workstream_created" and e["workstream_id"] == "w%d" % n]) == 1
        for task in ("ok", "bad", "behind"):
            done = [e for e in events if e["event"] == "task_completed" and e.get("task_id") == task + str(n)]
            assert len(done) == 1 and len(work.lines("%s%d.ran" % (task, n))) == 1, (task, n, done)
        assert work.state_of("held%d" % n) == "cancelled"
    checked = work("state", "validate")
    assert checked.code == 0, checked.out
    work.nothing_left()


def run_many(work, person, problems):
    """One small plan after the other: most of them begin while another run ends."""
    for i in range(10):
        name = "e%d_%d" % (person, i)
        work.plan("workstream: %s\ntasks: {%s: {run: 'echo $SK_ATTEMPT >> %s.ran'}}" % (name, name, name), name + ".yaml")
        done = work("run", name + ".yaml")
        if done.code != 0 or work.lines(name + ".ran") != ["1"]:
            problems.append((name, done.code, done.err, work.lines(name + ".ran")))


def test_a_run_that_begins_while_another_one_ends(work):
    problems = []
    people = [threading.Thread(target=run_many, args=(work, person, problems)) for person in range(6)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert not problems
    assert len(work.events("workstream_created")) == 60
    assert work("state", "validate").code == 0
    work.nothing_left()


def test_the_same_plan_at_the_same_moment_is_run_once(work):
    tasks = "".join("  t%%(n)d_%d: {run: 'true'}\n" % i for i in range(5))
    for i in range(5):
        work.plan("workstream: w%d\ntasks:\n" % i + tasks % {"n": i}, "p.yaml")
        runs = [work.start("run", "p.yaml") for _ in range(4)]
        for run in runs:
            _, said = run.communicate(timeout=DEADLINE_S)
            assert run.returncode == 0, said
    assert len(work.events("workstream_created")) == 5
    assert len(work.events("task_completed")) == 25
    work.nothing_left()
