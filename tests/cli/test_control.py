"""Commands beside a live orchestrator: they ask it, and it answers behind its commit. A hung one is bounded."""

import fcntl
import json
import os
import signal
import socket
import sys
import termios
import threading

import pytest

from acts import diary
from conftest import DEADLINE_S, until

PLAN = """workstream: w
max_parallel: 4
tasks:
  wait: {run: ": < gate"}
  bad: {run: "echo ran >> bad.txt; test -e fixed", retries: 0}
  behind: {run: "echo ran >> behind.txt", needs: [bad]}
"""


@pytest.fixture
def live(work):
    """A run in which `bad` has failed and `wait` holds on until the gate opens."""
    work.gate()
    work.plan(PLAN)
    work.run = work.start("run", "plan.yaml")
    until(lambda: work.events("task_failed", "bad"), "bad fails")
    yield work


def finish(work, code):
    work.open_gate()
    out, err = work.run.communicate(timeout=DEADLINE_S)
    assert work.run.returncode == code, out + err
    return out


def test_retry_is_done_by_the_orchestrator(live):
    (live.folder / "fixed").touch()
    done = live("task", "retry", "bad", "--operator", "ann")
    assert done.code == 0, done.err
    assert "bad  " in done.out
    until(lambda: live.lines("behind.txt"), "what needs it runs")
    finish(live, 0)
    assert live.lines("bad.txt") == ["ran", "ran"]
    assert [line["result"] for line in diary(live)] == ["ok"]
    reset = live.events("task_reset", "bad")[0]
    assert reset["operator"] == "ann"


def test_json_names_the_records(live):
    done = live("task", "skip", "bad", "--yes", "--reason", "known", "--json").json
    assert done["orchestrator"] is True and done["recorded"] >= 1
    seqs = [event["seq"] for event in live.events()]
    assert done["first_seq"] in seqs and done["last_seq"] in seqs
    finish(live, 0)


def test_refusal_is_the_same_as_without(live):
    beside = live("task", "cancel", "bad", "--yes")
    finish(live, 1)
    without = live("task", "cancel", "bad", "--yes")
    assert beside.code == without.code == 4
    assert beside.err == without.err
    assert [line["result"] for line in diary(live)] == ["refused", "refused"]


def test_unknown_task_is_the_same_as_without(live):
    beside = live("task", "retry", "bat")
    finish(live, 1)
    without = live("task", "retry", "bat")
    assert beside.code == without.code == 3
    assert beside.err == without.err and "near: bad" in beside.err


def test_dry_run_records_nothing(live):
    before = len(live.events())
    shown = live("task", "retry", "bad", "--dry-run")
    assert shown.code == 0 and "would: bad" in shown.out
    assert len(live.events()) == before
    finish(live, 1)


def test_hung_orchestrator_is_bounded_and_does_nothing_later(live):
    os.kill(live.run.pid, signal.SIGSTOP)
    try:
        answer = live("task", "retry", "bad")
        assert answer.code == 6
        assert "does not answer (pid %d)" % live.run.pid in answer.err
        assert diary(live)[-1]["result"] == "refused"
    finally:
        os.kill(live.run.pid, signal.SIGCONT)
    finish(live, 1)
    assert not live.events("task_reset", "bad"), "who gave up must not be served later"


def test_killed_orchestrator_leaves_the_command_to_itself(live):
    live.run.kill()
    live.run.wait()
    (live.folder / "fixed").touch()
    assert live("task", "retry", "bad").code == 0
    live.run = live.start("run", "plan.yaml")
    finish(live, 0)


def connect(work):
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    here = os.getcwd()
    os.chdir(work.folder)
    try:
        control.connect(".state/control.sock")
    finally:
        os.chdir(here)
    control.settimeout(DEADLINE_S)
    return control


@pytest.mark.parametrize("line", [b"\n", b"{}\n", b"[]\n", b"not json\n", b'{"control":"dance"}\n', b'{"control":"act","act":"no"}\n',
                                  b'{"control":"act","act":"task_retry","timeout_ms":"x"}\n', b'{"control":"submit","submission":{}}\n',
                                  b'{"control":"stop","stop":9}\n', b"\x00\xff\n"])
