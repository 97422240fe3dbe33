"""What an agent or its hook waits for: commands on goals and tentacles, beside an empty program and an empty Python."""
import os
import subprocess
import sys

import rounds

# The same words again and again; those that change something grow the journal as use does.
COMMANDS = [
    ["goal", "status"], ["goal", "status", "--json"], ["status"], ["goal", "next-iter"], ["goal", "resilience-status"],
    ["todo", "t7", "list"], ["show", "t7"], ["next-step", "t7"], ["goal", "spend", "--tokens", "1"],
    ["goal", "budget", "--max-tokens", "1000000"], ["todo", "t7", "add", "one more"],
    ["handoff", "t7", "went on", "--changed-file", "a.c"], ["goal", "link", "t7"],
    ["goal", "eval", "--decision", "pause"],
]
# With many tentacles: about one of them, which must not cost what the others do, and about all.
ONE = [["show", "t7"], ["todo", "t7", "list"], ["todo", "t7", "add", "one more"], ["goal", "spend", "--tokens", "1"],
       ["handoff", "t7", "went on", "--changed-file", "a.c"]]
ALL = [["status"], ["goal", "status"], ["goal", "next-iter"]]
MANY = (100, 1000)
GOAL_MS = 5
GOAL_ALL_MS = 25


def make(bench, count=20, items=10):
    """One goal of at most twenty tentacles, so many tentacles with so many to-dos each."""
    home = bench.home(f"goals-{count}")

    def sk(*words):
        subprocess.run([bench.sk, "tentacle", *words], cwd=home, check=True, stdout=subprocess.DEVNULL)

    sk("goal", "init", "--title", "a goal")
    for number in range(count):
        name = f"t{number}"
        sk("create", name, "--desc", "a part of it", "--scope", "src")
        if number < 20:
            sk("goal", "link", name)
        for item in range(items):
            sk("todo", name, "add", f"item {item}")
    return home


def milliseconds(bench, home, argv, times):
    """The mean of so many runs, one after the other."""
    done = subprocess.run([bench.loop, str(times), "1", *argv], cwd=home, capture_output=True, text=True, check=True)
    return float(done.stdout) / 1000


class Table:
    """The commands of one home, measured in the same rounds as an empty program and an empty Python."""

    def __init__(self, bench, home, commands):
        self.bench, self.home = bench, home
        floors = {"/bin/true": ["/bin/true"], "python3 -c pass": [sys.executable, "-c", "pass"]}
        self.taken = {" ".join(words): [] for words in commands}
        self.beside = {name: [] for name in floors}
        for _ in range(bench.rounds):
            for name, argv in floors.items():
                self.beside[name].append(milliseconds(bench, home, argv, 10))
            for words in commands:
                self.measure(words)

    def measure(self, words):
        times = 1 if words[1:2] == ["eval"] else 10
        self.taken[" ".join(words)].append(milliseconds(self.bench, self.home, [self.bench.sk, "tentacle", *words], times))
        if words[1:2] == ["eval"]:
            subprocess.run([self.bench.sk, "tentacle", "goal", "resume"], cwd=self.home, check=True,
                           stdout=subprocess.DEVNULL)

    def tell(self, words, title, goal_ms):
        true, python = (rounds.median(values) for values in self.beside.values())
        value = rounds.median(self.taken[" ".join(words)])
        self.bench.table.add(f"{title}sk tentacle {' '.join(words)}",
                             f"{value:.1f} ms, {value / true:.1f} of true, {value / python:.2f} of python3",
                             f"<= {goal_ms} ms", value <= goal_ms)


def goals(bench):
    few = Table(bench, make(bench), COMMANDS)
    for words in COMMANDS:
        few.tell(words, "", GOAL_MS)
    for count in MANY:
        many = Table(bench, make(bench, count, 1), ONE + ALL)
        for words in ONE + ALL:
            many.tell(words, f"{count} tentacles: ", GOAL_MS if words in ONE else GOAL_ALL_MS)
