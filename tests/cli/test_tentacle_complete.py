"""The end of a piece of work: what is proved, what was changed, who follows."""


def begin(goals, *more):
    assert goals.t("create", "a", *more).code == 0


def test_it_completes(goals):
    begin(goals)
    goals.t("todo", "a", "add", "x")
    goals.t("handoff", "a", "fine", "--status", "DONE")
    done = goals.t("complete", "a")
    assert done.code == 0 and "completed (DONE)" in done.out and "nothing was verified" in done.err
    meta = goals.meta("a")
    assert meta["status"] == "completed" and meta["terminal_status"] == "DONE" and meta["completed_at"]
    assert "- [x] x" in (goals.home / "tentacles/a/todo.md").read_text()


def test_to_dos_that_nobody_did_are_named(goals):
    begin(goals)
    for text in ("one", "two", "three"):
        goals.t("todo", "a", "add", text)
    goals.t("todo", "a", "done", "0")
    done = goals.t("complete", "a")
    assert done.code == 0 and '2 to-dos were not done and are ticked off now: "two", "three"' in done.err
    assert "[ ]" not in (goals.home / "tentacles/a/todo.md").read_text()
    goals.t("create", "b")
    goals.t("todo", "b", "add", "one")
    done = goals.t("complete", "b", "--strict-verify")
    assert done.code == 0 and '1 to-do was not done and left open: "one"' in done.err
    assert "- [ ] one" in (goals.home / "tentacles/b/todo.md").read_text()


def test_json(goals):
    begin(goals)
    assert goals.t("complete", "a", "--json").json["status"] == "completed"


def test_the_newest_result_of_a_command_counts(goals):
    begin(goals)
    goals.t("verify", "a", "test -e there")
    refused = goals.t("complete", "a")
    assert refused.code == 1 and "test -e there" in refused.err and goals.meta("a")["status"] == "idle"
    (goals.folder / "there").write_text("")
    goals.t("verify", "a", "test -e there")
    assert goals.t("complete", "a").code == 0


def test_little_failures_only_warn(goals):
    begin(goals)
    goals.t("verify", "a", "false", "--severity", "MEDIUM")
    done = goals.t("complete", "a")
    assert done.code == 0 and "severity MEDIUM fails" in done.err


def test_auto_verify_warns(goals):
    begin(goals)
    done = goals.t("complete", "a", "--auto-verify", "exit 3")
    assert done.code == 0 and "failed (exit 3)" in done.err
    meta = goals.meta("a")
    assert meta["status"] == "completed" and meta["verifications"][0]["source"] == "auto_verify"


def test_auto_verify_can_be_strict(goals):
    begin(goals)
    goals.t("todo", "a", "add", "x")
    done = goals.t("complete", "a", "--auto-verify", "false", "--strict-verify")
    assert done.code == 1 and goals.meta("a")["status"] == "idle" and len(goals.meta("a")["verifications"]) == 1
    late = goals.t("complete", "a", "--auto-verify", "sleep 100", "--auto-verify-timeout", "100ms", "--strict-verify")
    assert late.code == 1 and "timed out" in late.err
    assert goals.t("complete", "a", "--auto-verify", "true", "--strict-verify").code == 0
    assert "- [ ] x" in (goals.home / "tentacles/a/todo.md").read_text()


def test_files_outside_of_the_scope_are_named(goals):
    goals.commit(src__a="1", other="1")
    begin(goals, "--scope", "src")
    goals.t("worktree", "a", "prepare")
    place = goals.folder / goals.meta("a")["worktree"]["path"]
    (place / "other").write_text("2")
    (place / "src" / "a").write_text("2")
    goals.t("handoff", "a", "x", "--status", "DONE", "--changed-file", "elsewhere", "--changed-file", "src/a")
    done = goals.t("complete", "a")
    assert done.code == 0, done.err
    assert sorted(goals.meta("a")["outside_scope"]) == ["elsewhere", "other"]
    assert '"other"' in done.err and '"src/a"' not in done.err


def test_a_parked_one_stays_parked(goals):
    begin(goals)
    goals.t("handoff", "a", "rate limit", "--status", "BLOCKED")
    done = goals.t("complete", "a")
    assert done.code == 75 and "retry-queue release a" in done.err and goals.meta("a")["status"] == "parked"


def test_triage_is_announced(goals):
    begin(goals)
    goals.t("handoff", "a", "too much", "--status", "TOO_BIG")
    done = goals.t("complete", "a")
    assert done.code == 0 and "TOO_BIG" in done.err


def test_the_goal_follows(goals):
    goals.begin()
    begin(goals, "--goal-id", goals.goal()["goal_id"])
    goals.t("handoff", "a", "fine", "--status", "DONE")
    goals.t("complete", "a")
    shown = goals.g("status")
    assert "a  completed  DONE" in shown.out


def test_what_is_refused(goals):
    begin(goals)
    assert goals.t("complete", "b").code == 3
    assert goals.t("complete").code == 2
    assert goals.t("complete", "a", "--auto-verify-timeout", "x").code == 2
    assert goals.t("complete", "a").code == 0
    again = goals.t("complete", "a")
    assert again.code == 4 and "completed already" in again.err
