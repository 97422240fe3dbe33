"""The way out of awaiting-gate."""


def waiting(goals, *names):
    goals.begin()
    for name in names:
        goals.g("gate", "add", name)
    assert goals.g("eval").code == 10


def test_the_goal_goes_on(goals):
    waiting(goals, "review")
    done = goals.g("gate", "approve", "review", "--reason", "read it")
    assert done.code == 0 and "active" in done.out
    goal = goals.goal()
    assert goal["status"] == "active" and "awaiting_gate_id" not in goal
    [gate] = goal["gates"]
    assert gate["status"] == "passed" and gate["approved_at"] and gate["reason"] == "read it"
    events = goals.events("goal_gate_set")
    assert events[-1]["reason"] == "read it" and events[-1]["operator"]


def test_the_last_one_counts(goals):
    waiting(goals, "one", "two")
    assert goals.g("gate", "approve", "one").code == 0
    assert goals.goal()["status"] == "awaiting-gate" and goals.goal()["awaiting_gate_id"] == "two"
    assert goals.g("gate", "approve", "two").code == 0
    assert goals.goal()["status"] == "active"


def test_again_says_so(goals):
    waiting(goals, "review")
    goals.g("gate", "approve", "review")
    done = goals.g("gate", "approve", "review")
    assert done.code == 0 and "as it was" in done.out


def test_it_does_not_wake_a_paused_goal(goals):
    waiting(goals, "review")
    goals.g("eval", "--decision", "pause")
    assert goals.g("gate", "approve", "review").code == 0
    assert goals.goal()["status"] == "paused"


def test_unknown_ones_are_told_with_the_nearest(goals):
    waiting(goals, "review")
    done = goals.g("gate", "approve", "reveiw")
    assert done.code == 3 and "review" in done.err
    assert goals.g("gate", "approve", "zzzzzzzz").code == 3
    assert goals.goal()["status"] == "awaiting-gate"


def test_json_and_the_end(goals):
    waiting(goals, "review")
    assert goals.g("gate", "approve", "review", "--json").json["goal_status"] == "active"
    goals.g("eval", "--decision", "complete")
    assert goals.g("gate", "approve", "review").code == 4
