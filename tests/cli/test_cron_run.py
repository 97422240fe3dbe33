"""sk cron run: maintenance by hand and by the clock. Busy is no error, no slot is run twice, and what is killed is seen."""

import concurrent.futures
import fcntl
import json
import signal

import pytest

from conftest import until
from maintenance import home, stamp  # noqa: F401: home is a fixture


# --- by hand ----------------------------------------------------------------------------------------------------------

def test_vacuum_needs_no_schedule(home):
    home.make().close()
    before = home.db.stat().st_size
    done = home("run", "vacuum")
    assert done.code == 0 and "vacuum: ok: freed " in done.out
    assert home.db.stat().st_size < before and home.whole()
    assert not home.path.exists()
    run, = home.runs()
    assert run["status"] == "ok" and run["task_id"] is None and run["facts"]["freed_bytes"] > 0
    assert home.reports() == [run["artifact"].split("/")[1]]


def test_a_checkpoint_empties_the_wal(home):
    db = home.make()
    wal = home.folder / "knowledge.db-wal"
    size = wal.stat().st_size
    assert size > 0
    document = home("run", "wal-checkpoint", "--json").json
    run, = document["runs"]
    assert run["status"] == "ok" and run["facts"]["busy"] == 0 and run["facts"]["log"] == run["facts"]["checkpointed"]
    assert run["facts"]["wal_bytes_before"] == size and run["facts"]["wal_bytes_after"] == 0
    assert wal.stat().st_size == 0
    db.close()
    assert home.whole()


def test_another_database(home):
    home.make().close()
    home.db.rename(home.home / "other.db")
    assert home("run", "vacuum").code == 3
    assert home("run", "vacuum", "--db", home.home / "other.db").code == 0
    assert home("run", "vacuum", env={"SK_DB_PATH": str(home.home / "other.db")}).code == 0


def test_no_database(home):
    home.folder.rmdir()
    done = home("run", "vacuum")
    assert done.code == 3 and "there is none: nothing was done" in done.err
    assert not home.folder.exists()
    home.add("vacuum")
    done = home("run", "vacuum")
    assert done.code == 3 and "does not exist" in done.err
    assert home.task("vacuum")["last_status"] == "missing" and home.statuses() == ["missing"]


def test_a_damaged_database(home):
    home.make().close()
    with open(home.db, "r+b") as db:
        db.seek(4096)
        db.write(b"\xff" * 4096 * 40)
    home.add("vacuum")
    done = home("run", "vacuum")
    assert done.code == 7 and home.task("vacuum")["last_status"] == "corrupt"
    assert home("run", "vacuum", "--json").code == 7
    assert home("list").out.count("corrupt") >= 1


def test_which_one_is_meant(home):
    home.make().close()
    home.add("nightly", "--template", "vacuum")
    assert home("run", "vacuum").code == 0  # the only one of that template
    assert home.runs()[-1]["name"] == "nightly" and "last_run_at" in home.task("nightly")
    assert home("run", home.task("nightly")["id"]).code == 0
    home.add("weekly", "--template", "vacuum")
    done = home("run", "vacuum")
    assert done.code == 2 and "names 2 schedules" in done.err
    home.add("vacuum")
    assert home("run", "vacuum").code == 0
    assert [run["name"] for run in home.runs()] == ["nightly", "nightly", "vacuum"]


@pytest.mark.parametrize("words, code, said", [
    ((), 2, "--due"), (("vacum",), 3, "near to it: vacuum;"), (("vacuum", "--due"), 2, "one of them"),
    (("--due", "--loop"), 2, "one of them"), (("vacuum", "--interval", "1m"), 2, "goes with --loop"),
    (("--loop", "--interval", "0"), 2, "expected 1ms"), (("--loop", "--interval", "25h"), 2, "expected 1ms"),
    (("vacuum", "--wait", "2h"), 2, "at most 1h"), (("a", "b"), 2, "b"), (("--dew",), 2, "--due"),
])
def test_words(home, words, code, said):
    done = home("run", *words)
    assert done.code == code and said in done.err and done.err.count("\n") == 1
    assert list(home.folder.iterdir()) == []


