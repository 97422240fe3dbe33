"""The plan of an iteration: what can begin, with the command that begins it, and why not the rest."""

import pytest

from agents import Crew


def plan(goals, *words, **more):
    return goals.g("dispatch", *words, **more)


def test_words(goals):
    assert plan(goals).code == 3
    goals.begin()
    assert plan(goals, "--concurrency", "0").code == 2
    assert plan(goals, "more").code == 2
    assert plan(goals, "--goal", "ffffffff").code == 3
    done = plan(goals)
    assert done.code == 0 and "the iteration has no tentacles" in done.out and "can be closed" in done.out


def test_the_plan(goals):
    goals.begin()
    for name in ("one", "two", "three", "four"):
        goals.tentacle(name, **({"todo_deps": ["one"]} if name == "two" else {}))
    goals.t("handoff", "four", "ready", "--status", "DONE")
    before = len(goals.events())
    page = plan(goals, "--concurrency", "1", "--model", "big", "--no-bundle", "--json").json
    assert page["selected"] == [{"tentacle": "one", "command": "sk tentacle dispatch one --model \"big\" --no-bundle"}]
    assert page["deferred"] == [{"tentacle": "two", "reason": "waits for one"},
                                {"tentacle": "three", "reason": "no more than --concurrency at the same time"}]
    assert page["resolved"] == [{"tentacle": "four", "outcome": "DONE"}]
    assert page["eval_passes"] is False and "one (ready)" in page["eval_refusal"]
    assert len(goals.events()) == before and goals.goal()["iteration"] == 1
    shown = plan(goals).out
    assert "to start now\n  one: sk tentacle dispatch one\n  three: " in shown and "not now\n  two: waits for one" in shown


def test_its_commands_can_be_typed(goals):
    goals.begin()
    goals.t("create", "docs", "--desc", "write")
    goals.g("link", "docs")
    command = plan(goals, "--model", "big", "--json").json["selected"][0]["command"]
    words = command.replace(chr(34), "").split()
    assert words[:3] == ["sk", "tentacle", "dispatch"] and goals(*words[1:]).code == 0
    page = plan(goals, "--json").json
    assert page["selected"] == [] and "handed to an agent" in page["deferred"][0]["reason"]


def test_a_decision_and_a_quota_defer(goals):
    goals.begin()
    for name in ("stuck", "parked"):
        goals.tentacle(name)
    goals.t("handoff", "stuck", "no", "--status", "AMBIGUOUS")
    goals.t("handoff", "parked", "429 Too Many Requests, retry after 3600 seconds", "--status", "BLOCKED")
    deferred = {one["tentacle"]: one["reason"] for one in plan(goals, "--json").json["deferred"]}
    assert deferred["stuck"] == "it handed off AMBIGUOUS" and deferred["parked"].startswith("parked (rate_limit)")


@pytest.mark.parametrize("words, code", [(("eval", "--decision", "pause"), 4), (("eval", "--decision", "abandon"), 4)])
def test_only_an_active_goal(goals, words, code):
    goals.begin()
    assert goals.g(*words).code == 0
    done = plan(goals)
    assert done.code == code and "nothing would be started" in done.err


def test_an_agent_runs_it_where_one_is_known(goals):
    goals.commit(docs__a="one\n")
    crew = Crew(goals)
    crew.tentacle("docs", "reset=7200")
    crew.tentacle("more")
    for name in ("docs", "more"):
        assert goals.g("link", name).code == 0
    page = plan(goals, "--json").json
    assert [one["command"] for one in page["selected"]] == ["sk tentacle dispatch docs --run", "sk tentacle dispatch more --run"]
    assert goals("tentacle", "dispatch", "docs", "--run").code == 75
    deferred = {one["tentacle"]: one["reason"] for one in plan(goals, "--json").json["deferred"]}
    assert deferred["more"].startswith('provider "anthropic" takes no work')
