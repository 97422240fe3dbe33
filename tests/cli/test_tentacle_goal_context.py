"""What a session has to know whose memory is gone."""


def test_all_of_it(goals):
    goals.begin("Port it", "--desc", "the parser first", "--max-iterations", "3")
    goals.g("criteria", "add", "--id", "tests", "--desc", "they pass", "--verify-cmd", "make test")
    goals.tentacle("docs", description="write them")
    (goals.home / "tentacles" / "docs" / "handoff.md").write_text(
        "# Handoff Notes\n\n## [2026-11-21 08:00 UTC]\n\nold\n\n## [2026-11-21 09:00 UTC]\n\nhalf done\nSTATUS: DONE\n")
    shown = goals.g("context")
    assert shown.code == 0
    for words in ("# Goal: Port it", "the parser first", "1 of 3 iterations", "- [ ] tests: they pass (`make test`)",
                  "write them", "half done", "## Next"):
        assert words in shown.out, shown.out
    assert "old" not in shown.out.split("## Hand-offs")[1]
    assert "half done" not in goals.g("context", "--max-handoffs", "0").out


def test_into_its_file(goals):
    goals.begin("one")
    for title in ("one", "two"):
        goals.edit(title=title)
        done = goals.g("context", "--write")
        assert done.code == 0, done.err
        assert "# Goal: " + title in (goals.home / "goal-context.md").read_text()


def test_eval_writes_it_anew(goals):
    page = goals.home / "goal-context.md"
    goals.begin("one")
    assert goals.g("eval").code == 0 and not page.exists()
    assert goals.g("context", "--write").code == 0
    assert "iteration 2" in page.read_text()
    done = goals.g("eval")
    assert done.code == 0 and done.err == "" and "iteration 3" in page.read_text()
    assert goals.g("context").out == page.read_text()


def test_what_a_person_wrote_into_it_stays(goals):
    page = goals.home / "goal-context.md"
    goals.begin("one")
    goals.g("context", "--write")
    for change in (lambda text: text + "\nmine\n", lambda text: text.replace("one", "mine")):
        page.write_text(change(page.read_text()))
        done = goals.g("eval")
        assert done.code == 0 and "was edited" in done.err and "context --write" in done.err
        assert "mine" in page.read_text()
        assert goals.g("context", "--write").code == 0 and "mine" not in page.read_text()


def test_it_stays_about_its_goal(goals):
    page = goals.home / "goal-context.md"
    goals.begin("one")
    goals.g("context", "--write")
    before = page.read_text()
    goals.begin("two", "--force")
    done = goals.g("eval")
    assert done.code == 0 and done.err == "" and page.read_text() == before


def test_a_file_that_cannot_be_written_stops_nobody(goals):
    goals.begin("one")
    (goals.home / "goal-context.md").mkdir()
    done = goals.g("eval")
    assert done.code == 0 and "goal-context.md" in done.err and goals.goal()["iteration"] == 2


def test_json_and_bad_words(goals):
    assert goals.g("context").code == 3
    goals.begin("x\x1b[31m")
    assert "\x1b" not in goals.g("context").out
    assert goals.g("context", "--json").json["written"] is None
    for words in (("--max-handoffs", "1001"), ("--max-handoffs", "x"), ("extra",)):
        assert goals.g("context", *words).code == 2
