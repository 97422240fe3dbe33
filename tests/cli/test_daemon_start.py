"""Returns when it serves; a second one is refused and told who is there."""

from daemons import pid_of, served


def test_start_and_who_is_there(work):
    served(work)
    second = work("daemon", "start")
    assert second.code == 6 and "pid %d, sk daemon" % pid_of(work) in second.err
    assert work("daemon", "stop").code == 0


def test_json(work):
    document = work("daemon", "start", "--json").json
    assert document["state"] == "started" and document["pid"] == pid_of(work)
    assert work("daemon", "stop").code == 0


def test_damaged_state_is_told_by_the_one_who_waits(work):
    work.plan("workstream: w\ntasks: {a: {run: 'true'}, b: {run: 'true', needs: [a]}}")
    assert work("run", "plan.yaml").code == 0
    journal = work.folder / ".state/transitions.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"plan.yaml", b"plan.yamm")
    journal.write_bytes(b"".join(lines))
    (work.folder / ".state/current.json").unlink()
    refused = work("daemon", "start")
    assert refused.code == 7 and "line 3" in refused.err


def test_paused_runs_nothing(work):
    served(work, "--paused")
    work.plan("workstream: w\ntasks: {a: {run: 'touch ran'}}")
    assert work("submit", "plan.yaml").code == 0
    assert work("daemon", "status", "--json").json["state"] == "paused"
    assert work("wait", "--timeout", "300ms").code == 124
    assert not (work.folder / "ran").exists() and not work.events("task_assigned")
    assert work("daemon", "release").code == 0
    assert work("wait").code == 0
    assert (work.folder / "ran").exists()
    assert work("daemon", "stop").code == 0


def test_who_comes_second_hears_one_sentence(work):
    """The log has what the first one says meanwhile."""
    served(work)
    work.plan("workstream: w\ntasks:\n" + "".join("  t%d: {run: 'true'}\n" % i for i in range(300)))
    assert work("submit", "plan.yaml").code == 0
    second = work("daemon", "start")
    assert second.code == 6 and "another orchestrator is at work" in second.err
    assert len(second.err.splitlines()) == 1 and second.err.startswith("sk: ")
    assert work("wait").code == 0
    assert work("daemon", "stop").code == 0


def test_its_log_stays_small(work):
    """What goes well is in the journal; the log of a daemon, which nobody rotates, tells of what does not."""
    served(work)
    work.plan("workstream: w\ntasks: {a: {run: 'true'}, b: {run: 'exit 3', retries: 0}}")
    assert work("submit", "-w", "plan.yaml").code == 1
    assert work("daemon", "stop").code == 0
    log = work.read(".state/logs/orchestrator.log")
    assert "b  failed" in log and "a  started" not in log and "a  completed" not in log
