"""The one thing to do now."""


def test_the_first_open_one(goals):
    goals.t("create", "a")
    for text in ("one", "two", "three"):
        goals.t("todo", "a", "add", text)
    goals.t("todo", "a", "done", "0")
    assert goals.t("next-step", "a").out == "  1 [ ] two\n"
    assert goals.t("next-step", "a", "--all").out == "  1 [ ] two\n  2 [ ] three\n"


def test_json(goals):
    goals.t("create", "a")
    goals.t("todo", "a", "add", "one")
    goals.t("handoff", "a", "left off here")
    page = goals.t("next-step", "a", "--json").json
    assert page["tentacle"] == "a" and page["status"] == "idle" and page["todos_total"] == 1
    assert page["pending"] == [{"index": 0, "text": "one"}] and page["next_step"] == "one"
    assert "left off here" in page["checkpoint_context"] and page["briefing"] is None
    assert goals.t("next-step", "a", "--json", "--no-checkpoint").json["checkpoint_context"] is None


def test_nothing_left(goals):
    goals.t("create", "a")
    assert "no to-dos yet" in goals.t("next-step", "a").out
    goals.t("todo", "a", "add", "one")
    goals.t("todo", "a", "done", "0")
    assert "all to-dos are done" in goals.t("next-step", "a").out
    assert goals.t("next-step", "a", "--json").json["next_step"] is None


def test_it_changes_nothing(goals):
    goals.t("create", "a")
    before = len(goals.events())
    assert "no knowledge base" in goals.t("next-step", "a", "--briefing").err
    assert len(goals.events()) == before
    assert goals.t("next-step", "b").code == 3 and goals.t("next-step").code == 2
