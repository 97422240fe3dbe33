"""The way out of an unusable file: nothing is ever lost by it."""

import json

import pytest


def refused(folder):
    return [path for path in folder.iterdir() if ".refused-" in path.name]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"status": "done", "iteration": 1}', "<<<<<<< ours\n"])
def test_the_goal(goals, text):
    goals.begin("Port it")
    (goals.home / "goal.json").write_text(text)
    assert goals.g("eval").code == 2
    done = goals.g("repair")
    assert done.code == 0, done.err
    [aside] = refused(goals.home)
    assert aside.read_text() == text
    assert goals.goal()["title"] == "Port it" and len(goals.events("goal_repaired")) == 1
    assert goals.g("eval").code == 0


def test_explaining_changes_nothing(goals):
    goals.begin()
    (goals.home / "goal.json").write_text("{")
    shown = goals.g("repair", "--explain")
    assert shown.code == 0 and "goal.json" in shown.out and "would be" in shown.out
    assert (goals.home / "goal.json").read_text() == "{" and not refused(goals.home)


def test_an_edit_from_an_older_version(goals):
    goals.begin()
    old = goals.goal()
    goals.g("eval")
    (goals.home / "goal.json").write_text(__import__("json").dumps({**old, "title": "of before"}))
    assert goals.g("eval").code == 6
    assert goals.g("repair").code == 0
    [aside] = refused(goals.home)
    assert "of before" in aside.read_text() and goals.goal()["iteration"] == 2


def test_a_tentacle(goals):
    goals.begin()
    goals.tentacle("docs")
    meta = goals.home / "tentacles" / "docs" / "meta.json"
    meta.write_text("{")
    (goals.home / "goal.json").write_text("{")
    assert goals.g("repair", "--tentacle", "docs").code == 0
    assert goals.meta("docs")["status"] == "idle" and len(refused(meta.parent)) == 1
    assert (goals.home / "goal.json").read_text() == "{"


def test_nothing_to_repair(goals):
    assert goals.g("repair").code == 3
    goals.begin()
    before = goals.events()
    assert "nothing to repair" in goals.g("repair").out
    assert goals.g("repair", "--tentacle", "nobody").code == 3
    assert goals.events() == before


def test_all_of_them(goals):
    goals.begin()
    for name in "ab":
        goals.tentacle(name)
        (goals.home / "tentacles" / name / "meta.json").write_text("{")
    done = goals.g("repair")
    assert done.code == 0 and "tentacles/a/meta.json.refused-2" in done.out and "b/meta.json.refused-2" in done.out
    assert goals.t("show", "a").code == 0 and goals.t("show", "b").code == 0
    for name in "ab":
        [aside] = refused(goals.home / "tentacles" / name)
        assert str(aside.relative_to(goals.home)) in done.out


def test_what_nobody_knows(goals):
    goals.begin()
    folder = goals.home / "tentacles" / "zz"
    folder.mkdir(parents=True, mode=0o700)
    (folder / "meta.json").write_text("{")
    done = goals.g("repair", "--tentacle", "zz")
    assert done.code == 0 and "no good version is known" in done.out and not (folder / "meta.json").exists()


# --- the journal ----------------------------------------------------------------------------------------------------

def worked(goals):
    goals.begin("Port it", "--max-iterations", "9")
    goals.tentacle("a")
    assert goals.g("gate", "add", "g").code == 0
    assert goals.t("handoff", "a", "well done", "--status", "DONE").code == 0


def gone(journal):
    journal.unlink()


def emptied(journal):
    journal.write_text("")


def shortened(journal):
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:-2]))


def flipped(journal):
    lines = journal.read_text().splitlines(keepends=True)
    lines[3] = lines[3].replace('"seq"', '"sEq"', 1)
    journal.write_text("".join(lines))


def tree(folder):
    return {str(path): path.read_bytes() for path in folder.rglob("*")
            if path.is_file() and path.name not in ("goal.json.lock", "settled")}


@pytest.mark.parametrize("hurt", [gone, emptied, shortened, flipped])
def test_a_hurt_journal_stops_everything(goals, hurt):
    worked(goals)
    hurt(goals.home / "transitions.jsonl")
    before = tree(goals.home)
    for words in (("gate", "approve", "g"), ("status",), ("eval",), ("init", "--force", "--title", "x"), ("repair",),
                  ("repair", "--from", "files", "--dry-run")):
        done = goals.g(*words)
        assert done.code == (0 if "--dry-run" in words else 7), (words, done.out, done.err)
        assert ".octogent" in done.err + done.out and (done.code == 0 or "goal repair --from files" in done.err)
    assert goals.t("create", "b").code == 7
    assert goals.g("repair", "--from", "files").code == 5
    assert tree(goals.home) == before


