"""Checks that failed are run again by hand; a fix of the plan is run when asked for; the task stays as it is."""

import json

import pytest

from conftest import NIGHTLY
from pages import check_nothing_yet, check_page, check_refusals

PLAN = """
workstream: w
env: {WANTED: made}
rules:
  style: {run: 'echo checking >&2; test -e "$WANTED"', fix: 'touch "$WANTED"'}
  types: {run: 'test -e other', timeout: 5s, fix: [touch, other]}
  strict: 'test -e impossible'
tasks:
  one: {run: 'true', after: [style, types]}
  early: {run: 'true', before: [style]}
  hopeless: {run: 'true', after: [strict]}
  plain: {run: 'exit 1'}
"""


@pytest.fixture
def failed(work):
    work.plan(PLAN)
    assert work("run", "plan.yaml").code == 1
    return work


def journal(work):
    return (work.folder / ".state" / "transitions.jsonl").read_bytes()


def diary(work):
    path = work.folder / ".state" / "interventions.log"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_still_failing(failed):
    before = journal(failed)
    done = failed("task", "fix-validation", "one")
    assert done.code == 1
    assert "checking\n" in done.err, "what a rule prints goes to stderr"
    assert done.out == ("one: rules after the command\n  style  exit code 1\n  types  exit code 1\n"
                        "2 of 2 rules still fail.\n\nNext: sk task fix-validation --task-id one --auto\n")
    assert not (failed.folder / "made").exists()
    assert journal(failed) == before
    line, = diary(failed)
    assert line["script"] == "task fix-validation"
    assert line["message"] == "style exit code 1; types exit code 1"


def test_mended_by_hand(failed):
    (failed.folder / "made").touch()
    (failed.folder / "other").touch()
    done = failed("fix_validation", "--task-id", "one")
    assert done.code == 0
    assert done.out.endswith("All rules pass now; the task itself stays as it is.\n\n"
                             "Next: sk task retry --task-id one\n")
    assert failed("task", "show", "one", "--json").json["state"] == "failed"


def test_auto(failed):
    before = journal(failed)
    done = failed("fix_validation", "--task-id", "one", "--auto", "--operator", "anna", "--reason", "style")
    assert done.code == 0, done.err
    assert '\n  style  fix: touch "$WANTED"\n  style  checked again: passes\n' in done.out
    assert '\n  types  fix: ["touch","other"]\n  types  checked again: passes\n' in done.out
    assert (failed.folder / "made").exists() and (failed.folder / "other").exists()
    assert journal(failed) == before
    line, = diary(failed)
    assert (line["operator"], line["reason"], line["result"]) == ("anna", "style", "ok")
    assert failed("task", "retry", "--task-id", "one").code == 0
    failed("run", "plan.yaml")
    assert failed.state_of("one") == "completed", "the runbook's way out: fix, then retry"


def test_auto_without_a_fix(failed):
    done = failed("task", "fix-validation", "hopeless", "--auto")
    assert done.code == 1
    assert done.out.endswith("1 of 1 rule still fails.\n\nNext: sk task debug --task-id hopeless\n")


def test_fix_that_fails(work):
    work.plan("tasks: {a: {run: 'true', after: [{run: 'test -e x', name: r, fix: 'exit 5'}]}}")
    assert work("run", "plan.yaml").code == 1
    done = work("task", "fix-validation", "a", "--auto")
    assert done.code == 1
    assert "\n  r  the fix failed: exit code 5\n" in done.out


def test_before_rules(failed):
    done = failed("task", "fix-validation", "early", "--json")
    assert done.code == 1
    document = done.json
    assert document["phase"] == "before"
    assert document["passed"] is False
    assert document["rules"] == [{"rule": "style", "passes": False, "has_fix": True, "result": "exit code 1",
                                  "fix_result": None, "result_after_fix": None}]
    assert document["next"] == ["sk task fix-validation --task-id early --auto"]


def test_time_limit(work):
    work.plan("tasks: {a: {run: 'true', after: [{run: 'test -e quick || sleep 1000', name: r, timeout: 1s}]}}")
    assert work("run", "plan.yaml").code == 1
    done = work("task", "fix-validation", "a")
    assert done.code == 1
    assert "\n  r  timed out\n" in done.out
    work.nothing_left()


def test_dry_run(failed):
    done = failed("task", "fix-validation", "one", "--auto", "--dry-run")
    assert check_page(done).startswith('one: rules after the command\n  style  would run: echo checking')
    assert "\n  style  and if that fails: touch" in done.out
    assert not (failed.folder / "made").exists()
    assert diary(failed) == []


def test_no_rule_failed(failed):
    done = failed("task", "fix-validation", "plain")
    assert done.code == 4
    assert "no rule of it has failed (it is failed): nothing was run. Try: sk task show plain" in done.err
    line, = diary(failed)
    assert line["result"] == "refused"


def test_plan_is_strict(work):
    for fix, problem in (("''", "empty command"), ("[]", "an empty list is no command"), ("{run: x}", "fix")):
        done = work("run", work.plan("tasks: {a: {run: 'true', after: [{run: 'true x', fix: %s}]}}" % fix))
        assert done.code == 2
        assert problem in done.err
    done = work("run", work.plan("tasks: {a: {run: 'true', after: [{run: 'true x', fx: abc}]}}"))
    assert done.code == 2 and "fx" in done.err


def test_no_run_ever_starts_a_fix(failed):
    failed("run", "plan.yaml")
    assert not (failed.folder / "made").exists()


def test_refusals(sk, maker):
    maker.make(NIGHTLY)
    check_refusals(sk, ["task", "fix-validation"], "task-id", "buil", "build")
    check_nothing_yet(sk, "task", "fix-validation", "build")
