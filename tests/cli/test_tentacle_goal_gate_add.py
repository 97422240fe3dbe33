"""Approvals are named: which names there may be, and what adding one twice does."""

import pytest


def test_it_is_pending(goals):
    goals.begin()
    assert goals.g("gate", "add", "review", "--desc", "read it").code == 0
    [gate] = goals.goal()["gates"]
    assert gate["id"] == "review" and gate["status"] == "pending" and gate["description"] == "read it"
    assert goals.goal()["status"] == "active"


def test_twice_changes_the_description_alone(goals):
    goals.begin()
    goals.g("gate", "add", "review", "--desc", "one")
    goals.g("gate", "approve", "review")
    done = goals.g("gate", "add", "review", "--desc", "two")
    assert done.code == 0 and "passed" in done.out
    assert goals.goal()["gates"][0]["description"] == "two"
    before = goals.events()
    assert "as it was" in goals.g("gate", "add", "review").out
    assert goals.events() == before


@pytest.mark.parametrize("name", [
    "../../etc/x", "..", ".", "", "a/b", "a\\b", "%2e%2e%2f", "-rf", "a\nb", "a\tb", "a\x1b]0;x", "a\u202eb", "a\u200bb",
    "CON", "x.lock", "goal.json", ".git", "x.", "x ", "x" * 65, "x" * 255, "x" * 5000, "\u0430bc",
])
def test_names_that_are_none(goals, name):
    goals.begin()
    done = goals.g("gate", "add", "--", name)
    assert done.code == 2 and "nothing was changed" in done.err.lower()
    assert "\x1b" not in done.err and "gates" not in goals.goal()


def test_equal_but_for_case(goals):
    goals.begin()
    goals.g("gate", "add", "build")
    done = goals.g("gate", "add", "Build")
    assert done.code == 2 and '"Build" collides with gate "build"' in done.err


def test_too_many(goals):
    goals.begin()
    goals.edit(gates=[{"id": "g%d" % i, "status": "passed"} for i in range(1000)])
    assert goals.g("gate", "add", "more").code == 2


def test_at_the_end(goals):
    goals.begin()
    goals.g("eval", "--decision", "abandon")
    assert goals.g("gate", "add", "review").code == 4


def test_json_and_usage(goals):
    goals.begin()
    shown = goals.g("gate", "add", "review", "--json").json
    assert shown["id"] == "review" and shown["goal_status"] == "active"
    assert goals.g("gate", "add").code == 2
    assert goals.g("gate", "add", "a", "b").code == 2
