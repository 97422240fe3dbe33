"""What the sweep over commands that change something shares: stores to begin with, death at a chosen call, and the judge.

The judge knows the journal before the act and the one behind it, from a run that nobody killed. Whatever a killed command
leaves has to be one of the two, or in between at the end of a turn where an act has several.
"""

import functools
import itertools
import json
import os
import pathlib
import shutil
import subprocess

from acts import fail, write
from conftest import DEADLINE_S, TAG, binary, tagged, until
from killing import Broken, Run, tool
from states import flip

# What differs between two runs of the same: moments, processes, and what is worked out from both.
TOLD_APART = {"timestamp", "sum", "offset", "pid", "pid_start", "pid_start_time", "boot_id", "nonce", "state_dir"}


def plain(value):
    """A document without moments, durations and checksums."""
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()
                if key not in TOLD_APART and not key.endswith(("_at", "_ms", "_seconds", "_kb", "_bytes"))}
    return [plain(member) for member in value] if isinstance(value, list) else value


def difference(one, other, place=""):
    """The first place where two documents differ, for a failure."""
    if type(one) is type(other) and isinstance(one, (dict, list)):
        keys = sorted({*one, *other}) if isinstance(one, dict) else range(max(len(one), len(other)))
        for key in keys:
            pair = [x.get(key) if isinstance(x, dict) else x[key] if key < len(x) else None for x in (one, other)]
            if pair[0] != pair[1]:
                return difference(*pair, "%s/%s" % (place, key))
    return "%s: %r, %r" % (place, one, other)


class Store:
    """A folder with a state in it that commands are run on, each of them to its end or to its death."""

    def __init__(self, folder, pristine=None):
        self.folder = folder
        if pristine:
            shutil.copytree(pristine, folder, ignore=shutil.ignore_patterns("*.sock"))
        self.state = folder / ".state"
        self.journal = self.state / "transitions.jsonl"
        # The search for leaks does not work in a process that is traced; in other builds the word means nothing.
        self.env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "ASAN_OPTIONS": "detect_leaks=0",
                    TAG: "sweep-%d-%s" % (os.getpid(), folder)}
        self.story = []

    def __call__(self, *words, front=()):
        done = subprocess.run([*front, binary(), *words], cwd=self.folder, env=self.env, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=DEADLINE_S)
        self.story.append("%s: exit %d %s" % (" ".join(words), done.returncode, done.stderr.strip()))
        return done

    def sweep(self, words, *options):
        """The words under the driver -> its report, and what was said by then."""
        report = self.folder / "report.json"
        done = self(*words, front=[tool("crash/sweep"), "--report", str(report), *map(str, options), "--"])
        told = json.loads(report.read_text())
        self.story.append(json.dumps(told))
        return told, done.stdout

    def broken(self, what):
        records = ["%s %s" % (event["seq"], event["event"]) if isinstance(event, dict) else event[:60]
                   for event in self.events()[-8:]]
        raise Broken("\n".join([what, str(self.folder), *self.story, ", ".join(records)]))

    def events(self):
        """The journal without moments: two stores with the same history have the same."""
        lines = self.journal.read_bytes().split(b"\n") if self.journal.exists() else []
        try:
            return [plain(json.loads(line)) for line in lines[:-1]]
        except ValueError:
            return [line.decode(errors="replace") for line in lines[:-1]]

    def diary(self):
        path = self.state / "interventions.log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    def wrong(self):
        """What `sk state validate` finds, as a set of checks, or None when it cannot even look."""
        done = self("state", "validate", "--json")
        if done.returncode not in (0, 1, 7):
            self.broken("the state cannot be validated")
        return {check["check"] for check in json.loads(done.stdout)["checks"] if check["outcome"] == "FAIL"}

    def shown(self):
        """What the commands that look say of it."""
        pages = []
        for words in (["status", "--all"], ["task", "list"], ["worker", "list"], ["resource", "list"]):
            done = self(*words, "--json")
            if done.returncode not in (0, 1, 7):
                self.broken("it does not open")
            pages.append(plain(json.loads(done.stdout or done.stderr)))
        return pages

    def temps(self):
        return [str(path) for path in self.state.rglob("*.tmp")]

    def end(self):
        for pid in tagged(self.env[TAG]):
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                pass
        until(lambda: not tagged(self.env[TAG]), "the processes of the test end")


