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
GOAL_MS = 5


def make(bench):
    """One goal, twenty tentacles with ten to-dos each."""
    home = bench.home("goals")

    def sk(*words):
        subprocess.run([bench.sk, "tentacle", *words], cwd=home, check=True, stdout=subprocess.DEVNULL)

    sk("goal", "init", "--title", "a goal")
    for number in range(20):
        name = f"t{number}"
        sk("create", name, "--desc", "a part of it", "--scope", "src")
        sk("goal", "link", name)
        for item in range(10):
            sk("todo", name, "add", f"item {item}")
    return home


def milliseconds(bench, home, argv, times):
    """The mean of so many runs, one after the other."""
    done = subprocess.run([bench.loop, str(times), "1", *argv], cwd=home, capture_output=True, text=True, check=True)
    return float(done.stdout) / 1000


def goals(bench):
    home = make(bench)
    floors = {"/bin/true": ["/bin/true"], "python3 -c pass": [sys.executable, "-c", "pass"]}
    taken = {" ".join(words): [] for words in COMMANDS}
    beside = {name: [] for name in floors}
    for _ in range(bench.rounds):
        for name, argv in floors.items():
            beside[name].append(milliseconds(bench, home, argv, 10))
        for words in COMMANDS:
            times = 1 if words[1:2] == ["eval"] else 10
            taken[" ".join(words)].append(milliseconds(bench, home, [bench.sk, "tentacle", *words], times))
            if words[1:2] == ["eval"]:
                subprocess.run([bench.sk, "tentacle", "goal", "resume"], cwd=home, check=True, stdout=subprocess.DEVNULL)
    true, python = (rounds.median(beside[name]) for name in floors)
    for words, values in taken.items():
        value = rounds.median(values)
        bench.table.add(f"sk tentacle {words}", f"{value:.1f} ms, {value / true:.1f} of true, {value / python:.2f} of python3",
                        f"<= {GOAL_MS} ms", value <= GOAL_MS)
