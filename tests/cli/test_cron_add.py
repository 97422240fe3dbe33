"""sk cron add: what is scheduled is in the file, whole and once; a file that cannot be used is left as it is."""

import concurrent.futures
import fcntl
import os
import re

import pytest

from maintenance import home  # noqa: F401: a fixture

SCHEDULES = [
    ((), {"type": "weekly", "day": "sunday", "time": "04:30"}),
    (("--daily", "23:59"), {"type": "daily", "time": "23:59"}),
    (("--weekly", "monday@00:00"), {"type": "weekly", "day": "monday", "time": "00:00"}),
    (("--weekly", "friday 18:05"), {"type": "weekly", "day": "friday", "time": "18:05"}),
    (("--monthly", "31@04:30"), {"type": "monthly", "day_of_month": 31, "time": "04:30"}),
    (("--interval", "6h"), {"type": "interval", "minutes": 360}),
    (("--interval", "365d"), {"type": "interval", "minutes": 525600}),
]


@pytest.mark.parametrize("words, schedule", SCHEDULES)
def test_schedules(home, words, schedule):
    done = home("add", "vacuum", *words)
    assert done.code == 0, done.err
    task = home.task("vacuum")
    assert task["schedule"] == schedule
    assert re.fullmatch("[0-9a-f]{12}", task["id"]) and task["id"] in done.out
    assert task["template"] == "vacuum" and task["enabled"] is True and "last_run_at" not in task
    assert home.path.stat().st_mode & 0o777 == 0o600


def test_json(home):
    document = home("add", "nightly", "--template", "wal-checkpoint", "--retention-days", "7", "--disabled", "--json").json
    assert document["kind"] == "cron_task" and document["done"] == "added"
    task = document["task"]
    assert task["name"] == "nightly" and task["template"] == "wal-checkpoint" and task["retention_days"] == 7
    assert task["enabled"] is False and task["verdict"] == "disabled" and task["next_due_at"] is None
    assert task["schedule"] == {"type": "daily", "time": "04:00", "text": "daily at 04:00"}
    assert home.task("nightly")["enabled"] is False


BAD = [
    (("vacuum", "--daily", "4:30"), 2, "expected a time of the day"),
    (("vacuum", "--daily", "24:00"), 2, "expected a time of the day"),
    (("vacuum", "--weekly", "sunday"), 2, "expected a day and a time"),
    (("vacuum", "--weekly", "sonntag@04:30"), 2, "expected a day and a time"),
    (("vacuum", "--monthly", "0@04:30"), 2, "expected a day of the month"),
    (("vacuum", "--monthly", "32@04:30"), 2, "expected a day of the month"),
    (("vacuum", "--interval", "90s"), 2, "expected whole minutes"),
    (("vacuum", "--interval", "0"), 2, "expected whole minutes"),
    (("vacuum", "--interval", "366d"), 2, "expected whole minutes"),
    (("vacuum", "--interval", "soon"), 2, "a duration"),
    (("vacuum", "--daily", "04:00", "--interval", "1h"), 2, "more than one of"),
    (("vacuum", "--retention-days", "0"), 2, "--retention-days"),
    (("vacuum", "--retention-days", "3651"), 2, "--retention-days"),
    (("vacuum", "--template", "wal-checkpoint"), 2, "name of another template"),
    (("../x", "--template", "vacuum"), 2, "invalid name"),
    (("a\x1b[2J", "--template", "vacuum"), 2, "invalid name"),
    (("x" * 65, "--template", "vacuum"), 2, "invalid name"),
    (("nightly",), 3, "one of wal-checkpoint, vacuum, cleanup"),
    (("nightly", "--template", "reflection"), 3, "one of wal-checkpoint, vacuum, cleanup"),
    ((), 2, "NAME"),
    (("vacuum", "more"), 2, "more"),
]


@pytest.mark.parametrize("words, code, said", BAD)
def test_what_cannot_be(home, words, code, said):
    done = home("add", *words)
    assert done.code == code and said in done.err and done.err.count("\n") == 1
    assert "\x1b" not in done.err
    assert list(home.folder.iterdir()) == []