def test_nonsense_is_answered_and_harms_nothing(live, line):
    control = connect(live)
    control.sendall(line)
    answer = json.loads(control.makefile("rb").readline())
    assert answer["ok"] is False and answer["message"]
    control.close()
    finish(live, 1)


def test_many_silent_askers_do_not_keep_others_out(live):
    silent = [connect(live) for _ in range(40)]
    (live.folder / "fixed").touch()
    assert live("task", "retry", "bad").code == 0
    for control in silent:
        control.close()
    finish(live, 0)


def test_nobody_else_may_connect(live):
    assert (live.folder / ".state/control.sock").stat().st_mode & 0o777 == 0o600
    finish(live, 1)


def submission(tasks=(), resources=(), **ws):
    """What sk submit sends; the definitions may be what no plan compiler writes."""
    plan = {"workstreams": [{"name": "v", "plan": "p", **ws}], "resources": list(resources), "tasks": list(tasks)}
    return json.dumps({"control": "submit", "submission": plan}).encode() + b"\n"


def task(definition, name="x", **more):
    return {"name": name, "ws": 0, "def": definition, **more}


LONG = "x" * 1500000
FOREIGN = {
    "number": submission([task(5)]),
    "array": submission([task([1])]),
    "wrong type": submission([task({"run": "true", "retries": "x"})]),
    "cut number": submission([task({"run": "true", "timeout_ms": 1 << 40})]),
    "unknown resource": submission([task({"run": "true", "resources": {"nowhere": 1}})]),
    "capabilities": submission([task({"run": "true", "capabilities": {"a": 1}})]),
    "too long": submission([task({"run": LONG})]),
    "long plan": submission([task({"run": "true"})], plan=LONG),
    "long def": submission([task({"run": "true"})], **{"def": {"env": {"A": LONG}}}),
    "worker outside": submission([task({"run": "true"})], **{"def": {"workers": [{"id": "../x"}]}}),
    "worker without end": submission([task({"run": "true"})], **{"def": {"workers": [{"id": "x", "slots": 1 << 40}]}}),
    "many workers": submission([task({"run": "true"})], **{"def": {"workers": [{"id": "x%d" % i} for i in range(99)]}}),
    "workers are text": submission([task({"run": "true"})], **{"def": {"workers": "x"}}),
    "def is a number": submission([task({"run": "true"})], **{"def": 7}),
    "many needs": submission([task({"run": "true"}, "t%d" % i) for i in range(10001)]
                             + [task({"run": "true"}, needs=list(range(10001)))]),
    "many resources": submission([task({"run": "true"})], [{"name": "r%d" % i, "limit": 1} for i in range(300)]),
    "long reason": json.dumps({"control": "act", "act": "workstream_cancel", "workstream_id": "w",
                               "reason": LONG}).encode() + b"\n",
    "long operator": json.dumps({"control": "act", "act": "workstream_cancel", "workstream_id": "w",
                                 "operator": LONG}).encode() + b"\n",
}


def test_what_no_compiler_writes_is_refused_and_ends_nobody(live):
    before = len(live.events())
    for name, line in FOREIGN.items():
        control = connect(live)
        control.sendall(line)
        answer = control.makefile("rb").readline()
        control.close()
        assert answer and json.loads(answer)["ok"] is False, name
    assert len(live.events()) == before
    finish(live, 1)


def test_a_record_that_would_be_too_long_is_refused_before_anything_is_recorded(work):
    """Ten thousand needs with ids that begin with the workstream's name are more than one record holds."""
    tasks = {"t%063d" % i: {"run": "true"} for i in range(10000)}
    tasks["last"] = {"run": "true", "needs": list(tasks)}
    for name in "ab":
        (work.folder / (name + ".json")).write_text(json.dumps({"workstream": name * 64, "tasks": tasks}))
    taken = work("run", "--only", "last", "--dry-run", "a.json")
    assert taken.code == 0, taken.err
    refused = work("run", "a.json", "b.json", "--jobs", "1")
    assert refused.code == 4 and "more than 1024 KiB together" in refused.err, refused.err
    assert not work.events("task_created")


