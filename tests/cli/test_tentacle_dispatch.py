"""A prompt is handed out, and everybody sees that it was."""

import json


def begin(goals, *more):
    goals.t("create", "a", "--desc", "Port the parser", "--scope", "src", "--skill", "c", *more)
    goals.t("todo", "a", "add", "one")
    goals.t("todo", "a", "add", "two")
    goals.t("todo", "a", "done", "0")


def marker(goals):
    path = goals.folder / "home" / ".copilot" / "markers" / "dispatched-subagent-active"
    return json.loads(path.read_text())["active_tentacles"] if path.exists() else []


def test_the_prompt(goals):
    goals.begin("The goal")
    begin(goals, "--goal-id", goals.goal()["goal_id"])
    done = goals.t("dispatch", "a")
    assert done.code == 0, done.err
    for words in ("# a\n", "The goal", "Port the parser", "- [ ] two", "- src\n", "- c\n", "sk tentacle handoff a",
                  str(goals.home) + "/tentacles/a/handoff.md", "bundle/", "Work in " + str(goals.folder)):
        assert words in done.out, words
    assert "- [ ] one" not in done.out and "[x]" not in done.out
    meta = goals.meta("a")
    assert meta["status"] == "dispatched" and meta["dispatched_at"]
    assert (goals.home / "tentacles/a/bundle/manifest.json").exists()


def test_json(goals):
    begin(goals)
    page = goals.t("dispatch", "a", "--json", "--model", "big", "--no-bundle").json
    assert page["pending_todos"] == [{"index": 1, "text": "two"}] and page["model"] == "big"
    assert "- [ ] two" in page["prompt"] and page["bundle_path"] is None and page["status"] == "dispatched"
    assert not (goals.home / "tentacles/a/bundle").exists()


def test_the_marker_comes_and_goes(goals):
    (goals.folder / "home" / ".copilot").mkdir()
    begin(goals)
    goals.t("create", "b")
    goals.t("todo", "b", "add", "x")
    assert goals.t("dispatch", "a", "--json").json["marker_state"] == "active"
    goals.t("dispatch", "b")
    assert [entry["name"] for entry in marker(goals)] == ["a", "b"]
    assert marker(goals)[0]["tentacle_id"] == goals.meta("a")["tentacle_id"]
    goals.t("complete", "a")
    assert [entry["name"] for entry in marker(goals)] == ["b"]
    goals.t("delete", "b", "--yes")
    assert marker(goals) == []


def test_without_a_home_there_is_no_marker(goals):
    begin(goals)
    page = goals.t("dispatch", "a", "--json", env={"SK_HOME": str(goals.folder / "nowhere")})
    assert page.code == 0 and page.json["marker_state"] == "none" and page.err == ""


def test_nothing_to_do(goals):
    goals.t("create", "a")
    goals.t("todo", "a", "add", "one")
    goals.t("todo", "a", "done", "0")
    done = goals.t("dispatch", "a")
    assert done.code == 0 and "no open to-do" in done.out and goals.meta("a")["status"] == "idle"


def test_without_to_dos_the_description_is_the_work(goals):
    goals.t("create", "a", "--desc", "Write the manual.")
    for words in (("dispatch", "a"), ("swarm", "a")):
        done = goals.t(*words)
        assert done.code == 0 and "Write the manual." in done.out and goals.meta("a")["status"] == "dispatched"


def test_a_goal_at_its_end_starts_nothing(goals):
    goals.begin()
    goals.tentacle("a")
    assert goals.g("eval", "--decision", "abandon").code == 0
    refused = goals.t("dispatch", "a")
    assert refused.code == 4 and "its goal is abandoned" in refused.err and goals.meta("a")["status"] == "idle"


def test_in_its_worktree(goals):
    goals.commit(x="1")
    begin(goals)
    refused = goals.t("dispatch", "a", "--worktree")
    assert refused.code == 4 and "worktree a prepare" in refused.err and goals.meta("a")["status"] == "idle"
    goals.t("worktree", "a", "prepare")
    done = goals.t("dispatch", "a", "--worktree")
    assert "Work in " + goals.meta("a")["worktree"]["path"] in done.out


def test_it_waits_for_others(goals):
    goals.t("create", "first")
    begin(goals, "--depends-on", "first")
    refused = goals.t("dispatch", "a")
    assert refused.code == 4 and 'waits for "first"' in refused.err
    assert goals.t("dispatch", "a", "--force").code == 0
    goals.t("resume", "a")
    goals.t("complete", "first")
    assert goals.t("dispatch", "a").code == 0


def test_states_that_forbid_it(goals):
    begin(goals)
    goals.t("handoff", "a", "rate limit", "--status", "BLOCKED")
    parked = goals.t("dispatch", "a")
    assert parked.code == 75 and "retry-queue release a" in parked.err
    goals("retry-queue", "release", "a")
    goals.t("complete", "a", "--strict-verify")
    closed = goals.t("dispatch", "a")
    assert closed.code == 4 and "resume a" in closed.err


def test_an_unknown_name(goals):
    assert goals.t("dispatch", "a").code == 3
    assert goals.t("dispatch").code == 2


def test_words_of_others_reach_no_terminal_raw(goals):
    begin(goals)
    refused = goals.t("dispatch", "a\033[1m")
    assert refused.code == 3 and "\033" not in refused.err


def test_it_says_everything_once(goals):
    begin(goals)
    said = goals.t("dispatch", "a").out
    assert said.count("src") == 1 and said.count("- c\n") == 1 and "`c`" not in said and said.count("# a\n") == 1
    assert said.count("Port the parser") == 1


def test_what_a_person_wrote_into_the_context_is_said(goals):
    begin(goals)
    context = goals.home / "tentacles/a/CONTEXT.md"
    context.write_text(context.read_text().replace("- `src`\n", "- `src`, but not the tests\n") + "\n## Beware\n\nof dogs\n")
    said = goals.t("dispatch", "a").out
    assert "but not the tests" in said and "of dogs" in said and "- src\n" in said
