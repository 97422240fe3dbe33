"""Many processes change goals at once, and some are killed: nothing is lost, nothing is there twice, and whoever reads
never sees half a document."""

import concurrent.futures
import json
import os
import random
import signal
import subprocess
import threading

from conftest import binary

FULL = os.environ.get("SK_TIER") == "full"
PROCESSES, COMMANDS = (32, 200) if FULL else (8, 12)
PATIENCE_S = 60


class Looker(threading.Thread):
    """Reads goal.json and meta.json as another program would, all the time."""

    def __init__(self, goals):
        super().__init__()
        self.goals, self.ended, self.seen, self.wrong = goals, threading.Event(), 0, []

    def run(self):
        last = 0
        while not self.ended.is_set():
            for path in [self.goals.home / "goal.json", *self.goals.home.glob("tentacles/*/meta.json")]:
                try:
                    document = json.loads(path.read_text())
                except ValueError as problem:
                    self.wrong.append("%s: %s" % (path, problem))
                    continue
                if path.name == "goal.json":
                    if document["last_seq"] < last:
                        self.wrong.append("goal.json went back from %d to %d" % (last, document["last_seq"]))
                    last = document["last_seq"]
                self.seen += 1


def run(goals, *words):
    done = subprocess.run([binary(), "tentacle", *words], cwd=goals.folder, env=goals.env, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, (words, done)


def one_person(goals, number):
    """Says how many tokens it spent and which to-dos it added."""
    chance = random.Random(number)
    spent, added = 0, []
    for step in range(COMMANDS):
        if chance.random() < 0.5:
            run(goals, "goal", "spend", "--tokens", "1")
            spent += 1
        else:
            word = "p%d-%d" % (number, step)
            run(goals, "todo", "t%d" % chance.randrange(3), "add", word)
            added.append(word)
    return spent, added


def prepare(goals):
    goals.begin("a goal")
    for number in range(3):
        assert goals.t("create", "t%d" % number).code == 0
        assert goals.g("link", "t%d" % number).code == 0


def todos(goals):
    found = []
    for number in range(3):
        text = (goals.home / "tentacles" / ("t%d" % number) / "todo.md").read_text()
        found += [line.split("] ")[1] for line in text.splitlines() if line.startswith("- [")]
    return found


def sound(goals):
    """The journal begins anew when it has grown; what was closed lies in the archive, in the order of its numbers."""
    closed = sorted((goals.home / "archive" / "transitions").glob("*.jsonl"), key=lambda path: int(path.name.split("-")[0]))
    events = [json.loads(line) for path in closed for line in path.read_text().splitlines()] + goals.events()
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert not [event for event in events if event["event"] in ("goal_edited", "tentacle_edited", "goal_imported")]
    assert goals.g("status").err == ""


def test_nothing_is_lost(goals):
    prepare(goals)
    looker = Looker(goals)
    looker.start()
    try:
        with concurrent.futures.ThreadPoolExecutor(PROCESSES) as pool:
            told = list(pool.map(lambda number: one_person(goals, number), range(PROCESSES)))
    finally:
        looker.ended.set()
        looker.join()
    assert goals.g("status", "--json").json["spent_tokens"] == sum(spent for spent, _ in told)
    assert sorted(todos(goals)) == sorted(word for _, added in told for word in added)
    assert looker.wrong == [] and looker.seen > 0
    sound(goals)


def test_killed_in_between(goals):
    """Each third is killed at some moment: what was told as done is there once, the rest once or not at all."""
    prepare(goals)
    chance = random.Random()
    told, unknown = [], []

    def one(number):
        word = "k%d" % number
        process = subprocess.Popen([binary(), "tentacle", "todo", "t0", "add", word], cwd=goals.folder, env=goals.env,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if number % 3 == 0:
            try:
                process.wait(chance.random() * 0.01)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
        _, problem = process.communicate(timeout=PATIENCE_S)
        assert process.returncode in (0, -signal.SIGKILL), problem
        (told if process.returncode == 0 else unknown).append(word)

    with concurrent.futures.ThreadPoolExecutor(PROCESSES) as pool:
        list(pool.map(one, range(PROCESSES * COMMANDS // 2)))
    assert goals.t("todo", "t0", "add", "last").code == 0
    found = todos(goals)
    assert len(found) == len(set(found)) and {*told, "last"} <= set(found) <= {*told, *unknown, "last"}
    sound(goals)


def test_who_only_looks_is_not_told_of_damage(goals):
    """It takes no lock: between its look at the journal and that at the files somebody else commits."""
    prepare(goals)
    for number in range(40):
        assert goals.t("todo", "t0", "add", "x" * 4000 + str(number)).code == 0  # so that a look takes its time
    ended = threading.Event()

    def spend():
        while not ended.is_set():
            run(goals, "goal", "spend", "--tokens", "1")

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(spend) for _ in range(2)]
        try:
            for _ in range(200):
                run(goals, "goal", "status")
        finally:
            ended.set()
        assert [writer.result() for writer in writers] == [None, None]
