"""Which approvals there are, and which block."""


def test_a_page(goals):
    goals.begin()
    assert "gate add" in goals.g("gate", "list").out
    goals.g("gate", "add", "review", "--desc", "a person reads it")
    goals.g("gate", "pass", "lint", "--reason", "clean")
    shown = goals.g("gate", "list")
    assert shown.code == 0 and "pending, blocks" in shown.out and "a person reads it" in shown.out and "clean" in shown.out


def test_json(goals):
    goals.begin()
    assert goals.g("gate", "list", "--json").json["blocked_by"] is None
    goals.g("gate", "pass", "lint")
    goals.g("gate", "add", "review")
    shown = goals.g("gate", "list", "--json").json
    assert shown["blocked_by"] == "review" and [gate["id"] for gate in shown["gates"]] == ["lint", "review"]


def test_no_goal(goals):
    assert goals.g("gate", "list").code == 3
    assert goals.g("gate", "list", "extra").code == 2