# --- stores to begin with -------------------------------------------------------------------------------------------


class Maker(Store):
    def __init__(self, folder):
        folder.mkdir(parents=True)
        super().__init__(folder)

    def __call__(self, *words, **more):
        done = super().__call__(*words, **more)
        done.code = done.returncode
        return done


def failed(made):
    """zero is completed, one has failed, two was cancelled with it."""
    fail(made)


def retried(made):
    fail(made)
    assert made("task", "retry", "one").code == 0


def waiting(made):
    write(made, "plan.yaml", "workstream: w\nresources: {r: 1}\n"
                             "tasks:\n  a: {run: 'false', resources: [r]}\n  b: {run: 'true', needs: [a]}\n")
    assert made("run", "plan.yaml").code == 1


def unchecked(made):
    write(made, "plan.yaml", "workstream: w\ntasks:\n  one: {run: 'true', after: [{run: 'test -e there'}]}\n")
    assert made("run", "plan.yaml").code == 1
    write(made, "there", "")


def bereft(made):
    """Orchestrator and worker were killed while the worker had two tasks."""
    write(made, "plan.yaml", "workstream: w\nmax_parallel: 2\ntasks:\n"
                             "  a: {run: 'sleep 1000', retries: 1}\n  b: {run: 'sleep 1000'}\n")
    run = subprocess.Popen([binary(), "run", "-q", "plan.yaml"], cwd=made.folder, env=made.env,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: [e["event"] for e in made.events()].count("task_started") == 2, "both run")
    workers = set(tagged(made.env[TAG])) - {run.pid}
    run.kill()
    run.wait()
    made.end()
    until(lambda: not any(pathlib.Path("/proc", str(pid)).exists() for pid in workers), "nothing is left to be reaped")


def half(made):
    """A snapshot that is broken, a view that is missing, and what writes leave that were cut short."""
    fail(made)
    (made.state / "current.json").write_text("broken")
    (made.state / "a.tmp").write_text("")
    (made.state / "by_status.json").unlink()
    with made.journal.open("ab") as journal:
        journal.write(b'{"seq":99,')


def two_runs(made):
    """Two runs with a backup of the first."""
    retried(made)


def no_snapshot(made):
    two_runs(made)
    (made.state / "current.json").write_text("broken")


def rotten(made):
    two_runs(made)
    flip(made.journal, 5)


class Case:
    """
    A command on a store. `ends` = how it ends there, `again` = how the same words end where they are done. `turns` = how
    many units of the journal the act is. One that mends may go through states that are neither the old nor the new one,
    as long as each of them is a way to the end. One that repeats is recorded again by doing it again, and changes
    nothing by that.
    """

    def __init__(self, prepare, words, again, turns=1, mends=False, repeats=False, ends=0):
        self.prepare, self.words, self.ends, self.again = prepare, words.split(), ends, again
        self.turns, self.mends, self.repeats = turns, mends, repeats


DONE, UNKNOWN, REFUSED, UNCONFIRMED = 0, 3, 4, 5

# It runs a task's command in a terminal and says so in the diary first; the state is not touched.
CHANGES_NOTHING = {"task debug"}

CASES = {
    "task retry": Case(failed, "task retry one", REFUSED),
    "task skip": Case(failed, "task skip one --yes", REFUSED),
    "task cancel": Case(retried, "task cancel one", REFUSED),
    "task fix-validation": Case(unchecked, "task fix-validation one", DONE, turns=0),
    "workstream retry": Case(failed, "workstream retry w --yes", REFUSED),
    "workstream retry-failed": Case(failed, "workstream retry-failed w", DONE),
    "workstream resume": Case(failed, "workstream resume w --from-task two --force", DONE),
    "workstream cancel": Case(retried, "workstream cancel w --yes", REFUSED),
    "workstream rollback": Case(retried, "workstream rollback w --yes", DONE, repeats=True),
    "dep remove": Case(waiting, "dep remove --from a --to b", DONE),
    "resource limit": Case(waiting, "resource limit r --max-holders 7", DONE),
    "worker shutdown": Case(bereft, "worker shutdown local --force --yes", REFUSED, turns=2),
    "worker restart": Case(bereft, "worker restart local --force", DONE, turns=2),
    "state restore": Case(no_snapshot, "state restore --from-backup latest", DONE, mends=True),
    "state repair": Case(half, "state repair --yes", DONE, mends=True),
    "recover": Case(rotten, "recover --yes", DONE, mends=True),
}

