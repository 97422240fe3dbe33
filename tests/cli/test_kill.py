"""SIGKILL at every boundary of a run of ten tasks, and at random moments: the run always comes to its right end.

tests/crash/sweep.c kills the orchestrator, its worker, or both just before system call N; killing.py runs the plan again
and judges. The fast tier takes every boundary of the orchestrator and a sample of the others; SK_TIER=full takes all.

The last tests plant faults in the running binary (the driver answers calls that it does not carry out) and require the
same judge to notice: a judge that has never said no proves nothing.
"""

import concurrent.futures
import os
import random
import signal
import threading
import time

import pytest

from conftest import DEADLINE_S, tagged
from killing import Broken, Run

FULL = os.environ.get("SK_TIER") == "full"
AT_ONCE = 4 if (os.cpu_count() or 1) <= 2 else os.cpu_count()
SEED = int(os.environ.get("SK_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)


def in_parallel(work, items):
    """Does the work for each item; the first failure counts."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for future in [pool.submit(work, item) for item in items]:
            future.result()


def killed_and_judged(folder, number, *options, **plan):
    """Returns whether there was a call `number` to be killed before."""
    run = Run(folder / str(number), **plan)
    try:
        report = run.sweep("--kill", number, *options)
        run.go_on()
        run.judge()
    except Broken:
        run.end()
        raise
    return report["killed"]


def every_boundary(folder, *options, **plan):
    """Boundaries 1, 2, 3, ... until a run was over before it was killed. Returns how many there were."""
    lock, state = threading.Lock(), {"next": 1, "last": None, "killed": 0}

    def work(_):
        while True:
            with lock:
                number = state["next"]
                state["next"] += 1
                if state["last"] and number > state["last"]:
                    return
            killed = killed_and_judged(folder, number, *options, **plan)
            with lock:
                state["killed"] += killed
                if not killed:
                    state["last"] = min(number, state["last"] or number)

    in_parallel(work, range(AT_ONCE))
    return state["killed"]


def some_boundaries(folder, count, *options, **plan):
    """`count` boundaries, evenly spread over a run, or all of them in the full tier."""
    if FULL:
        return every_boundary(folder, *options, **plan)
    run = Run(folder / "count", **plan)
    report = run.sweep()
    run.judge()
    total = (0 if "worker" in options else report["orchestrator"]) + \
        (0 if "orchestrator" in options else report["worker"])
    # The number of calls differs from run to run, on a busy machine the more, so the last ones may not be there.
    numbers = sorted({1 + i * (total - 1) // count for i in range(count)})
    killed = []
    in_parallel(lambda number: killed.append(killed_and_judged(folder, number, *options, **plan)), numbers)
    assert sum(killed) >= len(numbers) // 2, "the driver has hardly killed anything"
    return sum(killed)


def test_orchestrator_at_every_boundary(tmp_path):
    killed = every_boundary(tmp_path, "--who", "orchestrator")
    print("orchestrator killed at %d boundaries" % killed)
    assert killed >= 100


RULES = """
workstream: rules
tasks:
  only: {run: "echo $SK_ATTEMPT >> only.ran", before: [{run: "true"}], after: [{run: "test -e only.ran"}]}
"""


def test_rules_at_every_boundary(tmp_path):
    """One task alone: each step has a commit of its own, so the end of a command is recorded before its rules run."""
    killed = every_boundary(tmp_path, "--who", "orchestrator", plan=RULES, tasks=["only"])
    print("killed at %d boundaries" % killed)
    assert killed >= 60


def test_worker_at_boundaries(tmp_path):
    print("worker killed at %d boundaries" % some_boundaries(tmp_path, 80, "--who", "worker"))


def test_both_at_boundaries(tmp_path):
    print("both killed at %d boundaries" % some_boundaries(tmp_path, 80, "--who", "both"))


WORKERS = """
workstream: two
max_parallel: 2
workers: {gpu: {slots: 2, capabilities: [gpu]}}
tasks:
  here: {run: "echo $SK_ATTEMPT >> here.ran"}
  there: {run: "echo $SK_ATTEMPT >> there.ran", capabilities: [gpu]}
  both: {run: "echo $SK_ATTEMPT >> both.ran", needs: [here, there]}
  last: {run: "echo $SK_ATTEMPT >> last.ran", capabilities: [gpu], needs: [both]}
"""


@pytest.mark.parametrize("who", ["orchestrator", "worker", "both"])
def test_with_a_worker_of_the_plan_at_boundaries(tmp_path, who):
    """Started, lost, adopted and sent away like the run's own: nothing of it is left, and its tasks ran once."""
    killed = some_boundaries(tmp_path, 24, "--who", who, plan=WORKERS, tasks=["here", "there", "both", "last"])
    print("%s killed at %d boundaries" % (who, killed))


def test_power_cut_at_boundaries(tmp_path):
    """Tasks die too, and what journal and outbox had not synced is gone."""
    print("power lost at %d boundaries" % some_boundaries(tmp_path, 60, "--power", "--who", "both"))


def processes(run, process):
    """The orchestrator and its workers, as far as they live."""
    workers = [pid for pid, words in tagged(run.tag).items() if " worker --state-dir" in words]
    return {"orchestrator": [process.pid], "worker": workers, "both": [process.pid, *workers]}


def kill_at_random(run, chance):
    process = run.start("run", "-q", "plan.yaml")
    time.sleep(chance.uniform(0, 0.15))  # the moment of the kill; nothing is waited for
    victims = chance.choice(["orchestrator", "worker", "both"])
    for pid in processes(run, process)[victims]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    if victims == "worker":
        process.communicate(timeout=DEADLINE_S)
    else:
        process.kill()
        process.communicate()
    run.story.append("killed " + victims)


def test_random_moments(tmp_path):
    """One to three kills in a row, of anyone, at any time."""
    print("seed %d" % SEED)

    def work(number):
        chance = random.Random(SEED + number)
        run = Run(tmp_path / str(number))
        try:
            for _ in range(chance.randrange(1, 4)):
                kill_at_random(run, chance)
            run.go_on()
            run.judge()
        except Broken as broken:
            run.end()
            pytest.fail("SK_SEED=%d, run %d: %s" % (SEED, number, broken))

    in_parallel(work, range(500 if FULL else 30))


def test_killed_again_while_recovering(tmp_path):
    """Second order: the run that recovers is killed as well."""
    chance = random.Random(SEED)
    count = 400 if FULL else 50
    killed = []

    def work(number):
        first, second, who, again = numbers[number]
        run = Run(tmp_path / str(number))
        try:
            run.sweep("--who", who, "--kill", first)
            killed.append(run.sweep("--who", again, "--kill", second)["killed"])
            run.go_on()
            run.judge()
        except Broken:
            run.end()
            raise

    words = ["orchestrator", "worker", "both"]
    numbers = [(chance.randrange(5, 120), chance.randrange(1, 50), chance.choice(words), chance.choice(words))
               for _ in range(count)]
    in_parallel(work, range(count))
    print("killed twice: %d of %d" % (sum(killed), count))
    assert sum(killed) >= count // 3


# --- planted faults: each must be noticed by the judge above --------------------------------------------------------


def complaint(folder, first, second):
    """What the judge says when these two runs are swept one after the other with these options; "" when nothing."""
    run = Run(folder)
    try:
        run.sweep(*first)
        if second:
            run.sweep(*second)
        run.go_on()
        run.judge()
    except Broken as broken:
        return str(broken)
    finally:
        run.end()
    return ""


def test_fault_spoke_before_the_sync(tmp_path):
    """Planted: fdatasync of the journal does nothing. The power cut then takes acknowledged facts along."""
    cut = ["--power", "--who", "both", "--kill"]
    for number in (80, 100, 120, 140):
        assert complaint(tmp_path / ("lie%d" % number), [*cut, number, "--lie", "fdatasync:transitions.jsonl"], None)
        assert not complaint(tmp_path / str(number), [*cut, number], None)
