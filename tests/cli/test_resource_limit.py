"""A person may raise a limit; it holds for the next run."""

import json

from acts import write


def test_resource_limit(work):
    write(work, "plan.yaml", "workstream: w\nresources: {r: 1}\ntasks:\n  a: {run: 'true', resources: [r]}\n")
    assert work("run", "plan.yaml").code == 0
    assert work("resource", "limit", "--resource-id", "r", "--max-holders", "2").code == 0
    assert json.loads((work.folder / ".state/current.json").read_text())["resources"]["r"]["max_holders"] == 2
    assert work("resource", "limit", "--resource-id", "s", "--max-holders", "2").code == 3
    again = work("run", "--new-run", "plan.yaml")
    assert again.code == 0, again.err
    assert work("run", "plan.yaml").code == 0, "the plan is what it was"
    assert json.loads((work.folder / ".state/current.json").read_text())["resources"]["r"]["max_holders"] == 2
    write(work, "plan.yaml", "workstream: w\nresources: {r: 3}\ntasks:\n  a: {run: 'true', resources: [r]}\n")
    changed = work("run", "plan.yaml")
    assert changed.code == 4 and "limit 1 -> 3" in changed.err
    assert work("run", "--accept-changes", "plan.yaml").code == 0
    assert json.loads((work.folder / ".state/current.json").read_text())["resources"]["r"]["max_holders"] == 3
    assert work("state", "validate").code == 0
