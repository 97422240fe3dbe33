"""What the scripts of mutating commands share: a run that failed, and what became of it."""

import json


def write(work, name, text):
    (work.folder / name).write_text(text)


def fail(work):
    """one (fails while `broken` is there) -> two; a critical one."""
    write(work, "plan.yaml", """workstream: w
tasks:
  zero: {run: "echo ran >> zero.txt"}
  one: {run: "echo ran >> one.txt; test ! -e broken", critical: true, needs: [zero]}
  two: {run: "echo ran >> two.txt", needs: [one]}
""")
    write(work, "broken", "")
    assert work("run", "plan.yaml").code == 1
    return work


def state_of(work, task):
    snapshot = json.loads((work.folder / ".state/current.json").read_text())
    return snapshot["tasks"][task]["state"]


def diary(work):
    return [json.loads(line) for line in (work.folder / ".state/interventions.log").read_text().splitlines()]


def runs(work, name):
    file = work.folder / (name + ".txt")
    return len(file.read_text().splitlines()) if file.exists() else 0
