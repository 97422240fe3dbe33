"""From the status to its causes, and on to the next command."""


def test_a_pause(goals):
    goals.begin()
    goals.g("eval", "--decision", "pause", "--notes", "lunch", "--operator", "alice")
    shown = goals.g("why")
    assert shown.code == 0 and "paused: lunch" in shown.out and "by alice: lunch" in shown.out
    assert "Next: sk tentacle goal resume" in shown.out


def test_a_gate(goals):
    goals.begin()
    goals.g("gate", "add", "review", "--desc", "read it")
    goals.g("eval")
    shown = goals.g("why").out
    assert "gate review: pending: read it" in shown and "gate approve review" in shown


def test_a_budget(goals):
    goals.begin("x", "--max-iterations", "1")
    goals.g("eval")
    shown = goals.g("why").out
    assert "over_budget:iterations" in shown and "budget iterations: 1 of 1" in shown and "goal budget" in shown


def test_a_stall(goals):
    goals.begin()
    goals.g("criteria", "add", "--desc", "x", "--verify-cmd", "false", "--id", "tests")
    goals.g("verify-loop", "--retry-delay", "0", "--escalate")
    shown = goals.g("why").out
    assert "needs-human: stall" in shown and "criterion tests: failed at" in shown and "criteria list" in shown


def test_open_tentacles(goals):
    goals.begin()
    goals.tentacle("docs")
    assert "tentacle docs: nobody has begun it" in goals.g("why").out


def test_json(goals):
    goals.begin()
    goals.g("gate", "add", "review")
    goals.g("gate", "reject", "review", "--reason", "no", "--operator", "bob")
    shown = goals.g("why", "--json").json
    assert shown["status"] == "awaiting-gate" and shown["by"] == "bob" and shown["reason"] == "no" and shown["since"]
    assert {"what": "gate", "subject": "review", "text": "rejected: no"} in shown["causes"]
    assert shown["next"][0].startswith("sk tentacle goal gate approve review")


def test_the_end_and_no_goal(goals):
    assert goals.g("why").code == 3
    goals.begin()
    goals.g("eval", "--decision", "abandon", "--notes", "wrong way")
    assert "wrong way" in goals.g("why").out
    assert goals.g("why", "extra").code == 2
