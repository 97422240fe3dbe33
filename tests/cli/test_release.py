"""Parked work goes on by itself while a daemon serves: __release decides once, the daemon asks it now and then."""

from conftest import until
from daemons import served


def park(goals, name, text="HTTP 429 too many requests, retry after 1 second"):
    goals.t("create", name)
    done = goals.t("handoff", name, text, "--status", "BLOCKED")
    assert done.code in (11, 75), done.err
    assert goals.meta(name)["status"] == "parked"


def due(goals, *names):
    def all_due():
        entries = goals("retry-queue", "list", "--json").json["entries"]
        return all(entry["due"] for entry in entries if entry["tentacle"] in names)
    until(all_due, "their time comes")


def release(goals):
    done = goals("__release")
    assert done.code == 0, done.err
    assert done.out == "" and done.err == ""


def states(goals, *names):
    return [goals.meta(name)["status"] for name in names]


def test_one_at_a_time(goals):
    park(goals, "a")
    park(goals, "b")
    due(goals, "a", "b")
    release(goals)
    assert sorted(states(goals, "a", "b")) == ["idle", "parked"]
    release(goals)
    release(goals)
    assert states(goals, "a", "b") == ["idle", "idle"]
    assert len(goals.events("tentacle_released")) == 2


def test_not_before_its_time(goals):
    park(goals, "a", "HTTP 429 too many requests, retry after 2 hours")
    before = goals.events()
    release(goals)
    assert states(goals, "a") == ["parked"] and goals.events() == before


def test_what_a_person_holds_stays(goals):
    park(goals, "a")
    park(goals, "b", "billing problem")
    assert goals("retry-queue", "hold", "a").code == 0
    due(goals, "a")
    release(goals)
    assert states(goals, "a", "b") == ["parked", "parked"]


def test_switched_off(goals):
    park(goals, "a")
    due(goals, "a")
    (goals.home / "config.yaml").write_text("auto_release: false\n")
    release(goals)
    assert states(goals, "a") == ["parked"]
    (goals.home / "config.yaml").write_text("auto_release: true\n")
    release(goals)
    assert states(goals, "a") == ["idle"]


def test_no_goals(goals):
    release(goals)
    assert not goals.home.exists()


def test_a_configuration_that_cannot_be_read(goals):
    park(goals, "a")
    due(goals, "a")
    (goals.home / "config.yaml").write_text("auto_release: maybe\n")
    done = goals("__release")
    assert done.code == 2 and "auto_release" in done.err
    assert states(goals, "a") == ["parked"]


def test_a_daemon_releases(goals):
    """Two whose time comes, in turn; the one that is held stays where it is."""
    park(goals, "held")
    assert goals("retry-queue", "hold", "held").code == 0
    served(goals, "--release-every", "50ms")
    park(goals, "a")
    park(goals, "b")
    until(lambda: states(goals, "a", "b") == ["idle", "idle"], "both are released")
    assert states(goals, "held") == ["parked"]
    assert len(goals.events("tentacle_released")) == 2
    assert goals("daemon", "stop").code == 0


def test_a_paused_daemon_releases_once_it_is_let_go(goals):
    park(goals, "a")
    due(goals, "a")
    served(goals, "--paused", "--release-every", "50ms")
    assert goals("status").code == 0
    assert states(goals, "a") == ["parked"]
    assert goals("daemon", "release").code == 0
    until(lambda: states(goals, "a") == ["idle"], "it is released")
    assert goals("daemon", "stop").code == 0


def test_a_daemon_without_goals(goals):
    served(goals, "--release-every", "1ms")
    goals.plan("workstream: w\ntasks:\n  one: {run: 'true'}\n")
    assert goals("submit", "plan.yaml").code == 0
    assert goals("wait", "w").code == 0
    assert goals("daemon", "stop").code == 0
    assert not goals.home.exists()


def test_words(goals):
    done = goals("daemon", "start", "--release-every", "soon")
    assert done.code == 2 and "a duration" in done.err
