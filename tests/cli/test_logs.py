"""What a task printed: whole, by attempt, the last lines, following to the end; and output that attacks the reader."""

import os
import pty
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


def test_no_output_yet(night):
    done = night("logs", "unit")
    assert done.code == 3
    assert done.err == 'sk: task "unit" has no output yet: pending, waits for build. Try: sk why unit\n'


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
