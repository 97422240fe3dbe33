"""What a proof starts ends with it, whatever shape it has and whatever happens to sk."""

import os
import pathlib
import signal

import pytest
from conftest import DEADLINE_S, until

# How a command may scatter itself. Each says `on` into the gate of the test when all of it is there, then `wait`s.
SHAPES = {
    "background": "sleep 1000 & sleep 1000 & echo >up; {end}",
    "pipeline": "sleep 1000 | sleep 1000 & echo >up; {end}",
    "setsid": "setsid sleep 1000 & echo >up; {end}",
    "double_fork": "(setsid sh -c 'sleep 1000 & sleep 1000 &' &); echo >up; {end}",
    "deaf": "trap '' TERM HUP INT; sleep 1000 & (setsid sleep 1000 &); echo >up; {end}",
    "stopped": "sleep 1000 & kill -STOP $!; echo >up; {end}",
    "churn": "setsid ./churn & (setsid ./churn &); echo >up; {end}",
    "replaces_itself": "(setsid ./again &); echo >up; {end}",
    "holds_output": "sh -c 'sleep 1000 & sleep 1000 >/dev/null &'; echo >up; {end}",
    "renamed": "(env -i /usr/bin/setsid /bin/sh -c '/bin/sleep 1000.{n} & exec /bin/sleep 1000.{n}' &); echo >up; {end}",
}

# The words that run a command, and those behind it.
WAYS = {
    "check": (["goal", "criteria", "check", "--timeout", "{limit}"], None),
    "verify_loop": (["goal", "verify-loop", "--max-retries", "0", "--timeout", "{limit}"], None),
    "verify": (["tentacle", "verify", "a"], ["--timeout", "{limit}"]),
    "complete": (["tentacle", "complete", "a", "--auto-verify"], ["--auto-verify-timeout", "{limit}"]),
}


