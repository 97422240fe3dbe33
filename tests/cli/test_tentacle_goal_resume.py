"""Going on after an interruption: from each status, and what may not be skipped by it."""

import pytest


def resume(goals, *more):
    return goals.g("resume", *more)


def test_a_paused_goal(goals):
    goals.begin()
    goals.g("eval", "--decision", "pause", "--notes", "lunch")
    (goals.home / "goal-resume-breadcrumb.json").write_text("{}")
    done = resume(goals, "--reason", "back")
    assert done.code == 0 and "it was paused" in done.out
    goal = goals.goal()
    assert goal["status"] == "active" and goal["resumed_at"]
    assert not {"paused_at", "pause_reason", "previous_status"} & set(goal)
    assert not (goals.home / "goal-resume-breadcrumb.json").exists()
    [event] = goals.events("goal_resumed")
    assert event["reason"] == "back" and event["from_state"] == "paused"


def test_an_active_goal_says_so(goals):
    goals.begin()
    before = goals.events()
    done = resume(goals)
    assert done.code == 0 and "active already" in done.out
    assert goals.events() == before


def test_needs_human(goals):
    goals.begin("x", "--max-iterations", "1")
    goals.g("eval")
    assert resume(goals).code == 0
    assert not {"needs_human_at", "needs_human_reason"} & set(goals.goal())


@pytest.mark.parametrize("end", ["complete", "abandon"])
def test_the_end_stays_the_end(goals, end):
    goals.begin()
    goals.g("eval", "--decision", end)
    for words in ((), ("--reset-failed",), ("--from-iteration", "1")):
        done = resume(goals, *words)
        assert done.code == 4 and "goal init" in done.err


def test_a_gate_is_not_skipped(goals):
    goals.begin()
    goals.g("gate", "add", "review")
    goals.g("eval")
    done = resume(goals)
    assert done.code == 10 and '"review"' in done.err
    goals.g("eval", "--decision", "pause")
    again = resume(goals)
    assert again.code == 10 and goals.goal()["status"] == "awaiting-gate"
    assert goals.goal()["awaiting_gate_id"] == "review"
    assert goals.g("gate", "approve", "review").code == 0
    assert goals.goal()["status"] == "active"
    assert resume(goals).code == 0


def test_a_gate_rejected_meanwhile(goals):
    goals.begin()
    goals.g("gate", "add", "review")
    goals.g("eval", "--decision", "pause")
    goals.g("gate", "reject", "review", "--reason", "no")
    assert goals.goal()["status"] == "paused"
    assert resume(goals).code == 10
    assert goals.goal()["awaiting_gate_reason"] == "no"


def test_a_gate_that_nobody_waited_for_yet(goals):
    goals.begin()
    goals.g("gate", "add", "review")
    goals.g("eval", "--decision", "pause")
    assert resume(goals).code == 0


def test_reset_failed(goals):
    goals.begin()
    goals.tentacle("blocked", status="completed", terminal_status="BLOCKED")
    goals.tentacle("regressed", status="completed", terminal_status="REGRESSED")
    goals.tentacle("done", status="completed", terminal_status="DONE")
    done = resume(goals, "--reset-failed")
    assert done.code == 0 and "1 tentacle put back" in done.out
    assert goals.meta("blocked")["status"] == "idle" and goals.meta("blocked")["terminal_status"] == "none"
    assert goals.meta("regressed")["terminal_status"] == "REGRESSED"
    assert goals.meta("done")["status"] == "completed"


def test_from_iteration(goals):
    goals.begin()
    for number in (1, 2, 3):
        goals.tentacle("t%d" % number, status="completed", terminal_status="DONE")
        if number < 3:
            assert goals.g("eval").code == 0
    before = goals.events()
    shown = resume(goals, "--from-iteration", "2", "--dry-run")
    assert shown.code == 0 and "2 tentacles would be put back to the start: t2, t3" in shown.out
    assert goals.events() == before
    done = resume(goals, "--from-iteration", "2")
    assert done.code == 0 and "beginning of iteration 2" in done.out and "2 tentacles put back to the start: t2, t3" in done.out
    goal = goals.goal()
    assert goal["iteration"] == 2 and goal["status"] == "active"
    assert goal["iterations"]["1"]["eval_decision"] == "continue"
    assert "eval_decision" not in goal["iterations"]["2"] and "completed_at" not in goal["iterations"]["2"]
    assert [goals.meta("t%d" % n)["status"] for n in (1, 2, 3)] == ["completed", "idle", "idle"]
    goals.edit_meta("t2", status="completed")
    assert goals.g("eval").code == 0
    assert goals.goal()["iterations"]["3"]["tentacles"] == ["t3"]


def test_going_back_gives_no_budget_back(goals):
    goals.begin("x", "--max-iterations", "2")
    assert goals.g("eval").code == 0
    assert resume(goals, "--from-iteration", "1").code == 0
    assert goals.goal()["iteration"] == 1
    assert goals.g("eval").code == 12


def test_an_iteration_it_does_not_have(goals):
    goals.begin()
    done = resume(goals, "--from-iteration", "99")
    assert done.code == 2 and "--from-iteration 99: this goal has iterations 1..1" in done.err
    for bad in ("abc", "1e2", "0x3", "+3", "0", "-1", "1.5"):
        assert resume(goals, "--from-iteration=" + bad).code == 2
    assert goals.events("goal_rewound") == []


def test_no_criterion_is_run(goals):
    goals.begin()
    goals.edit(success_criteria=[{"id": "a", "verification_command": "touch ran"}])
    goals.g("eval", "--decision", "pause")
    assert resume(goals).code == 0
    assert not (goals.folder / "ran").exists()
    assert goals.goal()["success_criteria"][0]["status"] == "unverified"


def test_json_and_bad_words(goals):
    goals.begin()
    goals.g("eval", "--decision", "pause")
    assert resume(goals, "--json").json["status"] == "active"
    assert resume(goals, "--goal", "nothere").code == 3
    assert resume(goals, "--fromiteration", "1").code == 2
