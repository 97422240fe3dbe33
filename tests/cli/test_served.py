"""Pages of a large state come from the orchestrator's memory, and look as if they had been read."""

import json
import os
import pathlib
import signal

import pytest

from conftest import until
from daemons import pid_of, served
from states import diary

PAGES = [("task", "show", "t00007"), ("task", "deps", "t00007"), ("task", "list", "--limit", "5"), ("workstream", "show", "big", "--json"),
         ("workstream", "list"), ("resource", "list", "--json"), ("status",), ("task", "show", "t0000x"), ("workstream", "analyze", "big"),
         ("why", "t00007"), ("recommend",), ("worker", "list"), ("worker", "check", "nobody"), ("task", "debug", "t00007"), ("workstream", "dag", "big"), ("state", "show"), ("state", "show", "--task-id", "t00007"), ("state", "show", "--json", "--workstream-id", "big"),
         ("state", "show", "--json"), ("state", "show", "--resource-id", "none"), ("state", "show", "--at", "5", "--task-id", "t00007"),
         ("task", "show"), ("task", "show", "--format", "xml", "t00007")]


@pytest.fixture
def large(work):
    """A paused daemon with a state that is worth asking for."""
    tasks = {"t%05d" % i: {"run": "true", "needs": ["t%05d" % (i + 1)] if i % 10 else []} for i in range(15000)}
    tasks["t15000"] = {"run": "true"}
    (work.folder / "big.json").write_text(json.dumps({"workstream": "big", "tasks": tasks}))
    (work.folder / "sub").mkdir()
    served(work, "--paused")
    assert work("submit", "-q", "big.json").code == 0
    return work


def outcome(done):
    return done.code, done.out, done.err


def test_pages_look_the_same(large):
    until_snapshot(large)
    for words in PAGES:
        read = large(*words, "--")
        assert outcome(large(*words)) == outcome(read), words
        assert outcome(large(*words, cwd=large.folder / "sub"))[::2] == outcome(read)[::2], words
    journal = large.folder / ".state/transitions.jsonl"
    journal.rename(journal.with_suffix(".aside"))
    for place in (large.folder, large.folder / "sub"):
        assert large("task", "show", "t00007", cwd=place).code == 0, "it came from memory"
    assert large("task", "show", "t00007", "--").code == 7, "it was read"
    journal.with_suffix(".aside").rename(journal)
    assert large("daemon", "stop").code == 0


REFUSED = [("task", "retry", "t00007", "--dry-run"), ("task", "cancel", "t0000x", "--dry-run"), ("task", "cancel", "--dry-run"),
           ("workstream", "cancel", "big"), ("workstream", "rollback", "big", "--to-checkpoint", "7", "--dry-run"),
           ("workstream", "retry", "big"), ("worker", "restart", "nobody", "--dry-run")]
ACTS = [("task", "cancel", "t00007"), ("task", "skip", "--task-id", "t15000", "--reason", "why not"),
        ("dep", "remove", "--from", "t00012", "--to", "t00011"), ("workstream", "rollback", "big"),
        ("workstream", "cancel", "big")]


def test_an_act_is_rehearsed_in_memory(large):
    """A refusal is the one of a command that reads the state; nothing is recorded; and the act itself then does what was said."""
    until_snapshot(large)
    until(lambda: (large.folder / ".state/checkpoints/big_latest.json").exists(), "the checkpoint is written")
    records = len(large.events())
    for words in REFUSED:
        read = large(*words, "--")
        assert read.code in (2, 3, 4, 5) and outcome(large(*words)) == outcome(read), words
    said = [large(*words, "--dry-run") for words in ACTS]
    page = large("task", "cancel", "t00007", "--dry-run", "--json").json
    assert page["dry_run"] and page["orchestrator"] and page["recorded"] == 3
    assert "and 14002 more\n" in said[-1].out and said[3].code == 4
    assert len(large.events()) == records, "nothing was recorded"
    entry = diary(large)[-1]
    assert entry["dry_run"] and entry["result"] == "ok" and entry["message"] == "tried only"
    assert promised(said[0]) == done(large(*ACTS[0])), "an act does what was said"
    assert large.state_of("t00007") == "cancelled"
    journal = large.folder / ".state/transitions.jsonl"
    journal.rename(journal.with_suffix(".aside"))
    for place in (large.folder, large.folder / "sub"):
        assert large("task", "cancel", "t00009", "--dry-run", cwd=place).code == 0, "it came from memory"
    assert large("task", "cancel", "t00009", "--dry-run", "--").code == 7, "it was read"
    journal.with_suffix(".aside").rename(journal)
    assert large("daemon", "stop").code == 0