# What changes nothing is noted as well.
NOTHING = {
    "refused": Case(failed, "task retry zero", REFUSED, turns=0, ends=REFUSED),
    "unknown": Case(failed, "workstream cancel v --yes", UNKNOWN, turns=0, ends=UNKNOWN),
    "unconfirmed": Case(failed, "task skip one", UNCONFIRMED, turns=0, ends=UNCONFIRMED),
    "dry": Case(failed, "workstream retry-failed w --dry-run", DONE, turns=0),
}


ON_GOALS = {"tentacle", "retry-queue", "breaker"}


@functools.lru_cache(maxsize=None)
def commands_that_change():
    """Every row of the command table on tasks that asks who does it and why, which is what goes into the diary. Those on
    goals have a sweep of their own: test_goal_sweep.py."""
    def ask(*words):
        return json.loads(subprocess.run([binary(), "help", *words, "--json"], capture_output=True, text=True,
                                         timeout=DEADLINE_S, check=True).stdout)

    names = [row["command"] for row in ask()["commands"]]
    return [name for name in names if name not in CHANGES_NOTHING and name.split()[0] not in ON_GOALS
            and {"operator", "reason"} <= {option["name"] for option in ask(*name.split()).get("options", [])}]


# --- the judge ------------------------------------------------------------------------------------------------------

# What a mending command records of itself; doing it again may record it again.
OF_ITSELF = {"state_restored", "state_repaired", "torn_tail_dropped", "orchestrator_started", "orchestrator_stopped"}


def facts(events):
    """What was recorded of tasks, workstreams and workers. A wish may be there twice: it is asked for again when nobody
    was left to fulfil it."""
    found = []
    for event in events:
        if not isinstance(event, dict):
            found.append(event)
        elif event["event"] not in OF_ITSELF:
            fact = {key: value for key, value in event.items() if key not in ("seq", "turn", "epoch")}
            if not (found and fact == found[-1] and fact["event"] == "worker_leave_requested"):
                found.append(fact)
    return found


