"""docs/commands.md and docs/states.md are what the tables say, or this fails: print them anew with sk __docs PAGE."""

import pathlib

import pytest

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("page", ["commands", "states"])
def test_fresh(sk, page):
    done = sk("__docs", page)
    assert done.code == 0
    assert (DOCS / (page + ".md")).read_text() == done.out, "stale: sk __docs %s > docs/%s.md" % (page, page)


def test_every_command_is_there(sk):
    page = sk("__docs", "commands").out
    for row in sk("help", "--json").json["commands"]:
        assert "\n## sk %s\n" % row["command"] in page


def test_every_state_is_there(sk):
    page = sk("__docs", "states").out
    for state in ("pending", "queued", "running", "validating", "retrying", "completed", "failed", "cancelled"):
        assert "| %s |" % state in page


def test_unknown_page(sk):
    assert sk("__docs", "nonsense").code == 2
