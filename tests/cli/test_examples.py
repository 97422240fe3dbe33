"""Each example that the documentation prints is typed in a repository with something in it: the parser takes it. And each
command on goals is the first one on a goal.json of an earlier program, and on one whose journal is gone."""

import json
import os
import pathlib
import re
import signal
import subprocess

import pytest

from conftest import DEADLINE_S, binary

TOP = pathlib.Path(__file__).resolve().parents[2]
PATIENCE_S = 2  # some examples follow or wait for ever: being at it is all that is asked of them

PLAN = """workstream: %s
params: {version: '1'}
tasks:
  unit: {run: 'true'}
  publish: {run: 'true', needs: [unit]}
"""


def examples():
    """(command, line) of docs/commands.md, where a command has its usage first and its examples last."""
    found = []
    for section in (TOP / "docs" / "commands.md").read_text().split("\n### ")[1:]:
        block = re.search(r"^Examples?:\n\n```\n(.*?)^```$", section, re.M | re.S)
        found += [(section.splitlines()[0], line) for line in (block.group(1).splitlines() if block else [])
                  if re.match(r"(\S+ \| )?sk ", line)]
    return found


def on_goals():
    return [line for command, line in examples() if command.startswith(("sk tentacle", "sk retry-queue", "sk breaker"))]


def typed(line, folder, env):
    """Exit code of a line typed at a shell; None when it was still at it. Ended with everything it started."""
    bin_ = folder / "bin"
    bin_.mkdir(exist_ok=True)
    if not (bin_ / "sk").exists():
        (bin_ / "sk").symlink_to(binary())
    process = subprocess.Popen(["sh", "-c", line], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
                               env={**env, "PATH": "%s:%s" % (bin_, env["PATH"])})
    try:
        out, _ = process.communicate(timeout=PATIENCE_S)
        return process.returncode, out
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return None, process.communicate(timeout=DEADLINE_S)[0]


def crashed(code):
    return code is not None and (code < 0 or code in (128 + signal.SIGSEGV, 128 + signal.SIGABRT))


def test_there_are_examples():
    found = examples()
    assert len(found) > 150 and len({command for command, _ in found}) > 90
    assert len(on_goals()) > 60


@pytest.fixture
def peopled(goals):
    """A repository with what the examples name."""
    goals.commit(src__a="a", readme="r")
    for name in ("nightly", "release"):
        (goals.folder / (name + ".yaml")).write_text(PLAN % name)
    (goals.folder / "text").write_text("what it is about")
    return goals


@pytest.mark.parametrize("line", [line for _, line in examples()])
def test_an_example_is_taken(peopled, line):
    line = re.sub(r"> ?(/var/|~/)\S+", "> printed", line)
    line = line.replace("| source", "> printed")
    code, out = typed(line, peopled.folder, peopled.env)
    assert code not in (2, 127) and not crashed(code), out


LINES = on_goals() + ["sk goal eval --decision " + word for word in ("continue", "pause", "complete", "abandon")]


@pytest.mark.parametrize("line", LINES)
def test_first_on_a_goal_of_an_earlier_program(goals, line):
    goals.home.mkdir(0o700)
    (goals.home / "goal.json").write_text(json.dumps({
        "title": "old", "status": "active", "iteration": 1, "gates": [{"id": "g", "status": "pending"}],
        "success_criteria": [{"id": "c", "verification_command": "true", "status": "verified", "tree": "00"}]}))
    code, out = typed(line, goals.folder, goals.env)
    assert not crashed(code) and "INVARIANT" not in out, out
