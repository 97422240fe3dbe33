"""What the scripts about killing share: the plan that is run, the driver that kills, and the judge of what is left.

The judge knows nothing about how sk works. It looks at what tasks did (each begins by appending its attempt to a file of
its own), at the journal, and at the processes of the machine.
"""

import itertools
import json
import os
import pathlib
import subprocess
import time

from conftest import DEADLINE_S, TAG, binary, tagged, until

# Ten tasks with all that makes going on difficult: dependencies, a retry, a resource, outputs, rules, a process that
# escapes, and commands that run long enough to be met by the kill.
PLAN = """
workstream: ten
max_parallel: 3
resources: {lock: 1}
rules:
  there: test -e prepare.ran
tasks:
  prepare: {run: "echo $SK_ATTEMPT >> prepare.ran"}
  flaky: {run: "echo $SK_ATTEMPT >> flaky.ran; test $(wc -l < flaky.ran) -ge 2", retries: 3, backoff: 5ms}
  config: {run: "echo $SK_ATTEMPT >> config.ran; echo version=7 > $SK_OUTPUT", needs: [prepare]}
  left: {run: "echo $SK_ATTEMPT >> left.ran; flock -n held sleep 0.01", resources: [lock], needs: [prepare]}
  right: {run: "echo $SK_ATTEMPT >> right.ran; flock -n held sleep 0.01", resources: [lock], needs: [prepare]}
  use: {run: "echo $SK_ATTEMPT >> use.ran; test $SK_OUT_CONFIG_VERSION = 7", needs: [config, left]}
  checked: {run: "echo $SK_ATTEMPT >> checked.ran", needs: [config], before: [there], after: [there]}
  escape: {run: "echo $SK_ATTEMPT >> escape.ran; setsid sleep 1000 > escape.log 2>&1 &"}
  slow: {run: "echo $SK_ATTEMPT >> slow.ran; sleep 0.03", needs: [flaky]}
  last: {run: "echo $SK_ATTEMPT >> last.ran", needs: [use, checked, slow, right, escape]}
"""
TASKS = ["prepare", "flaky", "config", "left", "right", "use", "checked", "escape", "slow", "last"]

_tags = itertools.count()


class Broken(Exception):
    """A promise was not kept."""


def tool(name):
    """A program that was built beside sk."""
    place = pathlib.Path(binary()).parent
    for folder in (place, place.parent):
        if (folder / "tests" / name).exists():
            return str(folder / "tests" / name)
    raise FileNotFoundError(name + " is not built beside " + str(place))


