"""SIGKILL at the boundaries of every command that changes something: it is done or not done, and doing it again is safe.

The commands come from the command table, so a new one without a case in sweeping.py fails here. tests/crash/sweep.c kills
the shipped program just before its n-th system call that others can see. The fast tier takes a sample of the boundaries,
another one each time; SK_TIER=full takes all.
"""

import concurrent.futures
import os
import random

import pytest

from sweeping import CASES, NOTHING, Act, Broken, commands_that_change

FULL = os.environ.get("SK_TIER") == "full"
SAMPLE = 8
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
    assert killed >= len(numbers) * 9 // 10, "the driver has hardly killed anything"


@pytest.mark.parametrize("name", NOTHING)
def test_what_changes_nothing_is_noted_once(tmp_path, name):
    act = Act(name, tmp_path)
    assert act.whole["events"] == act.before["events"] and act.whole["shown"] == act.before["shown"]
    for number in range(1, act.whole["calls"] + 1):
        assert act.killed(number)


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
