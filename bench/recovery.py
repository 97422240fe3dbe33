"""How fast an operator gets help: the state put back, and commands beside a live orchestrator with many tasks."""
import glob
import json
import os
import subprocess
import time

import rounds

# What a person types when something is wrong. Those that change something come last.
COMMANDS = [words.split() for words in (
    "status", "recommend", "why t7", "task show t7", "task list --state running", "task deps t7", "task debug t7", "task retry t7 --dry-run",
    "task skip t7 --dry-run", "task cancel t7 --dry-run", "task skip t7",
    "workstream list", "workstream show bench", "workstream analyze bench", "workstream retry bench --dry-run",
    "workstream retry-failed bench --dry-run", "workstream resume bench --dry-run", "workstream dag bench",
    "worker list", "worker check local", "worker restart local --dry-run", "worker shutdown local --force --dry-run",
    "resource list", "resource show r", "resource limit r --max-holders 3 --dry-run", "dep remove --from t2 --to t1 --dry-run",
    "metrics", "interventions --limit 20", "events --limit 20",
    "state show", "state show --task-id t7", "state show --workstream-id bench", "state validate", "state repair", "recover", "state backups",
    "task retry t7", "task cancel t8 --yes", "dep remove --from t2 --to t1", "resource limit r --max-holders 3")]

# These read, fold or print something of every task: no goal, but nobody should be surprised.
WHOLE = [words.split() for words in (
    "workstream cancel bench --dry-run", "state show --format json", "state validate --full", "state show --at 9 --task-id t7",
    "state diff 9 current")]


def milliseconds(argv, cwd, codes=(0,)):
    begun = time.monotonic()
    done = subprocess.run(argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          check=False)
    taken = (time.monotonic() - begun) * 1000
    if done.returncode not in codes:
        raise SystemExit(f"bench: {' '.join(argv[1:])} ended with {done.returncode}: {done.stderr.decode()}")
    return taken


def write_tasks(path, count):
    """A plan that fills a state: one chain of three, one task with a resource, the others alone."""
    tasks = {f"t{i}": {"run": "true"} for i in range(count)}
    tasks["t2"]["needs"] = ["t1"]
    tasks["t3"]["resources"] = ["r"]
    with open(path, "w", encoding="ascii") as file:
        json.dump({"workstream": "bench", "resources": {"r": 2}, "tasks": tasks}, file)


def restore(bench):
    """From a backup, and the start behind it; and from a journal of a million lines."""
    count = 2000 if bench.quick else 10000
    home = bench.home("restore")
    write_tasks(os.path.join(home, "plan.json"), count)
    subprocess.run([bench.sk, "run", "--quiet", "plan.json"], cwd=home, check=True, stdout=subprocess.DEVNULL)
    taken = []
    for number in range(bench.rounds):
        os.makedirs(os.path.join(home, ".state", "backups"), exist_ok=True)
        snapshot = os.path.join(home, ".state", "current.json")
        backup = os.path.join(home, ".state", "backups", f"current_2030-01-01T00-00-{number:02d}.json")
        with open(snapshot, "rb") as source, open(os.open(backup, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as target:
            target.write(source.read())
        with open(snapshot, "r+b") as file:
            file.truncate(100)
        taken.append(milliseconds([bench.sk, "state", "restore", "--from-backup", "latest", "--yes"], home) +
                     milliseconds([bench.sk, "run", "--quiet", "plan.json"], home))
    add(bench, f"restore from a backup and start, {count} tasks", taken, 200)
    lines = 100000 if bench.quick else 1000000
    directory = bench.path("replay")
    os.makedirs(directory, mode=0o700)
    program = os.path.join(os.path.dirname(bench.loop), "bench_replay")
    subprocess.run([program, directory, str(lines)], check=True, stdout=subprocess.DEVNULL)
    journal = os.path.join(directory, "transitions.jsonl")
    taken = []
    for number in range(min(bench.rounds, 3)):
        into = bench.path(f"into-{number}")
        taken.append(milliseconds([bench.sk, "state", "restore", "--from-transitions", journal, "--into", into,
                                   "--state-dir", directory], bench.scratch))
    add(bench, f"restore from {lines} transitions, into a copy", taken, 1500)


def commands(bench):
    """Beside a daemon that holds many tasks. It is paused, so nothing but the command is at work."""
    count = 10000 if bench.quick else 100000
    home = bench.home("commands")
    write_tasks(os.path.join(home, "plan.json"), count)
    subprocess.run([bench.sk, "daemon", "start", "--paused"], cwd=home, check=True, stdout=subprocess.DEVNULL)
    try:
        subprocess.run([bench.sk, "submit", "--quiet", "plan.json"], cwd=home, check=True, stdout=subprocess.DEVNULL)
        wait_for_views(home)
        for words in COMMANDS + WHOLE:
            taken = [milliseconds([bench.sk, *words], home, (0, 1, 3, 4, 5)) for _ in range(2 * bench.rounds + 1)]
            add(bench, f"{count} tasks, orchestrator alive: sk {' '.join(words)}", taken, 50 if words in COMMANDS else None)
    finally:
        subprocess.run([bench.sk, "daemon", "stop", "--now"], cwd=home, check=False, stdout=subprocess.DEVNULL)


def wait_for_views(home):
    """A second behind the submission its snapshot, graph and checkpoint are there; then nothing more is written."""
    wanted = [os.path.join(home, ".state", name) for name in ("current.json", "by_worker.json", "checkpoints/bench_latest.json")]
    end = time.monotonic() + 60
    while not all(map(os.path.exists, wanted)):
        if time.monotonic() > end:
            raise SystemExit("bench: the views of the submitted plan were not written within a minute")
        time.sleep(0.01)


def add(bench, what, taken, goal):
    value = rounds.median(taken)
    bench.table.add(what, f"{value:.1f} ms ({min(taken):.1f}-{max(taken):.1f})", f"<= {goal} ms" if goal else "none",
                    not goal or value <= goal)
