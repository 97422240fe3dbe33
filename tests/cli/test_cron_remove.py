"""sk cron remove: gone is one schedule, and the way back is printed."""

from maintenance import home  # noqa: F401: a fixture


def test_by_name_and_by_id(home):
    home.add("vacuum")
    home.add("often", "--template", "wal-checkpoint", "--interval", "90m", "--retention-days", "3", "--disabled")
    assert home("remove", "vacuum").code == 0
    assert [task["name"] for task in home.config()["tasks"]] == ["often"]
    before = home.task("often")
    done = home("remove", before["id"])
    assert done.code == 0 and home.config() == {}
    undo = done.out.split("undo: sk cron ")[1].split()
    assert home(*undo).code == 0
    after = home.task("often")
    chance = ("id", "created_at")
    assert {k: v for k, v in after.items() if k not in chance} == {k: v for k, v in before.items() if k not in chance}


def test_every_schedule_comes_back(home):
    for words in (("--daily", "01:02"), ("--weekly", "tuesday@03:04"), ("--monthly", "5@06:07"), ("--interval", "8m")):
        home.add("n", "--template", "cleanup", *words)
        before = home.task("n")["schedule"]
        document = home("remove", "n", "--json").json
        assert document["done"] == "removed" and document["task"]["name"] == "n"
        assert home(*document["undo"].split()[2:]).code == 0
        assert home.task("n")["schedule"] == before
        assert home("remove", "n").code == 0


def test_what_is_not_there(home):
    home.add("vacuum")
    before = home.path.read_bytes()
    done = home("remove", "vacum")
    assert done.code == 3 and "near to it: vacuum" in done.err and "nothing was removed" in done.err
    assert home.path.read_bytes() == before


def test_a_word_that_names_two(home):
    task = {"name": "same", "template": "vacuum", "schedule": {"type": "daily", "time": "04:00"}}
    home.write({"tasks": [{"id": "a1", **task}, {"id": "b2", **task}]})
    done = home("remove", "same")
    assert done.code == 2 and "one of a1, b2" in done.err
    assert home("remove", "b2").code == 0
    assert [task["id"] for task in home.config()["tasks"]] == ["a1"]


def test_an_odd_name_is_quoted(home):
    home.write({"tasks": [{"id": "a1", "name": "my $(task)", "template": "vacuum",
                           "schedule": {"type": "daily", "time": "04:00"}}]})
    done = home("remove", "a1")
    assert "sk cron add 'my $(task)' --template vacuum --daily 04:00" in done.out
