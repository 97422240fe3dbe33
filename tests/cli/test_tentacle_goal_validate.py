"""Words that agents read at every start."""


def test_words(goals):
    assert goals.g("validate", "--title", "x", "--desc", "y").code == 0
    assert goals.g("validate", "--desc", "x" * 3001).out.startswith("long")
    done = goals.g("validate", "--desc", "x" * 5001)
    assert done.code == 2 and "too long" in done.out
    assert not goals.home.exists()


def test_the_goal_that_is_there(goals):
    assert goals.g("validate").code == 3
    goals.begin("Port it")
    assert goals.g("validate", "--json").json["title_bytes"] == 7
    (goals.home / "goal.json").write_text("{")
    assert goals.g("validate").code == 2


def test_json(goals):
    shown = goals.g("validate", "--desc", "x" * 6000, "--json")
    assert shown.code == 2 and shown.json["valid"] is False and shown.json["hard_limit"] == 5000
    assert goals.g("validate", "extra").code == 2
