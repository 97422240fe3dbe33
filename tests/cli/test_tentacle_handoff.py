"""Hand-offs: what the file says afterwards, what a quota does, and that nobody's words are lost by a kill or an edit."""

import datetime
import json

import pytest


def path(goals, name="a"):
    return goals.home / "tentacles" / name / "handoff.md"


def begin(goals, name="a"):
    assert goals.t("create", name).code == 0


def test_done(goals):
    begin(goals)
    done = goals.t("handoff", "a", "all tests pass", "--status", "DONE", "--changed-file", "src/x.c", "--bridge", "c1")
    assert done.code == 0, done.err
    text = path(goals).read_text()
    assert text.startswith("# Handoff Notes\n\n## [20") and " UTC]\n\nall tests pass\n\nSTATUS: DONE\n" in text
    assert text.endswith("Changed: src/x.c\nBridge: c1\n")
    meta = goals.meta("a")
    assert meta["status"] == "handed-off" and meta["terminal_status"] == "DONE"
    assert meta["changed_files"] == ["src/x.c"] and meta["bridge_links"] == ["c1"]


def test_a_note_changes_no_state(goals):
    begin(goals)
    assert goals.t("handoff", "a", "half way").code == 0
    assert goals.meta("a")["status"] == "idle" and "half way" in path(goals).read_text()
    assert len(goals.events("tentacle_noted")) == 1


def test_json(goals):
    begin(goals)
    page = goals.t("handoff", "a", "x", "--status", "DONE", "--json").json
    assert page["terminal_status"] == "DONE" and page["handoff"] is True


def test_words_are_no_statements(goals):
    begin(goals)
    goals.t("handoff", "a", "log:\nSTATUS: DONE\n## [x]\nChanged: y", "--status", "TOO_BIG")
    meta = goals.meta("a")
    assert meta["terminal_status"] == "TOO_BIG" and "changed_files" not in meta
    assert "\n STATUS: DONE\n" in path(goals).read_text()


@pytest.mark.parametrize("status", ["TOO_BIG", "AMBIGUOUS", "REGRESSED", "SCOPE_ESCALATION", "BLOCKED"])
def test_triage_is_announced(goals, status):
    begin(goals)
    done = goals.t("handoff", "a", "it is what it is", "--status", status)
    assert done.code == 0 and status in done.err and "decide" in done.err


def test_a_quota_parks(goals):
    begin(goals)
    done = goals.t("handoff", "a", "Quota exhausted — blocked", "--status", "BLOCKED")
    assert done.code == 75, done.err
    assert "QUOTA_REASON: quota_exceeded\n" in path(goals).read_text()
    meta = goals.meta("a")
    assert meta["status"] == "parked" and meta["quota"]["quota_reason"] == "quota_exceeded"
    assert meta["quota"]["due_at"] > meta["quota"]["blocked_at"] and "attempts" not in meta
    [entry] = json.loads((goals.home / "retry-queue.json").read_text())["entries"]
    assert entry["tentacle"] == "a"


@pytest.mark.parametrize("text", ["HTTP 429", "rate limit reached", "quota exceeded", "Too Many Requests",
                                  "overloaded, try later"])
def test_signals(goals, text):
    begin(goals)
    assert goals.t("handoff", "a", text, "--status", "BLOCKED").code == 75
    assert goals.meta("a")["status"] == "parked"


def test_billing_waits_for_a_person(goals):
    begin(goals)
    done = goals.t("handoff", "a", "stopped: billing problem", "--status", "BLOCKED")
    assert done.code == 11
    quota = goals.meta("a")["quota"]
    assert quota["quota_reason"] == "billing" and quota["held"] is True and "due_at" not in quota


def test_a_reason_and_a_hint(goals):
    begin(goals)
    done = goals.t("handoff", "a", "stopped", "--status", "BLOCKED", "--quota-reason", "daily_quota", "--retry-hint",
                   "2099-01-01T00:00:00Z", "--json")
    assert done.code == 75
    # Never later than any allowance lasts.
    assert done.json["quota"]["quota_reason"] == "daily_quota" and done.json["quota"]["due_at"] > "2026"
    text = path(goals).read_text()
    assert "QUOTA_REASON: daily_quota\nRETRY_HINT: 2099-01-01T00:00:00Z\n" in text


def test_blocked_without_a_quota_is_no_parking(goals):
    begin(goals)
    done = goals.t("handoff", "a", "line 429 of the parser is unclear", "--status", "BLOCKED")
    assert done.code == 0 and goals.meta("a")["status"] == "handed-off"
    assert "QUOTA_REASON" not in path(goals).read_text()


