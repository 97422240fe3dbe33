"""Maintenance that is due runs by itself while a daemon serves: __maintain looks once, the daemon asks it now and then."""

import os
import signal

import pytest

from conftest import Work, until
from daemons import pid_of, served
from maintenance import Home, home  # noqa: F401: home is a fixture


@pytest.fixture
def served_home(work):
    return Home(work)


def maintain(home):
    done = home.sk("__maintain")
    assert done.out == "" and done.err == ""
    return done.code


def test_once(home):
    home.make().close()
    home.add("vacuum", "--interval", "1h")
    home.add("cleanup", "--interval", "1h")
    assert maintain(home) == 0 and maintain(home) == 0
    assert home.statuses() == ["ok", "ok"]


def test_nothing_to_do(home):
    home.folder.rmdir()
    assert maintain(home) == 0
    assert not home.folder.exists()


def test_it_tells_how_it_ended(home):
    home.add("vacuum")
    assert maintain(home) == 1 and home.statuses() == ["missing"]
    home.write("no configuration")
    done = home.sk("__maintain")
    assert done.code == 2 and "cron-config.json" in done.err


def test_a_daemon_runs_what_is_due(served_home):
    """The configuration may come later than the daemon; what is due again runs again."""
    home, work = served_home, served_home.sk
    home.make().close()
    served(work, "--maintain-every", "20ms")
    home.add("vacuum", "--interval", "1h")
    until(lambda: len(home.runs()) == 1 and home.settled("vacuum"), "it is run")
    home.ran("vacuum", hours=2)
    until(lambda: len(home.runs()) == 2, "it is run again")
    assert home.statuses() == ["ok", "ok"] and home.whole()
    assert work("daemon", "stop").code == 0
    work.nothing_left()


def test_two_daemons_run_a_slot_once(served_home, tmp_path_factory):
    home, work = served_home, served_home.sk
    home.make().close()
    other = Work(tmp_path_factory.mktemp("beside"))
    other.env.update(SK_HOME=str(home.home))
    try:
        home.add("far", "--template", "cleanup", "--disabled")
        served(work, "--maintain-every", "5ms")
        served(other, "--maintain-every", "5ms")
        for count in range(1, 6):
            home.add("n%d" % count, "--template", "vacuum", "--interval", "1h")
            until(lambda: home.settled("n%d" % count), "it is run")
        for daemon in (work, other):
            assert daemon("daemon", "stop").code == 0
    finally:
        other.end()
    assert sorted(run["name"] for run in home.runs()) == ["n1", "n2", "n3", "n4", "n5"]
    assert set(home.statuses()) == {"ok"}


def test_switched_off(served_home):
    """Without the switch a daemon that is told 0 would look in every turn."""
    home, work = served_home, served_home.sk
    home.make().close()
    home.add("vacuum", "--interval", "1h")
    served(work, "--maintain-every", "0", "--release-every", "1ms")
    work.plan("workstream: w\ntasks:\n  one: {run: 'true'}\n")
    assert work("submit", "plan.yaml").code == 0 and work("wait", "w").code == 0
    assert home.runs() == [] and "running" not in home.task("vacuum")
    assert work("daemon", "stop").code == 0
    assert home.runs() == [] and "last_attempt_at" not in home.task("vacuum")


def test_a_daemon_that_is_killed_takes_it_along(served_home):
    """What it had begun is seen by the next one, and run again."""
    home, work = served_home, served_home.sk
    db = home.make()
    home.add("vacuum", "--interval", "1h")
    db.execute("BEGIN IMMEDIATE")
    served(work, "--maintain-every", "20ms")
    until(lambda: home.task("vacuum").get("running"), "it waits for the database")
    os.kill(pid_of(work), signal.SIGKILL)
    until(lambda: not [words for words in work.left().values() if "__maintain" in words], "it ends with the daemon")
    db.execute("ROLLBACK")
    db.close()
    served(work, "--maintain-every", "20ms")
    until(lambda: "ok" in home.statuses(), "the next one does it")
    assert home.statuses() == ["interrupted", "ok"] and home.whole()
    assert work("daemon", "stop").code == 0


def test_words(work):
    done = work("daemon", "start", "--maintain-every", "soon")
    assert done.code == 2 and "a duration" in done.err
