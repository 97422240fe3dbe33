"""A tentacle goes, whole or not at all, and never with work in its worktree."""

import shutil


def folder(goals, name="a"):
    return goals.home / "tentacles" / name


def test_it_asks_first(goals):
    goals.t("create", "a")
    done = goals.t("delete", "a")
    assert done.code == 5 and "--yes" in done.err and folder(goals).exists()


def test_it_goes(goals):
    goals.t("create", "a")
    goals.t("create", "b", "--depends-on", "a")
    goals.t("handoff", "a", "x")
    (folder(goals) / "deep" / "er").mkdir(parents=True)
    (folder(goals) / "deep" / "er" / "file").write_text("")
    done = goals.t("delete", "a", "--yes")
    assert done.code == 0, done.err
    assert '"b" waits for it' in done.err
    assert [entry.name for entry in (goals.home / "tentacles").iterdir()] == ["b"]
    assert goals.t("show", "a").code == 3
    assert goals.t("create", "a").code == 0 and not (folder(goals) / "handoff.md").exists()


def test_json(goals):
    goals.t("create", "a")
    assert goals.t("delete", "a", "--yes", "--json").json["tentacle"] == "a"


def test_one_with_a_worktree_stays(goals):
    goals.commit(x="1")
    goals.t("create", "a")
    goals.t("worktree", "a", "prepare")
    done = goals.t("delete", "a", "--yes")
    assert done.code == 4 and "worktree a cleanup" in done.err and folder(goals).exists()
    assert goals.t("worktree", "a", "cleanup", "--yes").code == 0
    assert goals.t("delete", "a", "--yes").code == 0


def test_killed_before_the_record(goals):
    goals.t("create", "a", "--desc", "kept")
    goals.t("handoff", "a", "words")
    folder(goals).rename(goals.home / "tentacles" / ".deleted-a")
    assert goals.t("todo", "a", "add", "x").code == 0
    assert "words" in (folder(goals) / "handoff.md").read_text() and not (goals.home / "tentacles/.deleted-a").exists()


def test_killed_behind_the_record(goals):
    goals.t("create", "a")
    goals.t("create", "b")
    aside = goals.home / "tentacles" / ".deleted-a"
    shutil.copytree(folder(goals), goals.folder / "copy")
    goals.t("delete", "a", "--yes")
    (goals.folder / "copy").rename(aside)
    assert [t["name"] for t in goals.t("list", "--json").json["tentacles"]] == ["b"] and aside.exists()
    assert goals.t("todo", "b", "add", "x").code == 0
    assert [entry.name for entry in (goals.home / "tentacles").iterdir()] == ["b"]


def test_a_child_is_forgotten_by_its_parent(goals):
    goals.t("create", "a")
    for text in ("one", "two"):
        goals.t("todo", "a", "add", text)
    goals.t("split", "a", "b", "c")
    goals.t("delete", "b", "--yes")
    assert goals.meta("a")["children"] == ["c"]


def test_an_unknown_name(goals):
    assert goals.t("delete", "a", "--yes").code == 3
    assert goals.t("delete").code == 2
