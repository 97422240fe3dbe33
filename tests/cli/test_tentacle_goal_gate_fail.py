"""A finding that blocks nobody."""


def test_it_is_noted_and_does_not_block(goals):
    goals.begin()
    assert goals.g("gate", "fail", "lint", "--reason", "two warnings").code == 0
    [gate] = goals.goal()["gates"]
    assert gate["status"] == "failed" and gate["failed_at"] and gate["reason"] == "two warnings"
    assert goals.g("eval").code == 0


def test_it_ends_the_waiting(goals):
    goals.begin()
    goals.g("gate", "add", "lint")
    assert goals.g("eval").code == 10
    assert goals.g("gate", "fail", "lint").code == 0
    assert goals.goal()["status"] == "active"


def test_refusals_and_json(goals):
    goals.begin()
    assert goals.g("gate", "fail", "").code == 2
    assert goals.g("gate", "fail", "lint", "--json").json["status"] == "failed"
    goals.g("eval", "--decision", "complete")
    assert goals.g("gate", "fail", "lint").code == 4
