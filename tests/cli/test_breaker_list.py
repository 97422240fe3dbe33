"""sk breaker list: nothing known, and words. What it shows of real limits is in test_agent_run.py."""


def test_without_a_goal_store(goals):
    assert goals("breaker", "list").code == 3


def test_nothing_has_happened(goals):
    goals.begin()
    done = goals("breaker", "list")
    assert done.code == 0 and "no provider has turned anybody away yet" in done.out
    assert goals("breaker", "list", "--json").json["breakers"] == []
    assert goals("breaker", "list", "x").code == 2
