"""What is in flight, and that one unusable file hides nothing else."""

import json
import shutil


def test_none_yet(goals):
    assert "no tentacles yet" in goals.t("status").out
    assert goals.t("status", "--json").json["tentacles"] == []


def test_a_page(goals):
    goals.t("create", "one")
    goals.t("todo", "one", "add", "x")
    goals.t("todo", "one", "done", "0")
    shown = goals.t("status")
    assert shown.code == 0 and shown.out.splitlines()[0].split() == ["tentacle", "state", "to-dos", "hand-off", "changed"]
    assert shown.out.splitlines()[1].split()[:4] == ["one", "idle", "1/1", "-"]
    assert "1 tentacle, 1 of 1 to-do done" in shown.out


def test_goals_at_their_end_are_history(goals):
    """Twenty finished ones would hide the two that run; JSON has them all."""
    goals.begin()
    goals.tentacle("old")
    goals.tentacle("open")
    assert goals.t("complete", "old").code == 0
    assert goals.g("eval", "--decision", "abandon").code == 0
    goals.g("init", "--title", "next", "--force")
    goals.tentacle("new")
    shown = goals.t("status").out
    assert "new" in shown and "open" in shown and "\nold " not in shown
    assert "1 of goals at their end not shown. Try: sk tentacle status --all" in shown
    assert "\nold " in goals.t("status", "--all").out
    assert len(goals.t("status", "--json").json["tentacles"]) == 3


def test_one_unusable_file_hides_nothing(goals):
    for name in ("one", "two", "three"):
        goals.t("create", name)
    path = goals.home / "tentacles" / "two" / "meta.json"
    path.write_text("{oops")
    (goals.home / "tentacles" / "foreign").mkdir()
    (goals.home / "tentacles" / "foreign" / "meta.json").write_text("[]")
    shown = goals.t("status")
    lines = {line.split()[0]: line for line in shown.out.splitlines() if line}
    assert shown.code == 0
    assert {"one", "two", "three", "foreign"} <= set(lines)
    assert "unusable" in lines["two"] and "unusable" in lines["foreign"] and "unusable" not in lines["one"]
    page = goals.t("status", "--json").json
    assert [bool(t["problem"]) for t in page["tentacles"]] == [False, True, False]
    assert {p["subject"] for p in page["problems"]} == {"two", "foreign"}
    assert path.read_text() == "{oops"
    # The others go on.
    assert goals.t("todo", "one", "add", "x").code == 0
    stuck = goals.t("todo", "two", "add", "x")
    assert stuck.code == 2 and "repair --tentacle two" in stuck.err


def test_a_folder_of_the_original_is_taken_in(goals):
    goals.t("create", "one")
    folder = goals.home / "tentacles" / "old"
    folder.mkdir()
    (folder / "meta.json").write_text(json.dumps({"name": "old", "status": "completed", "scope": ["src"],
                                                  "created_at": "2026-05-01T10:00:00.123456+00:00"}))
    (folder / "todo.md").write_text("- [x] a\n- [ ] b\n")
    page = goals.t("status", "--json").json
    old = [t for t in page["tentacles"] if t["name"] == "old"][0]
    assert old["status"] == "completed" and old["todos_done"] == 1 and old["todos_total"] == 2


def test_outside_of_any_repository_it_is_empty(goals, tmp_path):
    assert goals.t("status").code == 0
    assert not goals.home.exists()


def test_a_folder_that_was_removed_is_told(goals):
    goals.g("init", "--title", "t")
    for name in ("one", "two"):
        assert goals.t("create", name).code == 0
    folder = goals.home / "tentacles/one"
    shutil.rmtree(folder)
    for _ in range(2):
        shown = goals.t("status")
        assert shown.code == 0 and "its folder is gone" in shown.out
        assert "Next: sk tentacle goal repair --tentacle one" in shown.out
        assert goals.t("todo", "two", "add", "x").code == 0
        stuck = goals.t("todo", "one", "add", "x")
        assert stuck.code == 4 and "repair --tentacle one" in stuck.err
        assert "its folder is gone" in goals.g("status").err
        assert not folder.exists()
    mended = goals.g("repair", "--tentacle", "one")
    assert mended.code == 0 and "it is made again" in mended.out and (folder / "meta.json").exists()
    assert goals.t("todo", "one", "add", "x").code == 0
    assert "gone" not in goals.t("status").out
    shutil.rmtree(folder)
    assert goals.t("delete", "one", "--yes").code == 0 and not folder.exists()
    assert goals.t("create", "one").code == 0 and "gone" not in goals.t("status").out
