"""The recovery procedures, played on a real store: each trouble is brought about, noticed by its record, and mended with the
commands that the procedures name, by the names they give them. Prints what is done and what is seen; ends with
"N passed, N failed".

usage: drill.py SK FOLDER      (the folder is made, and must not exist)
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

DEADLINE_S = 30
LINES_SHOWN = 12

BAKERY = """
workstream: bakery
resources: {oven: 1}
rules:
  warm: {run: 'test -e warm', fix: 'touch warm'}
tasks:
  flour: {run: 'echo weight=500 > "$SK_OUTPUT"'}
  dough: {run: 'test -e water || { echo "no water"; exit 3; }', needs: [flour]}
  slow: {run: 'test -e quick || sleep 1000', timeout: 1s}
  bake: {run: 'true', needs: [dough], resources: [oven], after: [warm]}
  label: {run: 'exit 4'}
  sell: {run: 'echo sold >> sold', needs: [bake, label]}
"""

QUEUE = """
workstream: queue
resources: {oven: 1}
tasks:
  first: {run: 'while ! test -e open; do sleep 0.05; done', resources: [oven], priority: 1}
  second: {run: 'true', resources: [oven], priority: 2}
"""

NIGHT = """
workstream: night
tasks:
  long: {run: 'echo x >> begun; while ! test -e morning; do sleep 0.05; done; echo y >> ended'}
  after: {run: 'echo z >> ended', needs: [long]}
"""

SHIFT = """
workstream: shift
tasks:
  turn: {run: 'echo x >> shift; while ! test -e whistle; do sleep 0.05; done'}
"""

BACK = """
workstream: back
tasks:
  done: {run: 'echo x >> once'}
  again: {run: 'touch again; while ! test -e off; do sleep 0.05; done', needs: [done]}
"""

# Without the stone the base fails, and everything is stopped; with roofers at work not before they are done.
CRITICAL = """
workstream: tower
tasks:
  base: {run: 'while test -e roofers && ! test -e built; do sleep 0.02; done; test -e stone', critical: true}
  roof: {run: 'echo roof >> built', needs: [base]}
"""

KNOT = """
workstream: knot
tasks:
  a: {run: 'true', needs: [b]}
  b: {run: 'true', needs: [a]}