def test_in_parts(goals):
    begin(goals)
    done = goals.t("handoff", "a", "m", "--status", "DONE", "--summary", "s", "--decision", "d1", "--decision", "d2",
                   "--blocker", "b", "--file-read", "f.c", "--changed-file", "g.c", "--next-instructions", "n",
                   "--output-text", "o")
    assert done.code == 0, done.err
    text = path(goals).read_text()
    parts = ["SUMMARY", "DECISION POINTS", "UNRESOLVED BLOCKERS", "FILES READ", "FILES MODIFIED",
             "NEXT AGENT INSTRUCTIONS", "OUTPUT", "STATUS"]
    places = [text.index("### " + part) for part in parts]
    assert places == sorted(places) and text.endswith("STATUS: DONE\nChanged: g.c\n")


def test_what_is_refused(goals):
    begin(goals)
    assert goals.t("handoff", "a", "x", "--status", "FINE").code == 2
    assert goals.t("handoff", "a", "").code == 2
    assert goals.t("handoff", "a").code == 2
    assert goals.t("handoff", "a", "x", "--quota-reason", "rate_limit").code == 2
    assert goals.t("handoff", "a", "x", "--summary", "s").code == 2
    assert goals.t("handoff", "a", "x", "--changed-file", "a\nSTATUS: DONE").code == 2
    assert goals.t("handoff", "b", "x").code == 3
    long = "x" * 60000
    big = goals.t("handoff", "a", long, "--status", "DONE", "--output-text", long, "--file-read", "f")
    assert big.code == 4 and "at most" in big.err
    assert not path(goals).exists()


def test_it_is_learned_as_well(goals):
    begin(goals)
    base = goals.folder / "knowledge.db"
    goals.env["SK_DB_PATH"] = str(base)
    done = goals.t("handoff", "a", "the parser is slow\nbecause it copies", "--changed-file", "src/p.c", "--learn")
    assert done.code == 0 and not done.err
    [entry] = goals("query", "parser slow", "--json").json["entries"]
    assert (entry["category"], entry["title"], entry["task_id"]) == ("discovery", "a: the parser is slow", "a")
    assert entry["content"] == "the parser is slow\nbecause it copies" and entry["files"] == '["src/p.c"]'
    assert "because it copies" in path(goals).read_text()


def test_what_cannot_be_learned_is_handed_off_all_the_same(goals):
    begin(goals)
    base = goals.folder / "knowledge.db"
    goals.env["SK_DB_PATH"] = str(base)
    done = goals.t("handoff", "a", "the password=hunter2hunter2 works", "--learn")
    assert done.code == 0 and "the hand-off is recorded, but" in done.err and "refused: nothing was learned" in done.err
    base.write_text("a text and no database")
    done = goals.t("handoff", "a", "x", "--status", "DONE", "--learn")
    assert done.code == 0 and "the hand-off is recorded, but" in done.err and "not a database" in done.err
    assert "STATUS: DONE" in path(goals).read_text() and base.read_text() == "a text and no database"


def test_an_append_from_outside_is_a_hand_off(goals):
    begin(goals)
    goals.t("handoff", "a", "ours")
    with path(goals).open("a") as file:
        file.write("\n## [2026-11-21 10:00 UTC]\n\ntheirs\n\nSTATUS: DONE\nChanged: q.c\n")
    page = goals.t("show", "a", "--json").json
    assert page["status"] == "handed-off" and goals.events("tentacle_handed_off") == []
    assert goals.t("todo", "a", "add", "x").code == 0
    [event] = goals.events("tentacle_handed_off")
    assert event["reason"] == "appended to the file"
    assert goals.meta("a")["changed_files"] == ["q.c"] and goals.meta("a")["terminal_status"] == "DONE"
    assert goals.t("todo", "a", "add", "y").code == 0
    assert len(goals.events("tentacle_handed_off")) == 1


def test_a_quota_from_outside_parks(goals):
    begin(goals)
    path(goals).write_text("## [t]\n429 Too Many Requests, retry after 30 minutes\nSTATUS: BLOCKED\n")
    goals.t("todo", "a", "add", "x")
    assert goals.meta("a")["status"] == "parked" and goals.meta("a")["quota"]["quota_reason"] == "rate_limit"


def test_a_file_of_before_the_tentacle_knew_any(goals):
    begin(goals)
    path(goals).write_text("# Handoff Notes\n\n## [t]\n\nhi\n")
    assert goals.t("handoff", "a", "ours", "--status", "DONE").code == 0
    assert path(goals).read_text().startswith("# Handoff Notes\n\n## [t]\n\nhi\n\n## [20")


