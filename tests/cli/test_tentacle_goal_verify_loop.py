"""Trying again until it passes, or until trying helps no more: FM-3, FM-6, FM-8 and FM-9 by doing them."""

import signal

import pytest

from conftest import DEADLINE_S, until


def add(goals, command, name="tests"):
    done = goals.g("criteria", "add", "--id", name, "--desc", "x", "--verify-cmd", command)
    assert done.code == 0, done.err


def loop(goals, *words):
    return goals.g("verify-loop", "--retry-delay", "0", *words)


def attempts(goals):
    return goals.goal().get("verify_loop_history", [])


# One byte more in the file `n` at each run.
COUNT = "printf x >> n; n=$(wc -c < n)"


def test_it_passes_at_once(goals):
    goals.begin()
    add(goals, "true")
    done = loop(goals)
    assert done.code == 0 and "attempt 1" in done.out
    [attempt] = attempts(goals)
    assert attempt["all_passed"] and attempt["results"][0]["exit_code"] == 0


def test_it_passes_later(goals):
    goals.begin()
    add(goals, COUNT + "; echo try $n; test $n -ge 3")
    done = loop(goals)
    assert done.code == 0 and "attempt 3" in done.out
    assert [a["all_passed"] if "all_passed" in a else False for a in attempts(goals)] == [False, False, True]
    assert [e["metadata"]["attempt"] if "attempt" in e["metadata"] else e["attempt"]
            for e in goals.events("goal_verify_attempt")] == [1, 2, 3]


def test_no_retries_is_one_attempt(goals):
    goals.begin()
    add(goals, COUNT + "; echo $n; false")
    assert loop(goals, "--max-retries", "0").code == 1
    assert len(attempts(goals)) == 1


def test_the_same_failure_three_times(goals):
    goals.begin()
    add(goals, "echo broken; exit 2")
    done = loop(goals, "--max-retries", "50")
    assert done.code == 1 and "stalled" in done.out
    assert len(attempts(goals)) == 3 and goals.goal()["status"] == "active"


def test_what_varies_by_itself_is_the_same(goals):
    goals.begin()
    add(goals, COUNT + "; date; date -u +%FT%T.%NZ; echo pid $$; echo took $n.${n}s; mktemp -u; cat "
        "/proc/sys/kernel/random/uuid; echo at 0x7f00$n$n; false")
    assert "stalled" in loop(goals, "--max-retries", "50").out
    assert len(attempts(goals)) == 3
    assert len({a["results"][0]["output_hash"] for a in attempts(goals)}) == 1


def test_another_failure_begins_anew(goals):
    goals.begin()
    add(goals, COUNT + "; echo $((n / 3)) left; false")
    done = loop(goals, "--max-retries", "4")
    assert done.code == 1 and "stalled" in done.out and len(attempts(goals)) == 5


def test_one_that_still_moves_keeps_it_going(goals):
    goals.begin()
    add(goals, "echo broken; false", "a")
    add(goals, COUNT + "; echo $n lines; false", "b")
    done = loop(goals, "--max-retries", "5")
    assert done.code == 1 and "not passed after 6 attempts" in done.out


def test_escalation(goals):
    goals.begin()
    add(goals, "false", "a")
    add(goals, "true", "b")
    done = loop(goals, "--escalate")
    assert done.code == 11
    goal = goals.goal()
    assert goal["status"] == "needs-human" and goal["needs_human_reason"] == "stall"
    assert goal["needs_human_failing_criteria"] == ["a"]
    refused = loop(goals)
    assert refused.code == 11 and "goal resume" in refused.err
    assert goals.g("resume").code == 0
    assert "needs_human_failing_criteria" not in goals.goal()


def test_escalation_of_exhaustion(goals):
    goals.begin()
    add(goals, COUNT + "; echo $n; false")
    assert loop(goals, "--escalate", "--max-retries", "1").code == 11
    assert goals.goal()["needs_human_reason"] == "retry_exhausted"


def test_a_paused_goal_is_not_escalated(goals):
    goals.begin()
    add(goals, "false")
    goals.g("eval", "--decision", "pause")
    assert loop(goals, "--escalate").code == 1
    assert goals.goal()["status"] == "paused"


def test_a_limit_far_away(goals):
    goals.begin()
    add(goals, "echo 'HTTP 429 Too Many Requests'; echo 'error: rate limit exceeded, retry-after: 7200'; exit 1")
    done = goals.g("verify-loop", "--json")
    assert done.code == 75 and done.json["outcome"] == "parked" and done.json["retry_at"]
    assert len(attempts(goals)) == 1 and goals.goal()["status"] == "active"


