"""Everything about one tentacle on a page."""


def test_a_page(goals):
    goals.t("create", "one", "--desc", "Port it", "--scope", "src")
    (goals.home / "tentacles" / "one" / "todo.md").write_text("- [ ] write \033[1mtests\n")
    shown = goals.t("show", "one")
    assert shown.code == 0, shown.err
    assert "Port it" in shown.out and "- `src`" in shown.out and "  0 [ ] write ^[[1mtests" in shown.out


def test_json(goals):
    goals.t("create", "one", "--desc", "Port it")
    page = goals.t("show", "one", "--json").json
    assert page["name"] == "one" and "Port it" in page["context_text"] and page["handoff_text"] == ""


def test_a_missing_context_is_no_loss(goals):
    goals.t("create", "one", "--desc", "Port it")
    (goals.home / "tentacles" / "one" / "CONTEXT.md").unlink()
    assert "Port it" in goals.t("show", "one").out


def test_an_unknown_name(goals):
    assert goals.t("show", "one").code == 3
    goals.t("create", "one")
    done = goals.t("show", "ona")
    assert done.code == 3 and "Did you mean one?" in done.err
    assert goals.t("show").code == 2


def test_a_context_that_is_no_text(goals):
    goals.t("create", "one")
    (goals.home / "tentacles" / "one" / "CONTEXT.md").write_bytes(b"\xff\x00")
    done = goals.t("show", "one")
    assert done.code == 2 and "CONTEXT.md: is not UTF-8" in done.err