# --- by the clock -----------------------------------------------------------------------------------------------------

def test_what_is_due_and_nothing_else(home):
    home.make().close()
    home.add("never", "--template", "wal-checkpoint", "--interval", "6h")
    home.add("waits", "--template", "vacuum", "--interval", "1h")
    home.ran("waits", minutes=10)
    home.add("due", "--template", "vacuum", "--interval", "1h")
    home.ran("due", minutes=70)
    home.add("future", "--template", "wal-checkpoint", "--interval", "6h")
    home.edit("future", last_run_at=stamp(days=-30))
    home.add("off", "--template", "vacuum", "--disabled")
    done = home("run", "--due")
    assert done.code == 0, done.err
    assert [run["name"] for run in home.runs()] == ["never", "due", "future"] and set(home.statuses()) == {"ok"}
    assert all(home.task(name)["last_run_at"] <= stamp() for name in ("never", "due", "future"))
    done = home("run", "--once")
    assert done.code == 0 and "nothing is due; next is waits" in done.out
    assert len(home.runs()) == 3


def test_nothing_is_scheduled(home):
    done = home("run", "--due")
    assert done.code == 0 and "nothing is scheduled" in done.out and list(home.folder.iterdir()) == []
    assert home("run", "--due", "--json").json["runs"] == []


def test_one_that_fails_does_not_stop_the_others(home):
    home.add("vacuum")
    home.add("cleanup")
    done = home("run", "--due")
    assert done.code == 1 and home.statuses() == ["missing", "ok"]
    assert home("run", "--due").code == 0 and len(home.runs()) == 2  # its turn is over all the same


def test_a_template_that_nobody_knows(home):
    home.write({"tasks": [{"id": "a1", "name": "thoughts", "template": "reflection",
                           "schedule": {"type": "daily", "time": "04:00"}}]})
    assert home("run", "--due").code == 0 and home.runs() == []
    done = home("run", "thoughts")
    assert done.code == 2 and '"reflection" is no template; known are wal-checkpoint, vacuum, cleanup' in done.err
    assert "last_run_at" not in home.task("thoughts")


def test_a_loop_runs_what_becomes_due(home):
    home.make().close()
    home.add("often", "--template", "wal-checkpoint", "--interval", "1m")
    loop = home.sk.start("cron", "run", "--loop", "--interval", "20ms")
    until(lambda: len(home.runs()) == 1 and home.settled("often"), "what is due runs")
    home.ran("often", minutes=2)
    until(lambda: len(home.runs()) == 2 and home.settled("often"), "and again when it is due again")
    home.write("no configuration")
    assert "cron-config.json" in loop.stderr.readline()
    home.write({"tasks": []})
    home.add("often", "--template", "wal-checkpoint")
    until(lambda: len(home.runs()) == 3 and home.settled("often"), "it goes on when the file is mended")
    loop.send_signal(signal.SIGTERM)
    assert loop.wait(60) == -signal.SIGTERM
    assert set(home.statuses()) == {"ok"} and "running" not in home.task("often")


# --- busy -------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("template", ["vacuum", "wal-checkpoint"])
def test_busy_is_no_error(home, template):
    db = home.make()
    home.add(template)
    home.ran(template, days=40)
    before = home.task(template)
    db.execute("BEGIN IMMEDIATE")
    db.execute("INSERT INTO knowledge_entries(title) VALUES ('held')")
    for words in (("run", "--due", "--wait", "50ms"), ("run", template, "--wait", "50ms")):
        done = home(*words)
        assert done.code == 0 and template + ": busy: " in done.out and done.err == ""
        assert home.task(template)["last_run_at"] == before["last_run_at"]
        assert home.task(template)["last_status"] == "busy" and home.shown(template)["due"] is True
    assert home.statuses() == ["busy", "busy"] and home.reports() == []
    assert "busy" in home("list").out
    db.execute("ROLLBACK")
    db.close()
    assert home("run", "--due").code == 0
    assert home.statuses()[-1] == "ok" and home.task(template)["last_run_at"] > before["last_run_at"]
    assert home.whole() and home("list").out.count("busy") == 0