"""


class Drill:
    def __init__(self, sk, folder):
        self.sk, self.folder = sk, folder
        self.passed = self.failed = 0
        self.env = dict(os.environ, USER="drill", NO_COLOR="1")
        self.env.pop("SK_STATE_DIR", None)
        self.started = []
        folder.mkdir(parents=True)

    def title(self, text):
        print("\n=== " + text)

    def check(self, condition, what):
        self.passed, self.failed = self.passed + bool(condition), self.failed + (not condition)
        print(("ok      " if condition else "NOT OK  ") + what)

    def run(self, *words, code=0):
        """Runs sk, shows the command and the first lines, checks its exit code."""
        print("$ sk " + " ".join(words))
        done = subprocess.run([self.sk, *words], cwd=self.folder, env=self.env, text=True, errors="replace",
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE_S)
        lines = done.stdout.splitlines() + done.stderr.splitlines()
        for line in lines[:LINES_SHOWN]:
            print("  | " + line)
        if len(lines) > LINES_SHOWN:
            print("  | ... %d more lines" % (len(lines) - LINES_SHOWN))
        if done.returncode != code:
            self.check(False, "exit code %d, expected %d" % (done.returncode, code))
        return done

    def start(self, *words):
        print("$ sk " + " ".join(words) + " &")
        process = subprocess.Popen([self.sk, *words], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.started.append(process)
        return process

    def until(self, condition, what):
        end = time.monotonic() + DEADLINE_S
        while not condition():
            if time.monotonic() > end:
                self.check(False, "within %d s: %s" % (DEADLINE_S, what))
                return
            time.sleep(0.02)

    def json(self, *words, code=0):
        done = subprocess.run([self.sk, *words, "--format", "json"], cwd=self.folder, env=self.env, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE_S)
        if done.returncode != code:
            self.check(False, "sk %s: exit code %d, expected %d" % (" ".join(words), done.returncode, code))
        return [json.loads(line) for line in done.stdout.splitlines()]

    def state_of(self, task):
        done = self.json("task", "show", task)
        return done[0].get("state") if done else None

    def record(self, event, severity, **keys):
        """The newest record of this kind is there, with the keys and the severity that the procedures name."""
        found = self.json("events", "--type", event)
        last = found[-1] if found else {}
        fits = last.get("severity") == severity and all(last.get(key) == value for key, value in keys.items())
        shown = {key: last.get(key) for key in ("seq", "event", "severity", *keys)}
        self.check(fits, "noticed: " + (json.dumps(shown) if found else "no record of " + event))
        return last

    def write(self, name, text=""):
        print("$ write " + name)
        (self.folder / name).write_text(text)
        return name

    def worker_pid(self):
        return self.json("check_worker", "--worker-id", "local", code=0)[0]["pid"]

    def end(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()


def task_timeout(d):
    d.title("A task reaches its time limit")
    d.write("bakery.yaml", BAKERY)
    d.run("run", "-q", "bakery.yaml", code=1)
    d.record("task_timeout", "warning", task_id="slow")
    d.run("logs", "slow")
    d.run("check_worker", "--worker-id", "local", code=1)
    d.run("debug_task", "--task-id", "slow", "--script", "slow.sh")
    d.check(os.access(d.folder / "slow.sh", os.X_OK), "a script has the failure again")
    d.write("quick")
    d.run("retry_task", "--task-id", "slow", "--timeout", "1200")
    d.run("run", "-q", "bakery.yaml", "--only", "slow", code=1)
    d.check(d.state_of("slow") == "completed", "with more time it completes")


def task_failure(d):
    d.title("A task fails: in its code, in its check, in what it needs")
    d.record("task_failed", "error")
    d.run("show_task", "--task-id", "dough", "--include-logs")
    d.run("show_dependencies", "--task-id", "bake")
    d.run("show_worker_logs", "--worker-id", "local", "-n", "3")
    d.write("water")
    d.run("retry_task", "--task-id", "dough", "--reason", "there is water now")
    d.run("run", "-q", "bakery.yaml", "--only", "bake", code=1)
    d.check(d.state_of("dough") == "completed", "the mended task completes")
    d.record("task_failed", "error", task_id="bake")
    d.run("fix_validation", "--task-id", "bake", code=1)
    d.run("fix_validation", "--task-id", "bake", "--auto")
    d.check(d.state_of("bake") == "failed", "mending a check by hand changes no state")
    d.run("retry_task", "--task-id", "bake")
    d.run("run", "-q", "bakery.yaml", "--only", "bake", code=1)
    d.check(d.state_of("bake") == "completed", "its check passes now")


def skip_and_cancel(d):
    d.title("A failure that does not matter is skipped; confirmation is asked for")
    refused = d.run("skip_task", "--task-id", "label", "--reason", "labels are for shops", code=5)
    d.check("--yes" in refused.stderr, "without --yes nothing is changed")
    d.run("skip_task", "--task-id", "label", "--reason", "labels are for shops", "--yes")
    d.run("run", "-q", "bakery.yaml")
    d.check((d.folder / "sold").read_text() == "sold\n", "what waited for it ran, once")


def resource_exhaustion(d):
    d.title("A resource is exhausted")
    d.write("queue.yaml", QUEUE)
    run = d.start("run", "-q", "-j", "2", "--exhausted-after", "0", "queue.yaml")
    d.until(lambda: d.json("events", "--type", "resource_exhausted") if (d.folder / ".state").exists() else False,
            "it is noticed")
    d.record("resource_exhausted", "critical", resource_id="oven")
    d.run("show_resources")
    d.run("recommend")
    d.run("set_resource_limit", "--resource-id", "oven", "--max-holders", "2")
    d.until(lambda: d.state_of("second") == "completed", "the waiting task runs")
    d.check(d.state_of("second") == "completed", "with a higher limit the waiting task runs, beside the first")
    d.record("resource_available", "info", resource_id="oven")
    d.run("cancel_task", "--task-id", "first", "--reason", "to show how a holder is cancelled", "--yes")
    d.until(lambda: run.poll() is not None, "the run ends")
    d.check(d.state_of("first") == "cancelled", "the holder was cancelled, its processes are gone")


def worker_dies(d):
    d.title("A worker dies, then the orchestrator: nothing is lost, nothing is done twice unnoticed")
    d.write("night.yaml", NIGHT)
    run = d.start("run", "-q", "night.yaml")
    d.until(lambda: (d.folder / "begun").exists(), "the long task begins")
    d.run("check_worker", "--worker-id", "local")
    pid = d.worker_pid()
    print("$ kill -KILL %d      (the worker)" % pid)
    os.kill(pid, signal.SIGKILL)
    d.until(lambda: d.json("events", "--type", "task_reassigned"), "the task is assigned again")
    d.record("worker_crashed", "error", worker_id="local")
    d.record("task_reassigned", "warning", task_id="long")
    d.until(lambda: (d.folder / "begun").read_text().count("x") == 2, "it runs again")
    print("$ kill -KILL %d      (the orchestrator)" % run.pid)
    run.kill()
    run.wait()
    d.run("recommend")
    found = {one["finding"]: one for one in d.json("recommend")[0]["findings"]}
    advice = found.get("workstream_interrupted", {}).get("next")
    d.check(advice == ["sk run night.yaml"], "it is advised to go on: %s" % advice)
    d.write("morning")
    d.run("run", "-q", "night.yaml")
    d.check((d.folder / "ended").read_text() == "y\nz\n", "the task went on meanwhile and was taken over: it ended once")


def worker_is_replaced(d):
    d.title("A worker is restarted, and another one ended by force")
    d.write("shift.yaml", SHIFT)
    run = d.start("run", "-q", "shift.yaml")
    d.until(lambda: (d.folder / "shift").exists(), "the task begins")
    first = d.worker_pid()
    d.run("restart_worker", "--worker-id", "local", "--force", "--yes", "--reason", "new tools on this machine")
    d.until(lambda: (d.folder / "shift").read_text().count("x") == 2, "the task begins again")
    second = d.worker_pid()
    d.check(first != second and not os.path.exists("/proc/%d" % first), "another process, and the first one is gone")
    d.run("force_shutdown_worker", "--worker-id", "local", "--reassign", "--yes")
    d.until(lambda: (d.folder / "shift").read_text().count("x") == 3, "the task begins again")
    d.until(lambda: d.state_of("turn") == "running", "its begin is recorded")
    d.check(d.json("show_task", "--task-id", "turn")[0]["retry_count"] == 0, "no retry was used up")
    d.write("whistle")
    d.until(lambda: run.poll() is not None, "the run ends")
    d.check(run.returncode == 0 and d.state_of("turn") == "completed", "it ends well")


def dependency_cycle(d):
    d.title("A plan whose tasks wait for each other")
    d.write("knot.yaml", KNOT)
    done = d.run("run", "knot.yaml", code=2)
    d.check("dependency cycle" in done.stderr and "knot.yaml:" in done.stderr, "it is refused with its place")
    d.run("run", "-q", "--halt-on-cycle", "knot.yaml", code=1)
    d.record("dependency_cycle_detected", "critical", tasks=["a", "b"])
    d.run("visualize_dag", "--workstream-id", "knot")
    d.run("resume_workstream", "--workstream-id", "knot", code=4)
    d.run("remove_dependency", "--from", "a", "--to", "b", "--reason", "b can do without")
    d.run("resume_workstream", "--workstream-id", "knot")
    d.run("run", "-q", "--halt-on-cycle", "knot.yaml")
    d.check(d.state_of("a") == "completed" and d.state_of("b") == "completed", "with the circle broken it runs to its end")


def workstream_failure(d):
    d.title("A workstream fails")
    d.write("tower.yaml", CRITICAL)
    d.run("run", "-q", "tower.yaml", code=1)
    d.record("workstream_failed", "critical", workstream_id="tower")
    d.run("analyze_workstream_failure", "--workstream-id", "tower")
    d.run("visualize_dag", "--workstream-id", "tower")
    d.run("remove_dependency", "--from", "base", "--to", "roof", "--reason", "a tent needs no stone")
    d.run("resume_workstream", "--workstream-id", "tower", "--from-task", "roof")
    d.write("roofers")
    d.run("run", "-q", "tower.yaml", "--only", "roof", code=1)
    d.check((d.folder / "built").exists(), "what was behind the failure ran without it")
    d.write("stone")
    d.run("retry_failed_tasks", "--workstream-id", "tower")
    d.run("run", "-q", "tower.yaml")
    d.check(d.state_of("base") == "completed" and d.state_of("roof") == "completed", "the failed task alone was done again")
    d.run("retry_workstream", "--workstream-id", "tower", code=5)
    d.run("retry_workstream", "--workstream-id", "tower", "--yes")
    roofs = (d.folder / "built").read_text().count("roof")
    d.run("run", "-q", "tower.yaml")
    d.check((d.folder / "built").read_text().count("roof") == roofs + 1, "a whole retry runs everything again, when it is confirmed")


def workstream_rollback(d):
    d.title("A workstream goes back to its last checkpoint")
    d.write("back.yaml", BACK)
    run = d.start("run", "-q", "back.yaml")
    d.until(lambda: (d.folder / "again").exists(), "the second task begins")
    d.until(lambda: (d.folder / ".state" / "checkpoints" / "back_latest.json").exists(), "there is a checkpoint")
    d.run("rollback_workstream", "--workstream-id", "back", "--to-checkpoint", "latest", "--dry-run")
    d.run("rollback_workstream", "--workstream-id", "back", "--to-checkpoint", "latest", "--yes")
    d.record("workstream_rollback", "warning", workstream_id="back")
    d.write("off")
    d.until(lambda: run.poll() is not None, "the run ends")
    d.run("run", "-q", "back.yaml")
    d.check(d.state_of("done") == "completed" and d.state_of("again") == "completed", "it ends well from there")
    d.check((d.folder / "once").read_text() == "x\n", "what was completed was not run again")


def damaged_state(d):
    d.title("The state is damaged")
    state = d.folder / ".state"
    d.run("validate_state")
    count = len(d.json("events"))

    def truncate():
        print("$ truncate .state/current.json")
        (state / "current.json").write_bytes((state / "current.json").read_bytes()[:100])

    truncate()
    d.run("validate_state", code=7)
    d.run("repair_state", code=0)
    d.run("repair_state", "--yes")
    d.check(len(d.json("events")) >= count, "the snapshot is made anew from the journal")
    d.run("validate_state")
    d.run("restore_state", "--from-backup", "latest", "--dry-run")
    truncate()
    d.run("restore_state", "--from-transitions", ".state/transitions.jsonl")
    d.check(len(d.json("events")) >= count, "replayed from the journal: nothing is lost")
    d.run("validate_state")
    journal = state / "transitions.jsonl"
    good = journal.read_bytes()
    print("$ change a letter in the middle of .state/transitions.jsonl")
    lines = good.splitlines(keepends=True)
    lines[3] = lines[3].replace(b"seq", b"sep", 1)
    (state / "current.json").rename(d.folder / "aside.json")
    journal.write_bytes(b"".join(lines))
    os.chmod(journal, 0o600)
    refused = d.run("run", "-q", "tower.yaml", code=7)
    d.check("line 4" in refused.stderr, "it names the place and starts nothing")
    d.run("recommend", code=7)
    d.run("repair_state", code=7)
    print("$ put the journal back")
    journal.write_bytes(good)
    (d.folder / "aside.json").rename(state / "current.json")
    d.run("validate_state")


def diary(d):
    d.title("What was done by hand is on record")
    lines = [json.loads(line) for line in (d.folder / ".state" / "interventions.log").read_text().splitlines()]
    for line in lines:
        print("  | %-26s %-10s %-8s %s" % (line["script"], line["entity_id"], line["result"], line["reason"] or ""))
    scripts = {line["script"] for line in lines}
    d.check({"task retry", "task skip", "task cancel", "task fix-validation", "resource limit", "dep remove",
             "workstream resume", "workstream retry", "workstream retry-failed"} <= scripts, "every act has its line")
    d.check(any(line["result"] == "refused" for line in lines), "refused ones as well")
    d.run("recommend")


PARTS = [task_timeout, task_failure, skip_and_cancel, resource_exhaustion, worker_dies, worker_is_replaced, dependency_cycle,
         workstream_failure, workstream_rollback, damaged_state, diary]


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: drill.py SK FOLDER")
    d = Drill(str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve())
    sys.stdout.reconfigure(line_buffering=True)
    try:
        for part in PARTS:
            try:
                part(d)
            except (OSError, LookupError) as problem:  # what it looks at is not there
                d.check(False, "%s: %r" % (part.__name__, problem))
    finally:
        d.end()
    print("\n%d passed, %d failed" % (d.passed, d.failed))
    sys.exit(d.failed > 0)


main()
