"""A provider that takes no work: the pages that advise say so, until when, and what ends the wait; typed here word for word."""

import pytest

from agents import Crew


@pytest.fixture
def crew(goals):
    goals.commit(docs__a="one\n")
    made = Crew(goals)
    for name in ("docs", "other"):
        made.tentacle(name, "reset=3600" if name == "docs" else "handoff")
        assert goals.g("link", name).code == 0
    return made


def limited(crew, script="reset=3600"):
    """docs was turned away -> its provider, and until when as the pages write it."""
    crew.script("docs", script)
    assert crew.run("docs").code in (11, 75)
    breaker, = crew.goals("breaker", "list", "--json").json["breakers"]
    assert breaker["state"] == "open"
    return breaker["provider"], (breaker["open_until"] or "").replace("T", " ").split(".")[0].rstrip("Z")


PAGES = [("goal", "why"), ("goal", "next-iter"), ("goal", "resilience-status")]


@pytest.mark.parametrize("page", PAGES)
def test_it_says_which_provider_and_until_when(crew, page):
    """One is parked, another could begin: whoever begins it hears why it cannot."""
    assert "provider" not in crew.goals("tentacle", *page).out
    provider, until = limited(crew)
    shown = crew.goals("tentacle", *page).out
    assert "provider %s: takes no work (rate_limit) before %s" % (provider, until) in shown
    assert "; to try at once: sk breaker reset %s\n" % provider in shown
    crew.goals("breaker", "reset", provider)
    assert "provider" not in crew.goals("tentacle", *page).out


@pytest.mark.parametrize("page", PAGES[:2])
def test_what_is_advised_lets_it_go(crew, page):
    """Nothing but parked work is left. Typed in this order the advice ends the wait; hold comes behind it."""
    assert crew.run("other").code == 0
    assert crew.goals.t("complete", "other").code == 0
    provider, _ = limited(crew)
    told = crew.goals("tentacle", *page, "--json").json
    assert told["next"][:4] == ["sk retry-queue list", "sk breaker reset " + provider, "sk retry-queue release docs",
                                "sk retry-queue hold docs"]
    for command in told["next"][:3]:
        assert crew.goals(*command.split()[1:]).code == 0
    crew.script("docs", "handoff")
    assert crew.run("docs").code == 0


def test_one_that_only_a_person_closes(crew):
    provider, _ = limited(crew, "billing")
    cause, = [one for one in crew.goals.g("why", "--json").json["causes"] if one["what"] == "provider"]
    assert cause["subject"] == provider
    assert cause["text"] == "takes no work (billing) until a person has seen to it; to try at once: sk breaker reset " + provider
    told = crew.goals.g("next-iter", "--json").json
    assert told["providers"] == [{"provider": provider, "text": cause["text"]}]
    assert told["next"].index("sk breaker reset " + provider) + 1 == told["next"].index("sk retry-queue release docs")


def test_next_step(crew):
    open_one = crew.goals.t("next-step", "docs").out
    assert crew.goals.t("next-step", "docs", "--json").json["blocked"] is None
    provider, until = limited(crew)
    shown = crew.goals.t("next-step", "docs").out
    assert shown.startswith(open_one + "\nparked: rate_limit ") and "until %s" % until in shown
    assert "; provider %s: takes no work (rate_limit) before %s" % (provider, until) in shown
    assert shown.endswith("\nNext: sk breaker reset %s\n      sk retry-queue release docs\n      sk retry-queue hold docs\n" % provider)
    told = crew.goals.t("next-step", "other", "--json").json
    assert told["blocked"].startswith("provider %s: takes no work" % provider)
    assert told["next"] == ["sk breaker reset " + provider]
    for command in ("breaker reset " + provider, "retry-queue release docs"):
        assert crew.goals(*command.split()).code == 0
    assert crew.goals.t("next-step", "docs").out == open_one