def test_a_pause_as_the_service_asks(goals):
    goals.begin()
    add(goals, COUNT + "; echo 'error: 429 rate limit exceeded, retry-after: 1'; test $n -ge 2")
    done = loop(goals)
    assert done.code == 0 and "as the output asks for" in done.out


def test_ctrl_c_leaves_at_once(goals):
    goals.begin()
    add(goals, "false")
    run = goals.start("goal", "verify-loop", "--retry-delay", "600")
    until(lambda: attempts(goals), "the first attempt is recorded")
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=DEADLINE_S)
    assert run.returncode == 130
    assert said == "sk: verify-loop: interrupted at attempt 1: 1 of 1 result is recorded. " \
        "Try: sk tentacle goal verify-loop\n"
    assert len(attempts(goals)) == 1 and goals.goal()["status"] == "active"


def test_kill_between_attempts(goals):
    goals.begin()
    add(goals, "false")
    run = goals.start("goal", "verify-loop", "--retry-delay", "600")
    until(lambda: attempts(goals), "the first attempt is recorded")
    run.kill()
    run.communicate()
    assert goals.goal()["success_criteria"][0]["status"] == "failed"
    assert loop(goals, "--max-retries", "0").code == 1
    assert len(attempts(goals)) == 2


def once(goals, *words):
    return goals.g("verify-loop", "--max-retries", "0", "--json", *words).json


def same(shown):
    return [result["identical_failures"] for result in shown["results"]]


def test_calls_between_which_nothing_changed_are_counted_together(goals):
    goals.commit(a="1")
    goals.begin()
    add(goals, "date -u +%FT%T.%NZ; false")
    for count in (1, 2):
        shown = once(goals)
        assert shown["outcome"] == "retry_exhausted" and same(shown) == [count]
    done = loop(goals, "--max-retries", "5")
    assert done.code == 1 and "stalled: the same failure 3 times, 2 of them in earlier calls" in done.out
    assert len(attempts(goals)) == 3
    assert loop(goals, "--escalate").code == 11
    assert goals.goal()["needs_human_reason"] == "stall" and len(attempts(goals)) == 4


def changed_file(goals):
    (goals.folder / "a").write_text("2")


def changed_commit(goals):
    goals.commit(b="1")


def changed_command(goals):
    goals.edit(success_criteria=[{**goals.goal()["success_criteria"][0], "verification_command": "echo no; false ;"}])


def changed_verdict(goals):
    """Somebody saw it pass in between, though nothing in the repository tells why."""
    (goals.folder / ".git/there").touch()
    assert goals.g("criteria", "check").code == 0
    (goals.folder / ".git/there").unlink()


def changed_mind(goals):
    """A person says that the cause is mended."""
    assert goals.g("eval", "--decision", "pause").code == 0
    assert goals.g("resume").code == 0


@pytest.mark.parametrize("change", [changed_file, changed_commit, changed_command, changed_verdict, changed_mind])
def test_after_a_change_they_are_not(goals, change):
    goals.commit(a="1")
    goals.begin()
    add(goals, "test -e .git/there || { echo no; false; }")
    assert [same(once(goals)) for _ in range(2)] == [[1], [2]]
    change(goals)
    assert same(once(goals)) == [1]


def test_without_git_nobody_knows(goals):
    goals.begin()
    add(goals, "echo no; false")
    goals.env["PATH"] = "/nonexistent"
    assert [same(once(goals)) for _ in range(2)] == [[1], [1]]


def test_nothing_to_run_is_no_success(goals):
    goals.begin()
    assert loop(goals).code == 1
    goals.g("criteria", "add", "--desc", "by eye")
    assert loop(goals).code == 1


def test_json_and_bad_words(goals):
    goals.begin()
    add(goals, "echo no; exit 4")
    shown = loop(goals, "--json")
    assert shown.code == 1 and shown.json["outcome"] == "stall" and shown.json["attempts"] == 3
    assert shown.json["results"][0]["exit_code"] == 4 and shown.json["results"][0]["evidence"] == "no\n"
    for words in (("--max-retries", "1001"), ("--max-retries=-1",), ("--retry-delay", "3601"), ("--retry-delay", "x"),
                  ("--timeout", "0"), ("extra",)):
        assert goals.g("verify-loop", *words).code == 2
    assert goals.g("verify-loop", "--id", "nobody").code == 3
    assert goals.g("eval", "--decision", "abandon").code == 0
    assert loop(goals).code == 4
