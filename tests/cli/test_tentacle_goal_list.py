"""All goals, and which one is meant."""


def test_a_page(goals):
    assert goals.g("list").code == 3
    goals.begin("first")
    goals.begin("second", "--force")
    lines = goals.g("list").out.splitlines()
    assert len(lines) == 2 and "first" in lines[0] and lines[1].startswith("*") and "second" in lines[1]


def test_json(goals):
    goals.begin("first")
    shown = goals.g("list", "--json").json
    assert shown["chosen"] == goals.goal()["goal_id"] and [goal["title"] for goal in shown["goals"]] == ["first"]


def test_an_unusable_file_hides_nothing(goals):
    goals.begin("first")
    (goals.home / "goal.json").write_text("[]")
    shown = goals.g("list")
    assert shown.code == 0 and "first" in shown.out and "goal repair" in shown.err
