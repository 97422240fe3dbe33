"""The version, and everything that can be wrong around a program's start: arguments and closed streams."""

import os
import re
import subprocess

import pytest

from conftest import binary


@pytest.mark.parametrize("words", [["--version"], ["version"], ["-V"]])
def test_text(sk, words):
    done = sk(*words)
    assert done.code == 0
    assert re.fullmatch(r"sk \d+\.\d+\.\d+\n", done.out)


def test_json(sk):
    document = sk("version", "--format", "json").json
    assert document["kind"] == "version"
    assert re.fullmatch(r"\d+\.\d+\.\d+", document["version"])
    assert sk("--version", "--json").json == document


def test_extra_word(sk):
    done = sk("version", "please")
    assert done.code == 2
    assert 'unexpected word "please"' in done.err


def test_full_device(sk):
    with open("/dev/full", "w") as full:
        done = sk("version", stdout=full)
    assert done.code == 8
    assert done.err == "sk: cannot write output: no space left on device\n"


def test_closed_pipe(sk):
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = sk("version", stdout=write_end)
    os.close(write_end)
    assert done.code == 8
    assert "cannot write output: broken pipe" in done.err


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(sk, closed):
    """A closed stream is the null device: output into it is lost, and nothing of ours is opened in its place."""
    done = subprocess.run(["sh", "-c", '"$0" version ' + closed, binary()], capture_output=True, text=True,
                          cwd=sk.folder, env=sk.env)
    assert done.returncode == (8 if ">&-" in closed.replace("2>&-", "") else 0)


def test_no_argv(sk):
    """execve with an empty argv: since Linux 5.18 the kernel makes it one empty word; both must be harmless."""
    code = ("import ctypes,sys\n"
            "libc=ctypes.CDLL(None,use_errno=True)\n"
            "libc.execve(sys.argv[1].encode(),(ctypes.c_char_p*1)(None),(ctypes.c_char_p*1)(None))\n")
    done = subprocess.run(["/usr/bin/python3", "-c", code, binary()], capture_output=True, text=True)
    assert done.returncode in (0, 2)
    assert "sk" in done.stdout + done.stderr


def test_long_argument(sk):
    done = sk("status", "x" * 70000)
    assert done.code == 2
    assert done.err == "sk: argument 2 longer than 64 KiB: nothing was done. Try: sk help\n"


def test_many_arguments(sk):
    done = sk("status", *["a"] * 10001)
    assert done.code == 2
    assert "are more than 10000" in done.err
