"""What is proved, what failed and what is outdated."""


def test_a_page(goals):
    goals.begin()
    assert "criteria add" in goals.g("criteria", "list").out
    goals.g("criteria", "add", "--desc", "it works", "--verify-cmd", "echo broken; exit 3", "--id", "tests")
    goals.g("criteria", "check")
    shown = goals.g("criteria", "list")
    assert shown.code == 0 and "failed" in shown.out and "with 3" in shown.out and "broken" in shown.out


def test_lines_stay_lines(goals):
    """The output of a test run is read line by line; nothing in it may move the cursor."""
    goals.begin()
    goals.g("criteria", "add", "--desc", "it works", "--verify-cmd", "printf 'one\\n\\ntwo\\033[31m\\r\\nthree'; exit 3")
    for done in (goals.g("criteria", "check"), goals.g("criteria", "list")):
        lines = [line.strip() for line in done.out.splitlines()]
        at = lines.index("one")
        assert lines[at:at + 4] == ["one", "", "two^[[31m", "three"]


def test_outdated_when_files_changed(goals):
    goals.commit(a="1")
    goals.begin()
    goals.g("criteria", "add", "--desc", "x", "--verify-cmd", "true", "--id", "tests")
    assert goals.g("criteria", "check").code == 0
    assert "outdated" not in goals.g("criteria", "list").out
    assert goals.g("criteria", "list", "--json").json["success_criteria"][0]["outdated"] is False
    (goals.folder / "a").write_text("2")
    assert "outdated" in goals.g("criteria", "list").out
    assert goals.g("criteria", "list", "--json").json["success_criteria"][0]["outdated"] is True
    assert "outdated" in goals.g("status").out
    done = goals.g("eval")
    assert done.code == 0 and "tests: the repository has changed" in done.err
    assert goals.g("criteria", "check").code == 0
    assert "outdated" not in goals.g("status").out
    goals.commit(a="2")  # exactly what was tested
    assert "outdated" not in goals.g("status").out
    goals.g("criteria", "add", "--desc", "y", "--verify-cmd", "true", "--id", "later")
    assert goals.g("criteria", "check", "--id", "later").code == 0  # of the same files, at another place
    assert "outdated" not in goals.g("status").out
    goals.commit(a="3")
    assert "outdated" in goals.g("status").out


def test_no_goal(goals):
    assert goals.g("criteria", "list").code == 3
    assert goals.g("criteria", "list", "extra").code == 2
