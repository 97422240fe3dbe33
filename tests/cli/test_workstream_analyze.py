"""Every branch of "a workstream failed", each with the command that fits it."""

import pytest

from pages import check_nothing_yet, check_page, check_refusals

TWO = """
ws duo duo.yaml 0
task a {"run":"true"%s} -
task b {"run":"true"} -
submit
orchestrator
worker local 2 []
start a
start b
"""


def analyze(sk, ws="duo"):
    return sk("workstream", "analyze", ws, "--json").json


def test_only_some_failed(sk, maker):
    maker.make(TWO % "" + "finish b 0 10\nfinish a 7 10\n")
    out = check_page(sk("workstream", "analyze", "duo"))
    assert "\nPartial failure: 1 of 2 tasks failed, 1 completed. No critical task failed:" in out
    assert "\nFailed first\n  a  failed  exit code 7\n" in out
    assert "duo: failed, nothing is left that can run\n" in out
    assert "a: failed: exit code 7" in out
    assert "\nHow they failed\n  1  command failed  a\n" in out
    assert out.endswith("\nNext: sk task show a --include-logs\n"
                        "      sk workstream retry-failed --workstream-id duo\n")
    assert analyze(sk)["verdict"] == "partial"


def test_a_critical_one_failed(sk, maker):
    maker.make(TWO % ',"critical":true' + "finish b 0 10\nfinish a 7 10\n")
    document = analyze(sk)
    assert document["verdict"] == "partial_critical"
    assert document["next"][-1] == "sk workstream retry --workstream-id duo --yes"


def test_the_critical_one_is_named_beside_the_first(sk, maker):
    maker.make(TWO % ',"critical":true' + "finish b 3 10\nfinish a 7 10\n")
    document = analyze(sk)
    assert document["first_failed"] == "b"
    assert document["all_failed"] is True
    assert document["next"][0] == "sk task show a --include-logs"


def test_all_failed_is_the_configuration(sk, maker):
    maker.make(TWO % "" + "finish b 3 10\nfinish a 7 10\n")
    out = check_page(sk("workstream", "analyze", "duo"))
    assert "\nComplete failure: 2 of 2 tasks failed, 0 completed. Everything that ran\nfailed: " in out
    document = analyze(sk)
    assert document["verdict"] == "all_failed_configuration"
    assert document["faults"]["exit_code"] == 2


def test_all_failed_with_lost_workers(sk, maker):
    maker.make(TWO % "" + "lose local\nworker other 2 []\npass 10\nstart a\nstart b\nfinish b 3 10\nfinish a 7 10\n")
    document = analyze(sk)
    assert document["verdict"] == "all_failed_workers"
    assert document["attempts_lost"] == 2
    assert document["next"] == ["sk worker list", "sk workstream retry --workstream-id duo --yes"]


def test_chain_follows_what_is_recorded(sk, maker):
    maker.make(TWO % "" + "finish b 0 10\ntimeout a 9 600000\n")
    chain = analyze(sk)["chain"]
    assert [link["event"] for link in chain] == ["workstream_failed", "task_failed", "task_timeout"]
    assert [link["recorded"] for link in chain] == [True, False, True]
    assert analyze(sk)["faults"]["timeout"] == 1


@pytest.mark.parametrize("error, fault", [
    ("finish a 7 10", "exit_code"), ("kill a 9 10", "signal"), ("timeout a 9 10", "timeout")])
def test_faults(sk, maker, error, fault):
    maker.make(TWO % "" + error + "\n")
    assert analyze(sk)["faults"][fault] == 1


def test_validation(work):
    work.plan("workstream: duo\ntasks:\n  a: {run: 'true', after: [{run: 'false'}]}\n"
              "  b: {run: /nowhere/x}\n  c: {run: 'true', before: [{run: 'false'}]}\n  d: {run: 'true'}\n")
    assert work("run", "plan.yaml").code == 1
    faults = analyze(work)["faults"]
    assert (faults["validation"], faults["spawn"], faults["precheck"]) == (1, 1, 1)


def test_cycle(sk, maker):
    maker.make("cycle knot a:b b:a\n")
    document = analyze(sk, "knot")
    assert document["verdict"] == "dependency_cycle"
    assert document["next"] == ["sk workstream dag knot"]


def test_nothing_failed(sk, maker):
    maker.make(TWO % "")
    out = check_page(sk("analyze_workstream_failure", "--workstream-id", "duo"))
    assert out.endswith("\nNothing in it has failed.\n")


def test_refusals(sk, maker):
    maker.make(TWO % "" + "stop\n")
    check_refusals(sk, ["workstream", "analyze"], "workstream-id", "duoo", "duo")
    check_nothing_yet(sk, "workstream", "analyze", "duo")
