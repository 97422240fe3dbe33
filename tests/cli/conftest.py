"""What the scripts share: the binary under test, a fresh folder for each, and states made through the real core.

Run with SK=<path of sk>. Nothing here sleeps to wait: whatever takes time is polled with a deadline.
"""

import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

# Only what fails waits this long: the gate shares a slow machine with others.
DEADLINE_S = 60


def binary():
    path = os.environ.get("SK")
    if not path:
        pytest.exit("SK is not set: give the path of the sk to test", returncode=2)
    return str(pathlib.Path(path).resolve())


def state_maker():
    """Built beside sk: build/tests/cli/state_maker for build/sk as well as for build/src/sk."""
    place = pathlib.Path(binary()).parent
    for folder in (place, place.parent):
        found = folder / "tests" / "cli" / "state_maker"
        if found.exists():
            return str(found)
    pytest.fail("state_maker is not built beside " + str(place))


def until(condition, what):
    """Polls until the condition gives something true, and returns that."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    pytest.fail("did not happen within %d s: %s" % (DEADLINE_S, what))


class Result:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self):
        """The one document on stdout, with its schema version."""
        document = json.loads(self.out)
        assert document["schema_version"] == "1.0.0"
        return document

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


class Sk:
    """Runs sk in a folder, with an environment that nobody's settings reach."""

    def __init__(self, folder):
        self.folder = folder
        self.env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "xterm"}
        self.started = []

    def __call__(self, *words, cwd=None, env=None, **more):
        more.setdefault("stdin", subprocess.DEVNULL)
        more.setdefault("stdout", subprocess.PIPE)
        more.setdefault("stderr", subprocess.PIPE)
        return Result(
            subprocess.run([binary(), *map(str, words)], cwd=cwd or self.folder, env={**self.env, **(env or {})},
                           text=True, errors="surrogateescape", timeout=DEADLINE_S, **more))

    def start(self, *words, **more):
        more = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        process = subprocess.Popen([binary(), *map(str, words)], cwd=self.folder, env=self.env, text=True, **more)
        self.started.append(process)
        return process

    def end(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()


TAG = "SK_TEST_TAG"


def tagged(tag):
    """Processes that have the tag in their environment: {pid: command line}."""
    found = {}
    word = ("%s=%s" % (TAG, tag)).encode()
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            if word in pathlib.Path(entry.path, "environ").read_bytes().split(b"\0"):
                words = pathlib.Path(entry.path, "cmdline").read_bytes()
                found[int(entry.name)] = words.replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
    return found


class Work(Sk):
    """Runs plans. Everything that is started bears a tag, so that the test can tell what is left of it."""

    def __init__(self, folder):
        super().__init__(folder)
        self.tag = "%d/%s" % (os.getpid(), folder)
        self.env[TAG] = self.tag
        self.gates = []

    def plan(self, text, name="plan.yaml"):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return name

    def events(self, kind=None, task=None):
        journal = self.folder / ".state" / "transitions.jsonl"
        # The last line may be on its way.
        lines = journal.read_text().splitlines(keepends=True) if journal.exists() else []
        events = [json.loads(line) for line in lines if line.endswith("\n")]
        return [event for event in events
                if kind in (None, event["event"]) and task in (None, event.get("task_id"))]

    def read(self, name):
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    def lines(self, name):
        return self.read(name).splitlines()

    def state_of(self, task):
        states = [event["to_state"] for event in self.events(task=task) if event.get("to_state")]
        return states[-1] if states else None

    def left(self):
        return tagged(self.tag)

    def workers(self):
        return [pid for pid, words in self.left().items() if " worker --state-dir " in words]

    def gate(self, name="gate"):
        """A FIFO: a task that opens it for reading waits until open_gate."""
        os.mkfifo(self.folder / name)
        return self

    def open_gate(self, name="gate"):
        """Lets through all that wait, and all that come later: the other end stays open. Waits for the first one."""
        self.gates.append(os.open(self.folder / name, os.O_WRONLY))

    def unlock_gate(self, name="gate"):
        """The same, but whether or not somebody waits."""
        self.gates.append(os.open(self.folder / name, os.O_RDWR))

    def nothing_left(self):
        until(lambda: not self.left(), "everything that was started ends: %r" % self.left())

    def end(self):
        super().end()
        for gate in self.gates:
            os.close(gate)
        for pid in self.left():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.nothing_left()


class Maker:
    """Feeds state_maker its steps; with hold() it keeps the orchestrator's lock until the test ends."""

    def __init__(self, folder):
        self.folder, self.process = folder, None

    def open(self, age_ms=60000):
        self.process = subprocess.Popen([state_maker(), str(self.folder / ".state"), str(age_ms)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def steps(self, text):
        if not self.process:
            self.open()
        self.process.stdin.write(text.strip() + "\n")
        self.process.stdin.flush()

    def hold(self):
        self.steps("hold")
        answer = self.process.stdout.readline()
        assert answer == "held\n", self.process.stderr.read()

    def close(self):
        if not self.process:
            return
        _, problem = self.process.communicate(timeout=DEADLINE_S)
        assert self.process.returncode == 0, problem
        self.process = None

    def make(self, text):
        """Does the steps and ends, as an orchestrator that was killed would."""
        self.steps(text)
        self.close()


@pytest.fixture
def sk(tmp_path):
    runner = Sk(tmp_path)
    yield runner
    runner.end()


@pytest.fixture
def work(tmp_path):
    runner = Work(tmp_path)
    yield runner
    runner.end()


@pytest.fixture
def maker(tmp_path):
    made = Maker(tmp_path)
    yield made
    made.close()


# A small night: one thing failed, one is being tried again, one runs, one waits for a resource and one for a capability.
NIGHTLY = """
limit git_repo_write 1
ws nightly plans/nightly.yaml 0
task build {"run":"make","retries":2} -
task arm {"run":"make"} -
task lint {"run":"lint","retries":3,"backoff_ms":600000} -
task sync {"run":"git","resources":{"git_repo_write":1}} -
task push {"run":"git","resources":{"git_repo_write":1}} -
task unit {"run":"make"} build
task publish {"run":"publish"} unit,arm
task announce {"run":"mail"} publish
task gpu {"run":"train","capabilities":["gpu"]} -
submit
orchestrator
worker local 4 []
start build
start arm
start lint
start sync
pass 2000
finish arm 2 2000 cc: error: no such file | make: *** [arm] Error 1
finish lint 1 1500 lint: 3 problems
pass 1000
"""

# Everything done; the last run stopped cleanly.
DONE = """
ws small small.yaml 0
task one {"run":"true"} -
task two {"run":"true"} one
submit
orchestrator
worker local 2 []
start one
pass 1200
finish one 0 1200
start two
finish two 0 10
stop
"""


@pytest.fixture
def goals(tmp_path):
    from goal_work import Goals

    made = Goals(tmp_path)
    yield made
    made.end()