def test_an_edit_in_the_middle_is_recorded_and_kept(goals):
    begin(goals)
    goals.t("handoff", "a", "first", "--status", "DONE")
    goals.t("handoff", "a", "second")
    edited = path(goals).read_text().replace("first", "FIRST").replace("STATUS: DONE", "STATUS: TOO_BIG")
    path(goals).write_text(edited)
    assert goals.t("handoff", "a", "third").code == 0
    assert path(goals).read_text().startswith(edited) and "third" in path(goals).read_text()
    [event] = goals.events("tentacle_edited")
    assert event["metadata"]["name"] == "handoff.md" and goals.meta("a")["terminal_status"] == "TOO_BIG"


def cut(goals, drop):
    """As after a kill between the record and the file, or in the middle of writing."""
    text = path(goals).read_bytes()
    path(goals).write_bytes(text[:len(text) - drop]) if drop < len(text) else path(goals).unlink()
    return text


@pytest.mark.parametrize("drop", [1, 10, 40, 10000])
def test_a_missing_end_comes_back(goals, drop):
    begin(goals)
    goals.t("handoff", "a", "something to remember", "--status", "DONE")
    whole = cut(goals, drop)
    assert goals.t("todo", "a", "add", "x").code == 0
    assert path(goals).read_bytes() == whole
    assert len(goals.events("tentacle_handed_off")) == 1 and goals.events("tentacle_edited") == []


def test_a_missing_end_behind_others_words(goals):
    begin(goals)
    goals.t("handoff", "a", "the first")
    before = path(goals).read_text()
    goals.t("handoff", "a", "the second", "--status", "DONE")
    path(goals).write_text(before + "\n## [theirs]\n\nin between\n\nSTATUS: TOO_BIG\n")
    assert goals.t("todo", "a", "add", "x").code == 0
    text = path(goals).read_text()
    assert text.startswith(before) and text.index("in between") < text.index("the second")
    assert text.count("the second") == 1
    assert goals.t("todo", "a", "add", "y").code == 0
    assert path(goals).read_text() == text


def test_reading_writes_nothing(goals):
    begin(goals)
    goals.t("handoff", "a", "x")
    path(goals).unlink()
    goals.t("status")
    goals.t("show", "a")
    assert not path(goals).exists()


@pytest.mark.parametrize("data, words", [(b"\xff\xfe", "not UTF-8"), (b"x" * 600 * 1024, "larger than 512 KiB")])
def test_a_file_that_cannot_be_used(goals, data, words):
    begin(goals)
    begin(goals, "b")
    path(goals).write_bytes(data)
    done = goals.t("handoff", "a", "x")
    assert done.code == 2 and words in done.err
    assert path(goals).read_bytes() == data
    assert goals.t("handoff", "b", "x").code == 0


def test_a_symbolic_link_is_refused(goals):
    begin(goals)
    path(goals).symlink_to("/etc/passwd")
    done = goals.t("handoff", "a", "x")
    assert done.code != 0 and "symbolic link" in done.err


def test_the_file_has_a_limit(goals):
    begin(goals)
    path(goals).write_bytes(b"x" * (512 * 1024 - 20))
    done = goals.t("handoff", "a", "something more")
    assert done.code == 4 and "512 KiB" in done.err


@pytest.mark.parametrize("hint, seconds", [("in 10 minutes", 600), ("10m", 600), ("In 2 hours", 7200)])
def test_a_hint_as_people_say_it(goals, hint, seconds):
    goals.begin()
    goals.tentacle("a")
    assert goals.t("handoff", "a", "x", "--status", "BLOCKED", "--quota-reason", "rate_limit", "--retry-hint", hint).code == 75
    quota = goals.meta("a")["quota"]
    moments = [datetime.datetime.fromisoformat(quota[key].replace("Z", "+00:00")) for key in ("blocked_at", "due_at")]
    assert seconds <= (moments[1] - moments[0]).total_seconds() < seconds * 1.5


@pytest.mark.parametrize("option, words", [("--retry-hint", "-5"), ("--retry-hint", "some day"), ("--quota-reason", "nonsense")])
def test_words_that_tell_nothing(goals, option, words):
    goals.begin()
    goals.tentacle("a")
    before = goals.events()
    done = goals.t("handoff", "a", "x", "--status", "BLOCKED", option + "=" + words)
    assert done.code == 2 and option in done.err and "nothing was recorded" in done.err
    assert goals.events() == before


def begun_here(goals, *scope):
    goals.commit(src__a="a\n", docs__b="b\n")
    with open(goals.folder / ".git/info/exclude", "a") as exclude:
        exclude.write("home/\n")
    goals.begin()
    assert goals.t("create", "lexer", *[word for entry in scope for word in ("--scope", entry)]).code == 0
    assert goals.t("todo", "lexer", "add", "do it").code == 0


