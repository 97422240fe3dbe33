"""The live view in a terminal. A small terminal is kept here (cursor, erasing, wrapping), so what a person would see at the
end is looked at, not the bytes."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

from conftest import DEADLINE_S, binary, until

PLAN = """
workstream: view
max_parallel: 3
tasks:
  quick: {run: "echo hello"}
  long-winded-name-of-a-task-that-goes-on-and-on: {run: "printf 'x%.0s' $(seq 300); echo; : < gate"}
  nasty: {run: "printf '\\\\033]0;owned\\\\007\\\\033[2J\\\\r\\\\033[31mred \\\\xe2\\\\x80\\\\xae rtl \\\\xff\\\\n'; : < gate"}
  wide: {run: "printf '日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語\\\\n'; : < gate"}
  behind: {run: "true", needs: [nasty]}
"""

SEQUENCE = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])")


class Screen:
    """Understands what the view may use: newline, carriage return, cursor up, erase line and below, colours. Anything
    else that acts on a terminal is an error."""

    def __init__(self, columns):
        self.columns, self.lines, self.row, self.column, self.wrapped = columns, [""], 0, 0, 0

    def feed(self, text):
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                match = SEQUENCE.match(text, at)
                assert match, "an escape sequence that is none of ours: %r" % text[at:at + 20]
                self._act(match.group(2), match.group(1))
                at = match.end()
                continue
            self._put(text[at])
            at += 1

    def _act(self, letter, number):
        if letter == "A":
            self.row -= int(number or 1)
            assert self.row >= 0, "the cursor goes above what we wrote"
        elif letter == "J":
            assert number in ("", "0")
            self.lines[self.row] = self.lines[self.row][:self.column]
            del self.lines[self.row + 1:]
        elif letter == "K":
            self.lines[self.row] = self.lines[self.row][:self.column]
        else:
            assert letter == "m", "the view uses %r" % letter

    def _put(self, letter):
        if letter == "\n":
            self.row += 1
            self.column = 0
            if self.row == len(self.lines):
                self.lines.append("")
        elif letter == "\r":
            self.column = 0
        else:
            assert letter >= " " and letter != "\x7f" and not "\x80" <= letter < "\xa0", "control character %r" % letter
            width = 2 if ord(letter) > 0x2e80 else 1
            if self.column + width > self.columns:
                self.wrapped += 1
                self._put("\n")
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[:self.column] + letter + line[self.column + 1:]
            self.column += width


class Terminal:
    def __init__(self, work, *words, rows=24, columns=80, env=None):
        self.master, slave = pty.openpty()
        self.resize(rows, columns)
        self.process = subprocess.Popen([binary(), *words], cwd=work.folder, env={**work.env, **(env or {})}, stdin=slave,
                                        stdout=slave, stderr=slave, start_new_session=True)
        work.started.append(self.process)
        os.close(slave)
        self.bytes = b""

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, enough=lambda text: False):
        """Reads until the text is enough or the program is gone."""
        end = time.monotonic() + DEADLINE_S
        while not enough(self.text):
            assert time.monotonic() < end, self.text[-2000:]
            if not select.select([self.master], [], [], 0.1)[0]:
                continue
            try:
                more = os.read(self.master, 65536)
            except OSError:
                break
            if not more:
                break
            self.bytes += more
        return self.text

    @property
    def text(self):
        return self.bytes.decode(errors="replace")

    def close(self):
        if self.master >= 0:
            os.close(self.master)
            self.master = -1


@pytest.fixture
def terminal(work):
    made = []

    def make(*words, **more):
        made.append(Terminal(work, *words, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


def screen_of(text, columns=80):
    screen = Screen(columns)
    screen.feed(text)
    return screen


@pytest.mark.parametrize("columns", [80, 40, 25, 132])
def test_view_is_calm_and_leaves_nothing(work, terminal, columns):
    work.gate()
    seen = terminal("run", work.plan(PLAN), columns=columns)
    seen.read(lambda text: len(work.events("task_started")) >= 4 and "wide" in text and text.count("\x1b[J") > 3)
    work.open_gate()
    text = seen.read()
    seen.process.wait()
    assert seen.process.returncode == 0
    screen = screen_of(text, columns)
    assert not screen.wrapped or columns < 80, "a line is wider than the terminal"
    kept = "\n".join(screen.lines)
    assert "running" not in kept and "[####" not in kept, "the area is still there after the end:\n" + kept
    assert "5 of 5 tasks completed" in kept.replace("\n", "")
    assert "owned" in text or columns < 80, "the last line of output is shown"
    assert "\x1b]" not in text and "\x1b[2J" not in text and "\u202e" not in text


def test_output_of_tasks_does_not_draw(work, terminal):
    """It is time that draws, a few times a second, not the twenty thousand lines a task prints."""
    work.gate()
    seen = terminal("run", work.plan("tasks: {chatty: {run: 'i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i+1)); done; "
                                     ": < gate'}}"))
    until(lambda: "19999" in work.read(".state/logs/chatty.log"), "the task has printed everything")
    work.open_gate()
    seen.read()
    seen.process.wait()
    assert seen.text.count("\x1b[J") < 100


def test_interrupt_is_noticed_in_the_area(work, terminal):
    work.gate()
    seen = terminal("run", work.plan("tasks: {a: {run: ': < gate'}}"))
    seen.read(lambda text: "1 running" in text)
    seen.process.send_signal(signal.SIGINT)
    seen.read(lambda text: "draining" in text)
    work.open_gate()
    seen.read()
    assert seen.process.wait() in (0, 130)
    assert "1 running" not in "\n".join(screen_of(seen.text).lines)


def test_control_c_reaches_only_the_run(work, terminal):
    """The key, not the signal: the terminal sends it to the whole foreground group, but tasks are not in it."""
    work.gate()
    master, slave = pty.openpty()
    try:
        process = subprocess.Popen([binary(), "run", work.plan("tasks: {a: {run: 'echo $SK_ATTEMPT >> ran; : < gate; echo done >> ran'}}")],
                                   cwd=work.folder, env=work.env, stdin=slave, stdout=slave, stderr=slave,
                                   preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)))
        work.started.append(process)
        os.close(slave)
        until(lambda: work.lines("ran"), "the task begins")
        os.write(master, b"\x03")
        said = b""
        while b"draining" not in said:
            said += os.read(master, 4096)
        work.open_gate()
        try:
            while os.read(master, 4096):
                pass
        except OSError:
            pass
        until(lambda: process.poll() is not None, "the run ends")
        assert work.lines("ran") == ["1", "done"]
    finally:
        os.close(master)


def test_terminal_that_goes_away_stops_nothing(work, terminal):
    work.gate()
    seen = terminal("run", work.plan("tasks: {a: {run: ': < gate'}, b: {run: 'touch b.ran', needs: [a]}}"))
    seen.read(lambda text: "1 running" in text)
    seen.close()
    work.open_gate()
    until(lambda: work.state_of("b") == "completed", "the rest of the plan runs")
    until(lambda: seen.process.poll() is not None, "the run ends")
    work.nothing_left()


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"TERM": ""}, {"NO_COLOR": "1"}, {}])
def test_simple_terminals(work, terminal, env):
    words = [] if env else ["--no-color"]
    seen = terminal("run", *words, work.plan("tasks: {a: {run: 'true'}, b: {run: 'exit 1'}}"), env=env)
    seen.read()
    seen.process.wait()
    assert "\x1b[3" not in seen.text, "no colours"
    if "TERM" in env:
        assert "\x1b" not in seen.text, "nothing that a simple terminal would show as garbage"
    assert "1 failed" in seen.text


def test_resized(work, terminal):
    work.gate()
    seen = terminal("run", work.plan(PLAN))
    seen.read(lambda text: "3 running" in text)
    seen.resize(10, 30)
    os.kill(seen.process.pid, signal.SIGWINCH)
    mark = len(seen.bytes)
    seen.read(lambda text: len(seen.bytes) > mark + 400)
    work.open_gate()
    seen.read()
    assert seen.process.wait() == 0
    assert "running" not in "\n".join(screen_of(seen.text).lines)
