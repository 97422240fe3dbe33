"""What a task printed: whole, by attempt, the last lines, following to the end; and output that attacks the reader."""

import os
import pty
import re
import subprocess

import pytest

from conftest import NIGHTLY, binary, until

LOG = """=== 2026-11-21T08:43:00.123Z task build attempt 1: make
one
two

=== 2026-11-21T08:43:09.123Z task build attempt 2: make
three
four
"""


@pytest.fixture
def night(sk, maker):
    maker.steps(NIGHTLY)
    maker.hold()
    logs = sk.folder / ".state" / "logs"
    logs.mkdir(mode=0o700)
    (logs / "build.log").write_text(LOG)
    return sk


def log_of(sk, task="build"):
    return sk.folder / ".state" / "logs" / (task + ".log")


def test_whole(night):
    assert night("logs", "build").out == LOG


def test_one_attempt(night):
    assert night("logs", "--attempt", 1, "build").out == "".join(LOG.splitlines(True)[:4])
    assert night("logs", "--attempt", 2, "build").out == "".join(LOG.splitlines(True)[4:])
    done = night("logs", "--attempt", 3, "build")
    assert done.code == 3
    assert done.err == 'sk: task "build" has no output of attempt 3. Try: sk why build\n'


def test_newest_of_the_same_number(night):
    with log_of(night).open("a") as log:
        log.write("\n=== 2026-11-22T08:43:09.123Z task build attempt 1: make\nagain\n")
    assert night("logs", "--attempt", 1, "build").out.endswith("attempt 1: make\nagain\n")
    assert "one" not in night("logs", "--attempt", 1, "build").out


@pytest.mark.parametrize("count", [1, 2, 3, 8, 100])
def test_last_lines(night, count):
    assert night("logs", "-n", count, "build").out == "".join(LOG.splitlines(True)[-count:])


def test_last_lines_of_a_long_log(night):
    log_of(night).write_text("".join("line %d\n" % i for i in range(50000)))
    assert night("logs", "-n", 2, "build").out == "line 49998\nline 49999\n"
    assert len(night("logs", "--lines", 20000, "build").out.splitlines()) == 20000


def test_json(night):
    lines = night("logs", "build", "--json").lines
    assert [line["text"] for line in lines] == ["one", "two", "", "three", "four"]
    assert [line["attempt"] for line in lines] == [1, 1, 1, 2, 2]


def test_output_is_made_visible(night):
    log_of(night).write_bytes(b"\x1b]0;owned\x07 \x9b31m \xe2\x80\xae \xff\r\nno newline at the end")
    done = night("logs", "build")
    assert done.out == "^[]0;owned^G \\x9b31m U+202E \\xff\nno newline at the end\n"


def test_raw_gives_the_bytes(night):
    log_of(night).write_bytes(b"\x1b[31mred\x1b[0m")
    assert night("logs", "--raw", "build").out == "\x1b[31mred\x1b[0m"


