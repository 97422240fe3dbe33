"""sk cron list: when what is due next, how it went, and what to type when it did not go well."""

import datetime

from maintenance import home, stamp  # noqa: F401: home is a fixture


def test_nothing(home):
    done = home("list")
    assert done.code == 0 and "nothing is scheduled" in done.out and "sk cron add vacuum" in done.out
    document = home("list", "--json").json
    assert document["kind"] == "cron_list" and document["tasks"] == [] and document["present"] is False
    assert [template["name"] for template in document["templates"]] == ["wal-checkpoint", "vacuum", "cleanup"]
    assert list(home.folder.iterdir()) == []


def test_no_folder(home):
    home.folder.rmdir()
    assert "nothing is scheduled" in home("list").out
    assert not home.folder.exists()


def test_the_clock_on_the_wall(home):
    """Never a time in UTC where the wall's is meant: the same moment in two zones."""
    home.add("vacuum", "--daily", "04:30")
    home.ran("vacuum", minutes=1)
    for zone, mark in (("CET-1CEST,M3.5.0,M10.5.0/3", "CE"), ("<+0545>-5:45", "+0545"), ("EST5", "EST")):
        env = {"TZ": zone}
        assert " 04:30 " + mark in home("list", env=env).out
        task = home("list", "--json", env=env).json["tasks"][0]
        assert task["next_due_local"][11:19] == "04:30:00"
        local = datetime.datetime.fromisoformat(task["next_due_local"])
        utc = datetime.datetime.fromisoformat(task["next_due_at"].replace("Z", "+00:00"))
        assert local == utc and local.utcoffset() != datetime.timedelta(0)
        now = datetime.datetime.now(datetime.timezone.utc)
        assert now < utc <= now + datetime.timedelta(days=1, minutes=1)


def test_due_and_waiting(home):
    home.add("a", "--template", "vacuum")
    home.add("b", "--template", "vacuum", "--interval", "1h")
    home.ran("b", minutes=30)
    home.add("c", "--template", "vacuum", "--interval", "1h")
    home.ran("c", minutes=61)
    home.add("d", "--template", "vacuum", "--interval", "1h")
    home.edit("d", last_run_at=stamp(days=-400))
    shown = {name: home.shown(name)["verdict"] for name in "abcd"}
    assert shown == {"a": "never-run", "b": "waiting", "c": "due", "d": "clock-set-back"}
    assert [home.shown(name)["due"] for name in "abcd"] == [True, False, True, True]
    out = home("list").out
    assert out.count("due now") == 3 and "the clock was set back" in out and "sk cron run --due" in out


def test_a_template_that_nobody_knows(home):
    home.write({"tasks": [{"id": "a1", "name": "thoughts", "template": "reflection",
                           "schedule": {"type": "daily", "time": "04:00"}}]})
    assert home.shown("thoughts")["known"] is False
    out = home("list").out
    assert '"reflection" is no template' in out and "sk cron remove a1" in out and "--due" not in out


def test_what_went_wrong(home):
    home.add("vacuum")
    assert home("run", "--due").code == 1
    out = home("list").out
    assert "missing" in out and "knowledge.db: does not exist" in out and "sk cron run " + home.task("vacuum")["id"] in out
    assert home.shown("vacuum")["last_status"] == "missing"
    home.make().close()
    assert home("run", "vacuum").code == 0
    out = home("list").out
    assert "ok" in out and "does not exist" not in out and "Next" not in out


def test_names_of_others_are_made_visible(home):
    home.write({"tasks": [{"id": "a1", "name": "x\u001b[2J\u202ey", "template": "vacuum", "last_status": "\u001b]0;",
                           "schedule": {"type": "daily", "time": "04:00"}}]})
    out = home("list").out
    assert "\x1b" not in out and "\u202e" not in out
