"""sk __agent: the wrapper is run by the orchestrator; by hand it refuses what is not ordered."""

from agents import Crew


def test_refusals(goals):
    crew = Crew(goals)
    crew.tentacle("docs")
    assert goals("__agent", "docs").code == 2
    done = goals("__agent", "docs", "--order", "0123456789abcdef")
    assert done.code != 0 and "no agent was started" in done.err
    assert goals("__agent", "nobody", "--order", "0123456789abcdef").code == 3
    assert crew.ran("docs") == []
    assert not any(event["event"] == "tentacle_started" for event in goals.events())


def test_an_order_is_carried_out_once(goals):
    crew = Crew(goals)
    crew.tentacle("docs", "say=one", "say=two")
    assert crew.run("docs", "--here").code == 11
    words = [event for event in goals.events("tentacle_dispatched")][-1]["metadata"]["set"]["owner"]
    done = goals("__agent", "docs", "--order", words["nonce"])
    assert done.code == 4 and "no agent was started" in done.err
    assert len(crew.ran("docs")) == 1
