"""With two goals, what a page advises acts on the goal that the page was about: it is typed here word for word."""

import re
import shlex

import pytest


@pytest.fixture
def two(goals):
    """Goal "first", awaiting a gate of its own, beside the chosen goal "second", which has one of the same name."""
    goals.begin()
    goals.first = goals.g("status", "--json").json["goal_id"]
    goals.g("gate", "add", "review")
    assert goals.g("init", "--title", "second", "--force").code == 0
    goals.second = goals.g("status", "--json").json["goal_id"]
    goals.g("gate", "add", "review")
    assert goals.first != goals.second
    return goals


def advised(page):
    """The commands behind Next: and Try:, as words; a word in capitals stands for what a person knows."""
    found = []
    below = False
    for line in page.splitlines():
        line, below = (line[6:], True) if line.startswith("Next: ") else (line.strip(), below and line.startswith("      "))
        if below:
            found.append(line)
    found += re.findall(r"Try: (sk .*)", page)
    return [["because" if re.fullmatch("[A-Z]+", word) else word for word in shlex.split(line)[1:]] for line in found]


def state(goals, which):
    return goals.g("status", "--json", "--goal", which).json


@pytest.mark.parametrize("page", [["status"], ["why"], ["next-iter"], ["resilience-status"], ["eval"], ["budget"],
                                  ["eval", "--decision", "complete"], ["gate", "list"], ["criteria", "list"],
                                  ["coverage"], ["verify-loop", "--max-retries", "0"], ["resume"], ["criteria", "check"]])
def test_typed_as_it_stands_it_acts_on_that_goal(two, page):
    short = two.first[:8]
    assert two.g("eval", "--goal", short).code == 10  # it waits now, so that pages have something to say
    before = state(two, two.second)
    shown = two.g(*page, "--goal", short)
    commands = advised(shown.out + shown.err)
    for words in commands:
        if words[:2] == ["tentacle", "goal"] and words[2] not in ("init", "list"):
            assert ["--goal", short] == words[words.index("--goal"):][:2], words
        two(*words)
    after = state(two, two.second)
    assert after["gates"] == before["gates"] and after["status"] == before["status"]
    if page[0] in ("status", "why", "next-iter", "eval"):
        assert commands and state(two, two.first)["gates"][0]["status"] == "passed"


def test_json_advises_the_same(two):
    short = two.first[:8]
    two.g("eval", "--goal", short)
    for words in (["why"], ["next-iter"]):
        shown = two.g(*words, "--goal", short, "--json").json
        assert shown["next"] and all("--goal " + short in line for line in shown["next"]), shown["next"]


def test_the_chosen_goal_needs_no_name(two):
    assert two.g("eval").code == 10
    page = two.g("status").out
    assert "gate approve review" in page and "--goal" not in page
