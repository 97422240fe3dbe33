"""A tentacle begins: what is on disk then, which names there can be, and what it is tied to."""

import pytest


def test_it_begins(goals):
    done = goals.t("create", "port", "--scope", "src/a, docs/", "--desc", "Port it", "--skill", "c", "--skill", "git",
                   "--agent", "codex", "--model", "m")
    assert done.code == 0, done.err
    meta = goals.meta("port")
    assert meta["status"] == "idle" and meta["scope"] == ["src/a", "docs/"] and meta["skills"] == ["c", "git"]
    assert meta["description"] == "Port it" and meta["agent"] == "codex" and len(meta["tentacle_id"]) == 36
    folder = goals.home / "tentacles" / "port"
    assert (folder / "todo.md").read_text() == "# Todo\n\n"
    context = (folder / "CONTEXT.md").read_text()
    assert context.startswith("# port\n\nPort it\n") and "\n- `docs/`\n" in context
    assert not [line for line in context.splitlines() if line.startswith(" ")]
    assert "AUTO-RECALL" not in context
    [event] = goals.events("tentacle_created")
    assert event["to_state"] == "idle" and event["metadata"]["set"]["name"] == "port"


def test_json(goals):
    made = goals.t("create", "a", "--json").json
    assert made["kind"] == "tentacle" and made["name"] == "a" and made["todos_total"] == 0


def test_a_briefing_says_that_nothing_is_known(goals):
    assert goals.t("create", "a", "--briefing").code == 0
    assert "no knowledge base" in (goals.home / "tentacles" / "a" / "CONTEXT.md").read_text()


def test_a_goal_takes_it(goals):
    goals.begin("Port it")
    goal = goals.goal()["goal_id"]
    assert goals.t("create", "a", "--goal-id", goal[:8], "--iteration", "1").code == 0
    meta = goals.meta("a")
    assert meta["goal_id"] == goal and meta["goal_name"] == "Port it" and meta["iteration"] == 1
    assert goals.goal()["tentacles"] == ["a"] and goals.goal()["iterations"]["1"]["tentacles"] == ["a"]


def test_a_goal_or_iteration_that_is_not_there(goals):
    goals.begin()
    goal = goals.goal()["goal_id"]
    assert goals.t("create", "a", "--goal-id", "nothing").code == 3
    far = goals.t("create", "a", "--goal-id", goal, "--iteration", "7")
    assert far.code == 3 and "iterations 1..1" in far.err
    assert goals.t("create", "a", "--iteration", "1").code == 2
    assert goals.events("tentacle_created") == []


@pytest.mark.parametrize("name", ["../../etc/x", "..", ".", "", "a/b", "a\\b", "%2e%2e%2f", "a\nb", "a\tb", "a\033]0;b",
                                  "a\u202eb", "a\u200bb", "\u0430bc", "CON", "con", "x.", "x ", ".git", "x.lock", "goal.json",
                                  "a" * 65, "a" * 255, "a" * 5000])
def test_names_that_are_none(goals, name):
    done = goals.t("create", "--", name)
    assert done.code == 2, done.err
    assert "\033" not in done.err and "\u202e" not in done.err and len(done.err) < 500
    assert not goals.home.exists()


@pytest.mark.parametrize("name", ["-rf", "--nothing"])
def test_names_like_options(goals, name):
    assert goals.t("create", name).code == 2
    assert not goals.home.exists()


def test_a_name_that_is_taken(goals):
    goals.t("create", "build", "--desc", "first")
    again = goals.t("create", "build")
    assert again.code == 4 and "exists already (idle)" in again.err
    case = goals.t("create", "Build")
    assert case.code == 2 and 'collides with "build"' in case.err
    assert [entry.name for entry in (goals.home / "tentacles").iterdir()] == ["build"]
    assert goals.meta("build")["description"] == "first"


def test_a_folder_of_somebody(goals):
    goals.t("create", "a")
    (goals.home / "tentacles" / "b").mkdir()
    (goals.home / "tentacles" / "b" / "todo.md").write_text("mine")
    done = goals.t("create", "b")
    assert done.code == 4 and "belongs to no tentacle" in done.err
    assert (goals.home / "tentacles" / "b" / "todo.md").read_text() == "mine"


def test_an_unusable_file_has_the_name(goals):
    goals.t("create", "a")
    (goals.home / "tentacles" / "b").mkdir()
    (goals.home / "tentacles" / "b" / "meta.json").write_text("{")
    done = goals.t("create", "b")
    assert done.code == 4 and "repair --tentacle b" in done.err


@pytest.mark.parametrize("scope", ["/etc", "a/../../b", "../x"])
def test_a_scope_outside(goals, scope):
    done = goals.t("create", "a", "--scope", "src," + scope)
    assert done.code == 2 and "scope" in done.err
    assert goals.events("tentacle_created") == []


def test_dependencies(goals):
    goals.t("create", "a")
    assert goals.t("create", "b", "--depends-on", "a").code == 0
    assert goals.meta("b")["todo_deps"] == ["a"]
    missing = goals.t("create", "c", "--depends-on", "a,x")
    assert missing.code == 3 and '"x"' in missing.err
    assert goals.t("create", "c", "--depends-on", "c").code == 2
    assert len(goals.events("tentacle_created")) == 2


def test_inside_a_worktree_it_is_the_same_store(goals):
    goals.commit(a="1")
    goals.git("worktree", "add", "-q", str(goals.folder / "home" / "wt"))
    assert goals.t("create", "a", cwd=goals.folder / "home" / "wt").code == 0
    assert goals.meta("a")["name"] == "a"
