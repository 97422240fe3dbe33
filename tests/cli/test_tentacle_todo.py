"""To-dos by number; nobody's other lines are ever touched."""

import subprocess

import pytest

from conftest import binary


def path(goals):
    return goals.home / "tentacles" / "a" / "todo.md"


def test_add_done_undone(goals):
    goals.t("create", "a")
    assert goals.t("todo", "a", "add", "one").out == "  0 [ ] one\n"
    goals.t("todo", "a", "add", " two ")
    assert goals.t("todo", "a", "done", "1").out == "  0 [ ] one\n  1 [x] two\n"
    assert path(goals).read_text() == "# Todo\n\n- [ ] one\n- [x] two\n"
    assert goals.t("todo", "a", "undone", "1").code == 0
    assert path(goals).read_text() == "# Todo\n\n- [ ] one\n- [ ] two\n"
    assert len(goals.events("tentacle_todo_set")) == 4


def test_json(goals):
    goals.t("create", "a")
    page = goals.t("todo", "a", "add", "one", "--json").json
    assert page["todos"] == [{"index": 0, "text": "one", "done": False, "depth": 0}] and page["todos_total"] == 1


def test_the_rest_of_the_text_stays(goals):
    goals.t("create", "a")
    text = "# Mine\r\n\n* [ ] a\n  - [X] below\n  a note\n\n```\nint x;\n```\n1. not one\n"
    path(goals).write_bytes(text.encode())
    assert goals.t("todo", "a", "done", "0").code == 0
    assert path(goals).read_bytes().decode() == text.replace("[ ] a", "[x] a")
    assert goals.t("todo", "a", "add", "new").code == 0
    assert path(goals).read_bytes().decode() == text.replace("[ ] a", "[x] a").replace("  a note\n",
                                                                                       "  a note\n- [ ] new\n")
    assert [event["metadata"]["name"] for event in goals.events("tentacle_edited")] == ["todo.md"]


def test_words_that_cannot_be(goals):
    goals.t("create", "a")
    before = path(goals).read_text()
    for words in ("", "  ", "a\nb", "a\033b", "x" * 5000):
        done = goals.t("todo", "a", "add", words)
        assert done.code == 2, words
    assert path(goals).read_text() == before


@pytest.mark.parametrize("index, code", [("0", 3), ("7", 3), ("-1", 2), ("x", 2), ("1e0", 2), ("", 2), ("0x0", 2),
                                         ("99999999999999999999", 2)])
def test_numbers_that_are_not_there(goals, index, code):
    goals.t("create", "a")
    assert goals.t("todo", "a", "done", "--", index).code == code


def test_words_that_are_no_verbs(goals):
    goals.t("create", "a")
    for words in (["ad", "x"], ["add"], ["list", "x"], ["done"], []):
        assert goals.t("todo", "a", *words).code == 2, words
    assert goals.t("todo", "b", "list").code == 3


def test_many_at_once(goals):
    goals.t("create", "a")
    running = [subprocess.Popen([binary(), "tentacle", "todo", "a", "add", "number %d" % i], cwd=goals.folder,
                                env=goals.env, stdout=subprocess.DEVNULL) for i in range(12)]
    assert [process.wait(60) for process in running] == [0] * 12
    todos = goals.t("todo", "a", "list", "--json").json["todos"]
    assert {todo["text"] for todo in todos} == {"number %d" % i for i in range(12)}


def test_it_stays_small_enough(goals):
    goals.t("create", "a")
    path(goals).write_text("x" * (256 * 1024 - 10))
    done = goals.t("todo", "a", "add", "a longer text than fits")
    assert done.code == 4 and "256 KiB" in done.err


def test_an_example_is_no_to_do(goals):
    goals.begin()
    goals.tentacle("a")
    path = goals.home / "tentacles" / "a" / "todo.md"
    text = "# Todo\n\n- [ ] one\n\n```\n- [ ] example\n~~~\n```\n\n~~~~ md\n- [x] another\n~~~\n- [ ] still\n~~~~\n- [x] two\n"
    path.write_text(text)
    shown = goals.t("todo", "a", "list", "--json")
    assert shown.code == 0 and "example" not in shown.out and "still" not in shown.out and "two" in shown.out
    assert goals.t("todo", "a", "add", "three").code == 0
    assert path.read_text() == text + "- [ ] three\n"
