"""The records by which trouble is noticed, with the keys and severities that the recovery procedures name, out of real runs
wherever a run can have that trouble within a test."""

from conftest import NIGHTLY, until


def check(work, event, severity, **keys):
    """Stands in the journal as in `sk events --format json`; gives the last one of the latter."""
    stored = [record for record in work.events(event)][-1]
    shown = work("events", "--type", event, "--format", "json").lines[-1]
    for record in (stored, shown):
        assert record["event"] == event
        assert record["severity"] == severity
        for key, value in keys.items():
            assert record[key] == value, key
    return shown


def test_task_timeout(work):
    work.plan("workstream: w\ntasks: {a: {run: sleep 1000, timeout: 1s}}")
    assert work("run", "plan.yaml").code == 1
    timeout = check(work, "task_timeout", "warning", task_id="a", workstream_id="w")
    assert timeout["metadata"]["timeout_ms"] == 1000
    failed = check(work, "task_failed", "error", task_id="a", from_state="running", to_state="failed")
    assert failed["caused_by"] == timeout["event_id"], "detection and transition are two records, one causing the other"


def test_task_failed(work):
    work.plan("workstream: w\ntasks: {a: {run: 'exit 4', retries: 1, backoff: 1ms, critical: true}}")
    assert work("run", "plan.yaml").code == 1
    assert [r["severity"] for r in work.events("task_retry")] == ["warning"], "an attempt that is tried again is no failure"
    failed = check(work, "task_failed", "error", task_id="a")
    assert failed["error"] == "exit code 4"
    check(work, "workstream_failed", "critical", workstream_id="w")
    assert work.events("workstream_failed")[-1]["metadata"]["failed_tasks"] == ["a"]
    severe = work("events", "--severity", "error", "--json").lines
    assert [r["event"] for r in severe] == ["task_failed", "workstream_failed"]
    assert [r["event"] for r in work("events", "--severity", "critical", "--json").lines] == ["workstream_failed"]


GREEDY = """
workstream: w
resources: {git_repo_write: 1}
tasks:
  holder: {run: ': < gate', resources: [git_repo_write], priority: 1}
  one: {run: 'true', resources: [git_repo_write], priority: 2}
  two: {run: 'true', resources: [git_repo_write], priority: 3}
"""


def test_resource_exhausted_at_once(work):
    work.gate().plan(GREEDY)
    run = work.start("run", "-j", "3", "--exhausted-after", "0", "plan.yaml")
    until(lambda: work.events("resource_exhausted"), "it is announced")
    shown = check(work, "resource_exhausted", "critical", resource_id="git_repo_write")
    assert shown["metadata"] == {"requested": 1}, "available is 0 and therefore left out"
    assert shown["entity_type"] == "resource"
    assert work("resource", "list", "--json").json["resources"][0]["exhausted_since"] == shown["timestamp"]
    work.open_gate()
    assert run.wait() == 0
    assert len(work.events("resource_exhausted")) == 1, "once per episode, however many wait"
    check(work, "resource_available", "info", resource_id="git_repo_write")
    assert not work("resource", "list", "--json").json["resources"][0]["exhausted_since"]


def test_short_waits_are_not_announced(work):
    work.gate().plan(GREEDY)
    run = work.start("run", "-j", "3", "plan.yaml")
    until(lambda: work.state_of("one") == "queued", "one waits")
    work.open_gate()
    assert run.wait() == 0
    assert work.events("resource_exhausted") == []
    assert work.events("resource_available") == []


def test_resource_exhausted_after_a_minute(sk, maker):
    maker.steps(NIGHTLY + "pass 50000\n")
    maker.hold()
    assert sk("events", "--type", "resource_exhausted").out == ""


def test_worker_unresponsive(sk, maker):
    maker.steps(NIGHTLY + "silent local\n")
    maker.hold()
    record, = sk("events", "--type", "worker_unresponsive", "--json").lines
    assert (record["severity"], record["worker_id"], record["to_state"]) == ("error", "local", "unresponsive")


def test_cycle(sk, maker):
    maker.make("cycle knot a:b b:a\n")
    record, = sk("events", "--type", "dependency_cycle_detected", "--json").lines
    assert record["severity"] == "critical"
    assert sorted(record["tasks"]) == ["a", "b"]
    assert record["workstream_id"] == "knot"
