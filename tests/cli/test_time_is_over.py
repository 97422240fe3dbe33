"""A workstream that takes longer than it may: it ends as failed, says so, and goes on when it may take longer."""

PLAN = """workstream: w
max_duration: %s
tasks:
  a: {run: "echo $SK_ATTEMPT >> a.ran; test -e fast || sleep 1000"}
  b: {run: "echo $SK_ATTEMPT >> b.ran", needs: [a]}
"""


def test_workstream_timeout(work):
    work.plan(PLAN % "1s")
    done = work("run", "plan.yaml")
    assert done.code == 1
    assert "failed  w: 0 of 2 tasks completed, 2 cancelled" in done.out
    assert "next: sk workstream analyze w" in done.out
    ended = work.events("workstream_failed")[0]
    assert ended["severity"] == "critical" and ended["trigger"] == "workstream_timeout"
    work.nothing_left()
    assert "It took longer than it may" in work("analyze_workstream_failure", "--workstream-id", "w").out
    assert "raise the limit" in work("recommend").out
    assert (work.folder / ".state/archive/w/metadata.json").exists()
    work.plan(PLAN % "1h")
    (work.folder / "fast").touch()
    assert work("run", "plan.yaml").code == 4, "a changed plan needs a word"
    assert work("run", "--accept-changes", "plan.yaml").code == 0
    assert work.lines("a.ran") == ["1", "2"] and work.lines("b.ran") == ["1"]
    assert work("state", "validate").code == 0
