"""What has to be true, as a command that can tell."""

import pytest


def add(goals, *words):
    return goals.g("criteria", "add", *words)


def test_it_is_unverified(goals):
    goals.begin()
    done = add(goals, "--desc", "all tests pass", "--verify-cmd", "make test", "--id", "tests", "--timeout", "90")
    assert done.code == 0 and "tests: unverified" in done.out
    [c] = goals.goal()["success_criteria"]
    assert c == {"id": "tests", "description": "all tests pass", "verification_command": "make test",
                 "timeout_seconds": 90, "status": "unverified"}


def test_names_are_found(goals):
    goals.begin()
    for _ in range(2):
        add(goals, "--desc", "x")
    assert [c["id"] for c in goals.goal()["success_criteria"]] == ["sc-1", "sc-2"]
    goals.g("criteria", "remove", "sc-1")
    assert add(goals, "--desc", "x", "--json").json["id"] == "sc-3"


def test_twice(goals):
    goals.begin()
    add(goals, "--desc", "x", "--id", "tests")
    done = add(goals, "--desc", "y", "--id", "tests")
    assert done.code == 4 and "criteria remove tests" in done.err
    done = add(goals, "--desc", "y", "--id", "Tests")
    assert done.code == 2 and "collides" in done.err


@pytest.mark.parametrize("words", [
    (), ("--id", "a"), ("--desc", "x", "--id", "a/b"), ("--desc", "x", "--id", ".."), ("--desc", "x", "--id=-rf"),
    ("--desc", "x", "--timeout", "0"), ("--desc", "x", "--timeout", "604801"), ("--desc", "x", "--timeout=-1"),
    ("--desc", ""), ("--desc", "x", "extra"),
])
def test_bad_words(goals, words):
    goals.begin()
    assert add(goals, *words).code == 2
    assert "success_criteria" not in goals.goal()


def test_the_end_and_no_goal(goals):
    assert add(goals, "--desc", "x").code == 3
    goals.begin()
    goals.g("eval", "--decision", "complete")
    assert add(goals, "--desc", "x").code == 4
