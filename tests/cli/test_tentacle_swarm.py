"""Prompts in the forms that callers can use."""


def begin(goals):
    goals.t("create", "a", "--agent", "codex")
    for text in ("one", "two", "three"):
        goals.t("todo", "a", "add", text)
    goals.t("todo", "a", "done", "1")


def test_one_prompt(goals):
    begin(goals)
    done = goals.t("swarm", "a")
    assert done.code == 0 and done.out.startswith("# a\n") and "- [ ] one\n- [ ] three\n" in done.out
    assert goals.meta("a")["status"] == "dispatched"


def test_one_for_each_to_do(goals):
    begin(goals)
    done = goals.t("swarm", "a", "--output", "parallel")
    first, second = done.out.split("----- agent for to-do ")[1:]
    assert first.startswith("0 -----\n# a\n") and "- [ ] one" in first and "three" not in first
    assert second.startswith("2 -----\n") and "- [ ] three" in second and "- [ ] one" not in second
    assert len(goals.events("tentacle_dispatched")) == 1


def test_a_document(goals):
    begin(goals)
    page = goals.t("swarm", "a", "--output", "json").json
    assert page["agent_type"] == "codex" and [todo["index"] for todo in page["pending_todos"]] == [0, 2]
    assert page["context_file"].endswith("/tentacles/a/CONTEXT.md") and page["bundle_path"].endswith("/bundle")
    assert goals.t("swarm", "a", "--json", "--agent-type", "x").json["agent_type"] == "x"


def test_what_is_refused(goals):
    begin(goals)
    assert goals.t("swarm", "a", "--output", "xml").code == 2
    assert goals.t("swarm", "b").code == 3
    assert goals.t("swarm").code == 2
    assert goals.meta("a")["status"] == "idle"


def test_briefing_says_what_is_missing(goals):
    begin(goals)
    done = goals.t("swarm", "a", "--briefing")
    assert done.code == 0 and "no knowledge base" in done.err
