"""What need not be true any more."""


def test_it_goes(goals):
    goals.begin()
    for name in ("a", "b"):
        goals.g("criteria", "add", "--desc", "x", "--id", name)
    assert goals.g("criteria", "remove", "a", "--reason", "covered").code == 0
    assert [c["id"] for c in goals.goal()["success_criteria"]] == ["b"]
    assert goals.events("goal_criterion_set")[-1]["reason"] == "covered"
    assert goals.g("criteria", "remove", "b", "--json").json["status"] == "active"


def test_refusals(goals):
    goals.begin()
    goals.g("criteria", "add", "--desc", "x", "--id", "tests")
    done = goals.g("criteria", "remove", "test")
    assert done.code == 3 and "tests" in done.err
    assert goals.g("criteria", "remove").code == 2
    goals.g("eval", "--decision", "abandon")
    assert goals.g("criteria", "remove", "tests").code == 4