class Act:
    """A case made ready: the store it begins with, and what it is like without a kill."""

    def __init__(self, name, folder):
        self.name, self.case, self.folder = name, {**CASES, **NOTHING}[name], folder
        self.count = itertools.count()
        made = Maker(folder / "pristine")
        self.case.prepare(made)
        self.pristine = made.folder
        self.before = self._look("before")
        self.whole = self._look("whole", self.case.words)
        self.again = self._look("again", self.case.words, self.case.words)

    def _look(self, name, *runs):
        store = Store(self.folder / name, self.pristine)
        store.diary_before = len(store.diary())
        calls = 0
        for number, words in enumerate(runs):
            report, said = store.sweep(words)
            if report["exit"] != (self.case.again if number else self.case.ends):
                store.broken("without a kill it ended with %d" % report["exit"])
            calls = calls or report["orchestrator"]
        look = {"events": store.events(), "shown": store.shown(), "wrong": store.wrong(), "calls": calls,
                "notes": len(store.diary()) - store.diary_before}
        if look["notes"] != len(runs):
            store.broken("%d runs left %d lines in the diary" % (len(runs), look["notes"]))
        return look

    def killed(self, number, *options, second=None):
        """Killed before call `number`, judged, and done again; with `second` doing it again is killed there as well.
        Returns whether there were such calls."""
        store = Store(self.folder / ("%d-%d" % (number, next(self.count))), self.pristine)
        killed = True
        for at in [number] if second is None else [number, second]:
            noted = len(store.diary())
            report, said = store.sweep(self.case.words, "--kill", at, *options)
            self._whole_or_not(store, said, store.diary()[noted:])
            killed = killed and report["killed"]
        self._again(store, noted, report["killed"])
        shutil.rmtree(store.folder)
        return killed

    def _whole_or_not(self, store, said, notes):
        events, before, whole = store.events(), self.before["events"], self.whole["events"]
        done = facts(events) == facts(whole)
        if len(notes) > 1:
            store.broken("one run left %d lines in the diary" % len(notes))
        if (said or [note for note in notes if note["result"] == "ok"]) and not done:
            store.broken("it was told as done, and is not")
        # The one file that was being written; whoever writes next removes it, which _again() looks at.
        may_be = self.before["wrong"] | ({"left-overs"} if len(store.temps()) == 1 else set())
        if not self.case.mends and not store.wrong() <= may_be:
            store.broken("validation finds what was not there before: %r" % (store.wrong() - may_be))
        if self.case.mends:
            pass  # its own scripts judge what is in between
        elif self.case.turns < 2 and events not in (before, whole):
            store.broken("it is neither done nor not done")
        elif events[:len(before)] != before or facts(events) != facts(whole)[:len(facts(events))] or \
                (len(events) > len(before) and "turn" not in events[-1]):
            store.broken("the journal ends where no turn ends")
        for look in (self.before, self.whole):
            if events == look["events"] and store.shown() != look["shown"]:
                store.broken("the state is not what the journal says: " + difference(store.shown(), look["shown"]))

    def _again(self, store, noted, killed):
        left = len(store.diary()) - noted
        done = store.events() == self.whole["events"]
        ended = store(*self.case.words).returncode
        if ended not in {self.case.again, self.case.ends} or (done and ended != self.case.again):
            store.broken("the same again ended with %d" % ended)
        if len(store.diary()) - noted - left != 1:
            store.broken("doing it again left %d lines in the diary" % (len(store.diary()) - noted - left))
        if not killed and left != 1:
            store.broken("a run that nobody killed left %d lines in the diary" % left)
        if not (done and self.case.repeats) and facts(store.events()) != facts(self.whole["events"]):
            store.broken("the history is another one than without a kill: " +
                         difference(facts(store.events()), facts(self.whole["events"])))
        shown, whole = store.shown(), self.again["shown"]
        for pages in (shown, whole) if self.case.mends or self.case.repeats or self.case.turns > 1 else ():
            for of_itself in ("last_seq", "orchestrator"):
                pages[0].pop(of_itself, None)
        if shown != whole:
            store.broken("the state is another one than without a kill: " + difference(shown, whole))
        if store.wrong():
            store.broken("validation finds something in the end: %r" % store.wrong())
        # What a view's writer left is under a name that the next one begins anew; of the rest nothing may stay.
        if [path for path in store.temps() if "/checkpoints/" not in path] or len(store.temps()) > 1:
            store.broken("left behind: %r" % store.temps())


# --- beside an orchestrator -----------------------------------------------------------------------------------------

HELD = """
workstream: w
max_parallel: 2
resources: {r: 1}
tasks:
  held: {run: "echo $SK_ATTEMPT >> held.ran; : < gate", resources: [r]}
"""
BAD = """  bad: {run: "echo $SK_ATTEMPT >> bad.ran; test -e mended"}
"""