class Proof:
    """One command of one shape, run by one of the commands of sk."""

    def __init__(self, goals, shape, way, end):
        self.goals, self.number = goals, "%d%d" % (os.getpid(), id(self) % 100000)
        os.mkfifo(goals.folder / "up")
        self.up = os.open(goals.folder / "up", os.O_RDWR)
        churn = goals.folder / "churn"
        churn.write_text("#!/bin/sh\nsleep 0.01\nsetsid ./churn &\n")
        churn.chmod(0o700)
        again = goals.folder / "again"
        again.write_text('#!/bin/sh\nexec ./again\n')
        again.chmod(0o700)
        command = SHAPES[shape].replace("{end}", end).replace("{n}", self.number)
        self.words, self.more = WAYS[way]
        goals.begin()
        if self.more is None:
            assert goals.g("criteria", "add", "--id", "c", "--desc", "x", "--verify-cmd", command).code == 0
        else:
            assert goals.t("create", "a").code == 0
            self.words, self.more = [*self.words, command], self.more

    def argv(self, limit):
        return [word.replace("{limit}", limit) for word in [*self.words, *(self.more or [])]]

    def start(self):
        run = self.goals.start(*self.argv("500"))
        os.read(self.up, 1)
        return run

    def unmarked(self):
        """What shed its environment is known by its number."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if ("1000." + self.number).encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                        found.append(int(entry.name))
                except OSError:
                    pass
        return found

    def gone(self):
        """Looked for several times: what replaces itself all the time is easily overlooked."""
        return not any(self.goals.left() or self.unmarked() for _ in range(5))

    def nothing_left(self):
        until(self.gone, "all that it started ends: %r %r" % (self.goals.left(), self.unmarked()))


@pytest.fixture
def proof(goals):
    made = []

    def make(*words):
        made.append(Proof(goals, *words))
        return made[-1]

    yield make
    for one in made:
        for pid in one.unmarked():
            os.kill(pid, signal.SIGKILL)
        os.close(one.up)


WAITS = "exec sleep 1000"

# Every shape under one command, and every command with one shape: the warden is the same.
SOME = [(shape, "check") for shape in SHAPES] + [("double_fork", way) for way in WAYS if way != "check"]
# A proof of a tentacle may be given less than a second.
SHORT = [(shape, "verify") for shape in SHAPES] + [("double_fork", way) for way in WAYS if way != "verify"]


@pytest.mark.parametrize("shape, way", SOME)
def test_sk_is_killed(proof, shape, way):
    one = proof(shape, way, WAITS)
    run = one.start()
    run.kill()
    run.communicate()
    one.nothing_left()


@pytest.mark.parametrize("shape, way", SOME)
def test_it_ends_well(proof, shape, way):
    one = proof(shape, way, "exit 0")
    done = one.goals(*one.argv("500"))
    assert done.code == 0, done.err
    assert one.gone()


@pytest.mark.parametrize("shape, way", SHORT)
def test_its_time_is_over(proof, shape, way):
    one = proof(shape, way, WAITS)
    done = one.goals(*one.argv("300ms" if way == "verify" else "1"))
    assert done.code == {"verify": 124, "complete": 0}.get(way, 1), done.err
    assert one.gone()


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("shape, way", SOME)
def test_sk_is_told_to_end(proof, shape, way, number, code):
    one = proof(shape, way, WAITS)
    run = one.start()
    run.send_signal(number)
    _, said = run.communicate(timeout=DEADLINE_S)
    assert run.returncode == code and said.count("\n") == 1 and "interrupted" in said and "Try: sk tentacle" in said
    assert one.gone()


def wardens(goals):
    """Those that stand between sk and what it runs: they do not bear the words that sk was called with."""
    return {pid: words for pid, words in goals.left().items() if words.startswith("sk-warden")}


def test_the_warden_is_not_taken_for_sk(proof):
    """Whoever kills all of sk by its name or by its words leaves the one that cleans up behind it."""
    one = proof("setsid", "check", WAITS)
    run = one.start()
    [pid] = until(lambda: wardens(one.goals), "a warden stands there")
    assert pathlib.Path("/proc/%d/comm" % pid).read_text() == "sk-warden\n"
    assert str(run.pid) in wardens(one.goals)[pid]
    named = [other for other, words in one.goals.left().items() if "criteria check" in words]
    assert named == [run.pid]
    os.kill(pid, signal.SIGTERM)  # a warden that hears a word to all does not go before the others
    os.kill(pid, signal.SIGINT)
    assert pid in wardens(one.goals)
    run.kill()
    run.communicate()
    one.nothing_left()


def test_the_warden_holds_nothing_of_sk(proof):
    """Who reads what sk prints is not kept waiting, and no lock of sk lives on in it."""
    one = proof("background", "check", WAITS)
    run = one.start()
    [pid] = until(lambda: wardens(one.goals), "a warden stands there")
    ours = {os.readlink("/proc/%d/fd/%d" % (run.pid, number)) for number in (1, 2)}
    held = {link for link in (os.readlink(entry) for entry in pathlib.Path("/proc/%d/fd" % pid).iterdir())}
    assert not ours & held
    assert not [link for link in held if str(one.goals.home) in link]


# Those that keep the environment they were given: by it they are found without the warden.
MARKED = [shape for shape in SHAPES if shape != "renamed"]


@pytest.mark.parametrize("shape", MARKED)
def test_the_warden_is_killed(proof, shape):
    """Then the command is ended as well, and nothing is recorded of it."""
    one = proof(shape, "check", WAITS)
    run = one.start()
    [pid] = until(lambda: wardens(one.goals), "a warden stands there")
    os.kill(pid, signal.SIGKILL)
    _, said = run.communicate(timeout=DEADLINE_S)
    assert run.returncode == 8 and "nothing was recorded" in said
    one.nothing_left()
    assert one.goals.goal()["success_criteria"][0]["status"] == "unverified"


def test_output_of_what_ends_a_moment_later_counts(goals):
    """As of bash's >(tee log), which nobody waits for."""
    goals.begin()
    goals.g("criteria", "add", "--id", "c", "--desc", "x", "--verify-cmd", "(sleep 0.02; echo late) & echo early")
    assert goals.g("criteria", "check").code == 0
    assert goals.goal()["success_criteria"][0]["evidence"] == "early\nlate\n"


def test_the_end_of_children_is_not_ignored(goals):
    """A caller may have told us to; then exit codes would be lost."""
    goals.begin()
    goals.g("criteria", "add", "--id", "c", "--desc", "x", "--verify-cmd", "exit 3")
    done = goals.g("criteria", "check", preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    assert done.code == 1 and "failed with 3" in done.out