def test_another_runner_is_at_work(home):
    home.make().close()
    home.add("vacuum")
    with open(home.folder / "cron-run.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = home.path.read_bytes()
        for words in (("--due",), ("vacuum",)):
            done = home("run", *words)
            assert done.code == 0 and "another runner is at work" in done.out
            assert "another runner" in home("run", *words, "--json").json["busy"]
        assert home.path.read_bytes() == before and home.runs() == []
        home.add("cleanup")  # schedules can be changed meanwhile
    assert home("run", "--due").code == 0 and home.statuses() == ["ok", "ok"]


def test_many_runners_run_a_slot_once(home):
    home.make().close()
    home.add("vacuum", "--interval", "1h")
    home.add("wal-checkpoint", "--interval", "1h")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        codes = [done.code for done in pool.map(lambda _: home("run", "--due"), range(16))]
    assert codes == [0] * 16
    assert sorted(run["name"] for run in home.runs()) == ["vacuum", "wal-checkpoint"]
    assert home.statuses() == ["ok", "ok"] and home.whole()


# --- killed -----------------------------------------------------------------------------------------------------------

def test_one_that_was_killed_is_seen_and_run_again(home):
    home.make().close()
    home.add("vacuum", "--interval", "1h")
    home.edit("vacuum", running={"pid": 4194303, "pid_start": 7, "boot_id": "x" * 36, "since": stamp(minutes=3)})
    assert "running (pid 4194303)" in home("list").out
    assert home.shown("vacuum")["running"]["alive"] is False
    done = home("run", "--due")
    assert done.code == 0, done.err
    first, second = home.runs()
    assert first["status"] == "interrupted" and first["pid"] == 4194303 and "run again" in first["message"]
    assert second["status"] == "ok"
    assert "running" not in home.task("vacuum") and home.task("vacuum")["last_status"] == "ok"


def test_removed_while_it_runs(home):
    """Whoever removes a schedule does not wait for its run, and the run does not bring it back."""
    db = home.make()
    home.add("vacuum")
    db.execute("BEGIN IMMEDIATE")
    run = home.sk.start("cron", "run", "vacuum")
    until(lambda: home.task("vacuum").get("running"), "it waits for the database")
    assert home.shown("vacuum")["running"]["alive"] is True
    assert home("remove", "vacuum").code == 0
    db.execute("ROLLBACK")
    db.close()
    assert run.wait(60) == 0
    assert home.config() == {} and home.statuses() == ["ok"]


# --- what is written about it -----------------------------------------------------------------------------------------

def test_old_reports_go(home):
    home.make().close()
    home.add("vacuum", "--retention-days", "5")
    folder = home.folder / "cron-artifacts"
    folder.mkdir(mode=0o700)
    name = home.task("vacuum")["id"]
    compact = lambda **ago: stamp(**ago).replace("-", "").replace(":", "")
    old, kept = compact(days=6), compact(days=4)
    stay = ["%s-%s.md" % (kept, name), "%s-0123456789ab.md" % old, "notes.md", old + ".md", "%s-%s.txt" % (old, name),
            "x%s-%s.md" % (old, name), "20261399T000000.000Z-%s.md" % name]
    go = ["%s-%s.md" % (old, name), "%s-%s.md.sk-tmp" % (kept, name)]
    for file in stay + go:
        (folder / file).write_text("x")
    (folder / ("%s-%s.md" % (compact(days=7), name))).mkdir()
    assert home("run", "vacuum").code == 0
    reports = home.reports()
    assert set(stay) < set(reports) and not set(go) & set(reports) and len(reports) == len(stay) + 2


def test_reports_of_a_removed_schedule_go_with_a_cleanup(home):
    home.make().close()
    home.add("vacuum")
    home.add("cleanup", "--retention-days", "5")
    folder = home.folder / "cron-artifacts"
    folder.mkdir(mode=0o700)
    compact = lambda **ago: stamp(**ago).replace("-", "").replace(":", "")
    old = compact(days=6)
    gone = "%s-0123456789ab.md" % old
    stay = ["%s-%s.md" % (old, home.task("vacuum")["id"]), "%s-0123456789ab.md" % compact(days=4), "%s-vacuum.md" % old]
    for file in [gone, *stay]:
        (folder / file).write_text("x")
    markers = home.home / ".copilot" / "markers"
    markers.mkdir(mode=0o700)
    name = "dispatched-subagent-active"
    for file in (name, name + ".lock", name + ".damaged-1000", name + ".damaged-x", name + ".damaged-99999999999999"):
        (markers / file).write_text("x")
    done = home("run", "cleanup")
    assert done.code == 0 and "0 old files beside the database, 1 damaged marker and 1 report" in done.out
    assert set(stay) < set(home.reports()) and gone not in home.reports()
    assert sorted(path.name for path in markers.iterdir()) == [
        name, name + ".damaged-99999999999999", name + ".damaged-x", name + ".lock"]


def test_old_copies_of_the_database_go_but_the_newest(home):
    home.make().close()
    compact = lambda **ago: stamp(**ago).replace("-", "").replace(":", "")[:15] + "Z"
    old, older, young = compact(days=40), compact(days=50), compact(days=1)
    stay = ["backup-" + young, "corrupt-" + old, "corrupt-" + old + "-wal", "replaced-" + old + "-2", "mine-" + older,
            "backup-" + older + ".txt"]
    go = ["backup-" + older, "backup-" + old, "corrupt-" + older, "corrupt-" + older + "-wal", "replaced-" + old,
          "replaced-" + older]
    for name in stay + go:
        (home.folder / ("knowledge.db." + name)).write_text("x")
    (home.folder / "other.db.backup-20200101T000000Z").write_text("x")
    done = home("run", "cleanup")
    assert done.code == 0 and "removed 6 old files" in done.out
    left = {path.name for path in home.folder.iterdir() if path.name.startswith(("knowledge.db.", "other"))}
    assert left == {"knowledge.db." + name for name in stay} | {"other.db.backup-20200101T000000Z"}
    assert home("run", "cleanup").code == 0 and home.whole()


def test_the_list_of_runs_stays_small(home):
    home.make().close()
    log = home.folder / "cron-executions.jsonl"
    log.write_text("x" * (1024 * 1024 - 1))  # and its last line was torn
    assert home("run", "vacuum").code == 0
    first, second = log.read_text().split("\n")[:2]
    assert first == "x" * (1024 * 1024 - 1) and json.loads(second)["status"] == "ok"
    assert home("run", "vacuum").code == 0
    assert len(home.runs()) == 1 and (home.folder / "cron-executions.jsonl.1").stat().st_size > 1024 * 1024


def test_nothing_is_written_through_a_link(home):
    home.make().close()
    home.add("vacuum")
    victim = home.home / "victim"
    victim.write_text("mine\n")
    (home.folder / "cron-executions.jsonl").symlink_to(victim)
    done = home("run", "vacuum")
    assert done.code == 4 and "symbolic link" in done.err and "vacuum: ok" in done.out
    assert victim.read_text() == "mine\n"
    (home.folder / "cron-executions.jsonl").unlink()
    (home.home / "folder").mkdir()
    for path in (home.folder / "cron-artifacts").iterdir():
        path.unlink()
    (home.folder / "cron-artifacts").rmdir()
    (home.folder / "cron-artifacts").symlink_to(home.home / "folder")
    done = home("run", "vacuum")
    assert done.code == 4 and list((home.home / "folder").iterdir()) == []


def test_a_schedule_is_done_when_the_list_cannot_be_written(home):
    home.make().close()
    home.add("vacuum", "--interval", "1h")
    (home.folder / "cron-executions.jsonl").mkdir()
    assert home("run", "--due").code == 1
    assert home.task("vacuum")["last_status"] == "ok" and "running" not in home.task("vacuum")
    assert "nothing is due" in home("run", "--due").out


def test_what_the_page_says(home):
    home.make().close()
    assert home("run", "vacuum").code == 0
    page = (home.folder / "cron-artifacts" / home.reports()[0]).read_text()
    assert page.startswith("# vacuum: ok\n") and "freed " in page and '"freed_bytes":' in page
    assert (home.folder / "cron-artifacts" / home.reports()[0]).stat().st_mode & 0o777 == 0o600
