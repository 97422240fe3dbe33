"""One task on one page, also when what it printed is hostile."""

import re

import pytest

from conftest import DONE, NIGHTLY
from pages import check_nothing_yet, check_page, check_refusals


@pytest.fixture
def night(sk, maker):
    maker.steps(NIGHTLY)
    maker.hold()
    return sk


def test_failed(night):
    assert "\n  log " not in night("task", "show", "arm").out, "where its log is, is said only where one is"
    assert night("task", "show", "arm", "--json").json["log"] is None
    logs = night.folder / ".state" / "logs"
    logs.mkdir(mode=0o700)
    (logs / "arm.log").write_text("make: *** [arm] Error 1\n")
    assert night("task", "show", "arm", "--json").json["log"] == ".state/logs/arm.log"
    out = check_page(night("task", "show", "arm"))
    assert out.startswith("arm  failed  exit code 2\n")
    assert "\n  workstream  nightly, " in out
    assert "\n  command     make\n" in out
    assert "\n  log         .state/logs/arm.log\n" in out
    assert out.endswith("\nNext: sk logs arm\n      sk task retry --task-id arm\n")


@pytest.mark.parametrize("words", [["task", "show", "arm"], ["task", "show", "--task-id", "arm"],
                                   ["show_task", "--task-id=arm"]])
def test_all_ways_to_name_it(night, words):
    assert check_page(night(*words)).startswith("arm  failed")


def test_numbers_agree_with_their_words(night):
    assert re.search(r"^  needs +0 tasks; 1 needs it: sk task deps build$", night("task", "show", "build").out, re.M)
    assert re.search(r"^  needs +1 task; 1 needs it: sk task deps unit$", night("task", "show", "unit").out, re.M)
    assert re.search(r"^  needs +2 tasks; 1 needs it: sk task deps publish$", night("task", "show", "publish").out, re.M)
    assert re.search(r"^  needs +0 tasks; 0 need it: sk task deps gpu$", night("task", "show", "gpu").out, re.M)


def test_timeout_doubles_the_limit(sk, maker):
    maker.make(NIGHTLY + "timeout sync 9 600000\n")
    out = check_page(sk("task", "show", "sync"))
    assert "time limit reached" in out
    assert out.endswith("\nNext: sk task retry --task-id sync --timeout 1200\n")


def test_network_is_transient(sk, maker):
    maker.make(NIGHTLY.replace("cc: error: no such file", "fatal: Could not resolve host: example"))
    document = sk("task", "show", "arm", "--json").json
    assert (document["fault"], document["remedy"]) == ("exit_code", "transient")
    assert document["next"] == ["sk task retry --task-id arm"]


def test_running(night):
    out = check_page(night("task", "show", "build"))
    assert "\n  worker      local\n" in out
    assert out.endswith("\nNext: sk logs -f build\n")


def test_blocked_points_at_the_root(night):
    assert "\nNext: sk task show arm\n" in check_page(night("task", "show", "publish"))


def test_completed_has_no_next(sk, maker):
    maker.make(DONE)
    assert "Next" not in check_page(sk("task", "show", "one"))


def test_logs(sk, maker):
    maker.make(NIGHTLY + "".join("log arm line %d\n" % i for i in range(60)) + "log arm \x1b]0;owned\x07\n")
    assert "Its last lines" not in sk("task", "show", "arm").out
    out = check_page(sk("task", "show", "arm", "--include-logs"))
    assert "\nIts last lines\n  line 21\n" in out
    assert "\n  line 59\n  ^[]0;owned^G\n" in out
    lines = sk("task", "show", "arm", "--include-logs", "--json").json["log_lines"]
    assert len(lines) == 40
    assert lines[0] == "line 21"


def test_huge_log_line(sk, maker):
    maker.make(NIGHTLY)
    logs = sk.folder / ".state" / "logs"
    logs.mkdir(exist_ok=True)
    (logs / "arm.log").write_bytes(b"x" * 3000000)
    done = sk("task", "show", "arm", "--include-logs")
    assert done.code == 0
    assert len(done.out) < 100000


def test_linked_log_is_refused(sk, maker):
    maker.make(NIGHTLY)
    logs = sk.folder / ".state" / "logs"
    logs.mkdir(exist_ok=True)
    (sk.folder / "secret").write_text("secret\n")
    (logs / "arm.log").symlink_to(sk.folder / "secret")
    done = sk("task", "show", "arm", "--include-logs")
    assert done.code == 4
    assert "secret" not in done.out


def test_no_log(night):
    assert "It has printed nothing" in check_page(night("task", "show", "unit", "-l"))


def test_json(night):
    document = night("task", "show", "arm", "--json").json
    assert document["kind"] == "task"
    assert document["definition"] == {"run": "make"}
    assert document["state"] == "failed"
    assert document["next"] == ["sk logs arm", "sk task retry --task-id arm"]


def test_refusals(night):
    check_refusals(night, ["task", "show"], "task-id", "publsh", "publish")
    check_nothing_yet(night, "task", "show", "arm")
