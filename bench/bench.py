"""
Prints our figures as ratios to peers and floors that ran in the same rounds.

usage: bench.py BUILD-DIR [--quick] [--rounds N] [PART...]
Parts: flat dag start adopt restore commands goals replay core. Default: all of them. A figure that misses its goal is marked; nothing is asserted.
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import goals
import recovery
import rounds
import workloads


class Table:
    def __init__(self):
        self.rows = []

    def add(self, what, value, goal, holds):
        self.rows.append((what, value, goal, "" if holds else "  <-- misses its goal"))
        print(f"  {what}: {value} (goal {goal})", file=sys.stderr)

    def print(self):
        wide = [max(len(row[i]) for row in self.rows) for i in range(3)]
        for what, value, goal, mark in self.rows:
            print(f"{what:<{wide[0]}}  {value:>{wide[1]}}  {goal:<{wide[2]}}{mark}")


class Bench:
    def __init__(self, build, quick, count_of_rounds):
        self.build = build
        self.sk = os.path.join(build, "sk")
        self.loop = os.path.join(build, "bench", "spawn_loop")
        self.quick, self.rounds = quick, count_of_rounds
        self.scratch = tempfile.mkdtemp(prefix="bench-", dir=build)
        self.table = Table()

    def path(self, *parts):
        return os.path.join(self.scratch, *parts)

    def home(self, name):
        """A project of its own: inside of this checkout, the state would be that of the checkout."""
        os.makedirs(self.path(name))
        subprocess.run(["git", "init", "-q", self.path(name)], check=True)
        return self.path(name)

    def sk_run(self, name, plan, count, jobs=2):
        state = self.path(name + "-state")
        argv = [self.sk, "run", "--quiet", plan, "--jobs", str(jobs), "--state-dir", state]

        # Out of the way, not removed: ext4 takes its time to give out inodes again that were freed a moment ago.
        def forget():
            if os.path.exists(state):
                os.rename(state, f"{state}-{len(os.listdir(self.scratch))}")

        return rounds.Candidate(name, argv, count, cwd=self.scratch, prepare=forget)

    def ninja(self, name, nodes):
        directory = self.path(name)
        workloads.write_ninja(directory, nodes)

        def forget():
            for file in (".ninja_log", ".ninja_deps"):
                if os.path.exists(os.path.join(directory, file)):
                    os.unlink(os.path.join(directory, file))

        return rounds.Candidate(name, ["ninja", "-j2", "--quiet"], len(nodes), cwd=directory, prepare=forget)

    def add_speed(self, what, results, ours, theirs, goal):
        """Tasks a second: how many times theirs."""
        values = [1 / r for r in rounds.ratios(results, ours.name, ours.count, theirs.name, theirs.count)]
        value = rounds.median(values)
        self.table.add(what, f"{value:.2f} ({min(values):.2f}-{max(values):.2f})", f">= {goal}", value >= goal)

    # Independent tasks, two at a time, each transition durable before anything follows from it.
    def flat(self):
        count = 2000 if self.quick else 10000
        nodes = workloads.flat(count)
        plan = self.path("flat.json")
        workloads.write_plan(plan, nodes)
        few = self.path("few")
        with open(few, "w", encoding="ascii") as file:
            file.writelines(f"{i}\n" for i in range(count // 10))
        loop = rounds.Candidate("spawn loop", [self.loop, str(count), "2", "true"], count)
        logs = self.loop_with_logs(count)
        ours = self.sk_run("sk run", plan, count)
        ninja = self.ninja("ninja", nodes)
        parallel = rounds.Candidate("parallel", ["parallel", "--will-cite", "-j2", "-a", few, "true", "#"],
                                    count // 10)
        results = rounds.run_rounds([loop, logs, ours, ninja, parallel], self.rounds)
        what = f"{count} independent tasks: speed of sk run /"
        self.add_speed(f"{what} ninja", results, ours, ninja, 1.0)
        self.add_speed(f"{what} bare spawn loop", results, ours, loop, 0.9)
        self.add_speed(f"{what} loop that keeps a log file a task", results, ours, logs, 0.9)
        self.add_speed(f"{what} GNU parallel", results, ours, parallel, 4.0)
        self.add_processor_time(results, ours, loop, "the bare loop")
        self.add_processor_time(results, ours, logs, "the loop with log files")

    def add_processor_time(self, results, ours, floor, name):
        own = [a.own - b.own for a, b in zip(results[ours.name], results[floor.name])]
        value = rounds.median(own) / ours.count * 1e6
        self.table.add(f"own processor time a task (orchestrator and worker) beyond that of {name}", f"{value:.0f} us",
                       "<= 40 us", value <= 40)

    def loop_with_logs(self, count):
        directory = self.path("logs")

        def forget():
            if os.path.exists(directory):
                os.rename(directory, f"{directory}-{len(os.listdir(self.scratch))}")
            os.mkdir(directory)

        return rounds.Candidate("spawn loop with logs", [self.loop, str(count), "2", "true"], count, prepare=forget,
                                env={**os.environ, "LOG_DIR": directory})

    def dag(self):
        depth = 20 if self.quick else 100
        nodes = workloads.layers(depth, 100)
        plan = self.path("dag.json")
        workloads.write_plan(plan, nodes)
        ours = self.sk_run("sk run dag", plan, len(nodes))
        ninja = self.ninja("ninja dag", nodes)
        results = rounds.run_rounds([ninja, ours], self.rounds)
        self.add_speed(f"{depth} layers of 100, 3 needs each: speed of sk run / ninja", results, ours, ninja, 1.0)

    def restore(self):
        recovery.restore(self)

    def commands(self):
        recovery.commands(self)

    def goals(self):
        goals.goals(self)

    # Programs that measure from inside; they print figures of their own.
    def replay(self):
        directory = self.path("journal")
        os.makedirs(directory, mode=0o700)
        subprocess.run([os.path.join(self.build, "bench", "bench_replay"), directory,
                        "100000" if self.quick else "1000000"], check=True)

    def core(self):
        subprocess.run([os.path.join(self.build, "bench", "bench_core_cost"), "100000" if self.quick else "1000000"],
                       check=True)

    def microseconds(self, *argv):
        done = subprocess.run([self.loop, "50", "1", *argv], cwd=self.path("small"), capture_output=True, text=True,
                              check=True)
        return float(done.stdout)

    # A project that has finished a small run: what a prompt or a script asks again and again.
    def start(self):
        self.home("small")
        workloads.write_plan(self.path("small", "plan.json"), workloads.layers(3, 3))
        subprocess.run([self.sk, "run", "plan.json"], cwd=self.path("small"), capture_output=True, check=True)
        commands = {"sk --version": [self.sk, "--version"], "sk status": [self.sk, "status"]}
        taken = {name: [] for name in commands}
        for _ in range(4 * self.rounds):
            floor = self.microseconds("/bin/true")
            for name, argv in commands.items():
                taken[name].append(self.microseconds(*argv) / floor)
        for name, values in taken.items():
            value = rounds.median(values)
            self.table.add(f"start-up: {name} / true", f"{value:.2f} ({min(values):.2f}-{max(values):.2f})", "<= 2", value <= 2)

    # One hundred tasks run and the orchestrator is killed. One task ends while nobody listens. How long after the next
    # start is that result in the journal? By then the worker has been found, has registered and has been heard.
    def adopt(self):
        taken = [self.adopt_once(i) for i in range(self.rounds)]
        value = rounds.median(taken)
        self.table.add("adoption of 100 running tasks after SIGKILL, first result recorded",
                       f"{value:.0f} ms ({min(taken):.0f}-{max(taken):.0f})", "<= 200 ms", value <= 200)

    def adopt_once(self, number):
        count = 100
        home = self.path(f"adopt-{number}")
        state, pids = os.path.join(home, "state"), os.path.join(home, "pids")
        os.makedirs(pids)
        gates = [os.path.join(home, "gate-first"), os.path.join(home, "gate")]
        for gate in gates:
            os.mkfifo(gate)
        tasks = {f"t{i}": {"run": f"echo $$ >> {pids}/{i}; read line < {gates[min(i, 1)]}; true"} for i in range(count)}
        plan = os.path.join(home, "plan.json")
        with open(plan, "w", encoding="ascii") as file:
            json.dump({"workstream": "adopt", "tasks": tasks}, file)
        argv = [self.sk, "run", "--quiet", plan, "--jobs", str(count), "--state-dir", state]
        quiet = {"cwd": home, "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        first = subprocess.Popen(argv, **quiet)
        journal = os.path.join(state, "transitions.jsonl")
        wait_until(lambda: len(os.listdir(pids)) == count and count_lines(journal, 0, b'"task_started"') >= count)
        first.send_signal(signal.SIGKILL)
        first.wait()
        size = os.path.getsize(journal)
        with open(gates[0], "w", encoding="ascii"):  # whoever reads from it now sees its end
            pass
        start = time.monotonic()
        second = subprocess.Popen(argv, **quiet)
        wait_until(lambda: count_lines(journal, size, b'"task_completed"') > 0)
        taken = (time.monotonic() - start) * 1000
        wait_until(lambda: open_once(gates[1]) or second.poll() is not None)
        if second.returncode != 0:
            raise SystemExit(f"bench: adopt: the second run ended with {second.returncode}")
        starts = [sum(1 for _ in open(os.path.join(pids, name), encoding="ascii")) for name in os.listdir(pids)]
        if starts != [1] * count:
            raise SystemExit("bench: adopt: a task was started twice: the figure would be worthless")
        return taken


def open_once(gate):
    """Lets everybody in who waits at the gate by now; never says that this was enough."""
    try:
        os.close(os.open(gate, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        pass  # nobody waits
    return False


def count_lines(path, offset, needle):
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read().count(needle)


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("bench: what was waited for did not happen within a minute")
        time.sleep(0.001)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_intermixed_args()
    known = ["flat", "dag", "start", "adopt", "restore", "commands", "goals", "replay", "core"]
    for part in options.parts:
        if part not in known:
            parser.error(f"there is no part '{part}'; the parts are {', '.join(known)}")
    bench = Bench(os.path.abspath(options.build), options.quick, options.rounds)
    try:
        for part in options.parts or known:
            print(f"bench: {part}", file=sys.stderr)
            getattr(bench, part)()
        bench.table.print()
    finally:
        rounds.end_what_is_left()
        shutil.rmtree(bench.scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
