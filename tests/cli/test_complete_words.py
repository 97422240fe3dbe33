"""What can follow: decided by the table and the state, silent about everything that is wrong."""

from conftest import DONE


def offered(sk, *words):
    done = sk("__complete", "--", *words)
    assert done.code == 0
    assert done.err == ""
    return [line.split("\t")[0] for line in done.out.splitlines()]


def test_commands(sk):
    assert {"status", "why", "logs"} <= set(offered(sk, ""))
    assert not [word for word in offered(sk, "") if word.startswith("__")]
    assert offered(sk, "ver") == ["version"]


def test_options_and_choices(sk):
    assert offered(sk, "status", "--a") == ["--all"]
    assert offered(sk, "status", "--format", "") == ["text", "json"]
    assert offered(sk, "events", "--severity", "e") == ["error"]
    assert offered(sk, "completion", "") == ["bash", "zsh", "fish"]


def test_ids(sk, maker):
    maker.make(DONE)
    assert offered(sk, "why", "") == ["one", "two", "small"]
    assert offered(sk, "events", "--workstream", "") == ["small"]
    assert offered(sk, "status", "") == ["one", "two", "small"]


def test_files(sk):
    assert offered(sk, "status", "--state-dir", "") == [":directories"]


def test_silent_about_damage(sk, maker):
    maker.make(DONE)
    (sk.folder / ".state" / "transitions.jsonl").write_text("nonsense\nnonsense\n")
    assert offered(sk, "why", "") == []


def test_nothing_at_all(sk):
    assert offered(sk) == []


def full(goals):
    goals.begin("port\tthe\x1b[31mparser")
    goals.g("gate", "add", "review")
    goals.g("gate", "add", "release")
    goals.g("criteria", "add", "--id", "tests", "--desc", "x")
    for name in ("lexer", "parser"):
        assert goals.t("create", name).code == 0


def test_tentacles(goals):
    full(goals)
    for words in (["tentacle", "show"], ["tentacle", "dispatch"], ["tentacle", "handoff"], ["tentacle", "complete"],
                  ["goal", "link"], ["agents", "run"], ["tentacle", "goal", "spend", "--tentacle"],
                  ["tentacle", "create", "new", "--depends-on"], ["retry-queue", "release"],
                  ["tentacle", "retry-queue", "hold"], ["goal", "repair", "--tentacle"]):
        assert offered(goals, *words, "") == ["lexer", "parser"], words
    assert offered(goals, "tentacle", "show", "pa") == ["parser"]
    assert offered(goals, "tentacle", "create", "new", "--depends-on", "lexer,p") == ["lexer,parser"]
    assert offered(goals, "tentacle", "create", "") == []


def test_what_follows_the_name(goals):
    full(goals)
    assert offered(goals, "tentacle", "todo", "lexer", "") == ["add", "done", "undone", "list"]
    assert offered(goals, "tentacle", "worktree", "lexer", "p") == ["prepare"]
    assert offered(goals, "retry-queue", "") == ["list", "release", "hold"]
    assert offered(goals, "tentacle", "verify", "lexer", "") == []
    assert offered(goals, "tentacle", "handoff", "--operator", "me", "") == ["lexer", "parser"]
    assert offered(goals, "tentacle", "handoff", "--operator", "me", "lexer", "") == []


def test_goals_gates_and_criteria(goals):
    full(goals)
    one = goals.goal()["goal_id"]
    assert offered(goals, "goal", "status", "--goal", "") == [one]
    assert offered(goals, "goal", "choose", one[:3]) == [one]
    [line] = goals("__complete", "--", "goal", "choose", "").out.splitlines()
    assert line.count("\t") == 1 and "parser" in line and "\x1b" not in line
    for word in ("approve", "reject", "pass", "fail"):
        assert offered(goals, "goal", "gate", word, "") == ["review", "release"]
    assert offered(goals, "goal", "criteria", "remove", "t") == ["tests"]
    assert offered(goals, "goal", "verify", "--id", "") == ["tests"]
    goals.begin("another", "--force")
    assert len(offered(goals, "goal", "choose", "")) == 2
    assert offered(goals, "goal", "gate", "approve", "") == []
    assert offered(goals, "goal", "gate", "approve", "--goal", one, "re") == ["review", "release"]
    assert offered(goals, "goal", "gate", "approve", "--goal=" + one, "rev") == ["review"]


def test_silent_about_goals_that_cannot_be_read(goals):
    assert offered(goals, "goal", "choose", "") == []
    full(goals)
    (goals.home / "transitions.jsonl").write_text("nonsense\n")
    assert offered(goals, "tentacle", "show", "") == []
