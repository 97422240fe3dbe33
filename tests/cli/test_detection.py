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


def test_daemon_announces_as_early_as_it_is_told_to(work):
    work.gate().plan(GREEDY)
    assert work("daemon", "start", "-j", "3", "--exhausted-after", "0").code == 0
    assert work("submit", "plan.yaml").code == 0
    until(lambda: work.events("resource_exhausted"), "it is announced")
    work.open_gate()
    until(lambda: work.state_of("two") == "completed", "all is done")
    assert work("daemon", "stop").code == 0


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


KNOT = """
workstream: knot
tasks:
  a: {run: 'echo a >> ran', needs: [b]}
  b: {run: 'echo b >> ran', needs: [c]}
  c: {run: 'echo c >> ran', needs: [a]}
  free: {run: 'echo free >> ran'}
"""


def halted(work):
    done = work("run", "--halt-on-cycle", work.plan(KNOT))
    assert done.code == 1
    assert done.out.endswith("next: sk workstream dag knot shows which tasks wait for each other\n")
    assert work.lines("ran") == [], "nothing of a halted workstream is started"


def test_cycle_is_refused_unless_it_is_asked_for(work):
    done = work("run", work.plan(KNOT))
    assert done.code == 2
    assert "dependency cycle: a → b → c → a. Try: take one of these needs out, or add --halt-on-cycle" in done.err
    assert work.events("dependency_cycle_detected") == []
    assert work("run", "--halt-on-cycle", "--dry-run", "plan.yaml").code == 2


def test_cycle_over_two_workstreams_is_refused_always(work):
    one = work.plan("workstream: one\ntasks: {a: {run: 'true', needs: [two/b]}}", "one.yaml")
    two = work.plan("workstream: two\ntasks: {b: {run: 'true', needs: [one/a]}}", "two.yaml")
    done = work("run", "--halt-on-cycle", one, two)
    assert done.code == 2
    assert "dependency cycle" in done.err


def test_cycle(work):
    halted(work)
    record = check(work, "dependency_cycle_detected", "critical", workstream_id="knot", tasks=["a", "b", "c"])
    assert record["entity_type"] == "workstream"
    assert len(work.events("dependency_cycle_detected")) == 1
    assert work("events", "--type", "dependency_cycle_detected").out.endswith(
        "  knot: dependency cycle: a needs b needs c needs a\n")
    assert work("status").out.endswith("\nNext: sk workstream dag knot\n")


def test_cycle_is_broken_by_hand(work):
    halted(work)
    refused = work("resume_workstream", "--workstream-id", "knot")
    assert refused.code == 4
    assert "still wait for each other in a circle: nothing was changed. Try: sk dep remove --from a --to c" in refused.err
    assert work("remove_dependency", "--from", "a", "--to", "c").code == 0
    assert work("workstream", "dag", "knot").out.endswith("\nNext: sk workstream resume --workstream-id knot\n")
    resumed = work("resume_workstream", "--workstream-id", "knot")
    assert resumed.code == 0
    assert resumed.out.endswith("\nNext: sk run --halt-on-cycle plan.yaml\n"), "the plan still has its circle"
    assert work("status").out.endswith("\nNext: sk run --halt-on-cycle plan.yaml\n")
    (work.folder / ".state" / "current.json").unlink()
    assert work("status").out.endswith("\nNext: sk run --halt-on-cycle plan.yaml\n")
    assert work("run", "--halt-on-cycle", "plan.yaml").code == 0
    order = [line for line in work.lines("ran") if line != "free"]
    assert order == ["c", "b", "a"]


def test_cycle_is_broken_by_cancelling_one(work):
    halted(work)
    assert work("cancel_task", "--task-id", "b", "--yes").code == 0
    assert work("resume_workstream", "--workstream-id", "knot").code == 0
    assert work("run", "--halt-on-cycle", "plan.yaml").code == 0
    assert sorted(work.lines("ran")) == ["a", "c", "free"]


def test_cycle_is_broken_in_the_plan(work):
    halted(work)
    work.plan(KNOT.replace("needs: [a]", "needs: [free]"))
    assert work("run", "--accept-changes", "plan.yaml").code == 0
    assert sorted(work.lines("ran")) == ["a", "b", "c", "free"]
    assert work.events("workstream_resumed")[-1]["metadata"]["edge"] == "WO4"


def test_cycle_survives_a_kill_and_a_second_run(work):
    halted(work)
    done = work("run", "--halt-on-cycle", "plan.yaml")
    assert done.code == 1
    assert len(work.events("dependency_cycle_detected")) == 1, "it is known already"
    (work.folder / ".state" / "current.json").unlink()
    assert work("workstream", "list", "--json").json["workstreams"][0]["halted"] is True
    assert work.lines("ran") == []


def test_cycle_that_comes_with_a_change(work):
    work.plan("workstream: knot\ntasks: {a: {run: 'exit 1'}, b: {run: 'true', needs: [a]}, c: {run: 'true', needs: [b]}}")
    assert work("run", "plan.yaml").code == 1
    work.plan("workstream: knot\ntasks: {a: {run: 'exit 1'}, b: {run: 'true', needs: [a, c]}, c: {run: 'true', needs: [b]}}")
    done = work("run", "--halt-on-cycle", "--accept-changes", "plan.yaml")
    assert done.code == 1
    assert [record["tasks"] for record in work.events("dependency_cycle_detected")] == [["b", "c"]]
