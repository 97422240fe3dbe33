"""The way out of an unusable file: nothing is ever lost by it."""

import pytest


def refused(folder):
    return [path for path in folder.iterdir() if ".refused-" in path.name]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"status": "done", "iteration": 1}', "<<<<<<< ours\n"])
def test_the_goal(goals, text):
    goals.begin("Port it")
    (goals.home / "goal.json").write_text(text)
    assert goals.g("eval").code == 2
    done = goals.g("repair")
    assert done.code == 0, done.err
    [aside] = refused(goals.home)
    assert aside.read_text() == text
    assert goals.goal()["title"] == "Port it" and len(goals.events("goal_repaired")) == 1
    assert goals.g("eval").code == 0


def test_explaining_changes_nothing(goals):
    goals.begin()
    (goals.home / "goal.json").write_text("{")
    shown = goals.g("repair", "--explain")
    assert shown.code == 0 and "goal.json" in shown.out and "would be" in shown.out
    assert (goals.home / "goal.json").read_text() == "{" and not refused(goals.home)


def test_an_edit_from_an_older_version(goals):
    goals.begin()
    old = goals.goal()
    goals.g("eval")
    (goals.home / "goal.json").write_text(__import__("json").dumps({**old, "title": "of before"}))
    assert goals.g("eval").code == 6
    assert goals.g("repair").code == 0
    [aside] = refused(goals.home)
    assert "of before" in aside.read_text() and goals.goal()["iteration"] == 2


def test_a_tentacle(goals):
    goals.begin()
    goals.tentacle("docs")
    meta = goals.home / "tentacles" / "docs" / "meta.json"
    meta.write_text("{")
    (goals.home / "goal.json").write_text("{")
    assert goals.g("repair", "--tentacle", "docs").code == 0
    assert goals.meta("docs")["status"] == "idle" and len(refused(meta.parent)) == 1
    assert (goals.home / "goal.json").read_text() == "{"


def test_nothing_to_repair(goals):
    assert goals.g("repair").code == 3
    goals.begin()
    before = goals.events()
    assert "nothing to repair" in goals.g("repair").out
    assert goals.g("repair", "--tentacle", "nobody").code == 3
    assert goals.events() == before


def test_json(goals):
    goals.begin()
    (goals.home / "goal.json").write_text("{")
    shown = goals.g("repair", "--explain", "--json").json
    assert shown["repaired"] is False and shown["problems"][0]["path"] == "goal.json"
    assert goals.g("repair", "--json").json["repaired"] is True
    assert goals.g("repair", "--json").json["problems"] == []
    assert goals.g("repair", "extra").code == 2
