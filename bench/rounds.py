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
import tempfile
import threading
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
    """What one run took: seconds on the wall, seconds of processor of all processes, and `own` of the candidate alone: of
    an orchestrator and its worker, without the tasks."""

    def __init__(self):
        self.wall = self.cpu = self.own = 0.0


def own_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


class OwnTime(threading.Thread):
    """Reads again and again what a process has used by itself, and each child that runs the same program (our worker):
    once they have ended, only sums with all their children would be left."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.seen, self.ended = pid, {}, threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(0.02):
            try:
                program = os.readlink(f"/proc/{self.pid}/exe")
                self.seen[self.pid] = own_seconds(self.pid)
                for child in children_of(self.pid):
                    if child in self.seen or os.readlink(f"/proc/{child}/exe") == program:
                        self.seen[child] = own_seconds(child)
            except OSError:
                continue  # it ended under our eyes

    def total(self):
        self.ended.set()
        self.join()
        return sum(self.seen.values())


def reap(run, options):
    """Reaps one child and adds its times. Returns (pid, exit code), or None when WNOHANG found none that had ended."""
    pid, status, usage = os.wait4(-1, options)
    if pid == 0:
        return None
    run.cpu += usage.ru_utime + usage.ru_stime
    return pid, os.waitstatus_to_exitcode(status)


def reap_the_rest(run):
    """Waits for orphans; those that do not end in time are killed, so that one run never disturbs the next."""
    deadline = time.monotonic() + LINGER_S
    while children_of(os.getpid()):
        if reap(run, os.WNOHANG) is None:
            if time.monotonic() > deadline:
                for pid in children_of(os.getpid()):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.002)


def end_what_is_left():
    """After a failure: nothing that was started here goes on."""
    while True:
        left = children_of(os.getpid())
        if not left:
            return
        for pid in left:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def run_once(candidate):
    candidate.prepare()
    run = Run()
    words = tempfile.TemporaryFile()  # a pipe that nobody reads would stop whoever writes into it
    start = time.monotonic()
    child = subprocess.Popen(candidate.argv, cwd=candidate.cwd, env=candidate.env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=words)
    own = OwnTime(child.pid)
    while True:
        pid, code = reap(run, 0)
        if pid == child.pid:
            break
    run.wall = time.monotonic() - start
    run.own = own.total()
    child.returncode = code
    if code != 0:
        words.seek(0)
        text = words.read().decode(errors="replace")[-500:]
        raise SystemExit(f"bench: {candidate.name}: ended with {code}: {text}")
    words.close()
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