@pytest.mark.parametrize("words", ACTS, ids=lambda words: " ".join(words[:2]))
def test_an_act_does_what_was_said(large, words):
    until_snapshot(large)
    until(lambda: (large.folder / ".state/checkpoints/big_latest.json").exists(), "the checkpoint is written")
    assert large("task", "cancel", "t14997").code == 0, "from now on it is executing"
    said = large(*words, "--dry-run")
    assert said.code == 0, said.err
    assert promised(said) == done(large(*words, "--yes"))
    assert large("daemon", "stop").code == 0


def promised(dry):
    return [line.removeprefix("would: ") for line in dry.out.splitlines() if line.startswith("would: ")]


def done(act):
    assert act.code == 0, act.err
    return act.out.split("\nNext:")[0].split("\nand ")[0].rstrip("\n").split("\n")


def test_rehearsals_at_the_same_time(large):
    """More than there are copies: the others wait for one; none of them is left behind."""
    until_snapshot(large)
    words = ("task", "cancel", "t00007", "--dry-run")
    answers = [large.start(*words) for _ in range(12)]
    expected = large(*words).out
    for process in answers:
        out = process.communicate()[0]
        assert (out, process.returncode) == (expected, 0)
    pid = pid_of(large)
    until(lambda: not children(pid), "the copies have ended")
    assert large("daemon", "stop").code == 0


def children(pid):
    return pathlib.Path("/proc/%d/task/%d/children" % (pid, pid)).read_text().split()


def until_snapshot(work):
    snapshot = work.folder / ".state/current.json"
    return until(lambda: snapshot.exists() and snapshot.stat().st_size > 2 * 1024 * 1024, "the snapshot is written")


def checked(work, *words, code=0):
    """What state validate says, and whether it read everything."""
    shown = work("state", "validate", "--json", *words)
    assert shown.code == code, (shown.out, shown.err)
    page = shown.json
    return page["full"], {check["check"]: check for check in page["checks"]}


def overwrite(path, at, change, keep_time=False):
    """One byte in place, as rot or a careless editor does."""
    times = path.stat()
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([change(byte)]))
    if keep_time:
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def flipped(byte):
    return byte ^ 4


def settled(work):
    """Everything of the submitted plan is written, and what nobody wrote in this life was read once."""
    until_snapshot(work)
    until(lambda: (work.folder / ".state/checkpoints/big_latest.json").exists(), "the checkpoint is written")
    until(lambda: "; read: 0 as the state says, 0 from an earlier state, 0 not there"
          in checked(work)[1]["indexes-and-graphs"]["note"], "the views are written")


def test_what_the_orchestrator_knows_is_not_read_again(large):
    settled(large)
    full, checks = checked(large)
    assert not full and all(check["outcome"] == "PASS" for check in checks.values())
    assert "written since by the orchestrator; --full reads them again" in checks["journal-lines"]["note"]
    text = large("state", "validate")
    assert text.code == 0 and "--full reads all" in text.out
    full, whole = checked(large, "--full")
    assert full and list(whole) == list(checks) and whole["journal-lines"]["note"].split()[0] == checks["journal-lines"]["note"].split()[0]
    assert large("daemon", "stop").code == 0


