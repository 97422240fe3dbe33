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
