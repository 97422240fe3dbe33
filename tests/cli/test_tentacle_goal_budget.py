"""What may be used and what was."""

import pytest


def test_looking_changes_nothing(goals):
    goals.begin("x", "--max-iterations", "3", "--max-cost", "2.5")
    before = goals.events()
    shown = goals.g("budget")
    assert shown.code == 0 and "1 of 3" in shown.out and "0.00 of 2.50" in shown.out
    assert goals.events() == before


def test_no_limits(goals):
    goals.begin()
    assert "no limits are set" in goals.g("budget").out


def test_setting(goals):
    goals.begin("x", "--max-iterations", "3")
    done = goals.g("budget", "--max-iterations", "5", "--timeout", "30", "--max-tentacles", "2", "--max-tokens", "9",
                   "--max-cost", "0.000001")
    assert done.code == 0, done.err
    assert goals.goal()["budget"] == {"max_iterations": 5, "max_tentacles": 2, "timeout_minutes": 30, "max_tokens": 9,
                                      "max_cost_micros": 1}
    assert goals.g("budget", "--no-limit", "iterations", "--no-limit", "cost").code == 0
    assert "max_iterations" not in goals.goal()["budget"] and goals.goal()["budget"]["max_tokens"] == 9
    assert len(goals.events("goal_budget_set")) == 2


def test_json(goals):
    goals.begin("x", "--max-iterations", "1")
    shown = goals.g("budget", "--format", "json").json
    assert shown["max_iterations"] == 1 and shown["current_iteration"] == 1 and shown["max_tentacles"] is None
    assert shown["over_budget"] is False and shown["budget_status"] == "used_up"
    assert shown["elapsed_minutes"] == 0 and shown["over_timeout"] is False


def test_a_lower_limit_than_what_was_used(goals):
    goals.begin()
    goals.g("eval")
    assert goals.g("budget", "--max-iterations", "1", "--json").json["budget_status"] == "over"
    assert goals.g("eval").code == 12


@pytest.mark.parametrize("words", [
    ("--max-iterations", "0"), ("--max-iterations=-1",), ("--timeout", "x"), ("--max-cost", "x"), ("--max-cost", "1."),
    ("--max-cost", "1.0000001"), ("--max-cost", "0"), ("--max-cost=-1",), ("--max-cost", "9007199254740991"),
    ("--no-limit", "money"), ("extra",),
])
def test_bad_words(goals, words):
    goals.begin()
    assert goals.g("budget", *words).code == 2
    assert goals.events("goal_budget_set") == []


def test_the_end_and_no_goal(goals):
    assert goals.g("budget").code == 3
    goals.begin()
    goals.g("eval", "--decision", "complete")
    assert goals.g("budget").code == 0
    assert goals.g("budget", "--timeout", "5").code == 4
