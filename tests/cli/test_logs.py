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
    work.plan("tasks: {a: {run: 'printf begun; sleep 1000', timeout: 1s}}")
    assert work("run", "plan.yaml").code == 1
    lines = work("logs", "a").out.splitlines()
    assert lines[1] == "begun"
    assert re.fullmatch(MARK + "timed out after 1s: ended", lines[2])
    assert work.events("task_failed")[0]["error"] == "timed out after 1 s: begun"
    assert work("status", "a").out.startswith("a  failed  timed out after 1 s\n")


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
