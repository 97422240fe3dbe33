"""What a program found out."""


def test_it_is_made_and_passed(goals):
    goals.begin()
    assert goals.g("gate", "pass", "lint").code == 0
    assert goals.goal()["gates"][0]["status"] == "passed" and goals.goal()["gates"][0]["passed_at"]
    assert goals.g("eval").code == 0


def test_it_lets_a_waiting_goal_go_on(goals):
    goals.begin()
    goals.g("gate", "add", "lint")
    assert goals.g("eval").code == 10
    assert goals.g("gate", "pass", "lint").code == 0
    assert goals.goal()["status"] == "active"


def test_refusals_and_json(goals):
    goals.begin()
    assert goals.g("gate", "pass", "a/b").code == 2
    assert goals.g("gate", "pass", "lint", "--json").json["status"] == "passed"
    goals.g("eval", "--decision", "abandon")
    assert goals.g("gate", "pass", "lint").code == 4
