"""Who decided what, when and why: all of it from the journal."""


def test_all_of_it(goals):
    goals.begin()
    goals.tentacle("docs", status="completed")
    goals.g("eval", "--notes", "first part", "--operator", "alice")
    goals.g("gate", "add", "review")
    goals.g("gate", "reject", "review", "--reason", "no tests", "--operator", "bob")
    shown = goals.g("history")
    assert shown.code == 0
    assert "goal continued by alice: first part" in shown.out
    assert "goal awaiting gate (active to awaiting-gate) by bob: no tests" in shown.out
    assert "tentacle created docs" in shown.out and "goal gate set review" in shown.out
    assert len(shown.out.splitlines()) == len(goals.events()) - 2 + (0 if "goal chosen" not in shown.out else 1)


def test_only_this_goal(goals):
    goals.begin("one")
    one = goals.goal()["goal_id"]
    goals.begin("two", "--force")
    goals.g("eval", "--notes", "of two")
    assert "of two" in goals.g("history").out
    assert "of two" not in goals.g("history", "--goal", one).out


def test_the_newest(goals):
    goals.begin()
    for number in range(5):
        goals.g("eval", "--notes", "number %d" % number)
    lines = goals.g("history", "-n", "2").out.splitlines()
    assert "number 3" in lines[0] and "number 4" in lines[1] and "newest 2 of" in lines[2]


def test_json(goals):
    goals.begin()
    goals.g("eval", "--decision", "pause", "--notes", "lunch")
    lines = goals.g("history", "--format", "json").lines
    assert lines[-1]["event"] == "goal_paused" and lines[-1]["reason"] == "lunch"


def test_text_that_would_move_a_cursor(goals):
    goals.begin()
    goals.g("eval", "--notes", "a\x1b[31mb")
    assert "\x1b" not in goals.g("history").out


def test_bad_words(goals):
    assert goals.g("history").code == 3
    goals.begin()
    for words in (("-n", "0"), ("-n", "x"), ("extra",), ("--limit=-1",)):
        assert goals.g("history", *words).code == 2