class Run:
    """One run of a plan in a folder of its own, under a tag of its own."""

    def __init__(self, folder, plan=PLAN, tasks=None):
        folder.mkdir()
        (folder / "plan.yaml").write_text(plan)
        self.folder, self.tasks = folder, tasks or TASKS
        self.workstream = plan.split("workstream: ")[1].split()[0]
        self.tag = "%d-%d" % (os.getpid(), next(_tags))
        self.env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", TAG: self.tag}
        self.words = [binary(), "run", "-q", "plan.yaml"]
        self.story = []

    def start(self, *words, **more):
        return subprocess.Popen([binary(), *words], cwd=self.folder, env=self.env, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def _finish(self, words, what):
        try:
            done = subprocess.run(words, cwd=self.folder, env=self.env, text=True, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            raise Broken("%s does not end; %s" % (what, self.told())) from None
        self.story.append("%s: exit %d %s" % (what, done.returncode, done.stderr.strip()))
        return done.returncode

    def sweep(self, *options):
        """`sk run` under the driver -> its report."""
        report = self.folder / "report.json"
        self._finish([tool("crash/sweep"), "--report", str(report), *map(str, options), "--", *self.words],
                     "sweep " + " ".join(map(str, options)))
        told = json.loads(report.read_text())
        self.story.append(json.dumps(told))
        return told

    def go_on(self):
        """Status works, then the same command again ends the plan."""
        code = self._finish([binary(), "status", "--json"], "status")
        if code not in (0, 1):
            raise Broken("status: exit %d; %s" % (code, self.told()))
        if self._finish(self.words, "run") != 0 and self._finish(self.words, "run again") != 0:
            raise Broken("the run does not come to its end; " + self.told())

    def told(self):
        """For a failure: everything that happened and the end of the journal."""
        journal = self.folder / ".state" / "transitions.jsonl"
        lines = journal.read_text(errors="replace").splitlines()[-60:] if journal.exists() else []
        return "\n".join([str(self.folder), *self.story, *map(self._short, lines)])

    @staticmethod
    def _short(line):
        try:
            event = json.loads(line)
        except ValueError:
            return line[:100]
        return "%s %s %s %s" % (event["seq"], event["event"], event.get("task_id", ""),
                                event.get("metadata", {}).get("attempt", ""))

    def events(self):
        journal = self.folder / ".state" / "transitions.jsonl"
        return [json.loads(line) for line in journal.read_text().splitlines()]

    def ran(self, task):
        """The attempts of the task that really began."""
        path = self.folder / (task + ".ran")
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def judge(self):
        """Right result, nothing lost, nothing twice, nothing left."""
        events = self.events()
        for task in self.tasks:
            mine = [event for event in events if event.get("task_id") == task]
            completed = [event["metadata"]["attempt"] for event in mine if event["event"] == "task_completed"]
            assigned = {event["metadata"]["attempt"] for event in mine if event["event"] == "task_assigned"}
            ran = self.ran(task)
            if len(completed) != 1:
                raise Broken("%s: %d completions are recorded; %s" % (task, len(completed), self.told()))
            if completed[0] not in ran:
                raise Broken("%s: attempt %d is recorded, %r ran; %s" % (task, completed[0], ran, self.told()))
            if not set(ran) <= assigned:
                raise Broken("%s: %r ran, %r was recorded before; %s" % (task, ran, assigned, self.told()))
            if len(set(ran)) != len(ran):
                raise Broken("%s: an attempt ran twice: %r; %s" % (task, ran, self.told()))
        self.views_are_true(events[-1]["seq"])
        self.nothing_left()

    def views_are_true(self, seq):
        """Every view is whole, of the last event, and says that all is completed; nothing half written is left."""
        state, ws = self.folder / ".state", self.workstream
        try:
            views = {name: json.loads((state / name.replace("*", ws)).read_text()) for name in
                     ["by_status.json", "by_worker.json", "by_workstream.json", "dag_*.json", "execution_plan_*.json",
                      "checkpoints/*_latest.json", "archive/*/metadata.json", "archive/*/current.json"]}
        except (OSError, ValueError) as problem:
            raise Broken("a view is missing or not whole: %s; %s" % (problem, self.told())) from None
        if views["by_status.json"]["source_seq"] != seq:
            raise Broken("by_status.json is of another event; " + self.told())
        if set(views["by_status.json"]["statuses"]["completed"]) != set(self.tasks) or \
                set(views["checkpoints/*_latest.json"]["completed_tasks"]) != set(self.tasks) or \
                {node["status"] for node in views["dag_*.json"]["nodes"]} != {"completed"}:
            raise Broken("a view does not say that all is completed; " + self.told())
        left = [str(path) for pattern in ["*.tmp", "checkpoints/*.tmp", "archive/**/.new-*", "archive/%s/run-*" % ws]
                for path in state.glob(pattern)]
        if left:
            raise Broken("left in the state folder: %r; %s" % (left, self.told()))

    def nothing_left(self):
        end = time.monotonic() + DEADLINE_S
        while tagged(self.tag):
            if time.monotonic() > end:
                raise Broken("left behind: %r; %s" % (tagged(self.tag), self.told()))
            time.sleep(0.005)

    def end(self):
        """For tests that plant a fault: what they leave is ours to end."""
        for pid in tagged(self.tag):
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                pass
        until(lambda: not tagged(self.tag), "the processes of the test end")
