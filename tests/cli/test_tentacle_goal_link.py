"""A tentacle becomes a part of the iteration."""


def test_both_sides_know(goals):
    goals.begin("Port it")
    goals.tentacle("docs", linked=False)
    done = goals.g("link", "docs")
    assert done.code == 0 and "iteration 1" in done.out
    goal = goals.goal()
    assert goal["tentacles"] == ["docs"] and goal["iterations"]["1"]["tentacles"] == ["docs"]
    meta = goals.meta("docs")
    assert meta["goal_id"] == goal["goal_id"] and meta["goal_name"] == "Port it" and meta["iteration"] == 1


def test_again_does_no_harm(goals):
    goals.begin()
    goals.tentacle("docs")
    before = goals.events()
    assert goals.g("link", "docs").code == 0
    assert goals.events() == before


def test_a_later_iteration(goals):
    goals.begin()
    goals.tentacle("docs", status="completed")
    goals.g("eval")
    assert goals.g("link", "docs").code == 0
    assert goals.goal()["iterations"]["2"]["tentacles"] == ["docs"] and goals.meta("docs")["iteration"] == 2


def test_no_more_than_allowed(goals):
    goals.begin("x", "--max-tentacles", "1")
    goals.tentacle("one")
    goals.tentacle("two", linked=False)
    done = goals.g("link", "two")
    assert done.code == 12 and "--force-over-budget" in done.err
    assert goals.goal()["tentacles"] == ["one"]
    assert goals.g("link", "one").code == 0
    assert goals.g("link", "two", "--force-over-budget").code == 0


def test_of_another_goal(goals):
    goals.begin("one")
    goals.tentacle("docs")
    goals.begin("two", "--force")
    assert goals.g("link", "docs").code == 4
    goals.g("eval", "--decision", "abandon", "--goal", goals.meta("docs")["goal_id"])
    assert goals.g("link", "docs").code == 0


def test_unknown_end_and_json(goals):
    goals.begin()
    goals.tentacle("docs", linked=False)
    done = goals.g("link", "dosc")
    assert done.code == 3 and "docs" in done.err
    assert goals.g("link", "docs", "--json").json["iterations"]["1"]["tentacles"] == ["docs"]
    assert goals.g("link").code == 2
    goals.g("eval", "--decision", "abandon")
    assert goals.g("link", "docs").code == 4
