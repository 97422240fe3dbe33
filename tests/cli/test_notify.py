"""notify: of a plan: people are told of errors, once a cause, while the work goes on as if nobody was."""

import json

from conftest import DEADLINE_S, until

# Each message is one line: its variables, then what stood on its standard input.
TELL = "workstream: w\nnotify: 'printf \"%s\\n\" \"$SK_EVENT|$SK_EVENT_SEVERITY|$SK_EVENT_TASK_ID|$(cat)\" >> told'\n"


def told(work):
    messages = []
    for line in work.lines("told"):
        event, severity, task, text = line.split("|", 3)
        document = json.loads(text)
        assert document["event"] == event and document["severity"] == severity
        assert document.get("task_id", "") == task
        messages.append(document)
    return messages


def test_failure_is_told(work):
    work.plan(TELL + "tasks: {bad: {run: 'exit 3'}, good: {run: 'true'}}")
    assert work("run", "plan.yaml").code == 1
    messages = {message["event"]: message for message in told(work)}
    assert "workstream_failed" in messages
    stored = {record["seq"]: record for record in work.events()}
    for message in messages.values():
        record = stored[message["seq"]]
        for key in ("event", "severity", "timestamp", "workstream_id"):
            assert message[key] == record[key]
    work.nothing_left()


def test_one_cause_is_one_message(work):
    work.plan(TELL + "tasks: {bad: {run: 'exit 3', critical: true}, other: {run: 'true', needs: [bad]}}")
    assert work("run", "plan.yaml").code == 1
    message, = told(work)
    assert message["event"] == "workstream_failed" and message["severity"] == "critical"
    assert message["failed_tasks"] == ["bad"]


def test_nothing_bad_is_nothing_told(work):
    work.plan(TELL + "tasks: {a: {run: 'test -e once || { touch once; exit 1; }', retries: 2, backoff: 1ms}}")
    assert work("run", "plan.yaml").code == 0
    assert told(work) == [], "an attempt that is tried again is a warning"
    assert not (work.folder / ".state" / "notify.log").exists()


def test_argv_and_words(work):
    script = work.folder / "tell.sh"
    script.write_text("#!/bin/sh\nprintf '%s\\n' \"$1\" > told.txt\n")
    script.chmod(0o755)
    work.plan("notify: [./tell.sh, 'a b; exit']\ntasks: {bad: {run: 'exit 1'}}")
    assert work("run", "plan.yaml").code == 1
    assert work.read("told.txt") == "a b; exit\n"


def test_hostile_error_text(work):
    work.plan(TELL + "tasks: {bad: {run: \"printf '\\\\$(touch owned)`touch owned`; \\\"x\\\\n'; exit 1\"}}")
    assert work("run", "plan.yaml").code == 1
    assert told(work)
    assert not (work.folder / "owned").exists()


def test_work_does_not_wait_for_it(work):
    """The command of the first failure does not end before the second task has run."""
    work.gate("begun").gate("second").plan(
        "notify: {run: 'test -e once && exit; touch once; : > begun; : < second; touch seen', timeout: 5m}\n"
        "tasks: {bad: {run: 'exit 1'}, second: {run: ': < begun; : > second'}}")
    assert work("run", "-j", "2", "plan.yaml").code == 1
    assert (work.folder / "seen").exists(), "and the end of the run waits for it"


def test_failure_of_it_is_told_once_and_harms_nothing(work):
    tasks = ", ".join("t%d: {run: 'exit 1'}" % i for i in range(5))
    work.plan("notify: 'echo broken mail >&2; exit 9'\ntasks: {%s, good: {run: 'touch good'}}" % tasks)
    done = work("run", "plan.yaml")
    assert done.code == 1
    assert done.err.count("notify: the command failed; the work goes on") == 1
    assert "broken mail" in (work.folder / ".state" / "notify.log").read_text()
    assert (work.folder / "good").exists()


def test_program_that_does_not_exist(work):
    work.plan("notify: [no-such-program-here]\ntasks: {bad: {run: 'exit 1'}}")
    done = work("run", "plan.yaml")
    assert done.code == 1
    assert done.err.count("notify: the command cannot be started") == 1


def test_time_limit(work):
    work.plan("notify: {run: 'touch begun; sleep 1000', timeout: 1s}\ntasks: {bad: {run: 'exit 1'}}")
    done = work("run", "plan.yaml")
    assert done.code == 1
    assert "notify: the command took too long and was killed" in done.err
    assert (work.folder / "begun").exists()
    work.nothing_left()


HELD = ("workstream: w\nnotify: 'echo $SK_EVENT_SEQ:$SK_EVENT:$SK_EVENT_TASK_ID >> begun; : < mail; echo $SK_EVENT_SEQ >> told'\n"
        "tasks: {one: {run: 'exit 1'}, two: {run: 'exit 2'}, three: {run: 'exit 3'}, held: {run: ': < gate'}}\n")