def test_again_changes_nothing(home):
    home.add("vacuum", "--daily", "03:00")
    before = home.path.read_bytes()
    for words in ((), ("--daily", "03:00"), ("--template", "vacuum")):
        done = home("add", "vacuum", *words)
        assert done.code == 0 and "is there already" in done.out
    assert home.path.read_bytes() == before


def test_another_of_that_name(home):
    home.add("vacuum", "--daily", "03:00", "--retention-days", "9")
    home.ran("vacuum", hours=1)
    before = home.task("vacuum")
    done = home("add", "vacuum", "--daily", "05:00")
    assert done.code == 4 and "--replace" in done.err
    assert home.task("vacuum") == before
    done = home("add", "vacuum", "--daily", "05:00", "--replace")
    assert done.code == 0 and "replaced" in done.out
    after = home.task("vacuum")
    assert after == {**before, "schedule": {"type": "daily", "time": "05:00"}}


def test_what_others_wrote_is_kept(home):
    home.write({"tasks": [{"id": "0123456789ab", "name": "Weekly thoughts", "template": "reflection",
                           "schedule": {"type": "weekly", "day": "monday", "time": "09:00", "jitter": [1, {"a": None}]},
                           "retention_days": 14, "created_at": "2026-01-02T03:04:05.678901+00:00", "last_run_at": None,
                           "last_status": None, "enabled": False, "owner": "ä\"b"}],
                "version": 3, "note": "by hand"})
    home.add("vacuum")
    config = home.config()
    assert config["version"] == 3 and config["note"] == "by hand" and len(config["tasks"]) == 2
    assert config["tasks"][0] == {
        "id": "0123456789ab", "name": "Weekly thoughts", "template": "reflection",
        "schedule": {"type": "weekly", "day": "monday", "time": "09:00", "jitter": [1, {"a": None}]},
        "retention_days": 14, "created_at": "2026-01-02T03:04:05.678Z", "enabled": False, "owner": "ä\"b"}


TASK = '{"id": "a1", "name": "v", "template": "vacuum", "schedule": {"type": "daily", "time": "04:00"}%s}'
HOSTILE = [
    ("", "empty file"),
    (" \n", "empty file"),
    ("[]", "expected an object, found an array (line 1, column 1)"),
    ("7", "expected an object"),
    ('{"tasks": []', "line 1"),
    ('{"tasks": [],}', "(line 1, column"),
    ("{'tasks': []}", "(line 1, column 2)"),
    ('{"tasks": [] /* none */}', "(line 1, column"),
    ('{"tasks": []} {}', "(line 1, column 15)"),
    ('{"tasks": [], "tasks": []}', "twice"),
    ('{"tasks": [%s]}' % (TASK % ', "id": "b2"'), "twice"),
    ('{"tasks": {}}', "tasks: expected an array, found an object"),
    ('{"tasks": [7]}', "line 1"),
    ('{"x": %s1%s}' % ("[" * 65, "]" * 65), "deeper"),
    ('{"x": %s}' % ("1" * 100), "line 1"),
    ('{"x": NaN}', "(line 1, column 7)"),
    ('{"x": "\\ud800"}', "line 1"),
    ('{"x": "a\x00b"}', "line 1"),
    ('{"x": "a\nb"}', "line 1"),
    ("<<<<<<< ours\n{}\n", "line 1"),
    ('{"tasks": [%s]}' % (TASK % ', "last_run_at": "2024-02-30T00:00:00Z"'), "not an ISO-8601 time"),
    ('{"tasks": [%s]}' % (TASK % ', "last_run_at": "2024-02-03T00:00:00"'), "not an ISO-8601 time"),
    ('{"tasks": [%s]}' % (TASK % ', "last_run_at": 1700000000000'), "expected a string, found a number"),
    ('{"tasks": [%s]}' % (TASK % ', "retention_days": -1'), "tasks[0].retention_days: expected an integer from 1 to 3650"),
    ('{"tasks": [%s]}' % (TASK % ', "retention_days": 1e400'), "expected an integer from 1 to 3650"),
    ('{"tasks": [%s]}' % (TASK % ', "enabled": "yes"'), "tasks[0].enabled: expected true or false"),
    ('{"tasks": [%s, %s]}' % (TASK % "", TASK % ""), "tasks[1].id"),
    ('{"tasks": [%s]}' % (TASK % "").replace("a1", "../a"), "tasks[0].id"),
    ('{"tasks": [%s]}' % (TASK % "").replace("04:00", "4 am"), "tasks[0].schedule.time"),
    ('{"tasks": [%s]}' % (TASK % "").replace("daily", "hourly"), '"hourly" unknown; one of interval, daily, weekly, monthly'),
    ('{"tasks": [%s]}' % (TASK % "").replace("daily", "weekly"), "tasks[0].schedule.day"),
    ('{"tasks": [%s]}' % (TASK % "").replace("daily", "monthly"), "tasks[0].schedule.day_of_month"),
    ('{"tasks": [%s]}' % (TASK % "").replace("daily", "interval"), "tasks[0].schedule.minutes"),
    ('{"tasks": [%s]}' % (TASK % "").replace('"name": "v", ', ""), "tasks[0].name: missing"),
    ('{"tasks": [%s]}' % ", ".join(TASK.replace("a1", "a%d" % i) % "" for i in range(201)), "more than 200 entries"),
]


