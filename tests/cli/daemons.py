"""What the scripts of the daemon share. A daemon that a test leaves is stopped when its folder's processes are ended."""

from conftest import until

SLOW = """workstream: w
tasks:
  slow: {run: "echo $SK_ATTEMPT >> slow.ran; : < gate; echo done >> slow.ran"}
  next: {run: "echo $SK_ATTEMPT >> next.ran", needs: [slow]}
"""


def served(work, *words):
    """A daemon that serves the folder."""
    done = work("daemon", "start", *words)
    assert done.code == 0, done.err
    return work


def pid_of(work):
    return work("daemon", "status", "--json").json.get("pid")


def begin_slow(work):
    """A plan at work in the daemon; its first task waits at the gate."""
    work.gate()
    work.plan(SLOW)
    done = work("submit", "plan.yaml")
    assert done.code == 0, done.err
    until(lambda: work.lines("slow.ran"), "the task begins")
