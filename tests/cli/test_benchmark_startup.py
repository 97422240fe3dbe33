"""sk benchmark startup: figures that fit the program, and one line to look for when it does not start."""

import os
import signal
import stat
import statistics

import pytest

from conftest import binary, until


def bench(work, *words, **more):
    return work("benchmark", "startup", *words, **more)


def script(work, name, text):
    path = work.folder / name
    path.write_text("#!/bin/sh\n" + text + "\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_figures(work):
    document = bench(work, "--runs", "6", "--warmups", "3", "--json", "--",
                     script(work, "one", "echo x >> ran; echo shown; echo said >&2")).json
    assert document["kind"] == "benchmark_startup" and document["runs"] == 6 and document["warmups"] == 3
    samples = document["samples_ms"]
    assert len(samples) == 6 and min(samples) > 0
    assert document["min_ms"] == min(samples) and document["max_ms"] == max(samples)
    assert abs(document["median_ms"] - statistics.median(samples)) < 0.002
    assert len(work.lines("ran")) == 9


def test_words_of_the_command_are_its_own(work):
    done = bench(work, "--runs", "1", "--warmups", "0", "--", script(work, "one", 'printf "%s." "$@" > seen'), "--runs", "a b", "--", "")
    assert done.code == 0 and work.read("seen") == "--runs.a b.--.."


def test_text(work):
    done = bench(work, "--", binary(), "--help")
    assert done.code == 0 and done.err == ""
    figures = dict(line.split() for line in done.out.splitlines())
    assert set(figures) == {"median_ms", "min_ms", "max_ms"}
    assert 0 < float(figures["min_ms"]) <= float(figures["median_ms"]) <= float(figures["max_ms"])


@pytest.mark.parametrize("text, why", [
    ("exit 3", "exit code 3"), ("echo broken library >&2; exit 127", "exit code 127: broken library"),
    ("kill -11 $$", "ended by signal 11"), ("echo out; printf '\\033[2Jx' >&2; exit 1", "exit code 1: ^[[2Jx"),
])
def test_a_program_that_fails(work, text, why):
    command = script(work, "bad", text)
    done = bench(work, "--", command)
    lines = done.err.splitlines()
    assert done.code == 1 and done.out == ""
    assert lines[0] == "benchmark startup: warmup #1 failed"
    assert lines[1].startswith("sk: " + command) and why in lines[1] and len(lines) == 2


def test_a_later_one_that_fails(work):
    """The third: after two warm-ups, the first that is measured."""
    command = script(work, "third", "echo >> ran; test $(wc -l < ran) -lt 3")
    done = bench(work, "--", command)
    assert done.code == 1 and done.err.startswith("benchmark startup: run #1 failed\n")
    assert len(work.lines("ran")) == 3
    done = bench(work, "--warmups", "0", "--", command)
    assert done.code == 1 and done.err.startswith("benchmark startup: run #1 failed\n")


def test_one_that_is_not_there(work):
    for command in ("no-such-program", "./no-such-program", str(work.folder)):
        done = bench(work, "--", command)
        assert done.code == 1 and done.err.startswith("benchmark startup: warmup #1 failed\nsk: " + command), done.err
        assert "cannot be started" in done.err


def test_json_of_a_failure(work):
    done = bench(work, "--json", "--", "false")
    assert done.code == 1 and '"exit":1' in done.out.replace(" ", "") + done.err.replace(" ", "")
    assert "benchmark startup: warmup #1 failed" in done.err.splitlines()


def test_one_that_takes_too_long_ends_with_all_it_started(work):
    command = script(work, "slow", "setsid sleep 1000 & echo $! > child; sleep 1000")
    done = bench(work, "--timeout", "300ms", "--", command)
    assert done.code == 1 and done.err.startswith("benchmark startup: warmup #1 failed\n") and "took longer than 0.3s" in done.err
    work.nothing_left()


def test_much_output(work):
    command = script(work, "loud", "head -c 30000000 /dev/zero; head -c 3000000 /dev/zero >&2")
    assert bench(work, "--runs", "1", "--warmups", "0", "--", command).code == 0


def test_no_input(work):
    command = script(work, "reads", "test -z \"$(cat)\"")
    assert bench(work, "--runs", "1", "--", command).code == 0


def test_interrupted(work):
    command = script(work, "slow", "echo $$ > began; sleep 1000")
    process = work.start("benchmark", "startup", "--timeout", "10m", "--", command)
    until(lambda: work.lines("began"), "it begins")
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    work.nothing_left()


@pytest.mark.parametrize("words, said", [
    ((), "COMMAND"), (("--runs", "0", "--", "true"), "--runs"), (("--runs", "1001", "--", "true"), "--runs"),
    (("--warmups", "x", "--", "true"), "--warmups"), (("--timeout", "0", "--", "true"), "expected 1ms to 1h"),
    (("--timeout", "2h", "--", "true"), "expected 1ms to 1h"), (("--run", "3", "--", "true"), "--runs"),
])
def test_words(work, words, said):
    done = bench(work, *words)
    assert done.code == 2 and said in done.err and done.err.count("\n") == 1


def test_killed(work):
    """What it runs ends with it."""
    command = script(work, "slow", "echo $$ > began; exec sleep 1000")
    process = work.start("benchmark", "startup", "--timeout", "10m", "--", command)
    until(lambda: work.lines("began"), "it begins")
    os.kill(process.pid, signal.SIGKILL)
    process.wait(60)
    work.nothing_left()
