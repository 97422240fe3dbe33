"""SIGKILL at the boundaries of every command that changes something: it is done or not done, and doing it again is safe.

The commands come from the command table, so a new one without a case in sweeping.py fails here. tests/crash/sweep.c kills
the shipped program just before its n-th system call that others can see. The fast tier takes a sample of the boundaries,
another one each time; SK_TIER=full takes all.
"""

import concurrent.futures
import json
import os
import random

import pytest

from killing import tool
from sweeping import CASES, NOTHING, Act, Beside, Broken, commands_that_change, orchestrator_killed, worker_ender_killed

FULL = os.environ.get("SK_TIER") == "full"
SAMPLE = 10
SEED = int(os.environ.get("SK_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)


def in_parallel(work, items):
    """Does the work for each item; the first failure counts."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return [future.result() for future in [pool.submit(work, item) for item in items]]


def numbers_of(calls, count):
    """All boundaries, or `count` of them by chance."""
    if FULL or calls <= count:
        return list(range(1, calls + 1))
    chance = random.Random(SEED)
    return sorted(chance.sample(range(1, calls + 1), count))


def test_every_command_that_changes_something_has_a_case():
    assert set(commands_that_change()) == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_killed(tmp_path, name):
    act = Act(name, tmp_path)
    numbers = numbers_of(act.whole["calls"], SAMPLE)
    killed = sum(in_parallel(act.killed, numbers))
    print("SK_SEED=%d: %s killed at %d of %d boundaries" % (SEED, name, killed, act.whole["calls"]))
    assert killed >= len(numbers) // 2, "the driver has hardly killed anything"


@pytest.mark.parametrize("name", ["task skip", "worker shutdown", "state repair", "recover"])
def test_killed_again(tmp_path, name):
    """Second order: doing it again is killed as well."""
    act, chance = Act(name, tmp_path), random.Random(SEED)
    pairs = [(chance.randrange(1, act.whole["calls"] + 1), chance.randrange(1, act.whole["calls"] + 1))
             for _ in range(100 if FULL else 6)]
    killed = sum(in_parallel(lambda pair: act.killed(pair[0], second=pair[1]), pairs))
    print("SK_SEED=%d: %s killed twice at %d of %d pairs" % (SEED, name, killed, len(pairs)))


def test_command_killed_that_ends_a_worker(tmp_path):
    """The worker and its task live until it is their turn; in the end they are gone, once, and nothing is left."""
    total = worker_ender_killed(tmp_path, 0)
    numbers = numbers_of(total, 10)
    in_parallel(lambda number: worker_ender_killed(tmp_path, number), numbers)
    print("SK_SEED=%d: killed at %d of %d boundaries" % (SEED, len(numbers), total))
    assert total > 40


@pytest.mark.parametrize("name", NOTHING)
def test_what_changes_nothing_is_noted_once(tmp_path, name):
    act = Act(name, tmp_path)
    assert act.whole["events"] == act.before["events"] and act.whole["shown"] == act.before["shown"]
    for number in range(1, act.whole["calls"] + 1):
        assert act.killed(number)


# --- beside an orchestrator -----------------------------------------------------------------------------------------


def test_command_killed_beside_an_orchestrator(tmp_path):
    """The orchestrator does not care; what was asked is done whole or not at all, and once when it is asked again."""
    run = Beside(tmp_path / "run")
    report, number, killed = run.folder / "command.json", 0, True
    try:
        while killed:
            number, noted = number + 1, len(run.notes())
            act, fact = ["resource", "limit", "r", "--max-holders", str(100 + number)], {"max_holders": 100 + number}
            run.ask(*act, front=[tool("crash/sweep"), "--report", str(report), "--kill", str(number), "--"])
            killed = json.loads(report.read_text())["killed"]
            left = run.notes()[noted:]
            assert left in ([], ["ok"]) and (not left or run.recorded("resource_limit_set", **fact) == 1), run.told()
            assert killed or left == ["ok"], run.told()
            assert run.ask(*act) == 0 and run.recorded("resource_limit_set", **fact) == 1, run.told()
            assert len(run.notes()) == noted + len(left) + 1, run.told()
        assert run.let_go()["exit"] == 0
        assert run.ran("held") == [1] and run.recorded("resource_limit_set") == number + 1, "the plan's, and each of ours"
        print("killed at %d boundaries" % (number - 1))
        assert number > 6
    finally:
        run.close()


def test_orchestrator_killed_with_an_act(tmp_path):
    """Killed anywhere from the request on: who asked is told, and after a new start it is whole or not at all."""
    total = orchestrator_killed(tmp_path, 0)["orchestrator"]
    numbers = range(1, total + 1) if FULL else [*range(1, 11), *numbers_of(total, 6)]
    reports = in_parallel(lambda number: orchestrator_killed(tmp_path, number), sorted(set(numbers)))
    killed = sum(report["killed"] for report in reports)
    print("SK_SEED=%d: killed at %d of %d boundaries" % (SEED, killed, total))
    assert killed >= len(set(numbers)) // 2, "the driver has hardly killed anything"


# --- planted faults: each must be noticed by the judge above --------------------------------------------------------


def complaint(act, number, *options):
    """What the judge says when the command is killed there with these options; "" when nothing."""
    try:
        act.killed(number, *options)
    except Broken as broken:
        return str(broken).splitlines()[0]
    return ""


@pytest.fixture(scope="module")
def act(tmp_path_factory):
    return Act("task skip", tmp_path_factory.mktemp("faults"))


def test_fault_noted_before_the_sync(act):
    """Planted: fdatasync of the journal does nothing. The power cut takes along what the diary calls done."""
    last = act.whole["calls"]
    assert "it was told as done" in complaint(act, last, "--power", "--lie", "fdatasync:transitions.jsonl")
    assert not complaint(act, last, "--power")


def test_fault_snapshot_without_the_journal(act):
    """Planted: the journal is not written, the snapshot is; killed before the diary could tell of it."""
    number = act.whole["calls"] - 2
    assert "validation finds" in complaint(act, number, "--lie", "write:transitions.jsonl")
    assert not complaint(act, number)


def test_fault_not_noted(act):
    """Planted: the diary is not written."""
    never = act.whole["calls"] + 1
    assert "left 0 lines in the diary" in complaint(act, never, "--lie", "write:interventions.log")
    assert not complaint(act, never)


def test_fault_nothing_is_replaced(act):
    """Planted: what was written beside a file does not become it."""
    assert "left-overs" in complaint(act, act.whole["calls"] + 1, "--lie", "renameat")


def test_fault_orchestrator_answers_without_the_journal(tmp_path):
    """Planted: from the moment of the request on the orchestrator does not write its journal."""
    with pytest.raises(Broken, match="it was told as done, and is not"):
        orchestrator_killed(tmp_path, 0, "--lie", "write:transitions.jsonl")
