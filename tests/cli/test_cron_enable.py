"""sk cron enable: it keeps its settings, and what became due meanwhile is run once."""

from maintenance import home  # noqa: F401: a fixture


def test_enable(home):
    home.add("vacuum", "--daily", "04:00", "--disabled")
    before = home.task("vacuum")
    done = home("enable", "vacuum")
    assert done.code == 0 and "enabled" in done.out
    assert home.task("vacuum") == {**before, "enabled": True}
    written = home.path.read_bytes()
    assert "already" in home("enable", "vacuum").out
    assert home.path.read_bytes() == written


def test_what_became_due_runs_once(home):
    home.make().close()
    home.add("vacuum", "--interval", "1m")
    home.ran("vacuum", days=9)
    assert home("disable", "vacuum").code == 0
    assert home("run", "--due").code == 0 and home.runs() == []
    assert home("enable", "vacuum", "--json").json["task"]["due"] is True
    assert home("run", "--due").code == 0 and home("run", "--due").code == 0
    assert home.statuses() == ["ok"]


def test_unknown(home):
    done = home("enable", "vacuum")
    assert done.code == 3 and "nothing was changed" in done.err