def killed_while_it_tells(work):
    """Three failures; two messages are on their way, the third one waits; then the orchestrator is killed."""
    work.gate().gate("mail").plan(HELD)
    run = work.start("run", "-j", "4", "plan.yaml")
    until(lambda: len(work.events("task_failed")) == 3 and len(work.lines("begun")) == 2, "it is told of failures")
    run.kill()
    run.wait()
    assert work.lines("told") == []
    return {str(event["seq"]) for event in work.events("task_failed")}


def test_killed_before_it_was_told(work):
    """What was on its way and what waited is told by the next start, whatever that one was started for."""
    failures = killed_while_it_tells(work)
    work.unlock_gate("mail")
    other = work.start("run", work.plan("tasks: {other: {run: 'true'}}", "other.yaml"))
    assert other.wait() == 0
    assert failures <= set(work.lines("told"))
    told = work.lines("told")
    assert work("run", "other.yaml", "--new-run").code == 0
    assert work.lines("told") == told, "and by no other start"


def test_killed_again_before_it_was_told(work):
    failures = killed_while_it_tells(work)
    work.plan("tasks: {other: {run: ': < gate'}}", "other.yaml")
    again = work.start("run", "other.yaml")
    until(lambda: len(work.lines("begun")) == 4, "it is told again")
    again.kill()
    again.wait()
    work.unlock_gate("mail")
    work.unlock_gate()
    assert work("run", "other.yaml").code == 0
    assert failures <= set(work.lines("told"))


def test_told_before_it_was_killed_is_not_told_again(work):
    work.gate().plan(TELL + "tasks: {bad: {run: 'exit 1'}, held: {run: ': < gate'}}")
    run = work.start("run", "-j", "2", "plan.yaml")
    seq = until(lambda: work.events("task_failed"), "it fails")[0]["seq"]
    until(lambda: int(work.read(".state/notified") or 0) >= seq, "that it was told is known")
    run.kill()
    run.wait()
    before = len(told(work))
    work.unlock_gate()
    assert work("run", "plan.yaml").code == 1
    assert before == 1 and "task_failed" not in [message["event"] for message in told(work)[before:]]


def test_what_is_known_of_messages_is_lost_and_harms_nothing(work):
    killed_while_it_tells(work)
    work.unlock_gate("mail")
    for content in ("", "not a number", "99999999"):
        (work.folder / ".state" / "notified").write_text(content)
        assert work("run", work.plan("tasks: {other: {run: 'true'}}", "other.yaml"), "--new-run").code == 0
        assert int(work.read(".state/notified")) == work.events()[-1]["seq"]
    assert work.lines("told") == []


def test_number_is_bounded(work):
    tasks = "\n".join("  t%d: {run: 'exit 1'}" % i for i in range(300))
    work.gate().gate("mail").plan("notify: {run: 'echo x >> told; : < mail', timeout: 5m}\ntasks:\n%s\n"
                                  "  last: {run: ': < gate', priority: 9}\n" % tasks)
    run = work.start("run", "-j", "4", "plan.yaml")
    until(lambda: len(work.events("task_failed")) == 300, "all fail")
    work.unlock_gate("mail")
    until(lambda: len(work.lines("told")) >= 100, "those that waited are told")
    work.unlock_gate()
    _, said = run.communicate(timeout=DEADLINE_S)
    assert run.returncode == 1
    assert 100 <= len(work.lines("told")) <= 110
    assert said.count("notify: more messages than can be sent") == 1


def test_it_is_told_where_it_is_configured_only(work):
    one = work.plan("workstream: one\nnotify: 'echo one >> told'\ntasks: {a: {run: 'true'}}", "one.yaml")
    two = work.plan("workstream: two\ntasks: {b: {run: 'exit 1'}}", "two.yaml")
    assert work("run", one, two).code == 1
    assert work.lines("told") == []


def test_shared_trouble_is_told_to_all(work):
    work.gate()
    one = work.plan("workstream: one\nnotify: 'echo \"$SK_EVENT $SK_EVENT_RESOURCE_ID\" >> told'\nresources: {disk: 1}\n"
                    "tasks: {a: {run: ': < gate', resources: [disk]}, b: {run: 'true', resources: [disk]}}", "one.yaml")
    run = work.start("run", "-j", "2", "--exhausted-after", "0", one)
    until(lambda: work.lines("told") == ["resource_exhausted disk"], "it is told")
    work.open_gate()
    assert run.wait() == 0


def test_plan_is_strict(work):
    for notify, problem in (("''", "empty command"), ("{}", "notify without run"), ("{run: x, timout: 3}", "timout"),
                            ("{run: x, timeout: 10m}", "timeout"), ("[]", "an empty list is no command")):
        done = work("run", work.plan("notify: %s\ntasks: {a: {run: 'true'}}" % notify))
        assert done.code == 2, notify
        assert problem in done.err