@pytest.mark.parametrize("hurt", [gone, emptied, shortened, flipped])
def test_going_on_from_the_files(goals, hurt):
    worked(goals)
    goals.begin("another", "--force")
    told = goals.goal()
    hurt(goals.home / "transitions.jsonl")
    done = goals.g("repair", "--from", "files", "--yes")
    assert done.code == 0, done.err
    now = goals.goal()
    assert {key: now[key] for key in told if key not in ("last_seq", "sum", "updated_at")} == \
           {key: told[key] for key in told if key not in ("last_seq", "sum", "updated_at")}
    [other] = [row for row in goals.g("list", "--json").json["goals"] if row["title"] == "Port it"]
    assert goals.meta("a")["status"] == "handed-off" and goals.meta("a")["terminal_status"] == "DONE"
    assert goals.g("gate", "approve", "g", "--goal", other["goal_id"]).code == 0
    assert goals.g("status").code == 0
    assert hurt is gone or list(goals.home.glob("transitions.jsonl.replaced-*"))


@pytest.mark.parametrize("hurt", [shortened, flipped])
def test_going_on_from_the_journal(goals, hurt):
    worked(goals)
    hurt(goals.home / "transitions.jsonl")
    shown = goals.g("repair", "--from", "journal", "--dry-run")
    assert shown.code == 0 and "would go on as it was behind seq" in shown.out, shown.err
    assert goals.g("repair", "--from", "journal").code == 5
    done = goals.g("repair", "--from", "journal", "--yes")
    assert done.code == 0, done.err
    assert goals.g("status").code == 0 and goals.goal()["title"] == "Port it"
    assert list(goals.home.rglob("*.json.replaced-*"))
    assert goals.g("spend", "--tokens", "1").code == 0


def test_only_a_tentacle_tells_of_it(goals):
    worked(goals)
    for name in "transitions.jsonl", "goal.json":
        (goals.home / name).unlink()
    done = goals.g("list")
    assert done.code == 7 and "tentacles/a/meta.json" in done.err
    assert goals.t("create", "b").code == 7
    assert goals.g("repair", "--from", "files", "--yes").code == 0
    assert goals.t("show", "a").code == 0


def test_nothing_is_wrong_with_the_journal(goals):
    worked(goals)
    before = goals.events()
    assert "nothing to repair" in goals.g("repair", "--from", "files", "--yes").out
    assert goals.g("repair", "--from", "journal", "--json").json["problem"] is None
    assert goals.events() == before


def test_an_imported_goal_keeps_its_name(goals):
    goals.home.mkdir(0o700)
    (goals.home / "goal.json").write_text('{"title": "old", "status": "budget_limited", "iteration": 2}')
    first, again = goals.g("status", "--json").json, goals.g("status", "--json").json
    assert first["goal_id"] == again["goal_id"] and first["status"] == "needs-human"
    assert goals.g("spend", "--tokens", "1").code == 0
    assert goals.goal()["goal_id"] == first["goal_id"] and goals.goal()["needs_human_reason"] == "over_budget"


def test_json(goals):
    goals.begin()
    (goals.home / "goal.json").write_text("{")
    shown = goals.g("repair", "--explain", "--json").json
    assert shown["repaired"] is False and shown["problems"][0]["path"] == "goal.json"
    assert goals.g("repair", "--json").json["repaired"] is True
    assert goals.g("repair", "--json").json["problems"] == []
    assert goals.g("repair", "extra").code == 2


@pytest.mark.parametrize("key", ["quota_retry_queue", "retry_queue"])
def test_an_imported_retry_queue_is_kept(goals, key):
    goals.home.mkdir()
    for name, more in (("one", {"status": "active"}), ("two", {"status": "completed", "terminal_status": "BLOCKED"}),
                       ("three", {"status": "completed", "terminal_status": "DONE"})):
        (goals.home / "tentacles" / name).mkdir(parents=True)
        (goals.home / "tentacles" / name / "meta.json").write_text(json.dumps({"name": name, **more}))
    queue = [{"tentacle": name, "quota_reason": "rate_limit", "retry_hint": "in 10 minutes",
              "blocked_at": "2026-05-01T10:00:00.123456+00:00"} for name in ("one", "two", "three", "gone")]
    queue += [7, {"tentacle": None}, {"quota_reason": "x"}]
    (goals.home / "goal.json").write_text(json.dumps({"title": "old", "status": "active", "iteration": 1, key: queue}))
    assert {t["name"]: t["status"] for t in goals.t("status", "--json").json["tentacles"]} == {
        "one": "parked", "two": "parked", "three": "completed"}
    told = goals.t("todo", "one", "add", "x")
    assert told.code == 0 and '"gone", which is not there' in told.err
    assert goals.meta("one")["status"] == goals.meta("two")["status"] == "parked"
    assert goals.meta("one")["quota"]["due_at"].startswith("2026-05-01T10:1")
    assert goals.meta("three")["status"] == "completed"
    assert goals.t("todo", "one", "add", "y").err == ""
    assert len(goals.events("tentacle_parked")) == 2