class Beside(Run):
    """A run under the driver; its task `held` is held until let_go(), `bad` has failed."""

    def __init__(self, folder, *options, bad=False):
        super().__init__(folder, plan=HELD + (BAD if bad else ""), tasks=["held"] + ["bad"] * bad)
        self.env["ASAN_OPTIONS"] = "detect_leaks=0"  # nobody can look for leaks in a process that is traced
        os.mkfifo(folder / "gate")
        self.report = folder / "report.json"
        self.gate = None
        self.process = subprocess.Popen(
            [tool("crash/sweep"), "--report", str(self.report), "--who", "orchestrator", "--from", str(folder / "armed"),
             *map(str, options), "--", *self.words], cwd=folder, env=self.env, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: self.ran("held") and (not bad or self.recorded("task_failed", task_id="bad")), "the tasks begin")

    def let_go(self):
        """Whoever waits at the gate, and whoever comes later. Returns the report of the driver."""
        self.gate = os.open(self.folder / "gate", os.O_RDWR)
        self.process.wait(timeout=DEADLINE_S)
        told = json.loads(self.report.read_text())
        self.story.append(json.dumps(told))
        return told

    def ask(self, *words, front=()):
        """A command -> its exit code; what it says is kept in `said`."""
        done = subprocess.run([*front, binary(), *words], cwd=self.folder, env=self.env, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=DEADLINE_S)
        self.story.append("%s: exit %d %s" % (" ".join(words), done.returncode, done.stderr.strip()))
        self.said = done.stdout + done.stderr
        return done.returncode

    def recorded(self, kind, **members):
        """How often the journal has it."""
        path = self.folder / ".state" / "transitions.jsonl"
        lines = path.read_text().split("\n")[:-1] if path.exists() else []
        events = [json.loads(line) for line in lines if kind in line]
        return len([event for event in events if event["event"] == kind and
                    members.items() <= {**event, **event.get("metadata", {})}.items()])

    def notes(self):
        path = self.folder / ".state" / "interventions.log"
        return [json.loads(line)["result"] for line in path.read_text().splitlines()] if path.exists() else []

    def require(self, kept, what):
        if not kept:
            raise Broken("%s; %s" % (what, self.told()))

    def close(self):
        self.end()
        self.process.wait(timeout=DEADLINE_S)
        if self.gate is not None:
            os.close(self.gate)


def worker_ender_killed(folder, number):
    """A worker at work whose orchestrator is gone; what sends it away is killed before call `number`. Returns how many
    calls there were."""
    run = Beside(folder / str(number))
    act = ["worker", "shutdown", "local", "--force", "--yes"]
    report = run.folder / "command.json"
    try:
        until(lambda: run.recorded("task_started"), "its start is recorded")
        os.kill(next(pid for pid, words in tagged(run.tag).items() if words.startswith(binary())
                     and " worker " not in words), 9)
        run.process.wait(timeout=DEADLINE_S)
        run.ask(*act, front=[tool("crash/sweep"), "--report", str(report), "--who", "orchestrator", "--kill", str(number),
                             "--"])
        told, left = json.loads(report.read_text()), run.notes()
        run.require(left in ([], ["ok"]), "the diary is wrong")
        run.require(not left or run.recorded("task_failed") == 1, "it was told as done, and is not")
        run.require(run.ask("state", "validate") in (0, 1) and run.ask("status") in (0, 1), "it does not open")
        code = run.ask(*act)
        run.require(code == (4 if left else code) and code in (0, 4), "doing it again ended with %d" % code)
        run.require(run.notes()[len(left):] == ["ok" if code == 0 else "refused"], "the second one is not in the diary")
        run.nothing_left()
        run.require(run.recorded("task_failed") == run.recorded("worker_shutdown") == 1, "it is not done once")
        run.require(run.ask("state", "validate") == 0 and run.ran("held") == [1], "something is wrong in the end")
    finally:
        run.close()
    return told["orchestrator"]


def orchestrator_killed(folder, number, *options):
    """An act, and the orchestrator killed before call `number` from then on. Returns the report of the driver."""
    run = Beside(folder / ("%d-%d" % (number, len(options))), "--kill", number, *options, bad=True)
    act = ["task", "retry", "bad"]
    try:
        (run.folder / "mended").touch()
        (run.folder / "armed").touch()
        code = run.ask(*act)
        run.require(code in (0, 6, 8), "the command ended with %d" % code)
        run.require(code or run.recorded("task_reset") == 1, "it was told as done, and is not")
        run.require(code == 0 or "Try: " in run.said, "it does not say what to do")
        run.require(run.notes() == ["ok" if code == 0 else "refused" if code == 6 else "failed"], "the diary is wrong")
        report = run.let_go()
        done = run.recorded("task_reset")
        run.require(run.ask(*act) == (4 if done else 0) and run.recorded("task_reset") == 1, "again is not once")
        run.require(run.notes()[1:] == ["refused" if done else "ok"], "the second one is not in the diary")
        run.go_on()
        run.require(run.recorded("task_reset") == 1, "it is not recorded once in the end")
        run.judge()
    finally:
        run.close()
    return report
