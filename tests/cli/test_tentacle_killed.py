"""SIGKILL at every boundary of the commands on tentacles: each is done or not done, the files follow, and no file of ours is
ever taken for somebody's edit."""

import json
import os
import random
import shutil
import subprocess

import pytest

from conftest import DEADLINE_S, binary
from goal_work import Goals
from killing import tool

FULL = os.environ.get("SK_TIER") == "full"
PARTS = 4 if FULL else 1

# words, the event that records it, how often, what must be true of the files when it is recorded and when it is not
CASES = {
    "create": (["create", "new", "--scope", "src"], "tentacle_created", 1,
               lambda folder, done: (folder / "new" / "meta.json").exists() == done),
    "todo": (["todo", "a", "add", "another"], "tentacle_todo_set", 1,
             lambda folder, done: (folder / "a" / "todo.md").read_text().count("another") == done),
    "note": (["handoff", "a", "remember"], "tentacle_noted", 1,
             lambda folder, done: (folder / "a" / "handoff.md").read_text().count("remember") == done),
    "handoff": (["handoff", "b", "the first", "--status", "DONE"], "tentacle_handed_off", 1,
                lambda folder, done: (folder / "b" / "handoff.md").exists() == done),
    "park": (["handoff", "a", "rate limit", "--status", "BLOCKED"], "tentacle_parked", 1,
             lambda folder, done: ('"tentacle":"a"' in (folder.parent / "retry-queue.json").read_text()) == done),
    "release": (["retry-queue", "release", "p"], "tentacle_released", 1,
                lambda folder, done: ('"tentacle":"p"' in (folder.parent / "retry-queue.json").read_text()) != done),
    "complete": (["complete", "a"], "tentacle_completed", 1,
                 lambda folder, done: ("[ ]" in (folder / "a" / "todo.md").read_text()) != done),
    "split": (["split", "a", "x", "y"], "tentacle_created", 2,
              lambda folder, done: (folder / "x").exists() == done and (folder / "y" / "todo.md").exists() == done),
    "dispatch": (["dispatch", "a"], "tentacle_dispatched", 1,
                 lambda folder, done: ('"dispatched"' in (folder / "a" / "meta.json").read_text()) == done),
    "delete": (["delete", "a", "--yes"], "tentacle_deleted", 1,
               lambda folder, done: (folder / "a" / "handoff.md").exists() != done),
}


@pytest.fixture
def pristine(goals):
    for name in ("a", "b", "p"):
        assert goals.t("create", name).code == 0
    for text in ("one", "two"):
        goals.t("todo", "a", "add", text)
    goals.t("handoff", "a", "from before")
    assert goals.t("handoff", "p", "HTTP 429 too many requests", "--status", "BLOCKED").code == 75
    return goals


def sweep(goals, words, *options):
    report = goals.folder / "report.json"
    subprocess.run([tool("crash/sweep"), "--report", str(report), *map(str, options), "--", binary(), "tentacle", *words],
                   cwd=goals.folder, env={**goals.env, "ASAN_OPTIONS": "detect_leaks=0"}, stdin=subprocess.DEVNULL,
                   capture_output=True, timeout=DEADLINE_S)
    return json.loads(report.read_text())


def again(goals, number):
    """The same repository once more."""
    copy = goals.folder.parent / ("%s-world-%d" % (goals.folder.name, number))
    shutil.copytree(goals.folder, copy, symlinks=True)
    other = Goals.__new__(Goals)
    other.__dict__.update(goals.__dict__, folder=copy, home=copy / ".octogent", started=[], gates=[])
    other.env = {**goals.env, "HOME": str(copy / "home"), "SK_HOME": str(copy / "home")}
    return other


@pytest.mark.parametrize("name", CASES)
def test_killed(pristine, name):
    words, kind, expected, holds = CASES[name]
    before = len(pristine.events(kind))
    whole = again(pristine, 0)
    calls = sweep(whole, words)["orchestrator"]
    assert len(whole.events(kind)) == before + expected and calls > 5
    numbers = range(1, calls + 1)
    if not FULL and calls > 6:
        numbers = sorted(random.sample(numbers, 6))
    seen = set()
    for number in numbers:
        world = again(pristine, number)
        assert sweep(world, words, "--kill", number)["killed"], number
        shown = world.t("status", "--json").json
        assert shown["problems"] == [] and not any(t["problem"] for t in shown["tentacles"]), number
        # The next command that writes brings the files up to date.
        assert world.g("init").code == 0, number
        told = len(world.events(kind)) - before
        assert told in (0, expected), number
        assert holds(world.home / "tentacles", told == expected), (number, told)
        assert world.events("tentacle_edited") == [] and world.events("goal_edited") == [], number
        names = {entry.name for entry in (world.home / "tentacles").iterdir()}
        assert names == {t["name"] for t in world.t("list", "--json").json["tentacles"]}, number
        seen.add(told)
        shutil.rmtree(world.folder)
    assert not FULL or seen == {0, expected}


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("part", [0] if "ASAN_OPTIONS" in os.environ else range(PARTS))
def test_killed_while_it_is_learned_as_well(pristine, known, part):
    """The hand-off comes first: what is learned was handed off, whatever is missing then. The lesson is there or not, once,
    and what the database held stays; the same again comes to its end."""
    if known:
        assert pristine("learn", "--tool", "from before", "text").code == 0
    words = ["handoff", "b", "it copies twice\nand need not", "--status", "DONE", "--changed-file", "p.c", "--learn"]
    whole = again(pristine, 0)
    report = sweep(whole, words)
    calls = report["orchestrator"]
    assert report["exit"] == 0 and lessons(whole) == (known, 1)
    numbers = list(range(1, calls + 1))[part::PARTS]
    if not FULL:
        numbers = sorted(random.sample(numbers, 6))
    killed = 0
    for number in numbers:
        world = again(pristine, number)
        killed += sweep(world, words, "--kill", number)["killed"]
        told, learned = len(world.events("tentacle_handed_off")), lessons(world)
        assert told in (0, 1) and learned in ((known, 0), (known, told)), (number, told, learned)
        done = world.t(*words)
        assert done.code == 0 and not done.err, (number, done.err)
        assert len(world.events("tentacle_handed_off")) == told + 1, number
        assert lessons(world) == (known, learned[1] + 1), number
        assert (world.home / "tentacles" / "b" / "handoff.md").read_text().count("it copies twice") == told + 1, number
        assert world.events("tentacle_edited") == [], number
        assert not [path for path in (world.folder / "home").rglob("*partial*")], number
        shutil.rmtree(world.folder)
    print("killed at %d of %d boundaries" % (killed, calls))
    assert killed >= len(numbers) * 9 // 10, "the driver has hardly killed anything"


def lessons(world):
    """Whether what was learned before is there, and how often that of the hand-off was learned."""
    done = world("query", "--list", "--json")
    if done.code == 3:
        return False, 0
    titles = {entry["title"]: entry["occurrences"] for entry in done.json["entries"]}
    found = {entry["title"] for entry in world("query", "need twice", "--json").json["entries"]}
    assert found == set(titles) - {"from before"}
    return "from before" in titles, titles.get("b: it copies twice", 0)