def test_a_byte_in_the_middle_of_the_journal(large):
    """Whoever writes to it is noticed by the time of the writing; who hides even that, by reading everything."""
    assert large("task", "cancel", "t00009").code == 0, "behind the damage is a good turn: it is no torn end"
    settled(large)
    journal = large.folder / ".state/transitions.jsonl"
    middle = journal.stat().st_size // 2
    overwrite(journal, middle, flipped, keep_time=True)
    assert not checked(large)[0]
    full, checks = checked(large, "--full", code=7)
    assert full and checks["journal-lines"]["outcome"] == "FAIL"
    overwrite(journal, middle, flipped)
    full, checks = checked(large)
    assert full, "it was written to: all of it is read, and it is whole again"
    overwrite(journal, middle, flipped)
    full, checks = checked(large, code=7)
    line = checks["journal-lines"]["problems"][0]["line"]
    assert full and line == journal.read_bytes()[:middle].count(b"\n") + 1
    overwrite(journal, middle, flipped)
    assert large("task", "cancel", "t00007").code == 0, "our own writing does not hide another's"
    assert checked(large)[0]
    assert large("daemon", "stop").code == 0


def test_other_files_that_were_written_to_are_read(large):
    settled(large)
    view, backup = large.folder / ".state/by_status.json", next((large.folder / ".state/backups").iterdir())
    overwrite(view, view.stat().st_size // 2, lambda byte: ord("#"))
    overwrite(backup, backup.stat().st_size // 2, flipped)
    full, checks = checked(large, code=1)
    assert not full and {name for name, check in checks.items() if check["outcome"] == "FAIL"} == {"indexes-and-graphs", "backups"}
    snapshot = large.folder / ".state/current.json"
    overwrite(snapshot, snapshot.stat().st_size // 2, flipped)
    full, checks = checked(large, code=7)
    assert full and checks["snapshot"]["outcome"] == "FAIL"
    assert large("daemon", "stop", "--now").code == 0


def test_what_was_read_once_is_known(large):
    """Behind a restart the views are those of an earlier life: they are read, once."""
    settled(large)
    assert large("daemon", "restart").code == 0
    begun = until(lambda: not (answer := checked(large))[0] and answer[1], "its snapshot is written")
    assert "; read: " in begun["indexes-and-graphs"]["note"] and "read: 0 as" not in begun["indexes-and-graphs"]["note"]
    assert "1 read now" in begun["backups"]["note"]
    _, again = checked(large)
    assert "read: 0 as the state says" in again["indexes-and-graphs"]["note"] and " 0 read now" in again["backups"]["note"]
    assert large("daemon", "stop").code == 0


def test_hung_orchestrator_is_not_waited_for(large):
    until_snapshot(large)
    pid = pid_of(large)
    os.kill(pid, signal.SIGSTOP)
    try:
        assert "t00007" in large("task", "show", "t00007").out
        assert "would: t00007" in large("task", "cancel", "t00007", "--dry-run").out
    finally:
        os.kill(pid, signal.SIGCONT)
    assert large("daemon", "stop").code == 0


def test_a_run_shows_them_as_well(work):
    tasks = {"t%05d" % i: {"run": "true", "needs": ["gate"]} for i in range(15000)}
    tasks["gate"] = {"run": ": < gate"}
    (work.folder / "big.json").write_text(json.dumps({"workstream": "big", "tasks": tasks}))
    work.gate()
    run = work.start("run", "-q", "big.json")
    until(lambda: work.state_of("gate") == "running", "it runs")
    until_snapshot(work)
    shown = work("task", "show", "gate")
    assert shown.code == 0 and "running" in shown.out, shown.err
    assert work("task", "cancel", "gate").code == 0
    assert work("workstream", "cancel", "big", "--yes").code == 0
    run.wait()
