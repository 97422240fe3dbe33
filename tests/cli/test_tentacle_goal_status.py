"""The first command of every recovery: what it shows, and that no damage is ever read as "no goal"."""

import pytest


def status(goals, *more):
    return goals("tentacle", "goal", "status", *more)


def test_a_page(goals):
    goals.begin("Port it", "--desc", "all of it")
    shown = status(goals)
    assert shown.code == 0, shown.err
    assert "Port it" in shown.out and "active, iteration 1" in shown.out and "all of it" in shown.out
    assert "sk tentacle goal next-iter" in shown.out


def test_json_is_the_raw_state(goals):
    goals.begin("x")
    shown = status(goals, "--format", "json").json
    assert shown["status"] == "active" and shown["iterations"]["1"]["started_at"]


def test_no_goal(goals):
    done = status(goals)
    assert done.code == 3 and "goal init" in done.err
    assert not goals.home.exists()


def test_an_edit_is_shown_and_then_recorded(goals):
    goals.begin("x")
    goals.edit(title="by hand")
    assert "by hand" in status(goals).out
    assert goals.events("goal_edited") == []
    assert goals("tentacle", "goal", "init", "--title", "y", "--force").code == 0
    [edit] = goals.events("goal_edited")
    assert edit["metadata"]["set"] == {"title": "by hand"}


@pytest.mark.parametrize("text, words", [
    ("", "empty file, expected a JSON object"),
    ("[]", "expected an object, found an array"),
    ("{} {}", "goal.json"),
    ('{"status": "done", "iteration": 1}', '"done" unknown; one of active, paused'),
    ('{"status": "active", "iteration": 1, "iteration": 2}', "twice"),
    ('{"status": "active", "iteration": NaN}', "goal.json"),
    ("<<<<<<< ours\n{}\n", "conflict marker"),
])
def test_damage_is_never_no_goal(goals, text, words):
    goals.begin("x")
    (goals.home / "goal.json").write_text(text)
    shown = status(goals)
    assert shown.code == 2 and words in shown.err and "goal repair" in shown.err
    assert (goals.home / "goal.json").read_text() == text


def test_an_older_version_of_ours_is_no_edit(goals):
    goals.begin("x")
    old = (goals.home / "goal.json").read_text()
    goals.edit(title="new")
    goals("tentacle", "goal", "init", "--force")
    name = next((goals.home / "goals").iterdir())
    name.write_text(old)
    assert "new" in status(goals, "--goal", name.name[:8]).out


def test_a_file_ahead_of_the_journal_is_a_loss(goals):
    goals.begin("x")
    journal = goals.home / "transitions.jsonl"
    before = journal.read_bytes()
    goals("tentacle", "goal", "init", "--force")
    journal.write_bytes(before)
    assert status(goals).code == 7


def test_a_file_without_a_journal_is_taken_over(goals):
    goals.home.mkdir(mode=0o700)
    (goals.home / "goal.json").write_text(
        '{"goal_id": "0d1ed6a0-5b0a-4b0e-9a55-0c6a4c1f1f11", "title": "old one", "status": "paused", "iteration": 4,'
        ' "created_at": "2026-05-01T10:00:00.123456+00:00", "snapshot_state": {\n  "a": 1\n}}')
    shown = status(goals)
    assert shown.code == 0 and "old one" in shown.out and "paused" in shown.out and "iteration 4" in shown.out
    assert goals.events() == []
    assert goals("tentacle", "goal", "init", "--force").code == 0
    [taken] = goals.events("goal_imported")
    assert taken["metadata"]["set"]["(rest)"] == {"snapshot_state": {"a": 1}}


def test_what_was_stopped_is_no_decision(goals):
    goals.begin("x", "--max-iterations", "2")
    assert goals.g("eval").code == 0
    assert "last decision: continue (iteration 1)" in goals.g("status").out
    assert goals.g("eval").code == 12
    assert "last attempt: continue (iteration 2), stopped by the budget" in goals.g("status").out
    assert goals.goal()["eval_history"][-1]["source"] == "over_budget:iterations"
    assert goals.g("resume").code == 0 and goals.g("budget", "--max-iterations", "9").code == 0
    assert goals.g("gate", "add", "g").code == 0 and goals.g("eval").code == 10
    assert "last attempt: continue (iteration 2), stopped by gate g" in goals.g("status").out
