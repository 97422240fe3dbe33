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


def test_json_and_bad_words(goals):
    assert goals.g("context").code == 3
    goals.begin("x\x1b[31m")
    assert "\x1b" not in goals.g("context").out
    assert goals.g("context", "--json").json["written"] is None
    for words in (("--max-handoffs", "1001"), ("--max-handoffs", "x"), ("extra",)):
        assert goals.g("context", *words).code == 2
