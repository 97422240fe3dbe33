"""A person's no."""


def test_it_stops_an_active_goal(goals):
    goals.begin()
    goals.g("gate", "add", "review")
    done = goals.g("gate", "reject", "review", "--reason", "no tests")
    assert done.code == 0 and "awaiting-gate" in done.out
    goal = goals.goal()
    assert goal["status"] == "awaiting-gate" and goal["awaiting_gate_reason"] == "no tests"
    assert goal["gates"][0]["status"] == "rejected" and goal["gates"][0]["rejected_at"]
    assert goals.g("gate", "approve", "review").code == 0
    assert goals.goal()["status"] == "active" and "rejected_at" not in goals.goal()["gates"][0]


def test_it_needs_a_reason(goals):
    goals.begin()
    goals.g("gate", "add", "review")
    done = goals.g("gate", "reject", "review")
    assert done.code == 2 and "--reason" in done.err
    assert goals.goal()["gates"][0]["status"] == "pending"


def test_what_passed_is_not_taken_back(goals):
    goals.begin()
    goals.g("gate", "pass", "review")
    assert goals.g("gate", "reject", "review", "--reason", "x").code == 4
    assert goals.goal()["gates"][0]["status"] == "passed"


def test_a_paused_goal_stays_paused(goals):
    goals.begin()
    goals.g("gate", "add", "review")
    goals.g("eval", "--decision", "pause")
    assert goals.g("gate", "reject", "review", "--reason", "x").code == 0
    assert goals.goal()["status"] == "paused"


def test_unknown_end_and_json(goals):
    goals.begin()
    assert goals.g("gate", "reject", "review", "--reason", "x").code == 3
    goals.g("gate", "add", "review")
    assert goals.g("gate", "reject", "review", "--reason", "x", "--json").json["status"] == "rejected"
    goals.g("eval", "--decision", "abandon")
    assert goals.g("gate", "reject", "review", "--reason", "x").code == 4
