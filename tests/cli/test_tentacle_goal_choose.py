"""goal.json is always the file of the goal that is meant."""


def test_back_and_forth(goals):
    goals.begin("first")
    first = goals.goal()["goal_id"]
    goals.begin("second", "--force")
    done = goals.g("choose", first[:8])
    assert done.code == 0 and "first" in done.out
    assert goals.goal()["title"] == "first"
    assert [path.name for path in (goals.home / "goals").iterdir()] != [first + ".json"]
    assert goals.g("status", "--json").json["title"] == "first"
    assert len(goals.events("goal_chosen")) == 3
    assert goals.g("choose", first, "--json").json["title"] == "first"
    assert len(goals.events("goal_chosen")) == 3


def test_refusals(goals):
    goals.begin()
    assert goals.g("choose", "ffffffff").code == 3
    assert goals.g("choose", goals.goal()["goal_id"][:3]).code == 3
    assert goals.g("choose").code == 2
