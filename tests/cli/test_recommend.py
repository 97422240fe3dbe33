"""What to do now: the decision trees over states of every kind, each finding with its record and its command."""

import contextlib
import fcntl
import os
import re
import shlex
import signal

from conftest import DONE, NIGHTLY, until
from pages import check_nothing_yet, check_page

KEYS = {"finding", "level", "level_name", "urgency", "severity", "entity_type", "entity_id", "text", "evidence", "next"}


def findings(sk, code=0):
    done = sk("recommend", "--format", "json")
    assert done.code == code, done.err
    found = done.json["findings"]
    for one in found:
        assert set(one) == KEYS
        assert one["level"] in (1, 2, 3, 4)
        assert one["urgency"] in ("low", "medium", "high")
    return {(one["finding"], one["entity_id"]): one for one in found}


def sk_next(document):
    return [line for one in document["findings"] for line in one["next"]]


def weight(one):
    return (one["level"], one["severity"], one["urgency"])


def test_nothing_to_do(sk, maker):
    maker.make(DONE)
    assert check_page(sk("recommend")) == "Nothing to do: nothing failed, nothing waits for a person.\n"
    assert findings(sk) == {}


def test_nothing_yet(sk):
    check_nothing_yet(sk, "recommend")


def test_task_tree(sk, maker):
    maker.steps(NIGHTLY + "finish sync 1 10 ssh: Connection refused\n")
    maker.hold()
    found = findings(sk)
    failed = found["task_failed", "arm"]
    assert weight(failed) == (3, "error", "medium")
    assert "mend what it runs" in failed["text"]
    assert failed["next"] == ["sk logs arm", "sk task retry --task-id arm"]
    assert weight(found["task_failed", "sync"]) == (2, "error", "medium"), "a passing trouble: one command"
    assert found["task_failed", "sync"]["next"] == ["sk task retry --task-id sync"]
    assert weight(found["task_retrying", "lint"]) == (1, "warning", "low")
    assert "retries are left" in found["task_retrying", "lint"]["text"]


def test_evidence_is_in_the_journal(sk, maker):
    maker.make(NIGHTLY)
    records = {record["seq"]: record for record in sk("events", "--json").lines}
    for (kind, subject), one in findings(sk).items():
        record = records[one["evidence"]["seq"]]
        assert record["timestamp"] == one["evidence"]["timestamp"]
        assert record["entity_id"] == subject or record["task_id"] == subject, kind


def test_page(sk, maker):
    maker.make(NIGHTLY)
    out = check_page(sk("recommend"))
    assert re.match(r"\d+ findings, the most severe first\.\n\nerror  ", out)
    assert re.search(r"\n  evidence  record \d+, ....-..-.. ..:..:.. UTC: ", out)
    assert "\n  who acts  level 3, investigate; urgency medium\n" in out
    assert "\n  next      sk run plans/nightly.yaml\n" in out


def test_only_what_mends_itself(sk, maker):
    maker.steps("""
ws w w.yaml 0
task lint {"run":"lint","retries":3,"backoff_ms":600000} -
submit
orchestrator
worker local 4 []
start lint
finish lint 1 10 bad
""")
    maker.hold()
    done = findings(sk)
    assert set(done) == {("task_retrying", "lint"), ("worker_lock_lost", "local")}


def test_workstream_tree(sk, maker):
    maker.make("""
ws w w.yaml 0
task one {"run":"true","critical":true} -
task two {"run":"true"} -
submit
orchestrator
worker local 2 []
start two
finish two 0 10
start one
finish one 1 10
""")
    one = findings(sk)["workstream_failed", "w"]
    assert weight(one) == (3, "critical", "high")
    assert "A critical task failed" in one["text"]
    assert one["next"][0] == "sk workstream analyze w"
    assert one["next"][-1] == "sk workstream retry --workstream-id w --yes"


def test_all_failed(sk, maker):
    maker.make("""
ws w w.yaml 0
task one {"run":"true"} -
task two {"run":"true"} -
submit
orchestrator
worker local 2 []
start one
start two
finish one 1 10
finish two 1 10
""")
    assert "Everything that ran failed: review the plan" in findings(sk)["workstream_failed", "w"]["text"]