def test_all_of_many_who_ask_at_once_are_answered(live):
    """More than there are places, all before the orchestrator has read a word of any of them."""
    answers = []

    def ask(control):
        control.sendall(b'{"control":"ping"}\n')
        answers.append(json.loads(control.makefile("rb").readline()))
        control.close()

    silent = [connect(live) for _ in range(31)]
    assert live("daemon", "status").code == 0, "all of them are accepted"
    os.kill(live.run.pid, signal.SIGSTOP)
    askers = [threading.Thread(target=ask, args=(connect(live),)) for _ in range(33)]
    for asker in askers:
        asker.start()
    os.kill(live.run.pid, signal.SIGCONT)
    for asker in askers:
        asker.join()
    assert len(answers) == 33 and all(answer["ok"] for answer in answers)
    for control in silent:
        control.close()
    finish(live, 1)


def test_who_was_not_read_before_the_end_is_told(live):
    silent, half = connect(live), connect(live)
    half.sendall(b'{"control":"act",')
    assert live("daemon", "status").code == 0, "both are accepted"
    finish(live, 1)
    for control in (silent, half):
        answer = json.loads(control.makefile("rb").readline())
        assert answer["ok"] is False and answer["gone"] is True
        control.close()


def test_who_gives_up_on_a_request_that_was_read_does_not_say_that_nothing_was_done(work):
    """Somebody else listens there: it reads what it is asked and says nothing."""
    work.plan("workstream: w\ntasks: {a: {run: 'false', retries: 0}}")
    assert work("run", "plan.yaml").code == 1
    path = work.folder / ".state" / "control.sock"
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    here = os.getcwd()
    os.chdir(path.parent)
    listener.bind("control.sock")
    os.chdir(here)
    listener.listen()
    asking = work.start("task", "retry", "a")
    control, _ = listener.accept()
    assert control.makefile("rb").readline().endswith(b"\n")
    _, said = asking.communicate(timeout=DEADLINE_S)
    assert asking.returncode == 8 and "it has read the request" in said and "nothing was changed" not in said
    control.close()
    listener.close()


@pytest.mark.parametrize("words", [("task", "retry", "bad"), ("workstream", "retry-failed", "w"),
                                   ("workstream", "retry", "w", "--yes")])
def test_what_had_ended_is_done_again_at_once(work, words):
    """The daemon saw it end; nobody starts it anew."""
    assert work("daemon", "start").code == 0
    work.plan("workstream: w\ntasks: {bad: {run: 'echo ran >> bad.txt; test -e fixed', retries: 0}, "
              "behind: {run: 'echo ran >> behind.txt', needs: [bad]}}")
    assert work("submit", "--wait", "plan.yaml").code == 1
    (work.folder / "fixed").touch()
    done = work(*words)
    assert done.code == 0, done.err
    assert work("wait", "w", "--timeout", "1m").code == 0
    assert work.lines("bad.txt") == ["ran", "ran"] and work.lines("behind.txt") == ["ran"]
    assert work("daemon", "stop").code == 0


def asked(work, request):
    control = connect(work)
    control.sendall(request)
    answer = json.loads(control.makefile("rb").readline())
    control.close()
    return answer


def test_a_circle_is_refused_in_the_words_of_who_compiles(live):
    """Also when it comes from a program that does not look: nobody would ever begin it, and nobody would say so."""
    run = {"run": "true"}
    plans = {"v": "tasks: {a: {run: 'true', needs: [b]}, b: {run: 'true', needs: [a]}}",
             "u": "tasks: {x: {run: 'true', needs: [v/z]}}", "v2": "workstream: v\ntasks: {z: {run: 'true', needs: [u/x]}}"}
    for name, text in plans.items():
        live.plan(text, name + ".yaml")
    one = json.loads(submission([task(run, "a", needs=[1]), task(run, "b", needs=[0])]))
    two = json.loads(submission([task(run, "z", needs=[1]), task(run, "x", ws=1, needs=[0])]))
    two["submission"]["workstreams"].append({"name": "u", "plan": "p"})
    for request, files, circle, way in ((one, ["v.yaml"], "a → b → a", ", or add --halt-on-cycle"),
                                        (two, ["v2.yaml", "u.yaml"], "u/x → v/z → u/x", "")):
        words = "dependency cycle: %s" % circle, "Try: take one of these needs out%s" % way
        answer = asked(live, json.dumps(request).encode() + b"\n")
        said = live("submit", *files).err.splitlines()[0]
        for word in words:
            assert word in answer["message"] and word in said, (answer, said)
        assert answer["ok"] is False and "nothing was submitted" in answer["message"]
        assert way or "halt" not in answer["message"] + said
    assert not live.events("workstream_created")[1:]
    assert live("submit", "--halt-on-cycle", "v.yaml").code == 0
    assert len(live.events("dependency_cycle_detected")) == 1
    finish(live, 1)


