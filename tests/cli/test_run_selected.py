"""A part of a plan: what --dry-run tells about it, and what --only and --from do with what is left out."""

import pytest

PLAN = """
workstream: demo
tasks:
  fetch: {run: "echo fetch >> ran"}
  build: {run: "echo build >> ran", needs: [fetch]}
  unit: {run: "echo unit >> ran; test -e mended", needs: [build], critical: true}
  docs: {run: "echo docs >> ran", needs: [build]}
  lint: {run: "echo lint >> ran"}
  publish: {run: "echo publish >> ran", needs: [unit, docs]}
"""


# --- what would happen ----------------------------------------------------------------------------------------------


def test_dry_run_of_all(work):
    assert work("run", "-n", work.plan(PLAN)).out == """\
demo from plan.yaml: 6 to run

runs, one stage after the other
  1  fetch, lint
  2  build
  3  unit, docs
  4  publish
critical path: fetch -> build -> unit -> publish, at most 40m 00s by
  estimates and time-outs

Nothing was started. Try: sk run plan.yaml
"""


def test_dry_run_of_a_part(work):
    """What runs, what is not run again and what is left out stand apart, in this order; a stage without work is none."""
    assert work("run", "--only", "build", work.plan(PLAN)).code == 0
    assert work("run", "--dry-run", "--only", "docs", "plan.yaml").out == """\
demo from plan.yaml: 1 to run, 2 completed already, 3 left out

runs, one stage after the other
  1  docs
critical path: docs, at most 10m 00s by estimates and time-outs

completed already, not run again
  fetch, build

left out by --only or --from
  unit, lint, publish

Nothing was started. Try: sk run --only docs plan.yaml
"""


def test_dry_run_with_nothing_to_do(work):
    work.plan(PLAN)
    assert work("run", "--only", "lint", "plan.yaml").code == 0
    assert work("run", "--dry-run", "--only", "lint", "plan.yaml").out == """\
demo from plan.yaml: nothing to run, 1 completed already, 5 left out

completed already, not run again
  lint

left out by --only or --from
  fetch, build, unit, docs, publish

Nothing was started. Try: sk run --new-run --only lint plan.yaml, which runs it again
"""


def test_dry_run_tells_what_failed_before(work):
    assert work("run", work.plan(PLAN)).code == 1
    out = work("run", "-n", "plan.yaml").out
    assert "  1  unit (failed before)" in out


def test_dry_run_of_two_plans_and_many_tasks(work):
    many = "".join("  task-with-a-long-name-%04d: {run: x y}\n" % i for i in range(500))
    work.plan("tasks:\n" + many, "many.yaml")
    out = work("run", "-n", "many.yaml", work.plan(PLAN)).out
    assert "many from many.yaml, demo from plan.yaml: 506 to run\n" in out
    assert "  1  many/task-with-a-long-name-0000," in out and "and 490 more" in " ".join(out.split())
    assert max(len(line) for line in out.splitlines()) <= 80
    assert len(out.splitlines()) < 30
