"""The journal read aloud: every record, the filters, following, and the full record for programs."""

import json
import re

from conftest import DONE, NIGHTLY, until


def test_text(sk, maker):
    maker.make(DONE)
    lines = sk("events").out.splitlines()
    assert re.fullmatch(r"     1  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d  sk: first use here", lines[0])
    assert lines[-1].endswith("  sk: orchestrator stopped")
    assert any(line.endswith("  one: started, attempt 1") for line in lines)
    assert any(line.endswith("  small: completed") for line in lines)
    assert [int(line.split()[0]) for line in lines] == list(range(1, len(lines) + 1))


def test_json_has_every_member(sk, maker):
    maker.make(NIGHTLY)
    records = sk("events", "--format", "json").lines
    assert [record["seq"] for record in records] == list(range(1, len(records) + 1))
    for record in records:
        for member in ("schema_version", "event_id", "timestamp", "event", "event_type", "severity", "entity_type",
                       "entity_id", "caused_by", "operator", "reason", "metadata"):
            assert member in record
        assert re.fullmatch(r"evt_[0-9A-HJKMNP-TV-Z]{26}", record["event_id"])
        if record["event_type"] in ("task_state_transition", "workstream_state_transition", "worker_state_transition"):
            assert "from_state" in record and record["to_state"]
    ids = [record["event_id"] for record in records]
    assert ids == sorted(ids) and len(set(ids)) == len(ids)
    assert {r["caused_by"] for r in records if r["caused_by"]} <= set(ids)
    (failed,) = [record for record in records if record["event"] == "task_failed"]
    assert failed["entity_type"] == "task" and failed["entity_id"] == "arm"
    assert failed["from_state"] == "running" and failed["to_state"] == "failed"
    assert failed["severity"] == "error" and failed["metadata"]["exit_code"] == 2


def test_filters(sk, maker):
    maker.make(NIGHTLY)
    assert all(" arm: " in line for line in sk("events", "--task", "arm").out.splitlines())
    worst = sk("events", "--severity", "error", "--json").lines
    assert [record["event"] for record in worst] == ["task_failed"]
    total = len(sk("events").out.splitlines())
    assert len(sk("events", "--since", total - 2).out.splitlines()) == 2
    assert sk("events", "-n", 3).out.splitlines() == sk("events").out.splitlines()[-3:]
    assert sk("events", "--since", total).out == ""


def test_unknown_task(sk, maker):
    maker.make(DONE)
    done = sk("events", "--task", "tow")
    assert done.code == 3
    assert 'task "tow" does not exist' in done.err


def test_nothing_yet(sk):
    assert sk("events").code == 3


def test_follow_shows_what_comes(sk, maker):
    maker.steps(NIGHTLY)
    maker.hold()
    last = sk("events", "-n", 1, "--json").lines[0]["seq"]
    process = sk.start("events", "-f", "--since", last, "--json")
    maker.steps("finish build 0 3000")
    record = json.loads(process.stdout.readline())
    assert record["seq"] == last + 1
    assert record["event"] == "task_executed" and record["task_id"] == "build"


def test_follow_ends_when_nobody_reads(sk, maker):
    maker.steps(NIGHTLY)
    maker.hold()
    process = sk.start("events", "-f", "-n", "1")
    assert process.stdout.readline()
    process.stdout.close()
    until(lambda: process.poll() is not None, "events -f ends after its reader")
    process.stdout = open("/dev/null")


def test_bad_options(sk):
    assert sk("events", "--severity", "loud").code == 2
    assert sk("events", "--limit", "0").code == 2
    assert sk("events", "--since", "-1").code == 2


def test_changed_plan_in_words(work):
    work.plan("tasks: {a: {run: 'false'}}")
    assert work("run", "plan.yaml").code == 1
    work.plan("max_parallel: 3\ntasks: {a: {run: 'true'}}")
    assert work("run", "--accept-changes", "plan.yaml", env={"USER": "alice"}).code == 0
    text = work("events").out
    assert "  a: new definition taken over from the plan by alice: the plan changed" in text
    assert ": new settings taken over from the plan by alice\n" in text
    assert work("run", "--new-run", "plan.yaml", env={"USER": ""}).code == 0
    assert "by an operator" in work("events").out and "by operator" not in work("events").out


def test_kinds(sk, maker):
    maker.make(NIGHTLY)
    assert {r["event"] for r in sk("events", "--type", "task_failed", "--type", "task_retry", "--json").lines} == {
        "task_failed", "task_retry"}
    done = sk("events", "--type", "task_fail")
    assert done.code == 2
    assert 'events: --type "task_fail" is no event: nothing was shown. Try: --type task_failed' in done.err


def test_until(sk, maker):
    maker.make(NIGHTLY)
    records = sk("events", "--json").lines
    middle = records[len(records) // 2]
    assert [r["seq"] for r in sk("events", "--json", "--since", 2, "--until", 5).lines] == [3, 4, 5]
    before = sk("events", "--json", "--until", middle["timestamp"]).lines
    after = sk("events", "--json", "--since", middle["timestamp"]).lines
    assert [r["seq"] for r in before] == [r["seq"] for r in records if r["timestamp"] <= middle["timestamp"]]
    assert [r["seq"] for r in after] == [r["seq"] for r in records if r["timestamp"] >= middle["timestamp"]]
    assert sk("events", "--since", "1d").out == sk("events").out
    assert sk("events", "--until", "1d").out == ""


def test_a_typed_second_is_a_whole_one(sk, maker):
    maker.make(NIGHTLY)
    records = sk("events", "--json").lines
    second = records[-1]["timestamp"][:19].replace("T", " ")
    shown = sk("events", "--json", "--since", second, "--until", second).lines
    assert [r["seq"] for r in shown] == [r["seq"] for r in records if r["timestamp"][:19] == second.replace(" ", "T")]


def test_bad_ranges(sk, maker):
    maker.make(DONE)
    for option in ("--since", "--until"):
        for value in ("yesterday", "2026-13-01T00:00:00Z", "1e3", "-1", "99999999999999999999"):
            done = sk("events", "%s=%s" % (option, value))
            assert done.code == 2, (option, value)
            assert "nothing was" in done.err