def test_raw_is_refused_on_a_terminal(night):
    main, other = pty.openpty()
    done = subprocess.run([binary(), "logs", "--raw", "build"], cwd=night.folder, env=night.env, stdout=other,
                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    os.close(other)
    os.close(main)
    assert done.returncode == 4
    assert "--raw would let the task's output control this terminal" in done.stderr


def test_planted_link_is_refused(night):
    log_of(night).unlink()
    os.symlink("/etc/passwd", log_of(night))
    done = night("logs", "build")
    assert done.code == 4
    assert "is a symbolic link; refused" in done.err
    assert done.out == ""


def test_fifo_is_refused(night):
    log_of(night).unlink()
    os.mkfifo(log_of(night))
    done = night("logs", "build")
    assert done.code == 4
    assert "is no regular file" in done.err


def test_follow_until_the_task_ends(night, maker):
    process = night.start("logs", "-f", "build")
    for _ in LOG.splitlines():
        process.stdout.readline()
    with log_of(night).open("a") as log:
        log.write("five\n")
    assert process.stdout.readline() == "five\n"
    assert process.poll() is None
    with log_of(night).open("a") as log:
        log.write("last")
    maker.steps("finish build 0 3000")
    assert process.stdout.read() == "last\n"
    until(lambda: process.poll() is not None, "logs -f ends with its task")
    assert process.returncode == 0


def test_follow_waits_for_the_file(night, maker):
    log_of(night).unlink()
    process = night.start("logs", "-f", "build")
    log_of(night).write_text("hello\n")
    assert process.stdout.readline() == "hello\n"
    maker.steps("finish build 0 3000")
    until(lambda: process.poll() is not None, "logs -f ends with its task")


def test_follow_of_a_finished_task_ends_at_once(night):
    (log_of(night, "arm")).write_text("done\n")
    done = night("logs", "-f", "arm")
    assert done.code == 0
    assert done.out == "done\n"


# --- what the worker writes -----------------------------------------------------------------------------------------

MARK = r"=== \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z "


def marks(sk, task):
    """The lines of a log that sk wrote itself, without their times."""
    lines = sk("logs", task).out.splitlines()
    return [re.sub(MARK, "", line) for line in lines if re.match(MARK, line)]


def test_a_new_run_is_told_apart(work):
    work.plan("tasks: {a: {run: echo hello}}")
    assert work("run", "plan.yaml").code == 0
    assert work("run", "--new-run", "plan.yaml").code == 0
    assert marks(work, "a") == ["task a run 2 attempt 1: echo hello"]
    assert [line["run_no"] for line in work("logs", "a", "--json").lines if line["text"] == "hello"] == [2]
    kept = (work.folder / ".state/archive/plan/logs/a.log").read_text()
    assert "task a attempt 1: echo hello" in kept and "run 2" not in kept, "the first run's log went to the archive"


def test_time_limit_ends_the_log(work):
    work.plan("tasks: {a: {run: 'printf begun; sleep 1000', timeout: 2s}}")
    assert work("run", "plan.yaml").code == 1
    lines = work("logs", "a").out.splitlines()
    assert lines[1] == "begun"
    assert re.fullmatch(MARK + "timed out after 2s: ended", lines[2])
    assert work.events("task_failed")[0]["error"] == "timed out after 2 s: begun"
    assert work("status", "a").out.startswith("a  failed  timed out after 2 s\n")


def test_what_cannot_start_says_so_in_the_log(work):
    work.plan("tasks: {a: {run: [no-such-program-here]}}")
    assert work("run", "plan.yaml").code == 1
    assert marks(work, "a") == ['task a attempt 1: ["no-such-program-here"]',
                                "could not start: cannot execute no-such-program-here: no such program in PATH"]


def test_cancelled_ends_the_log(work):
    work.plan("tasks: {bad: {run: 'until [ -e ran ]; do :; done; exit 1', critical: true}, "
              "slow: {run: ': > ran; sleep 1000'}}")
    assert work("run", "-j2", "plan.yaml").code == 1
    assert marks(work, "slow")[-1] == "cancelled"


def test_killed_by_somebody_ends_the_log(work):
    work.plan("tasks: {a: {run: 'kill -9 $$'}}")
    assert work("run", "plan.yaml").code == 1
    assert marks(work, "a")[-1] == "killed by signal 9"


def test_an_ordinary_end_writes_nothing(work):
    work.plan("tasks: {a: {run: 'echo x; exit 3'}, b: {run: echo y}}")
    assert work("run", "plan.yaml").code == 1
    assert len(marks(work, "a")) == len(marks(work, "b")) == 1


@pytest.mark.parametrize("command, wrong", [
    ("echo no >> $SK_OUTPUT", "SK_OUTPUT: line 1 is not key=value: no output was taken"),
    ("head -c 2000000 /dev/zero > $SK_OUTPUT", "SK_OUTPUT: larger than "),
])
def test_bad_output_is_named(work, command, wrong):
    work.plan("tasks: {a: {run: '%s'}}" % command)
    done = work("run", "plan.yaml")
    assert done.code == 1
    assert marks(work, "a")[-1].startswith(wrong)
    for text in (work("status").out, work("why", "a").out, work("events").out, done.out):
        assert wrong in text
        assert "exit code 65" not in text


def test_not_started_yet(night):
    """One sentence: that it has not started, and what it waits for."""
    done = night("logs", "unit")
    assert done.code == 3 and done.out == ""
    assert done.err == 'sk: task "unit" has not started yet: waits for build. Try: sk why unit\n'


def test_never_started(sk, maker):
    maker.make(NIGHTLY + "cancel gpu alice no gpu\n")
    assert sk("logs", "gpu").err == 'sk: task "gpu" never started: cancelled, no gpu. Try: sk why gpu\n'


def test_follow_waits_for_the_start(work):
    work.gate()
    work.plan("tasks: {a: {run: ': < gate'}, b: {run: echo hello, needs: [a]}}")
    run = work.start("run", "plan.yaml")
    until(lambda: work.state_of("a") == "running", "the first task runs")
    process = work.start("logs", "-f", "b")
    assert process.stderr.readline() == "sk: task \"b\" has not started yet: waits for a. Following; Ctrl-C ends this\n"
    work.open_gate()
    assert process.stdout.readline().endswith(" task b attempt 1: echo hello\n")
    assert process.stdout.readline() == "hello\n"
    until(lambda: process.poll() is not None, "logs -f ends with its task")
    assert process.returncode == 0
    until(lambda: run.poll() is not None, "the run ends")


# --- a quiet success leaves no log ------------------------------------------------------------------------------------

def logs_of(work):
    return sorted(path.name for path in work.folder.glob(".state/logs/*") if not path.name.startswith("worker_"))


def test_quiet_success_has_no_log(work):
    work.plan("tasks: {quiet: {run: 'true'}, loud: {run: echo x}, bad: {run: 'exit 3'}}")
    assert work("run", "-j1", "plan.yaml").code == 1
    assert logs_of(work) == ["bad.log", "loud.log"]
    for words in (["logs", "quiet"], ["logs", "-f", "quiet"], ["logs", "--attempt", 1, "quiet"], ["logs", "--json", "quiet"],
                  ["logs", "--raw", "quiet"]):
        done = work(*words)
        assert (done.code, done.out, done.err) == (0, "", 'sk: task "quiet" has printed nothing\n')
    assert work("logs", "--attempt", 2, "quiet").code == 3, "there was no second attempt"
    assert marks(work, "bad") == ["task bad attempt 1: exit 3"]


def test_quiet_success_on_the_pages(work):
    work.plan("tasks: {quiet: {run: 'true'}}")
    assert work("run", "plan.yaml").code == 0
    assert re.search(r"^  log +none: it printed nothing$", work("task", "show", "quiet").out, re.M)
    assert work("task", "show", "quiet", "--json").json["log"] is None
    assert "It has printed nothing" in work("task", "show", "--include-logs", "quiet").out
    assert "It has printed nothing" in work("task", "debug", "quiet").out
    assert work("why", "quiet", "--json").json["log"] is None
    assert "sk logs" not in work("why", "quiet").out


def test_every_attempt_that_went_wrong_has_its_header(work):
    work.plan("tasks: {a: {run: '[ $SK_ATTEMPT = 3 ]', retries: 2, backoff: 1ms}}")
    assert work("run", "plan.yaml").code == 0
    assert marks(work, "a") == ["task a attempt %d: [ $SK_ATTEMPT = 3 ]" % i for i in (1, 2, 3)]


def test_one_after_another_in_the_same_slot(work):
    """Files are used again: none may hold a word of another task."""
    work.plan("tasks:\n" + "".join("  t%d: {run: '%s'}\n" % (i, "true" if i % 3 else "echo I am $SK_TASK_ID")
                                   for i in range(40)))
    assert work("run", "-j2", "plan.yaml").code == 0
    assert logs_of(work) == sorted("t%d.log" % i for i in range(0, 40, 3))
    for i in range(0, 40, 3):
        lines = work("logs", "t%d" % i).out.splitlines()
        assert lines[1:] == ["I am t%d" % i]
        assert marks(work, "t%d" % i) == ["task t%d attempt 1: echo I am $SK_TASK_ID" % i]


def test_a_log_is_seen_while_its_task_runs(work):
    work.gate()
    work.plan("tasks: {a: {run: 'echo begun; : < gate; echo over'}}")
    run = work.start("run", "plan.yaml")
    until(lambda: logs_of(work) == ["a.log"], "the log of a task that lasts has its name")
    process = work.start("logs", "-f", "a")
    assert process.stdout.readline().endswith(" task a attempt 1: echo begun; : < gate; echo over\n")
    assert process.stdout.readline() == "begun\n"
    assert process.poll() is None
    work.open_gate()
    assert process.stdout.readline() == "over\n"
    until(lambda: process.poll() is not None and run.poll() is not None, "the run and the reader end")


def test_quiet_and_long_has_its_header(work):
    work.gate()
    work.plan("tasks: {a: {run: ': < gate'}}")
    run = work.start("run", "plan.yaml")
    until(lambda: logs_of(work) == ["a.log"], "the log of a task that lasts has its name")
    work.open_gate()
    until(lambda: run.poll() is not None, "the run ends")
    assert marks(work, "a") == ["task a attempt 1: : < gate"]


def test_quiet_rules_leave_none_and_a_loud_one_shows_all(work):
    work.plan("""
tasks:
  quiet: {run: 'true', before: [{name: r, run: 'true'}], after: [{name: s, run: 'true'}]}
  loud: {run: echo x, before: [{name: r, run: 'true'}]}
  checked: {run: 'true', after: [{name: s, run: 'echo checked'}]}
  broken: {run: 'true', before: [{name: r, run: 'false'}]}
""")
    assert work("run", "plan.yaml").code == 1
    assert logs_of(work) == ["broken.log", "checked.log", "loud.log"]
    assert marks(work, "loud") == ["task loud attempt 1 before rule r: true", "task loud attempt 1: echo x"]
    assert marks(work, "checked") == ["task checked attempt 1 after rule s: echo checked"]
    assert marks(work, "broken") == ["task broken attempt 1 before rule r: false"]


@pytest.mark.parametrize("command", ["echo x > /dev/stdout", "truncate -s 0 /dev/stdout; echo x", "echo x >&2",
                                     "printf %055d 1 > /dev/stdout", "printf %s x >> /dev/fd/1"])
def test_what_a_task_does_to_its_output_is_kept(work, command):
    work.plan("tasks: {a: {run: '%s'}}" % command)
    assert work("run", "plan.yaml").code == 0
    assert "x" in work.read(".state/logs/a.log") or "00001" in work.read(".state/logs/a.log")


def test_name_taken_while_it_runs(work):
    """Somebody's file of that name is neither lost nor followed; what the task printed comes behind it."""
    work.plan("tasks: {a: {run: 'echo mine > .state/logs/a.log; echo x'}, b: {run: 'ln -s ../../target .state/logs/b.log; echo y'}}")
    (work.folder / "target").write_text("")
    assert work("run", "plan.yaml").code == 0
    lines = work("logs", "a").out.splitlines()
    assert [lines[0], lines[1], lines[3]] == ["mine", "", "x"]
    assert marks(work, "a") == ["task a attempt 1: echo mine > .state/logs/a.log; echo x"]
    assert work.read("target") == ""
