"""Advice at each point of an iteration, and that asking changes nothing."""


def advice(goals):
    return goals.g("next-iter")


def test_it_changes_nothing(goals):
    goals.begin()
    goals.edit(title="by hand")
    before = goals.events()
    assert advice(goals).code == 0
    assert goals.events() == before


def test_each_step(goals):
    goals.begin()
    assert "sk tentacle create" in advice(goals).out
    goals.tentacle("docs")
    goals.tentacle("tests", todo_deps=["docs"])
    shown = advice(goals).out
    assert "sk tentacle dispatch docs" in shown and "tests: waits for what it depends on" in shown
    goals.edit_meta("docs", status="active")
    assert "wait for the hand-offs" in advice(goals).out
    for name in ("docs", "tests"):
        goals.edit_meta(name, status="completed")
    goals.g("criteria", "add", "--desc", "x", "--verify-cmd", "true")
    assert "criteria check" in advice(goals).out
    goals.g("gate", "add", "review")
    assert "gate approve review" in advice(goals).out
    goals.g("gate", "approve", "review")
    goals.g("criteria", "check")
    assert "--decision complete" in advice(goals).out
    goals.g("eval", "--decision", "complete")
    assert "goal init" in advice(goals).out


def test_nothing_was_begun(goals):
    """A gate or a criterion of a goal whose work has no tentacles is no reason to say that the work is done."""
    goals.begin()
    goals.g("criteria", "add", "--desc", "x", "--verify-cmd", "false")
    goals.g("gate", "add", "review")
    shown = advice(goals).out
    assert "has no tentacles yet" in shown and "done" not in shown
    assert "sk tentacle create NAME" in shown and "gate approve" not in shown and "criteria check" in shown
    goals("tentacle", "create", "docs")
    shown = advice(goals).out
    assert "sk tentacle goal link docs" in shown and "tentacle create" not in shown


def test_what_went_wrong_goes_first(goals):
    goals.begin()
    goals.tentacle("a")
    goals.t("handoff", "a", "worse", "--status", "REGRESSED")
    goals.tentacle("b")
    shown = advice(goals).out
    assert "a: handed off, and somebody has to judge it" in shown and "sk tentacle show a" in shown


def test_each_status(goals):
    goals.begin("x", "--max-iterations", "1")
    goals.g("eval", "--decision", "pause")
    assert "goal resume" in advice(goals).out
    goals.g("resume")
    goals.tentacle("a", status="completed")
    assert "--force-over-budget" in advice(goals).out
    goals.g("eval")
    assert "goal budget" in advice(goals).out


def test_json(goals):
    goals.begin()
    goals.tentacle("docs")
    shown = goals.g("next-iter", "--json").json
    assert shown["tentacles"]["ready"] == ["docs"] and shown["tentacles"]["parked"] == []
    assert shown["next"] == ["sk tentacle dispatch docs"] and shown["recommendation"]
    assert shown["criteria"] == {"total": 0, "unverified": 0, "verified": 0, "failed": 0}


def test_no_goal(goals):
    assert advice(goals).code == 3
    assert goals.g("next-iter", "extra").code == 2
