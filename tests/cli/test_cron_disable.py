"""sk cron disable: nothing runs by itself any more, and everything else stays."""

from maintenance import home  # noqa: F401: a fixture


def test_disable(home):
    home.make().close()
    home.add("vacuum")
    before = home.task("vacuum")
    done = home("disable", before["id"])
    assert done.code == 0 and "disabled" in done.out
    assert home.task("vacuum") == {**before, "enabled": False}
    assert home.shown("vacuum")["due"] is False
    done = home("run", "--due")
    assert done.code == 0 and home.runs() == []
    assert home("run", "vacuum").code == 0 and home.statuses() == ["ok"]
    assert home.task("vacuum")["enabled"] is False
    assert "already" in home("disable", "vacuum").out


def test_unknown(home):
    home.add("vacuum")
    done = home("disable", "vacuu")
    assert done.code == 3 and "vacuum" in done.err
