"""`sk worker` by hand: what it refuses, what it takes on, who is turned away. The rest is tested through `sk run`."""

import json
import socket

import pytest

from conftest import DEADLINE_S, until


def test_help(sk):
    assert sk("help", "worker").out.startswith("sk worker: run tasks for the orchestrator")


def test_bad_name(sk):
    done = sk("worker", "--worker-id", "../x")
    assert done.code == 2
    assert "--worker-id" in done.err


def test_bad_options(sk):
    assert sk("worker", "--slots", "0").code == 2
    assert sk("worker", "--slots", "100000").code == 2
    assert sk("worker", "now").code == 2


class Talker:
    """A worker that the test plays: it says what it likes over the real socket."""

    def __init__(self, work, name, incarnation=1, version=None):
        self.name, self.incarnation = name, incarnation
        self.version = version or work("version").out.split()[1]
        self.place = str(work.folder / ".state/orchestrator.sock")
        self.connect()

    def connect(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE_S)
        self.socket.connect(self.place)
        self.lines = self.socket.makefile("r")

    def say(self, word, **more):
        self.socket.sendall((json.dumps({"msg": word, **more}) + "\n").encode())

    def register(self, *more):
        self.say("register", worker_id=self.name, incarnation=self.incarnation, slots=1, pid=1, pid_start=1, boot_id="b",
                 nonce="n", version=self.version, kill_mode="sweep", capabilities=["gpu"], active=[])
        for word, members in more:
            self.say(word, **members)

    def expect(self, word):
        for line in self.lines:
            message = json.loads(line)
            if message["msg"] == word:
                return message
        raise AssertionError("the connection ends without " + word)


WAITS = """workstream: w
tasks:
  held: {run: ": < gate"}
"""


@pytest.fixture
def busy(work):
    work.gate()
    (work.folder / "plan.yaml").write_text(WAITS)
    work.run = work.start("run", "plan.yaml")
    until(lambda: work.state_of("held") == "running", "held runs")
    return work


def hand(work, *words):
    process = work.start("worker", *words)
    until(lambda: (work.folder / ".state/workers/gpu.json").exists(), "the worker is somebody")
    return process


def test_started_by_hand_takes_what_it_alone_can_do(work):
    (work.folder / "one.yaml").write_text("workstream: v\ntasks: {a: {run: 'true'}}\n")
    assert work("run", "one.yaml").code == 0
    (work.folder / "gpu.yaml").write_text(
        "workstream: g\ntasks:\n  plain: {run: 'echo $SK_TASK_ID'}\n"
        "  train: {run: 'echo trained > trained.txt', capabilities: [gpu]}\n")
    refused = work("run", "gpu.yaml")
    assert refused.code == 2 and "gpu" in refused.err
    process = hand(work, "--worker-id", "gpu", "--slots", "2", "--capabilities", '["gpu@3"]')
    assert work("run", "gpu.yaml").code == 0
    given = {event["task_id"]: event["worker_id"] for event in work.events("task_assigned")}
    assert given["train"] == "gpu" and work.lines("trained.txt") == ["trained"]
    assert process.poll() is None  # it is not the run's to send away
    assert work("worker", "shutdown", "gpu").code == 0
    assert process.wait() == 0
    assert [event["metadata"]["edge"] for event in work.events("worker_shutdown")
            if event["worker_id"] == "gpu"] == ["K9"]
    work.nothing_left()


@pytest.mark.parametrize("followed", [False, True])
def test_that_left_while_nobody_was_there_has_not_crashed(work, followed):
    """It was told to end between two runs. Nobody heard its good-bye; the next start reads it."""
    work.plan("workstream: v\nnotify: 'echo $SK_EVENT >> told'\ntasks: {a: {run: 'true', capabilities: [gpu]}}")
    assert work("run", work.plan("tasks: {first: {run: 'true'}}", "first.yaml")).code == 0
    process = hand(work, "--worker-id", "gpu", "--capabilities", '["gpu"]')
    assert work("run", "plan.yaml").code == 0
    process.terminate()
    assert process.wait() == 0
    if followed:
        work.start("worker", "--worker-id", "gpu", "--capabilities", '["gpu"]')
        until(lambda: json.loads(work.read(".state/workers/gpu.json"))["incarnation"] == 2, "the next one is there")
    assert work("run", "--new-run", "plan.yaml" if followed else "first.yaml").code == 0
    assert [event["metadata"]["edge"] for event in work.events("worker_shutdown") if event["worker_id"] == "gpu"] == ["K9"]
    assert not work.events("worker_crashed") and work.lines("told") == []


def test_that_is_killed_while_nobody_was_there_has_crashed(work):
    assert work("run", work.plan("tasks: {first: {run: 'true'}}", "first.yaml")).code == 0
    process = hand(work, "--worker-id", "gpu", "--capabilities", '["gpu"]')
    assert work("run", work.plan("workstream: v\ntasks: {a: {run: 'true', capabilities: [gpu]}}")).code == 0
    process.kill()
    process.wait()
    assert work("run", "--new-run", "first.yaml").code == 0
    assert [event["worker_id"] for event in work.events("worker_crashed")] == ["gpu"]


def test_a_second_incarnation_by_hand(work):
    (work.folder / "gpu.yaml").write_text("workstream: g\ntasks: {t: {run: 'echo $SK_ATTEMPT >> t.txt; : < gate',"
                                          " capabilities: [gpu]}}\n")
    (work.folder / "one.yaml").write_text("workstream: v\ntasks: {a: {run: 'true'}}\n")
    work.gate()
    assert work("run", "one.yaml").code == 0
    first = hand(work, "--worker-id", "gpu", "--capabilities", '["gpu"]')
    run = work.start("run", "gpu.yaml")
    until(lambda: work.lines("t.txt") == ["1"], "it runs")
    first.kill()
    until(lambda: work.events("worker_crashed"), "its death is noticed")
    hand(work, "--worker-id", "gpu", "--capabilities", '["gpu"]')
    until(lambda: work.lines("t.txt") == ["1", "2"], "it runs on the next one")
    work.open_gate()
    assert run.wait() == 0
    assert [event["metadata"]["incarnation"] for event in work.events("worker_spawned")
            if event["worker_id"] == "gpu"] == [1, 2]


def test_another_version_is_turned_away(busy):
    stranger = Talker(busy, "stranger", version="0.0.1")
    stranger.register()
    reason = stranger.expect("rejected")["reason"]
    assert "0.0.1" in reason and "stranger" in reason and "version" in reason
    assert not [event for event in busy.events("worker_registered") if event["worker_id"] == "stranger"]
    busy.open_gate()
    assert busy.run.wait() == 0


def test_a_stale_result_is_recorded_and_changes_nothing(busy):
    ghost = Talker(busy, "ghost")
    ghost.register()
    ghost.expect("registered")
    ghost.socket.close()
    ghost.lines.close()
    until(lambda: [e for e in busy.events("worker_crashed") if e["worker_id"] == "ghost"], "it is buried")
    ghost.connect()
    ghost.register(("finished", {"serial": 1, "task_id": "held", "attempt": 1, "outcome": "exit", "exit_code": 1}))
    assert "not expected" in ghost.expect("rejected")["reason"]
    stale = until(lambda: busy.events("stale_result_ignored"), "it is told")[0]
    assert stale["worker_id"] == "ghost" and stale["task_id"] == "held"
    assert busy.state_of("held") == "running"
    busy.open_gate()
    assert busy.run.wait() == 0
