"""A change whose answer cannot be printed is exit 8, and the sentence names what was recorded and the page that shows it."""

import re

import pytest

from acts import fail, write
from maintenance import home  # noqa: F401: a fixture

LOST = "sk: cannot write output: no space left on device"


def lost(sk, *words, expected=8):
    """The words with a full device as their stdout -> what was said on stderr, one line."""
    with open("/dev/full", "w") as full:
        done = sk(*words, stdout=full)
    assert done.code == expected, done.err
    said = [line for line in done.err.splitlines() if line.startswith("sk: cannot write")]
    assert len(said) == 1 and said[0].startswith(LOST), done.err
    return said[0][len(LOST):]


def look(sk, said):
    """What the advised command prints."""
    command = re.search(r"Try: sk (.*)$", said).group(1)
    done = sk(*command.split())
    assert done.code == 0, done.err
    return done.out


def last(goals):
    return goals.events()[-1]


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_goal(goals, form):
    goals.begin()
    said = lost(goals, "goal", "spend", "--tokens", "18", "--format", form)
    assert last(goals)["event"] == "goal_spent"
    assert said == ", but it was done: recorded as event %d. Try: sk tentacle goal history" % last(goals)["seq"]
    assert re.search(r"^ *%d .*" % last(goals)["seq"], look(goals, said), re.M)
    assert goals.goal()["spent_tokens"] == 18


def test_a_goal_that_was_named(goals):
    goals.begin("one")
    first = goals.goal()["goal_id"]
    goals.begin("two", "--force")
    said = lost(goals, "goal", "spend", "--tokens", "1", "--goal", first)
    assert said.endswith(" Try: sk tentacle goal history --goal %s" % first)
    assert re.search(r"^ *%d .*" % last(goals)["seq"], look(goals, said), re.M)


def test_the_first_goal(goals):
    said = lost(goals, "goal", "init", "--title", "x")
    assert re.match(", but it was done: recorded as event", said) and look(goals, said)


def test_a_tentacle(goals):
    goals.begin()
    before = len(goals.events())
    said = lost(goals, "tentacle", "create", "docs", "--desc", "words")
    assert len(goals.events()) > before and ", but it was done: recorded as event" in said
    assert "docs" in look(goals, said)


def test_an_edit_that_was_taken_over_by_a_page(goals):
    """A page records what people changed, too."""
    goals.begin()
    text = (goals.home / "goal.json").read_text()
    (goals.home / "goal.json").write_text(text.replace('"a goal"', '"another goal"'))
    before = last(goals)["seq"]
    said = lost(goals, "goal", "eval")
    assert last(goals)["seq"] > before + 1
    assert ", but it was done: recorded as events %d to %d." % (before + 1, last(goals)["seq"]) in said


def test_a_look_is_nothing_done(goals):
    goals.begin()
    assert lost(goals, "goal", "status") == ""
    assert lost(goals, "goal", "history") == ""


def test_a_refusal_says_nothing_of_it(goals):
    """The document of the refusal is lost: the refusal counts, and nothing was done."""
    goals.begin()
    assert lost(goals, "goal", "link", "nobody", "--format", "json", expected=3) == ""


def test_a_task(work):
    fail(work)
    before = work.events()[-1]["seq"]
    said = lost(work, "task", "retry", "one")
    assert work.events()[-1]["seq"] > before
    assert ", but it was done: recorded as event" in said
    assert said.endswith(" Try: sk events --since %d" % before)
    assert "one" in look(work, said)


def test_a_rehearsal_did_nothing(work):
    fail(work)
    assert lost(work, "task", "retry", "one", "--dry-run") == ""


def test_a_task_where_an_orchestrator_is_at_work(work):
    fail(work)
    assert work("daemon", "start", "--paused").code == 0
    before = work.events()[-1]["seq"]
    said = lost(work, "task", "retry", "one")
    assert ", but it was done: recorded as event" in said and said.endswith(" --since %d" % before)
    assert work("daemon", "stop").code == 0


def test_a_run(work):
    write(work, "plan.yaml", "tasks: {a: {run: 'true'}}\n")
    said = lost(work, "run", "plan.yaml")
    assert ", but it was done: recorded as" in said and said.endswith(" Try: sk events --since 1")
    assert "completed" in look(work, said)


def test_a_plan_for_the_daemon(work):
    write(work, "plan.yaml", "workstream: later\ntasks: {a: {run: 'true'}}\n")
    assert work("daemon", "start", "--paused").code == 0
    said = lost(work, "submit", "plan.yaml")
    assert "later" in look(work, said)
    assert lost(work, "daemon", "stop") == ", but it was done: the daemon was stopped. Try: sk daemon status"


def test_a_repair(work):
    fail(work)
    (work.folder / ".state" / "current.json").write_text("{")
    said = lost(work, "state", "repair", "--yes")
    assert ", but it was done: recorded as event %d." % work.events()[-1]["seq"] in said
    assert look(work, said)


def test_what_stands_in_no_journal(home):  # noqa: F811
    said = lost(home.sk, "learn", "--pattern", "a title", "its text")
    assert said == ", but it was done: it stands in the knowledge database. Try: sk query --list"
    assert "a title" in look(home.sk, said)
    said = lost(home.sk, "cron", "add", "vacuum")
    assert said == ", but it was done: the schedule was changed. Try: sk cron list" and "vacuum" in look(home.sk, said)
    said = lost(home.sk, "cron", "remove", "vacuum")
    assert said == ", but it was done: the schedule was removed. Try: sk cron list"