@contextlib.contextmanager
def worker_lock(sk):
    """What a living worker holds."""
    folder = sk.folder / ".state" / "workers"
    folder.mkdir(mode=0o700, exist_ok=True)
    with open(folder / "local.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_worker_silent_for_too_long(sk, maker):
    maker.open(age_ms=400000)
    maker.steps(NIGHTLY + "silent local\n")
    maker.hold()
    with worker_lock(sk):
        one = findings(sk)["worker_unresponsive", "local"]
    assert one["evidence"]["text"]
    assert weight(one) == (2, "error", "high")
    assert one["next"] == ["sk worker logs local", "sk worker shutdown --worker-id local --force --reassign",
                           "sk worker restart --worker-id local"]


def test_worker_has_time_to_recover(sk, maker):
    maker.steps(NIGHTLY + "silent local\n")
    maker.hold()
    with worker_lock(sk):
        one = findings(sk)["worker_unresponsive", "local"]
    assert weight(one) == (1, "error", "medium")
    assert "wait" in one["text"]


def test_exhausted(sk, maker):
    maker.make(NIGHTLY + "pass 61000\n")
    one = findings(sk)["resource_exhausted", "git_repo_write"]
    assert weight(one) == (2, "critical", "high")
    assert "1 of 1 held, 1 task in line" in one["text"]
    assert one["next"][1:] == ["sk resource limit --resource-id git_repo_write --max-holders 2",
                               "sk task cancel --task-id sync"]
    assert check_page(sk("recommend")).split("\n")[2] == "critical  git_repo_write"


def test_cycle(sk, maker):
    maker.make("cycle knot a:b b:a\n")
    one = findings(sk)["dependency_cycle", "knot"]
    assert weight(one) == (3, "critical", "high")
    assert "a needs b needs a" in one["text"]
    assert one["next"] == ["sk workstream dag knot", "sk dep remove --from a --to b",
                           "sk workstream resume --workstream-id knot"]


def test_interrupted(sk, maker):
    maker.make(NIGHTLY)
    one = findings(sk)["workstream_interrupted", "nightly"]
    assert weight(one) == (2, "warning", "medium")
    assert "because the last run was killed" in one["text"]
    assert one["next"] == ["sk run plans/nightly.yaml"]


def test_orchestrator_killed_while_its_worker_goes_on(work):
    work.gate().plan("workstream: w\ntasks: {long: {run: ': < gate'}, after: {run: 'true', needs: [long]}}")
    run = work.start("run", "plan.yaml")
    until(lambda: work.state_of("long") == "running", "it runs")
    assert findings(work) == {}, "while somebody is there, all is well"
    run.kill()
    run.wait()
    one = findings(work)["workstream_interrupted", "w"]
    assert "1 task of it goes on, but nobody starts what follows, because the last run was killed" in one["text"]
    assert one["next"] == ["sk run plan.yaml"]
    work.open_gate()
    assert work("run", "plan.yaml").code == 0


def test_cancelled_need(sk, maker):
    maker.make(NIGHTLY + "cancel build anna wrong\nkill build 15 10\n")
    one = findings(sk).get(("task_cancelled", "build"))
    state, = [task for task in sk("status", "--json", "unit").json["tasks"] if task["task_id"] == "unit"]
    assert (one is not None) == (state["state"] == "pending"), "said exactly when somebody still waits"


def test_damage(sk, maker):
    maker.make(NIGHTLY)
    journal = sk.folder / ".state" / "transitions.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:5] + lines[6:]))
    (sk.folder / ".state" / "current.json").unlink(missing_ok=True)
    one = findings(sk, code=7)["state_damaged", "system"]
    assert weight(one) == (3, "critical", "high")
    assert "sk state validate" in one["next"]
    assert check_page(sk("recommend"), code=7).startswith("1 finding.\n\ncritical  the state\n")


def test_real_run(work):
    work.plan("tasks: {bad: {run: 'exit 3'}, after: {run: 'true', needs: [bad]}}")
    assert work("run", "plan.yaml").code == 1
    found = findings(work)
    assert {kind for kind, _ in found} == {"task_failed", "workstream_failed"}
    work.plan("tasks: {bad: {run: 'exit 0'}, after: {run: 'true', needs: [bad]}}")


def test_what_is_advised_can_be_typed(work):
    """Each command as it stands there: none is misspelt, none asks whether it is meant."""
    work.plan("workstream: w\ntasks: {ok: {run: 'true'}, bad: {run: 'exit 3', critical: true, needs: [ok]}}")
    assert work("run", "plan.yaml").code == 1
    advised = [*sk_next(work("recommend", "--json").json), *work("workstream", "analyze", "w", "--json").json["next"]]
    assert len(advised) > 3
    for line in advised:
        done = work(*shlex.split(line)[1:])
        assert done.code not in (2, 5), (line, done.code, done.err)


def test_many_of_a_kind(sk, maker):
    tasks = "".join('task t%d {"run":"false"} -\n' % i for i in range(60))
    ends = "".join("start t%d\nfinish t%d 1 1\n" % (i, i) for i in range(60))
    maker.make("ws many many.yaml 0\n" + tasks + "submit\norchestrator\nworker local 64 []\n" + ends)
    assert "\nand 10 more of the same kinds: sk task list --state failed\n" in check_page(sk("recommend"))
    assert sk("recommend", "--json").json["found"]["task_failed"] == 60


def test_it_changes_nothing(sk, maker):
    maker.make(NIGHTLY)
    folder = sk.folder / ".state"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    sk("recommend")
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_orchestrator_that_hangs(work):
    work.gate()
    run = work.start("run", "-q", work.plan('workstream: w\ntasks:\n  t: {run: ": < gate"}\n'))
    until(lambda: work.events("task_started"), "the task runs")
    assert ("orchestrator_hung", "orchestrator") not in findings(work)
    os.kill(run.pid, signal.SIGSTOP)
    try:
        one = findings(work)["orchestrator_hung", "orchestrator"]
        assert weight(one) == (3, "error", "high") and "pid %d" % run.pid in one["text"] and one["next"] == ["sk daemon status"]
    finally:
        os.kill(run.pid, signal.SIGCONT)
    work.open_gate()
    assert run.wait() == 0