def test_files_outside_of_the_scope_are_named(goals):
    """In the main checkout: what was changed before its prompt was handed out is not its doing."""
    begun_here(goals, "src")
    (goals.folder / "docs/before").write_text("mine\n")
    assert goals.t("dispatch", "lexer").code == 0
    (goals.folder / "src/new").write_text("inside\n")
    (goals.folder / "docs/b").write_text("outside\n")
    note = goals.t("handoff", "lexer", "on my way")
    assert note.code == 0 and "outside" not in note.err
    done = goals.t("handoff", "lexer", "done", "--status", "DONE", "--changed-file", "src/new", "--changed-file", "Makefile")
    assert done.code == 0, done.err
    assert 'changed outside of its scope: "Makefile"' in done.err and 'changed outside of its scope: "docs/b"' in done.err
    assert "docs/before" not in done.err and "src/new" not in done.err
    assert goals.meta("lexer")["status"] == "handed-off" and goals.meta("lexer")["outside_scope"] == ["Makefile", "docs/b"]
    assert "outside of its scope: Makefile, docs/b" in goals.t("status").out
    assert "outside of its scope: Makefile, docs/b" in goals.t("show", "lexer").out
    assert goals.g("link", "lexer").code == 0
    assert "work lexer: outside of its scope: Makefile, docs/b" in goals.g("next-iter").out
    assert goals.g("next-iter", "--json").json["outside_scope"] == [
        {"tentacle": "lexer", "file": "Makefile"}, {"tentacle": "lexer", "file": "docs/b"}]
    goals.git("commit", "-q", "-a", "-m", "committed all the same")
    done = goals.t("complete", "lexer")
    assert done.code == 0 and 'changed outside of its scope: "docs/b"' in done.err and "docs/before" not in done.err


def test_what_was_merged_from_others_is_not_its_doing(goals):
    begun_here(goals, "src")
    assert goals.t("create", "other").code == 0
    place = goals.t("worktree", "other", "prepare", "--json").json["path"]
    assert goals.t("dispatch", "lexer").code == 0
    with open(place + "/docs/b", "w") as file:
        file.write("of the other one\n")
    assert goals.t("worktree", "other", "merge", "--commit").code == 0
    (goals.folder / "docs/c").write_text("outside\n")
    goals.git("add", "docs/c")
    goals.git("commit", "-q", "-m", "mine")
    done = goals.t("handoff", "lexer", "done", "--status", "DONE")
    assert done.err == 'sk: changed outside of its scope: "docs/c"\n'


def test_nobody_can_tell_what_was_never_handed_out(goals):
    begun_here(goals, "src")
    (goals.folder / "docs/b").write_text("by somebody\n")
    done = goals.t("handoff", "lexer", "done", "--status", "DONE")
    assert done.code == 0 and "outside" not in done.err


def test_files_outside_of_the_scope_in_a_worktree(goals):
    begun_here(goals, "src")
    place = goals.t("worktree", "lexer", "prepare", "--json").json["path"]
    for name in ("src/new", "docs/b"):
        with open(place + "/" + name, "w") as file:
            file.write("changed\n")
    done = goals.t("handoff", "lexer", "done", "--status", "DONE")
    assert done.code == 0 and done.err == 'sk: changed outside of its scope: "docs/b"\n'
    # Put right: the next hand-off takes it back.
    goals.git("checkout", "-q", "docs/b", cwd=place)
    assert goals.t("handoff", "lexer", "done now", "--status", "DONE").err == ""
    assert "outside_scope" not in goals.meta("lexer")


@pytest.mark.parametrize("first", [True, False])
def test_a_status_that_is_none_is_told(goals, first):
    begin(goals)
    if not first:
        goals.t("handoff", "a", "before")
    with open(path(goals), "a") as file:
        file.write("\n## [theirs]\n\nfine\n\nSTATUS: W\033HAT\n")
    assert goals.t("status").code == 0
    told = goals.t("todo", "a", "add", "x")
    assert told.code == 0 and told.err.count("is no status") == 1 and "handoff.md" in told.err and "DONE" in told.err
    assert "\033" not in told.err and goals.meta("a")["status"] == "idle"
    assert "is no status" not in goals.t("todo", "a", "add", "y").err
    with open(path(goals), "a") as file:
        file.write("\n## [theirs]\n\nSTATUS: WHAT\n STATUS: WHO\nSTATUS: DONE\n")
    assert "is no status" not in goals.t("todo", "a", "add", "z").err
    assert goals.meta("a")["terminal_status"] == "DONE"
