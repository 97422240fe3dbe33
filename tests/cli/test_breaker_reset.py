"""sk breaker reset: what is refused. That it lets work go again is in test_agent_run.py."""


def test_refusals(goals):
    assert goals("breaker", "reset", "--all").code == 3
    goals.begin()
    before = goals.events()
    assert goals("breaker", "reset").code == 2
    assert goals("breaker", "reset", "--all", "anthropic").code == 2
    done = goals("breaker", "reset", "anthropic")
    assert done.code == 3 and 'provider "anthropic": there is none' in done.err
    assert goals("breaker", "reset", "--all", "--json").json["closed"] == 0
    assert goals.events() == before
