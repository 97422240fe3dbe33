"""`sk run`: the way through a plan, what is left of it, and going on. The deep tests of the engine are elsewhere."""

import signal

from conftest import until

PLAN = """
workstream: demo
max_parallel: 2
tasks:
  first: {run: "echo hello > first.out"}
  second: {run: "test -e mended && echo fine", needs: [first]}
  third: {run: [touch, third.out], needs: [second]}
"""


def plan(sk, text=PLAN):
    (sk.folder / "plan.yaml").write_text(text)
    return "plan.yaml"


def test_to_the_end(sk):
    (sk.folder / "mended").touch()
    done = sk("run", plan(sk))
    assert done.code == 0, done.err
    assert (sk.folder / "third.out").exists()
    document = sk("status", "--all", "--json").json
    assert document["orchestrator"]["state"] == "stopped"
    assert {task["state"] for task in document["tasks"]} == {"completed"}
    assert document["next"] == []


def test_failure_is_explained_and_mended(sk):
    done = sk("run", plan(sk))
    assert done.code == 1
    assert sk("why", "third").out.startswith("third: pending, cannot run: needs second, which failed\n")
    assert sk("status").out.endswith("\nNext: sk why second\n      sk run plan.yaml\n")
    (sk.folder / "first.out").unlink()
    (sk.folder / "mended").touch()
    assert sk("run", "plan.yaml").code == 0
    assert not (sk.folder / "first.out").exists(), "a completed task ran again"
    assert (sk.folder / "third.out").exists()


def test_dry_run_runs_nothing(sk):
    done = sk("run", "--dry-run", plan(sk))
    assert done.code == 0, done.err
    assert not (sk.folder / "first.out").exists()


def test_killed_and_continued(sk):
    """SIGKILL to the orchestrator while a task waits for us: the next run ends it, and it has run once."""
    name = plan(sk, """
workstream: demo
tasks:
  slow: {run: "echo x >> began; while ! test -e go; do sleep 0.02; done"}
  last: {run: "true", needs: [slow]}
""")
    process = sk.start("run", name)
    until(lambda: (sk.folder / "began").exists(), "the task begins")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert "ended without stopping cleanly" in sk("status").out
    again = sk.start("run", name)
    (sk.folder / "go").touch()
    until(lambda: again.poll() is not None, "the second run ends")
    assert again.returncode == 0
    assert (sk.folder / "began").read_text() == "x\n"


def test_a_plan_that_is_none(sk):
    done = sk("run", plan(sk, "tasks: {a: {run: x, nedds: [b]}}"))
    assert done.code == 2
    assert "plan.yaml" in done.err and "nedds" in done.err
    assert sk("run", "missing.yaml").code in (3, 8)
    assert sk("run").code == 2