@pytest.mark.parametrize("text, said", HOSTILE)
def test_a_file_that_cannot_be_used(home, text, said):
    home.write(text)
    for words in (("add", "vacuum"), ("list",), ("run", "--due"), ("run", "vacuum"), ("remove", "v"), ("disable", "v")):
        done = home(*words)
        assert done.code == 2 and said in done.err and "cron-config.json" in done.err, done.err
        assert done.err.count("\n") == 1 and done.out == ""
    assert home.path.read_text() == text


def test_too_large(home):
    home.write('{"x": "%s"}' % ("y" * (1024 * 1024)))
    done = home("add", "vacuum")
    assert done.code == 2 and "larger than 1024 KiB" in done.err


def test_no_file(home):
    (home.folder / "elsewhere").write_text("{}")
    for make in (lambda: home.path.symlink_to("elsewhere"), lambda: os.mkfifo(home.path), home.path.mkdir):
        make()
        for words in (("add", "vacuum"), ("list",)):
            done = home(*words)
            assert done.code == 4 and "refused" in done.err, done.err
        home.path.rmdir() if home.path.is_dir() and not home.path.is_symlink() else home.path.unlink()
    assert (home.folder / "elsewhere").read_text() == "{}"


def test_others_may_write_it(home):
    home.add("vacuum")
    home.path.chmod(0o666)
    done = home("run", "--due")
    assert done.code == 4 and "chmod" in done.err
    home.path.chmod(0o664)
    assert home("list").code == 0


def test_somebody_holds_the_lock(home):
    home.add("vacuum")
    before = home.path.read_bytes()
    with open(home.folder / "cron-config.json.lock", "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = home("add", "cleanup")
        assert done.code == 6 and "lock held by pid" in done.err
        assert home("list").code == 0
    assert home.path.read_bytes() == before
    assert home("add", "cleanup").code == 0


def test_many_at_once(home):
    names = ["n%d" % i for i in range(24)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for done in pool.map(lambda name: home("add", name, "--template", "vacuum"), names):
            assert done.code == 0, done.err
    assert sorted(task["name"] for task in home.config()["tasks"]) == sorted(names)
    assert len({task["id"] for task in home.config()["tasks"]}) == 24


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(home):
    home.folder.chmod(0o500)
    done = home("add", "vacuum")
    home.folder.chmod(0o700)
    assert done.code == 8 and "cron-config.json" in done.err


def test_no_home(home):
    done = home("add", "vacuum", env={"SK_HOME": "relative"})
    assert done.code != 0 and "SK_HOME" in done.err
    done = home("add", "vacuum", env={"SK_HOME": ""})
    assert done.code == 8 and "not set" in done.err


def test_no_more_than_fit(home):
    tasks = ["%s" % (TASK.replace('"a1"', '"a%d"' % i).replace('"v"', '"v%d"' % i) % "") for i in range(200)]
    home.write('{"tasks": [%s]}' % ", ".join(tasks))
    before = home.path.read_bytes()
    done = home("add", "vacuum")
    assert done.code == 4 and "has 200 schedules already" in done.err and home.path.read_bytes() == before
    assert home("remove", "v7").code == 0 and home("add", "vacuum").code == 0
