"""An iteration is closed: in which order things are checked, what each leaves behind, and what a script sees."""

import pytest

from conftest import until


def evaluate(goals, decision="continue", *more, **rest):
    return goals.g("eval", "--decision", decision, *more, **rest)


def test_continue_opens_the_next_iteration(goals):
    goals.begin()
    done = evaluate(goals, "continue", "--notes", "first part")
    assert done.code == 0 and "iteration 2" in done.out
    goal = goals.goal()
    assert goal["iteration"] == 2 and goal["iterations"]["1"]["eval_decision"] == "continue"
    assert goal["iterations"]["1"]["completed_at"] and "completed_at" not in goal["iterations"]["2"]
    [entry] = goal["eval_history"]
    assert entry["notes"] == "first part" and entry["iteration"] == 1
    [event] = goals.events("goal_continued")
    assert event["reason"] == "first part" and event["operator"]


def test_continue_is_what_is_meant(goals):
    goals.begin()
    assert goals.g("eval").code == 0
    assert goals.goal()["iteration"] == 2


def test_pause_complete_abandon(goals):
    for decision, status in (("pause", "paused"), ("complete", "completed"), ("abandon", "abandoned")):
        assert goals.g("init", "--force").code == 0
        assert evaluate(goals, decision).code == 0
        assert goals.goal()["status"] == status and goals.goal()[status + "_at"]
        assert goals.goal().get("active_since") is None


def test_json(goals):
    goals.begin()
    assert evaluate(goals, "continue", "--format", "json").json["iteration"] == 2


@pytest.mark.parametrize("end", ["complete", "abandon"])
def test_the_end_is_the_end(goals, end):
    goals.begin()
    evaluate(goals, end)
    for decision in ("continue", "pause", "complete", "abandon"):
        refused = evaluate(goals, decision)
        assert refused.code == 4 and "goal init" in refused.err
    assert len(goals.goal()["eval_history"]) == 1


def test_a_paused_goal_is_resumed_first(goals):
    goals.begin()
    evaluate(goals, "pause", "--notes", "lunch")
    assert goals.goal()["pause_reason"] == "lunch"
    for decision in ("continue", "complete", "pause"):
        assert evaluate(goals, decision).code == 4
    assert evaluate(goals, "abandon").code == 0


def test_exactly_as_many_iterations_as_allowed(goals):
    goals.begin("x", "--max-iterations", "3")
    assert [evaluate(goals).code for _ in range(3)] == [0, 0, 12]
    goal = goals.goal()
    assert sorted(goal["iterations"]) == ["1", "2", "3"] and goal["iteration"] == 3
    assert goal["status"] == "needs-human" and goal["needs_human_reason"] == "over_budget:iterations"
    refused = evaluate(goals)
    assert refused.code == 11 and "over_budget:iterations" in refused.err


def test_over_budget_by_decision_of_a_person(goals):
    goals.begin("x", "--max-iterations", "1")
    assert evaluate(goals, "continue", "--force-over-budget").code == 0
    assert goals.goal()["eval_history"][0]["source"] == "force_over_budget:iterations"
    assert evaluate(goals).code == 12
    assert goals.g("resume").code == 0
    assert evaluate(goals, "complete").code == 0


def test_only_continuing_costs_budget(goals):
    goals.begin("x", "--max-tokens", "10")
    goals.g("spend", "--tokens", "10")
    assert evaluate(goals, "pause").code == 0
    assert goals.g("resume").code == 0
    assert evaluate(goals, "complete").code == 0


def test_paused_time_costs_nothing(goals):
    goals.begin("x", "--timeout", "1")
    evaluate(goals, "pause")
    used = goals.goal()["active_ms"] if "active_ms" in goals.goal() else 0
    assert goals.g("budget", "--json").json["active_ms"] == used


def test_open_tentacles_keep_it_open(goals):
    goals.begin()
    goals.tentacle("docs")
    goals.tentacle("tests", todo_deps=["docs"])
    for decision in ("continue", "complete"):
        refused = evaluate(goals, decision)
        assert refused.code == 4
        assert "docs (ready)" in refused.err and "tests (waiting_dependencies)" in refused.err
    assert goals.goal()["iteration"] == 1 and "eval_history" not in goals.goal()
    goals.edit_meta("docs", status="completed")
    goals.edit_meta("tests", status="completed")
    assert evaluate(goals).code == 0


def test_pausing_and_abandoning_ask_for_nothing(goals):
    goals.begin()
    goals.tentacle("docs")
    assert evaluate(goals, "pause").code == 0
    assert evaluate(goals, "abandon").code == 0


def test_a_gate_stops_it(goals):
    goals.begin()
    goals.g("gate", "add", "review", "--desc", "a person has read it")
    done = evaluate(goals)
    assert done.code == 10 and "gate approve review" in done.out
    goal = goals.goal()
    assert goal["status"] == "awaiting-gate" and goal["awaiting_gate_id"] == "review"
    assert goal["iteration"] == 1 and goal["eval_history"][0]["blocked_by_gates"] == ["review"]
    again = evaluate(goals, "complete")
    assert again.code == 10 and len(goals.goal()["eval_history"]) == 1
    assert evaluate(goals, "pause").code == 0


