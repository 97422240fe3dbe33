"""A goal with its criteria, or none at all."""

import pytest


def test_with_criteria(goals):
    done = goals.g("create", "--title", "Port it", "--max-iterations", "2", "--criterion",
                   '{"id": "tests", "description": "pass", "verification_command": "true"}', "--criterion",
                   '{"id": "look", "description": "by eye"}')
    assert done.code == 0, done.err
    goal = goals.goal()
    assert [c["id"] for c in goal["success_criteria"]] == ["tests", "look"]
    assert goal["budget"] == {"max_iterations": 2} and goal["success_criteria"][0]["status"] == "unverified"
    assert goals.g("verify").code == 0


@pytest.mark.parametrize("criterion", [
    "", "x", "[]", "{", '{"id": "a/b"}', '{"id": "a", "id": "b"}', '{"id": 1}', '{"id": "tests"} {}', '{"id": "a", "x": 1}',
    '{"id": "a", "description": "x", "timeout_seconds": 0}', '{"description": "x", "bogus": 1}',
    '{"id": "a", "description": "x", "verify_cmd": "true"}', '{"description": "x", "status": "verified"}', '{}', '{"id": "a/b", "description": "x"}',
])
def test_one_that_cannot_be_used(goals, criterion):
    done = goals.g("create", "--title", "x", "--criterion", '{"id": "good", "description": "x"}', "--criterion", criterion)
    assert done.code == 2, done.out
    assert not (goals.home / "goal.json").exists()


def test_one_without_a_name_gets_one(goals):
    assert goals.g("create", "--criterion", '{"verification_command": "true"}', "--criterion", '{"description": "x"}').code == 0
    assert [c["id"] for c in goals.goal()["success_criteria"]] == ["sc-1", "sc-2"]


def test_what_is_no_member_is_named(goals):
    done = goals.g("create", "--criterion", '{"description": "x", "verify_cmd": "true"}')
    assert done.code == 2 and '"verify_cmd"' in done.err and "verification_command" in done.err


def test_two_of_one_name(goals):
    done = goals.g("create", "--criterion", '{"id": "a", "description": "x"}', "--criterion", '{"id": "a", "description": "y"}')
    assert done.code == 2 and not (goals.home / "goal.json").exists()
    done = goals.g("create", "--criterion", '{"id": "a", "description": "x"}', "--criterion", '{"id": "A", "description": "y"}')
    assert done.code == 2 and "collides" in done.err


def test_beside_another(goals):
    goals.begin()
    assert goals.g("create").code == 4
    assert goals.g("create", "--force", "--json").json["status"] == "active"
