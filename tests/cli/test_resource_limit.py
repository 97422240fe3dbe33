"""A person may raise a limit; it holds for the next run."""

import json

from acts import write


def test_resource_limit(work):
    write(work, "plan.yaml", "workstream: w\nresources: {r: 1}\ntasks:\n  a: {run: 'true', resources: [r]}\n")
    assert work("run", "plan.yaml").code == 0
    assert work("resource", "limit", "--resource-id", "r", "--max-holders", "2").code == 0
    assert json.loads((work.folder / ".state/current.json").read_text())["resources"]["r"]["max_holders"] == 2
    assert work("resource", "limit", "--resource-id", "s", "--max-holders", "2").code == 3
