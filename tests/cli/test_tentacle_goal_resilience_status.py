"""Is anything wrong? Each health, and each tentacle with it."""


def health(goals):
    return goals.g("resilience-status", "--format", "json").json["health"]


def test_healthy(goals):
    goals.begin()
    assert health(goals) == "healthy"
    goals.g("eval", "--decision", "complete")
    assert health(goals) == "healthy"


def test_at_risk(goals):
    goals.begin("x", "--max-iterations", "3")
    assert health(goals) == "healthy"
    goals.g("eval")
    assert health(goals) == "at-risk"
    goals.g("budget", "--no-limit", "iterations")
    assert health(goals) == "healthy"
    goals.g("gate", "add", "review")
    assert health(goals) == "at-risk"
    goals.g("gate", "approve", "review")
    goals.g("eval", "--decision", "pause")
    assert health(goals) == "at-risk"


def test_a_failed_criterion(goals):
    goals.begin()
    goals.g("criteria", "add", "--desc", "x", "--verify-cmd", "false", "--id", "tests")
    goals.g("criteria", "check")
    assert health(goals) == "at-risk"
    assert "criterion tests: failed" in goals.g("resilience-status").out


def test_needs_action(goals):
    goals.begin()
    goals.g("gate", "add", "review")
    goals.g("eval")
    assert health(goals) == "needs-action"
    goals.g("gate", "approve", "review")
    goals.tentacle("a", status="completed", terminal_status="BLOCKED")
    assert health(goals) == "needs-action"
    goals.g("eval", "--decision", "abandon")
    assert health(goals) == "needs-action"


def test_every_tentacle_is_there(goals):
    goals.begin("Port it")
    goals.tentacle("docs", status="completed", terminal_status="DONE")
    goals.g("eval")
    goals.tentacle("tests", description="write them")
    shown = goals.g("resilience-status")
    assert shown.code == 0 and "tests" in shown.out and "ready" in shown.out and "Port it" in shown.out
    shown = goals.g("resilience-status", "--json").json
    assert [(t["name"], t["standing"]) for t in shown["tentacles"]] == [("tests", "ready"), ("docs", "resolved")]
    assert shown["gates"] == {"total": 0, "blocking": 0, "blocking_ids": []}
    assert shown["criteria"]["pending"] == 0 and shown["retry_queue"] == [] and shown["pause_reason"] is None
    assert shown["budget"]["iterations"] == {"used": 2, "limit": None, "over": False, "used_up": False}


def test_an_unusable_file_hides_nothing(goals):
    goals.begin()
    goals.tentacle("docs")
    goals.tentacle("tests")
    (goals.home / "tentacles" / "docs" / "meta.json").write_text("{")
    shown = goals.g("resilience-status")
    assert shown.code == 0 and "tests" in shown.out and "goal repair --tentacle docs" in shown.err


def test_no_goal(goals):
    assert goals.g("resilience-status").code == 3
    assert goals.g("resilience-status", "extra").code == 2