OLD = """workstream: old
tasks:
  bad: {run: "echo ran >> bad.txt; test -e fixed", retries: 0}
  behind: {run: "echo ran >> behind.txt", needs: [bad]}
  left: {run: "echo ran >> left.txt"}
  other: {run: "echo ran >> other.txt; test -e fixed", retries: 0}
"""


@pytest.fixture
def later(work):
    """A run of one plan, while an earlier one of another plan did a part of it and failed."""
    assert work("run", "--only", "bad", "--only", "other", work.plan(OLD, "old.yaml")).code == 1
    work.gate()
    work.run = work.start("run", "-j", "4", work.plan("workstream: new\ntasks: {wait: {run: ': < gate'}}"))
    until(lambda: work.state_of("wait") == "running", "the other plan is at work")
    (work.folder / "fixed").touch()
    return work


def test_of_an_earlier_run_only_what_is_named_goes_on(later):
    assert later("task", "skip", "--yes", "other").code == 0
    assert later("task", "retry", "bad").code == 0
    until(lambda: later.state_of("bad") == "completed", "bad is done again")
    finish(later, 0)
    assert later.lines("bad.txt") == ["ran", "ran"] and later.lines("other.txt") == ["ran"]
    assert not later.events("task_queued", "left") and not later.events("task_queued", "behind")
    assert later("run", "old.yaml").code == 0
    assert later.lines("left.txt") == ["ran"] and later.lines("behind.txt") == ["ran"]


def test_of_an_earlier_run_one_task_after_the_other_goes_on(later):
    for task in ("bad", "other"):
        assert later("task", "retry", task).code == 0
        until(lambda task=task: later.state_of(task) == "completed", task + " is done again")
    assert not later.events("task_queued", "left") and not later.events("task_queued", "behind")
    finish(later, 0)


@pytest.mark.parametrize("first", [(), ("task", "retry", "bad")])
def test_of_an_earlier_run_all_goes_on_when_the_workstream_is_named(later, first):
    if first:
        assert later(*first).code == 0
        until(lambda: later.state_of("bad") == "completed", "bad is done again")
    assert later("workstream", "resume", "old").code == 0
    until(lambda: later.events("workstream_completed"), "it is done")
    finish(later, 0)
    assert all(later.lines(name) for name in ("bad.txt", "behind.txt", "left.txt", "other.txt"))


def test_of_an_earlier_run_all_goes_on_beside_who_serves_all(work):
    work.plan("workstream: w\ntasks: {bad: {run: 'test -e fixed', retries: 0}, behind: {run: 'touch done', needs: [bad]}}")
    assert work("run", "plan.yaml").code == 1
    (work.folder / "fixed").touch()
    assert work("daemon", "start").code == 0
    assert work("task", "retry", "bad").code == 0
    assert work("wait", "w", "--timeout", "1m").code == 0
    assert (work.folder / "done").exists()
    assert work("daemon", "stop").code == 0


def unread(control):
    """Bytes that the other side has not taken yet."""
    return int.from_bytes(fcntl.ioctl(control, termios.TIOCOUTQ, bytes(4)), sys.byteorder)


@pytest.mark.parametrize("slowly", [False, True])
def test_a_request_larger_than_any_plan_is_refused_and_delays_nobody(live, slowly):
    """However it comes: as fast as it is read, or such that the orchestrator is always done reading."""
    control = connect(live)
    told = []

    def flood():
        with pytest.raises(OSError):
            for _ in range(600):
                control.sendall(b"x" * (1 << 20))
                while slowly and unread(control):
                    os.sched_yield()
        told.append(json.loads(control.makefile("rb").readline()))

    flooding = threading.Thread(target=flood)
    flooding.start()
    while flooding.is_alive():
        assert live("daemon", "status").code == 0
    flooding.join()
    assert told[0]["ok"] is False and "larger than 512 MiB" in told[0]["message"]
    control.close()
    finish(live, 1)