def test_a_gate_that_an_editor_opened(goals):
    goals.begin()
    goals.g("gate", "add", "review")
    evaluate(goals)
    goals.edit(gates=[{"id": "review", "status": "passed"}])
    assert evaluate(goals).code == 0
    assert goals.goal()["iteration"] == 2


def test_budget_is_asked_before_tentacles_and_gates(goals):
    goals.begin("x", "--max-iterations", "1")
    goals.g("gate", "add", "review")
    goals.tentacle("docs")
    assert evaluate(goals).code == 12
    goals.g("resume")
    goals.edit(budget={})
    assert evaluate(goals).code == 4
    goals.edit_meta("docs", status="completed")
    assert evaluate(goals).code == 10


def test_completing_names_what_is_not_proved(goals):
    goals.begin()
    goals.edit(success_criteria=[{"id": "tests", "status": "unverified"}])
    goals.g("gate", "fail", "lint")
    done = evaluate(goals, "complete")
    assert done.code == 0 and "1 of 1 criteria" in done.err and "1 gate failed" in done.err


def test_bad_words(goals):
    goals.begin()
    assert evaluate(goals, "stop").code == 2
    assert evaluate(goals, "continue", "--notes", "x" * 65600).code == 2
    assert goals.g("eval", "--goal", "ffffffff").code == 3
    assert goals.g("eval", "extra").code == 2
    assert goals.goal()["iteration"] == 1


def test_no_goal(goals):
    done = evaluate(goals)
    assert done.code == 3 and "goal init" in done.err
    assert not goals.home.exists()


def test_another_goal(goals):
    goals.begin("one")
    one = goals.goal()["goal_id"]
    goals.begin("two", "--force")
    assert goals.g("eval", "--goal", one[:8]).code == 0
    assert goals.goal()["iteration"] == 1
    assert goals.g("status", "--goal", one, "--json").json["iteration"] == 2


def test_a_change_survives_a_file_that_somebody_spoiled(goals):
    goals.begin()
    (goals.home / "goal.json").write_text("{")
    done = evaluate(goals)
    assert done.code == 2 and "goal repair" in done.err
    assert goals.events("goal_continued") == []


@pytest.mark.parametrize("status", ["BLOCKED", "TOO_BIG", "REGRESSED", "AMBIGUOUS", "SCOPE_ESCALATION"])
@pytest.mark.parametrize("decision", ["continue", "complete"])
def test_what_somebody_has_to_judge_is_not_passed_over(goals, status, decision):
    goals.begin()
    goals.tentacle("docs")
    goals.t("handoff", "docs", "the parser is stuck", "--status", status)
    refused = evaluate(goals, decision)
    assert refused.code == 11 and "docs (%s)" % status in refused.err and "sk tentacle complete docs" in refused.err
    assert goals.goal()["iteration"] == 1 and goals.goal()["status"] == "active"
    advice = goals.g("next-iter").out
    assert "sk tentacle complete docs" in advice
    helps = status in ("BLOCKED", "AMBIGUOUS", "SCOPE_ESCALATION")
    assert ("--reset-failed" in advice) == helps and ("sk tentacle split docs" in advice) == (status == "TOO_BIG")
    assert goals.t("complete", "docs").code == 0
    assert evaluate(goals, decision).code == 0


def test_forced_over_a_judgement(goals):
    goals.begin()
    goals.tentacle("docs")
    goals.t("handoff", "docs", "too big", "--status", "TOO_BIG")
    assert evaluate(goals, "continue", "--force").code == 0
    assert goals.goal()["eval_history"][-1]["source"] == "force"


def test_a_goal_whose_criteria_failed_is_not_completed(goals):
    goals.begin()
    goals.g("criteria", "add", "--id", "tests", "--verify-cmd", "false")
    assert goals.g("criteria", "check").code == 1
    refused = evaluate(goals, "complete")
    assert refused.code == 1 and "1 of 1 criteria failed (tests)" in refused.err and "--force" in refused.err
    assert goals.goal()["status"] == "active" and "eval_history" not in goals.goal()
    assert evaluate(goals, "complete", "--force").code == 0
    assert goals.goal()["status"] == "completed"


def test_parked_ones_say_how_to_go_on(goals):
    """What is due is released by a command, what waits for a person says so: neither is "the same again"."""
    goals.begin()
    goals.tentacle("docs")
    assert goals.t("handoff", "docs", "429 Too Many Requests, retry after 1 seconds", "--status", "BLOCKED").code == 75
    due = goals.meta("docs")["quota"]["due_at"]
    until(lambda: evaluate(goals).err.find("its time has come") > 0, "it is due (%s)" % due)
    refused = evaluate(goals)
    assert refused.code == 75 and "Try: sk retry-queue release docs" in refused.err
    assert goals("retry-queue", "hold", "docs").code == 0
    refused = evaluate(goals)
    assert refused.code == 11 and "Try: sk retry-queue release docs" in refused.err
    assert "sk retry-queue release docs" in goals.g("next-iter").out
    assert goals("retry-queue", "release", "docs").code == 0
    assert goals.meta("docs")["status"] == "idle"
