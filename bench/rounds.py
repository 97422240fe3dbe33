"""
Times whole programs in rounds: A B C, A B C, ... so that a machine that slows down slows all of them. Only ratios within
a round are worth anything; their median is what is reported.

The timer is the subreaper of what it starts, so a process that left its parent (our worker) is waited for and its
processor time counted like any other.
"""
import ctypes
import os
import signal
import statistics
import subprocess
import time

PR_SET_CHILD_SUBREAPER = 36
LINGER_S = 10  # how long left-behind processes may take to end by themselves

ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Candidate:
    """`count` operations done by `argv` in `cwd`; `prepare` makes every run start from nothing."""

    def __init__(self, name, argv, count, cwd=None, prepare=None, env=None):
        self.name, self.argv, self.count, self.cwd = name, argv, count, cwd
        self.prepare, self.env = prepare or (lambda: None), env


class Run:
    """What one run took. `own` is the processor time of the candidate's direct and orphaned processes alone: of an
    orchestrator and its worker, without the tasks."""

    def __init__(self):
        self.wall = self.cpu = self.own = 0.0


def own_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def reap(run, options):
    """Reaps one child and adds its times. Returns (pid, exit code), or None when WNOHANG found none that had ended."""
    found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT | options)
    if found is None:
        return None
    run.own += own_seconds(found.si_pid)
    pid, status, usage = os.wait4(found.si_pid, 0)
    run.cpu += usage.ru_utime + usage.ru_stime
    return pid, os.waitstatus_to_exitcode(status)


def children():
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return [int(pid) for pid in file.read().split()]


def reap_the_rest(run):
    """Waits for orphans; those that do not end in time are killed, so that one run never disturbs the next."""
    deadline = time.monotonic() + LINGER_S
    while children():
        if reap(run, os.WNOHANG) is None:
            if time.monotonic() > deadline:
                for pid in children():
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.002)


def run_once(candidate):
    candidate.prepare()
    run = Run()
    start = time.monotonic()
    child = subprocess.Popen(candidate.argv, cwd=candidate.cwd, env=candidate.env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while True:
        pid, code = reap(run, 0)
        if pid == child.pid:
            break
    run.wall = time.monotonic() - start
    child.returncode = code
    if code != 0:
        os.set_blocking(child.stderr.fileno(), False)
        text = (child.stderr.read() or b"").decode(errors="replace")[-500:]
        raise SystemExit(f"bench: {candidate.name}: ended with {code}: {text}")
    child.stderr.close()
    reap_the_rest(run)
    return run


def run_rounds(candidates, rounds, warm_up=1):
    """{name: [Run, ...]}, one Run a round."""
    results = {candidate.name: [] for candidate in candidates}
    for number in range(-warm_up, rounds):
        for candidate in candidates:
            run = run_once(candidate)
            if number >= 0:
                results[candidate.name].append(run)
    return results


def ratios(results, ours, ours_count, theirs, theirs_count):
    """Per round: seconds an operation of ours, divided by theirs."""
    return [(a.wall / ours_count) / (b.wall / theirs_count) for a, b in zip(results[ours], results[theirs])]


def median(values):
    return statistics.median(values)
