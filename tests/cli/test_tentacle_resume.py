"""Work taken up again: what is forgotten, what is left."""


def test_it_is_active(goals):
    goals.t("create", "a")
    goals.t("todo", "a", "add", "one")
    goals.t("todo", "a", "add", "two")
    goals.t("todo", "a", "done", "0")
    done = goals.t("resume", "a")
    assert done.code == 0 and done.out.splitlines() == ["tentacle a is active", "  1 [ ] two"]
    assert goals.meta("a")["status"] == "active" and goals.meta("a")["resumed_at"]


def test_a_completed_one_forgets_its_end(goals):
    goals.t("create", "a")
    goals.t("handoff", "a", "x", "--status", "TOO_BIG")
    goals.t("complete", "a")
    page = goals.t("resume", "a", "--json").json
    assert page["status"] == "active" and page["terminal_status"] == "none" and "completed_at" not in page


def test_a_parked_one_leaves_the_queue(goals):
    goals.t("create", "a")
    goals.t("handoff", "a", "rate limit", "--status", "BLOCKED")
    assert goals.t("resume", "a").code == 0
    assert goals("retry-queue", "list", "--json").json["entries"] == []


def test_the_context_stays(goals):
    goals.t("create", "a", "--briefing")
    path = goals.home / "tentacles" / "a" / "CONTEXT.md"
    path.write_text(path.read_text() + "mine\n")
    before = path.read_text()
    assert goals.t("resume", "a", "--no-briefing").code == 0 and goals.t("resume", "a").code == 0
    assert path.read_text() == before
    path.unlink()
    goals.t("resume", "a")
    assert path.read_text().startswith("# a\n")


def test_an_unknown_name(goals):
    assert goals.t("resume", "a").code == 3
    assert goals.t("resume").code == 2
