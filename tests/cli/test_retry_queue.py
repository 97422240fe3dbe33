"""The queue of parked work: what it shows, and who leaves it."""

import json


def park(goals, name, text="HTTP 429 too many requests, retry after 20 minutes"):
    goals.t("create", name)
    goals.t("handoff", name, text, "--status", "BLOCKED")


def test_nothing_parked(goals):
    done = goals("retry-queue", "list")
    assert done.code == 0 and done.out == "nothing is parked\n"
    assert goals("retry-queue", "list", "--json").json["entries"] == []
    assert not goals.home.exists()


def test_it_lists_due_times(goals):
    park(goals, "a")
    park(goals, "b", "billing problem")
    shown = goals("retry-queue", "list")
    lines = {line.split()[0]: line for line in shown.out.splitlines()}
    assert "rate_limit" in lines["a"] and " in 2" in lines["a"] or " in 19m" in lines["a"]
    assert "billing" in lines["b"] and "held" in lines["b"]
    page = goals("retry-queue", "list", "--json").json
    assert [entry["tentacle"] for entry in page["entries"]] == ["a", "b"]
    assert page["entries"][0]["due"] is False and page["entries"][1]["held"] is True


def test_release_one(goals):
    park(goals, "a")
    park(goals, "b")
    done = goals("retry-queue", "release", "a")
    assert done.code == 0, done.err
    assert goals.meta("a")["status"] == "idle" and goals.meta("b")["status"] == "parked"
    left = json.loads((goals.home / "retry-queue.json").read_text())["entries"]
    assert [entry["tentacle"] for entry in left] == ["b"]


def test_release_all(goals):
    for name in "abc":
        park(goals, name)
    page = goals("retry-queue", "release", "--all", "--json").json
    assert page["released"] == 3 and page["entries"] == []
    assert len(goals.events("tentacle_released")) == 3
    assert goals("retry-queue", "release", "--all").code == 0


def test_hold(goals):
    park(goals, "a")
    assert goals("retry-queue", "hold", "a").code == 0
    assert goals.meta("a")["quota"]["held"] is True
    assert "held" in goals("retry-queue", "list").out
    assert goals("retry-queue", "release", "a").code == 0
    assert goals.meta("a")["status"] == "idle"


def test_pauses_grow_with_each_time(goals):
    park(goals, "a")
    goals("retry-queue", "release", "a")
    goals.t("handoff", "a", "HTTP 429 again", "--status", "BLOCKED")
    assert goals.meta("a")["quota"]["times"] == 2


def test_what_is_refused(goals):
    goals.t("create", "a")
    for verb in ("release", "hold"):
        done = goals("retry-queue", verb, "a")
        assert done.code == 4 and "not parked" in done.err
        assert goals("retry-queue", verb, "x").code == 3
        assert goals("retry-queue", verb).code == 2
    for words in (["x"], [], ["list", "a"], ["list", "--all"], ["hold", "--all"], ["release", "a", "--all"]):
        assert goals("retry-queue", *words).code == 2, words


def test_a_removed_file_comes_back(goals):
    park(goals, "a")
    (goals.home / "retry-queue.json").unlink()
    park(goals, "b")
    entries = json.loads((goals.home / "retry-queue.json").read_text())["entries"]
    assert [entry["tentacle"] for entry in entries] == ["a", "b"]
