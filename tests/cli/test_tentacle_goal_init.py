"""A goal begins: what is on disk then, and what a second one meets."""

import json


def test_it_begins(goals):
    done = goals("tentacle", "goal", "init", "--title", "Port it", "--desc", "all", "--max-iterations", "3")
    assert done.code == 0, done.err
    goal = goals.goal()
    assert goal["title"] == "Port it" and goal["status"] == "active" and goal["iteration"] == 1
    assert goal["budget"] == {"max_iterations": 3}
    assert [event["event"] for event in goals.events()] == ["store_created", "goal_created", "goal_chosen"]
    assert ".octogent/" in (goals.folder / ".git" / "info" / "exclude").read_text()
    for name in ("goal.json", "transitions.jsonl"):
        assert (goals.home / name).stat().st_mode & 0o777 == 0o600


def test_json(goals):
    done = goals("tentacle", "goal", "init", "--title", "x", "--json")
    assert done.json["goal_id"] == goals.goal()["goal_id"]


def test_a_second_one_stands_beside(goals):
    goals.begin("first")
    refused = goals("tentacle", "goal", "init", "--title", "second")
    assert refused.code == 4 and "--force" in refused.err
    assert goals("tentacle", "goal", "init", "--title", "second", "--force").code == 0
    assert goals.goal()["title"] == "second"
    [other] = (goals.home / "goals").iterdir()
    assert json.loads(other.read_text())["title"] == "first"


def test_too_long(goals):
    done = goals("tentacle", "goal", "init", "--desc", "x" * 5001)
    assert done.code == 2 and "at most 5000" in done.err
    assert goals.events("goal_created") == []


def test_bad_numbers(goals):
    for value in ("0", "-1", "x", ""):
        assert goals("tentacle", "goal", "init", "--max-iterations=" + value).code == 2
    assert not goals.home.exists()


def test_a_folder_made_by_hand_is_excluded_as_well(goals):
    goals.home.mkdir(mode=0o700)
    (goals.home / "config.yaml").write_text("agents: {}\n")
    goals.begin()
    assert ".octogent/" in (goals.folder / ".git" / "info" / "exclude").read_text().split()
    assert ".octogent" not in goals.git("status", "--porcelain")
