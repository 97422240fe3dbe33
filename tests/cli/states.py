"""What the scripts of the state commands share: a state to damage, ways to damage it, and death at every system call."""

import json
import shutil
import subprocess

from conftest import DEADLINE_S, binary
from killing import tool

PLAN = """
workstream: w
tasks:
  a: {run: "echo a >> ran"}
  b: {run: "echo b >> ran", needs: [a]}
  c: {run: "test ! -e broken", needs: [b]}
"""


def finish(work):
    """A state of two runs, with a backup of the first: c failed in it, and is pending again now."""
    (work.folder / "broken").write_text("")
    assert work("run", "-q", work.plan(PLAN)).code == 1
    assert work("task", "retry", "c").code == 0
    (work.folder / "broken").unlink()
    work.state = work.folder / ".state"
    work.journal = work.state / "transitions.jsonl"
    work.snapshot = work.state / "current.json"
    return work


def flip(path, line, at=60):
    """One bit in a line, from 1."""
    lines = path.read_bytes().splitlines(keepends=True)
    text = bytearray(lines[line - 1])
    text[at] ^= 4
    lines[line - 1] = bytes(text)
    path.write_bytes(b"".join(lines))


def last_seq(work):
    return work.events()[-1]["seq"]


def turn_end(work, seq):
    """The last record of the turn that this one belongs to: a state can only go on from there."""
    return next(event["seq"] for event in work.events() if event["seq"] >= seq and "turn" in event)


def newest_backup(work):
    return sorted((work.state / "backups").iterdir())[-1]


def tree(folder, without=("interventions.log", "orchestrator.lock", "orchestrator.sock")):
    """Every file with its content, but for the diary and what belongs to the living."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name not in without}


def diary(work):
    return [json.loads(line) for line in (work.folder / ".state" / "interventions.log").read_text().splitlines()]


def refused(result, code, *words):
    """One sentence, what was not done, what to type."""
    assert result.code == code, (result.code, result.out, result.err)
    assert len(result.err.splitlines()) == 1 and "Try: " in result.err, result.err
    for word in words:
        assert word in result.err, result.err


def killed_everywhere(work, words, judge):
    """Runs the words on the folder as it is now, killed before call 1, 2, 3, ..., until a run comes to its end. After each
    judge(killed) looks at what is left. Returns the number of places."""
    pristine = work.folder.parent / (work.folder.name + "-pristine")
    shutil.copytree(work.folder, pristine, ignore=shutil.ignore_patterns("*.sock"))
    report, number = pristine / "report.json", 1
    while True:
        for path in work.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(pristine, work.folder, dirs_exist_ok=True)
        subprocess.run([tool("crash/sweep"), "--report", str(report), "--kill", str(number), "--", binary(), *words],
                       cwd=work.folder, env=work.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=DEADLINE_S)
        killed = json.loads(report.read_text())["killed"]
        judge(killed)
        if not killed:
            return number - 1
        number += 1
