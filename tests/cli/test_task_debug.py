"""A failure is had again by hand: what would be run, in a terminal or as a script, and never as an attempt."""

import json
import os
import pty
import subprocess

import pytest

from conftest import DEADLINE_S, NIGHTLY, binary
from pages import check_nothing_yet, check_page, check_refusals
from states import killed_everywhere

PLAN = """
workstream: w
env: {COLOR: "it's red"}
resources: {disk: 1}
rules: {there: 'test -d .'}
tasks:
  first: {run: 'echo size=42 > "$SK_OUTPUT"'}
  bad:
    run: 'echo "$COLOR $OWN $SK_OUT_FIRST_SIZE $SK_TASK_ID"; echo x >> "$SK_OUTPUT"; exit 7'
    needs: [first]
    resources: [disk]
    before: [there]
    env: {OWN: mine}
"""


@pytest.fixture
def failed(work):
    work.plan(PLAN)
    assert work("run", "plan.yaml").code == 1
    return work


def frozen(work):
    return (work.folder / ".state" / "transitions.jsonl").read_bytes()


def diary(work):
    path = work.folder / ".state" / "interventions.log"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def in_terminal(work, *words):
    """Runs sk in a terminal of its own; gives its exit code and all that stood there."""
    master, slave = pty.openpty()
    process = subprocess.Popen([binary(), *words], cwd=work.folder, env=work.env, stdin=slave, stdout=slave, stderr=slave,
                               start_new_session=True)
    os.close(slave)
    seen = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    os.close(master)
    return process.wait(timeout=DEADLINE_S), seen.decode()


def test_page(failed):
    done = failed("task", "debug", "bad")
    assert done.code == 0 and done.err == ""
    out = done.out
    shown = out[:out.index("Variables on top")].replace(str(failed.folder), "")
    assert all(len(line) <= 80 for line in shown.splitlines()), "what was printed and set stands as it is"
    assert out.startswith("bad  failed  exit code 7")
    assert str(failed.folder) in out
    assert "\n  resources   disk: 0 held of 1\n" in out
    assert "\n  before      there: test -d .\n" in out
    for line in ("COLOR=it's red", "OWN=mine", "SK_OUT_FIRST_SIZE=42", "SK_TASK_ID=bad", "SK_ATTEMPT=1"):
        assert "\n  %s\n" % line in out
    assert "\n  it's red mine 42 bad\n" in out, "the last lines of its log"
    assert out.endswith("\nNext: sk task debug --task-id bad --interactive\n"
                        "      sk task debug --task-id bad --script bad.sh\n")


def test_json(failed):
    document = failed("debug_task", "--task-id", "bad", "--format", "json").json
    assert document["kind"] == "task_debug"
    assert document["environment"]["COLOR"] == "it's red"
    assert document["environment"]["SK_OUT_FIRST_SIZE"] == "42"
    assert document["before"] == [{"rule": "there", "command": "test -d ."}]
    assert document["resources"] == [{"resource_id": "disk", "held": 0, "max_holders": 1}]
    assert "it's red mine 42 bad" in document["log_lines"]


def test_interactive_runs_it_outside_of_the_state(failed):
    before = frozen(failed)
    code, seen = in_terminal(failed, "debug_task", "--task-id", "bad", "--interactive", "--operator", "anna")
    assert code == 7, "the exit code is that of the command"
    assert "it's red mine 42 bad" in seen
    assert frozen(failed) == before
    line, = diary(failed)
    assert line["script"] == "task debug" and line["operator"] == "anna"
    assert line["entity_id"] == "bad"


def test_interactive_needs_a_terminal(failed):
    before = frozen(failed)
    done = failed("task", "debug", "bad", "--interactive")
    assert done.code == 4
    assert "needs a terminal: nothing was run" in done.err
    assert frozen(failed) == before
    assert diary(failed) == []


def test_interactive_beside_a_running_one(sk, maker):
    maker.steps(NIGHTLY)
    maker.hold()
    code, seen = in_terminal(sk, "task", "debug", "sync", "--interactive")
    assert code == 4
    assert "is running just now" in seen


def test_interactive_command_that_is_not_there(work):
    work.plan("tasks: {gone: {run: [no-such-program-here]}}")
    assert work("run", "plan.yaml").code == 1
    code, seen = in_terminal(work, "task", "debug", "gone", "-i")
    assert code == 4
    assert "no such program" in seen


def test_script_does_the_same(failed, tmp_path):
    assert check_page(failed("task", "debug", "bad", "--script", "again.sh")) == "written: again.sh\n"
    script = failed.folder / "again.sh"
    assert script.stat().st_mode & 0o777 == 0o700
    before = frozen(failed)
    done = subprocess.run([script], cwd="/", env=failed.env, capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.returncode == 7, done.stderr
    assert done.stdout == "it's red mine 42 bad\n"
    assert frozen(failed) == before
    again = failed("task", "debug", "bad", "--script", "again.sh")
    assert again.code == 4
    assert "exists already: nothing was written" in again.err


def test_script_is_whole_or_not_there(failed):
    """Killed anywhere while it writes; then the same again works, unless it is there already."""
    assert failed("task", "debug", "bad", "--script", "whole.sh").code == 0
    whole = (failed.folder / "whole.sh").read_bytes()
    script, seen = failed.folder / "again.sh", set()

    def judge(killed):
        there = script.exists()
        seen.add((killed, there))
        assert not there or script.read_bytes() == whole
        assert failed("task", "debug", "bad", "--script", "again.sh").code == (4 if there else 0)
        assert script.read_bytes() == whole and not list(failed.folder.glob("*tmp"))

    places = killed_everywhere(failed, ["task", "debug", "bad", "--script", "again.sh"], judge)
    assert places >= 3 and {(True, False), (False, True)} <= seen


def test_script_follows_no_link(failed):
    victim = failed.folder / "victim"
    victim.write_text("mine")
    (failed.folder / "link.sh").symlink_to(victim)
    assert failed("task", "debug", "bad", "--script", "link.sh").code == 4
    assert victim.read_text() == "mine"


def test_script_tells_which_rule_failed(work):
    work.plan("tasks: {a: {run: 'true', after: [{run: 'test -e nothing', name: made}]}}")
    assert work("run", "plan.yaml").code == 1
    assert work("task", "debug", "a", "--script", "a.sh").code == 0
    done = subprocess.run([work.folder / "a.sh"], env=work.env, capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.returncode == 1
    assert done.stderr == "after rule made failed\n"


def test_options_that_do_not_go_together(failed):
    assert failed("task", "debug", "bad", "-i", "--script", "x.sh").code == 2
    assert failed("task", "debug", "bad", "-i", "--json").code == 2


def test_refusals(sk, maker):
    maker.make(NIGHTLY)
    check_refusals(sk, ["task", "debug"], "task-id", "buil", "build")
    check_nothing_yet(sk, "task", "debug", "build")
