"""What an agent should read, gathered; what is missing is said, never an error."""

import json


def bundle(goals):
    return goals.home / "tentacles" / "a" / "bundle"


def test_without_any_source(goals):
    goals.t("create", "a")
    done = goals.t("bundle", "a")
    assert done.code == 0 and done.out.strip() == str(bundle(goals))
    manifest = json.loads((bundle(goals) / "manifest.json").read_text())
    populated = {key: part["populated"] for key, part in manifest["artifacts"].items()}
    assert populated == {"briefing": False, "instructions": False, "skills": False, "session_metadata": True,
                         "goal_context": False, "recall_pack": False}
    for part in manifest["artifacts"].values():
        assert (bundle(goals) / part["file"]).read_text().strip()
    assert json.loads((bundle(goals) / "recall-pack.json").read_text())["source_mode"] is None


def test_with_sources(goals):
    goals.begin("The goal")
    goals.commit(AGENTS__md="x")
    (goals.folder / "AGENTS.md").write_text("Use tabs.\n" + "ä" * 3000)
    for name in ("b", "a", "c"):
        place = goals.folder / ".github" / "skills" / name
        place.mkdir(parents=True)
        (place / "SKILL.md").write_text("skill " + name)
    (goals.folder / ".github" / "instructions").mkdir()
    (goals.folder / ".github" / "instructions" / "c.md").write_text("for c")
    (goals.folder / ".github" / "instructions" / "c.txt").write_text("not this")
    goals.t("create", "a", "--goal-id", goals.goal()["goal_id"])
    goals.t("handoff", "a", "before you")
    assert goals.t("bundle", "a").code == 0
    text = (bundle(goals) / "instructions.md").read_text()
    assert "Use tabs." in text and "(only its beginning)" in text and "for c" in text and "not this" not in text
    skills = (bundle(goals) / "skills.md").read_text()
    assert skills.index("skill a") < skills.index("skill b") < skills.index("skill c")
    assert "The goal" in (bundle(goals) / "goal-context.md").read_text()
    assert "before you" in (bundle(goals) / "session-metadata.md").read_text()


def test_json_and_again(goals):
    goals.t("create", "a")
    assert goals.t("bundle", "a", "--json").json["bundle_path"] == str(bundle(goals))
    assert goals.t("bundle", "a", "--output", "json").json["tentacle"] == "a"
    assert not [path for path in bundle(goals).iterdir() if path.name.endswith(".tmp")]


def test_sources_that_cannot_be_read(goals):
    goals.t("create", "a")
    (goals.folder / "AGENTS.md").symlink_to("/etc/passwd")
    (goals.folder / "CLAUDE.md").mkdir()
    (goals.folder / ".github").mkdir()
    (goals.folder / ".github" / "copilot-instructions.md").write_bytes(b"\xff\x00")
    assert goals.t("bundle", "a").code == 0
    assert (bundle(goals) / "instructions.md").read_text() == "This repository has no instructions.\n"


def test_an_unknown_name(goals):
    assert goals.t("bundle", "a").code == 3
    assert goals.t("bundle").code == 2
