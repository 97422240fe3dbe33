"""The list of tentacles, also when there is none."""


def test_none_yet(goals):
    done = goals.t("list")
    assert done.code == 0 and "no tentacles yet" in done.out
    assert goals.t("list", "--json").json["tentacles"] == []
    assert not goals.home.exists()


def test_names_states_and_to_dos(goals):
    goals.t("create", "one", "--desc", "the first \033[31m")
    goals.t("create", "two")
    goals.t("todo", "one", "add", "x")
    shown = goals.t("list")
    assert shown.out.splitlines() == ["one  idle  0/1  the first ^[[31m", "two  idle  0/0"]
    first, second = goals.t("list", "--json").json["tentacles"]
    assert first["name"] == "one" and first["todos_total"] == 1 and second["status"] == "idle"


def test_it_takes_no_words(goals):
    assert goals.t("list", "x").code == 2
