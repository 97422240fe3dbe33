"""Commands that prove: what is recorded of them, and that none outlives its time."""

import os
import signal

import pytest
from conftest import DEADLINE_S, until


def add(goals, command, name="tests", *more):
    done = goals.g("criteria", "add", "--id", name, "--desc", "x", "--verify-cmd", command, *more)
    assert done.code == 0, done.err


def check(goals, *words):
    return goals.g("criteria", "check", *words)


def criterion(goals, name="tests"):
    return next(c for c in goals.goal()["success_criteria"] if c["id"] == name)


def test_it_passes(goals):
    goals.commit(a="1")
    goals.begin()
    add(goals, "pwd; echo done; echo said >&2")
    done = check(goals)
    assert done.code == 0 and "passed" in done.out
    c = criterion(goals)
    assert c["status"] == "verified" and c["verified_at"] and c["exit_code"] == 0
    assert c["evidence"] == "%s\ndone\nsaid\n" % goals.folder
    assert c["tree"].startswith("files:") and len(c["output_digest"]) == 16
    assert c["duration_ms"] >= 0 if "duration_ms" in c else True


def test_it_fails(goals):
    goals.begin()
    add(goals, "echo no; exit 7")
    add(goals, "true", "other")
    done = check(goals)
    assert done.code == 1 and "failed with 7" in done.out and "no" in done.out and "passed" in done.out
    assert criterion(goals)["status"] == "failed" and criterion(goals)["exit_code"] == 7
    assert criterion(goals, "other")["status"] == "verified"
    goals.edit(success_criteria=[{**criterion(goals), "verification_command": "true"}])
    assert check(goals).code == 0 and "failed_at" not in criterion(goals)


def test_the_other_names_of_it(goals):
    goals.begin()
    add(goals, "true")
    assert goals.g("verify").code == 0
    assert goals.g("criteria", "run").code == 0
    assert goals("goal", "criteria", "check").code == 0
    assert goals("goal", "verify", "--id", "tests").code == 0
    assert len(goals.events("goal_criterion_set")) == 5


def test_all_output_counts_and_its_end_is_kept(goals):
    goals.begin()
    add(goals, "cat n; seq 1 200000")
    digests = set()
    for text in ("a", "b", "a"):
        (goals.folder / "n").write_text(text)
        assert check(goals).code == 0
        digests.add(criterion(goals)["output_digest"])
        evidence = criterion(goals)["evidence"]
        assert len(evidence.encode()) <= 500 and evidence.endswith("199999\n200000\n")
    assert len(digests) == 2


def test_bytes_that_are_no_text(goals):
    goals.begin()
    add(goals, r"printf 'a\000\377\344\033[31m'; exit 1")
    done = check(goals)
    assert done.code == 1 and "\x1b[31m" not in done.out
    assert criterion(goals)["evidence"] == "a\ufffd\ufffd\ufffd\x1b[31m"


def test_what_takes_too_long_is_ended_as_a_whole(goals):
    goals.begin()
    add(goals, "setsid sleep 1000 & sleep 1000 & echo started; wait", "tests", "--timeout", "2")
    done = check(goals)
    assert done.code == 1 and "took too long" in done.out
    assert criterion(goals)["exit_code"] == -1 and "started" in criterion(goals)["evidence"]
    goals.nothing_left()


def test_the_time_of_this_call_goes_before(goals):
    goals.begin()
    add(goals, "sleep 1000", "tests", "--timeout", "500")
    assert check(goals, "--timeout", "1").code == 1
    assert criterion(goals)["exit_code"] == -1


def test_only_some(goals):
    goals.begin()
    add(goals, "touch a", "a")
    add(goals, "touch b", "b")
    assert check(goals, "--id", "b", "--id", "b").code == 0
    assert not (goals.folder / "a").exists() and (goals.folder / "b").exists()
    assert criterion(goals, "a")["status"] == "unverified"
    done = check(goals, "--id", "c")
    assert done.code == 3 and "nothing was changed" in done.err


def test_nothing_to_run(goals):
    goals.begin()
    assert check(goals).code == 1
    goals.g("criteria", "add", "--desc", "by eye")
    done = check(goals)
    assert done.code == 1 and "no criterion with a command" in done.err
    add(goals, "true")
    done = check(goals)
    assert done.code == 0 and "1 without a command" in done.out


def test_in_the_root_from_everywhere(goals):
    goals.begin()
    add(goals, "pwd")
    (goals.folder / "below").mkdir()
    assert goals("goal", "verify", cwd=goals.folder / "below").code == 0
    assert criterion(goals)["evidence"].strip() == str(goals.folder)


def test_the_store_is_free_meanwhile(goals):
    goals.begin()
    add(goals, "echo on; read x < gate; exit 1")
    goals.gate()
    run = goals.start("goal", "verify")
    goals.open_gate()
    assert goals.g("eval").code == 0
    os.write(goals.gates[-1], b"x\n")
    run.communicate(timeout=DEADLINE_S)
    assert run.returncode == 1 and criterion(goals)["status"] == "failed"


def test_a_criterion_that_was_changed_meanwhile(goals):
    goals.begin()
    add(goals, "read x < gate")
    goals.gate()
    run = goals.start("goal", "verify")
    goals.open_gate()
    goals.edit(success_criteria=[{"id": "tests", "verification_command": "false"}])
    os.write(goals.gates[-1], b"x\n")
    out, _ = run.communicate(timeout=DEADLINE_S)
    assert "not recorded" in out and criterion(goals)["status"] == "unverified"


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_keeps_what_is_recorded(goals, number, code):
    goals.begin()
    add(goals, "true", "a")
    add(goals, "read x < gate; sleep 1000", "b")
    goals.gate()
    run = goals.start("goal", "verify")
    until(lambda: criterion(goals, "a")["status"] == "verified", "the first is recorded")
    goals.open_gate()
    run.send_signal(number)
    run.communicate(timeout=DEADLINE_S)
    assert run.returncode == code
    assert criterion(goals, "a")["status"] == "verified" and criterion(goals, "b")["status"] == "unverified"
    goals.nothing_left()


def test_kill_keeps_what_is_recorded(goals):
    goals.begin()
    add(goals, "true", "a")
    add(goals, "read x < gate", "b")
    goals.gate()
    run = goals.start("goal", "verify")
    until(lambda: criterion(goals, "a")["status"] == "verified", "the first is recorded")
    run.kill()
    run.communicate()
    shown = goals.g("criteria", "list", "--json").json["success_criteria"]
    assert [c["status"] for c in shown] == ["verified", "unverified"]
    assert check(goals, "--id", "a").code == 0


def test_json(goals):
    goals.begin()
    add(goals, "true", "a")
    add(goals, "false", "b")
    done = check(goals, "--json")
    assert done.code == 1 and done.json["all_passed"] is False and done.json["checked"] == ["a", "b"]
    assert [c["status"] for c in done.json["success_criteria"]] == ["verified", "failed"]


def test_the_end_and_bad_words(goals):
    goals.begin()
    add(goals, "true")
    for words in (("--timeout", "0"), ("--timeout", "x"), ("extra",)):
        assert check(goals, *words).code == 2
    goals.g("eval", "--decision", "complete")
    assert check(goals).code == 4
