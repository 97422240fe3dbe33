"""What finished work claims, beside what is proved."""


def test_a_page(goals):
    goals.begin()
    assert "criteria add" in goals.g("coverage").out
    for name in ("tests", "docs"):
        goals.g("criteria", "add", "--id", name, "--desc", "x")
    goals.tentacle("a", status="completed", terminal_status="DONE", bridge_links=["tests", "nothing"])
    goals.tentacle("b", bridge_links=["docs"])
    shown = goals.g("coverage")
    assert shown.code == 0 and "no finished tentacle names it" in shown.out and "no criterion: nothing" in shown.out
    shown = goals.g("coverage", "--json").json
    assert shown["criteria"][0] == {"id": "tests", "status": "unverified", "tentacles": ["a"]}
    assert shown["criteria"][1]["tentacles"] == [] and shown["covered"] == 1 and shown["total"] == 2
    assert shown["orphans"] == ["nothing"]


def test_no_goal(goals):
    assert goals.g("coverage").code == 3
    assert goals.g("coverage", "extra").code == 2
