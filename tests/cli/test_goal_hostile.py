"""goal.json as nobody should write it: one sentence with the place and the way out, and the bytes are left alone."""

import os
import resource
import subprocess

import pytest

from conftest import DEADLINE_S, binary

TAIL = '{"status":"active","iteration":1,"a":%s}'

ROWS = {
    "empty": ("", "empty file, expected a JSON object"),
    "blank": (" \n\t", "empty file"),
    "array": ("[]", "expected an object, found an array (line 1, column 1)"),
    "string": ('"x"', "found a string"),
    "number": ("7", "found a number"),
    "trailing comma": ('{"status":"active","iteration":1,}', 'unexpected "," before "}" (line 1, column 34)'),
    "single quotes": ("{'status':'active'}", "line 1, column 2"),
    "comment": ('{"status":"active", // c\n"iteration":1}', "line 1, column 2"),
    "NaN": (TAIL % "NaN", "expected a value (line 1, column"),
    "Infinity": (TAIL % "-Infinity", "line 1, column"),
    "leading zero": (TAIL % "01", "malformed number"),
    "plus": (TAIL % "+1", "expected a value"),
    "point first": (TAIL % ".5", "expected a value"),
    "hex": (TAIL % "0x1", "malformed number"),
    "second document": ('{"status":"active","iteration":1}\n{}', "text after the end of the document (line 2"),
    "twice": ('{"status":"active",\n"iteration":1,\n"status":"paused"}', 'key "status" appears twice (lines 1 and 3)'),
    "depth 65": (TAIL % ("[" * 65 + "]" * 65), "nesting deeper than 64"),
    "million brackets": ("[" * 1000000, "nesting deeper than 64 (line 1, column 65)"),
    "long number": (TAIL % ("1" * 1000000), "number longer than 64 characters"),
    "million keys": ("{" + ",".join('"k%d":1' % i for i in range(1000000)) + "}", "more than 10000 keys in one object"),
    "lone surrogate": (TAIL % '"\\ud800"', "unpaired surrogate"),
    "NUL": (TAIL % '"\\u0000"', "control character U+0000 not allowed"),
    "control": (TAIL % '"a\x01b"', "control character"),
    "status case": ('{"status":"ACTIVE","iteration":1}', 'status: "ACTIVE" unknown; one of active, paused, awaiting-gate'),
    "status empty": ('{"status":"","iteration":1}', 'status: "" unknown'),
    "status null": ('{"status":null,"iteration":1}', "status: expected a string, found null"),
    "negative": ('{"status":"active","iteration":-1}', "iteration: expected an integer"),
    "fraction": ('{"status":"active","iteration":1.5}', "iteration: expected an integer"),
    "huge exponent": ('{"status":"active","iteration":1e400}', "iteration: expected an integer"),
    "quoted": ('{"status":"active","iteration":"3"}', "iteration: expected an integer"),
    "time": (TAIL % '1,"gates":[{"id":"g","approved_at":"2024-02-30T00:00:00Z"}]', "gates[0].approved_at: not an ISO-8601"),
    "no zone": (TAIL % '1,"gates":[{"id":"g","approved_at":"2024-02-03T00:00:00"}]', "not an ISO-8601 time with zone"),
    "timeout 0": (TAIL % '1,"success_criteria":[{"id":"c","timeout_seconds":0}]', "expected an integer from 1 to 604800"),
    "timeout huge": (TAIL % '1,"success_criteria":[{"id":"c","timeout_seconds":1000000000000}]', "from 1 to 604800"),
    "conflict": ('{\n"status":"active",\n<<<<<<< ours\n}', 'git conflict marker "<<<<<<<" (line 3'),
    "byte-order mark": ("\ufeff" + TAIL % "1", "byte-order mark"),
    "not UTF-8": (b'{"status":"active","iteration":1,"title":"\xff"}', "UTF-8"),
    "100 MiB": (TAIL % ('"' + "x" * (100 << 20) + '"'), "larger than 16 MiB"),
}


def bounded():
    """Not under the sanitizers, which reserve terabytes."""
    if "ASAN_OPTIONS" not in os.environ:
        resource.setrlimit(resource.RLIMIT_AS, (256 << 20, 256 << 20))


@pytest.mark.parametrize("name", ROWS)
def test_goal_json(goals, name):
    text, words = ROWS[name]
    raw = text if isinstance(text, bytes) else text.encode()
    goals.begin("x")
    journal = (goals.home / "transitions.jsonl").read_bytes()
    (goals.home / "goal.json").write_bytes(raw)
    for command in ("status",), ("init", "--title", "y"), ("init", "--title", "y", "--force"):
        done = subprocess.run([binary(), "tentacle", "goal", *command], cwd=goals.folder, env=goals.env, text=True,
                              capture_output=True, preexec_fn=None if len(raw) > 1 << 20 else bounded, timeout=DEADLINE_S)
        assert done.returncode == 2, (command, done)
        assert words in done.stderr and done.stderr.count("\n") == 1, done.stderr
        assert "goal.json" in done.stderr and done.stderr.count("Try: ") == 1 and "goal repair" in done.stderr
    assert (goals.home / "goal.json").read_bytes() == raw
    assert (goals.home / "transitions.jsonl").read_bytes() == journal


def test_from_an_older_version(goals):
    goals.begin("x")
    old = goals.goal()
    goals.edit(title="newer")
    goals("tentacle", "goal", "init", "--force", "--title", "z")
    [file] = (goals.home / "goals").iterdir()
    file.write_text('{"status":"active","iteration":4,"title":"mine","updated_at":"%s"}' % old["updated_at"])
    done = goals.g("status", "--goal", old["goal_id"])
    assert done.code == 6 and "edited meanwhile" in done.err and "nothing was overwritten" in done.err
    assert '"mine"' in file.read_text()


@pytest.mark.parametrize("kind", ["mode", "link", "folder", "fifo"])
def test_no_plain_file(goals, kind):
    goals.begin("x")
    path = goals.home / "goal.json"
    if kind == "mode":
        if os.geteuid() == 0:
            pytest.skip("root reads every file")
        path.chmod(0)
    else:
        path.unlink()
        if kind == "link":
            path.symlink_to("/etc/hostname")
        elif kind == "folder":
            path.mkdir()
        else:
            os.mkfifo(path)
    done = goals.g("status")
    assert done.code in (2, 4, 8) and "goal.json" in done.err and "repair" in done.err


def test_lock_files_of_all_kinds(goals):
    goals.begin("x")
    lock = goals.home / "goal.json.lock"
    for text in ("", "garbage", "0", "1", "-1", str(os.getpid()), str(2**31), "9" * 40, '{"pid":1,"boot_id":"other"}'):
        lock.write_text(text)
        assert goals.g("init", "--force", "--title", "again").code == 0, text
    target = goals.folder / "mine.txt"
    target.write_text("mine")
    lock.unlink()
    lock.symlink_to(target)
    done = goals.g("init", "--force", "--title", "never")
    assert done.code == 4 and "symbolic link" in done.err and target.read_text() == "mine"


def test_a_torn_last_record_is_said_once(goals):
    goals.g("init", "--title", "t")
    journal = goals.home / "transitions.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole + whole.splitlines()[-1][:40])
    told = goals.t("create", "a")
    assert told.code == 0 and told.err.count("torn (line") == 1 and "40 bytes" in told.err
    assert [entry.name for entry in goals.home.glob("torn-*.jsonl")]
    assert "torn" not in goals.t("todo", "a", "add", "x").err
