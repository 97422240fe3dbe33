"""Work divided: which to-dos go where, and when the whole is done."""


def begin(goals, *todos):
    goals.t("create", "a", "--scope", "src", "--desc", "big", "--skill", "c")
    (goals.home / "tentacles/a/todo.md").write_text("# Todo\n\n" + "".join(line + "\n" for line in todos) + "\nnotes\n")


def todo(goals, name):
    return (goals.home / "tentacles" / name / "todo.md").read_text()


def test_to_dos_are_dealt_out(goals):
    begin(goals, "- [x] done", "- [ ] one", "  - [ ] below one", "- [ ] two", "- [ ] three")
    done = goals.t("split", "a", "b", "c")
    assert done.code == 0 and done.out == "tentacle a is divided: b c\n"
    assert todo(goals, "b") == "# Todo\n\n- [ ] one\n  - [ ] below one\n- [ ] three\n"
    assert todo(goals, "c") == "# Todo\n\n- [ ] two\n"
    assert todo(goals, "a") == "# Todo\n\n- [x] done\n\nnotes\n"
    child = goals.meta("b")
    assert child["parent_tentacle"] == "a" and child["scope"] == ["src"] and child["skills"] == ["c"]
    assert goals.meta("a")["children"] == ["b", "c"]
    assert "big" in (goals.home / "tentacles/b/CONTEXT.md").read_text()


def test_json(goals):
    begin(goals, "- [ ] one", "- [ ] two")
    page = goals.t("split", "a", "b", "c", "--json").json
    assert page["children"] == ["b", "c"] and [part["todos_total"] for part in page["parts"]] == [1, 1]


def test_the_parent_is_done_with_the_last_child(goals):
    begin(goals, "- [ ] one", "- [ ] two")
    goals.t("split", "a", "b", "c")
    goals.t("complete", "b")
    assert goals.meta("a")["status"] == "idle"
    done = goals.t("complete", "c")
    assert "and with it a" in done.out and goals.meta("a")["status"] == "completed"


def test_a_child_that_did_not_succeed(goals):
    begin(goals, "- [ ] one", "- [ ] two")
    goals.t("split", "a", "b", "c")
    goals.t("handoff", "b", "x", "--status", "TOO_BIG")
    goals.t("complete", "b")
    goals.t("complete", "c")
    assert goals.meta("a")["status"] == "idle"


def test_the_goal_takes_the_children(goals):
    goals.begin()
    goals.t("create", "a", "--goal-id", goals.goal()["goal_id"])
    for text in ("one", "two"):
        goals.t("todo", "a", "add", text)
    assert goals.t("split", "a", "b", "c").code == 0
    assert goals.goal()["tentacles"] == ["a", "b", "c"]


def test_what_is_refused_changes_nothing(goals):
    begin(goals, "- [ ] one", "- [ ] two")
    goals.t("list")
    goals.t("todo", "a", "done", "0")
    goals.t("todo", "a", "undone", "0")
    before = len(goals.events())
    few = goals.t("split", "a", "b", "c", "d")
    assert few.code == 4 and "2 open to-dos for 3" in few.err
    assert goals.t("split", "a", "b", "a").code == 4
    assert goals.t("split", "a", "b", "B").code == 2
    assert goals.t("split", "a", "b", "b").code == 2
    assert goals.t("split", "a", "b", "../c").code == 2
    assert goals.t("split", "a", "b").code == 2
    assert goals.t("split", "x", "b", "c").code == 3
    assert len(goals.events()) == before and [e.name for e in (goals.home / "tentacles").iterdir()] == ["a"]
    assert goals.t("split", "a", "b", "c").code == 0
    assert "divided already" in goals.t("split", "a", "d", "e").err


def test_the_parent_waits_for_its_parts(goals):
    """Nobody is sent out for work that was given away."""
    goals.begin()
    goals.t("create", "a", "--goal-id", goals.goal()["goal_id"])
    for text in ("one", "two"):
        goals.t("todo", "a", "add", text)
    assert goals.t("split", "a", "b", "c").code == 0
    advice = goals.g("next-iter", "--json").json
    assert advice["tentacles"]["waiting_dependencies"] == ["a"] and advice["tentacles"]["ready"] == ["b", "c"]
    refused = goals.t("dispatch", "a")
    assert refused.code == 4 and "is divided" in refused.err and "sk tentacle dispatch b" in refused.err
    assert goals.t("status").out.splitlines()[-1] == "3 tentacles, 0 of 2 to-dos done"
    goals.t("todo", "a", "add", "three")
    assert goals.g("next-iter", "--json").json["tentacles"]["ready"] == ["a", "b", "c"]
