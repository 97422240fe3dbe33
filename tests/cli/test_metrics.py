"""`sk metrics`: the figures of metrics.json at any time, with and without an orchestrator."""

import json
import re
import signal

import pytest

from conftest import NIGHTLY, until
from pages import check_nothing_yet

PLAN = """
workstream: ci
tasks:
  a: {run: "test $SK_ATTEMPT = 2", retries: 1, backoff: 5ms}
  b: {run: "false", needs: [a]}
"""

SAMPLE = re.compile(r'^sk_[a-z0-9_]+(\{[a-z]+="[^"]*"\})? [0-9.]+$')


def samples(text):
    """{name with labels: value}; every line is in the form that Prometheus reads."""
    found, typed = {}, set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name = line.split()[2]
            assert name not in typed, "told twice: " + name
            typed.add(name)
        elif not line.startswith("# HELP "):
            assert SAMPLE.match(line), line
            key, value = line.rsplit(" ", 1)
            assert key.split("{")[0] in typed, line
            found[key] = float(value)
    return found


@pytest.fixture
def ended(work):
    work.plan(PLAN)
    assert work("run", "plan.yaml").code == 1
    return work


def test_text(ended):
    done = ended("metrics")
    assert done.code == 0 and done.err == ""
    assert "Workstreams  1 failed\n" in done.out
    assert "Tasks        1 completed, 1 failed\n" in done.out
    assert "Recovered    1 of 1 tasks" in done.out
    assert re.search(r"\n  task_failed +1\n", done.out)
    assert re.search(r"\n  task_retry +1\n", done.out)


def test_document_is_that_of_the_file(ended):
    now = ended("metrics", "--json").json
    written = json.loads((ended.folder / ".state/metrics.json").read_text())
    assert now.keys() == written.keys()
    for member in ("source_seq", "workstreams", "tasks", "errors", "recovery", "events"):
        assert now[member] == written[member], member
    assert now["kind"] == "metrics"
    assert now["workstreams"]["failed_today"] + now["workstreams"]["active"] == 1
    assert now["recovery"]["by_kind"]["task_retry"] == 1
    assert now["recovery"]["success_rate"] == 1
    assert now["errors"]["task_failed"] == 1
    assert now["journal"]["bytes"] == (ended.folder / ".state/transitions.jsonl").stat().st_size
    assert now["journal"]["events"] == len(ended.events())
    assert written["system"]["rss_kb"] > 0
    assert now["system"]["rss_kb"] is None  # nobody runs


def test_counters_are_those_of_the_journal_over_restarts(ended):
    assert ended("run", "plan.yaml").code == 1
    counted = {}
    for event in ended.events():
        counted[event["event"]] = counted.get(event["event"], 0) + 1
    assert counted["orchestrator_started"] == 2
    told = ended("metrics", "--json").json["events"]
    assert {kind: times for kind, times in told.items() if times} == counted


def test_prometheus(ended):
    done = ended("metrics", "--format", "prometheus")
    assert done.code == 0
    found = samples(done.out)
    assert found['sk_tasks{state="failed"}'] == 1
    assert found['sk_events_total{event="task_retry"}'] == 1
    assert found['sk_recovery_attempts_total{kind="task_retry"}'] == 1
    assert found["sk_recovered_tasks"] == 1
    assert "sk_process_resident_memory_bytes" not in found


def test_a_killed_orchestrator_is_counted_when_it_was_followed(work):
    work.gate().plan("workstream: w\ntasks: {a: {run: 'true < gate'}}\n")
    running = work.start("run", "plan.yaml")
    until(lambda: work.state_of("a") == "running", "a runs")
    assert work("metrics", "--json").json["orchestrator"] == {"starts": 1, "unclean_ends": 0}
    running.send_signal(signal.SIGKILL)
    running.wait()
    work.open_gate()
    assert work("run", "plan.yaml").code == 0
    assert work("metrics", "--json").json["orchestrator"] == {"starts": 2, "unclean_ends": 1}
    assert samples(work("metrics", "--format", "prometheus").out)["sk_orchestrator_unclean_ends_total"] == 1
    assert "\nKilled       1 of 2 orchestrators" in work("metrics").out


def test_beside_an_orchestrator(sk, maker):
    maker.steps(NIGHTLY)
    maker.hold()
    found = samples(sk("metrics", "--format", "prometheus").out)
    assert found['sk_resource_held{resource="git_repo_write"}'] == 1
    assert found["sk_process_resident_memory_bytes"] > 0
    assert sk("metrics", "--json").json["workers"]["busy"] == 1


def test_damaged_or_missing_file_does_not_matter(ended):
    (ended.folder / ".state/metrics.json").write_text("not ours")
    assert ended("metrics", "--json").json["tasks"]["failed"] == 1
    (ended.folder / ".state/metrics.json").unlink()
    assert ended("metrics").code == 0


def test_nothing_yet(sk):
    check_nothing_yet(sk, "metrics")


def test_refusals(ended):
    for words in (["--format", "xml"], ["extra"], ["--formt", "json"]):
        done = ended("metrics", *words)
        assert done.code == 2, words
        assert done.out == "" and done.err.startswith("sk: ") and done.err.count("\n") == 1, done.err
