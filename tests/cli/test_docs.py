"""docs/commands.md and docs/states.md are what the tables say, or this fails: print them anew with sk __docs PAGE."""

import pathlib
import re

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
        assert "\n### sk %s\n" % row["command"] in page


def test_every_state_is_there(sk):
    page = sk("__docs", "states").out
    for state in ("pending", "queued", "running", "validating", "retrying", "completed", "failed", "cancelled"):
        assert "| %s |" % state in page


def test_unknown_page(sk):
    assert sk("__docs", "nonsense").code == 2


def commands_in(text):
    """Command lines in backquotes, and in blocks; what stands behind # is for people."""
    for block in re.findall(r"```\n(.*?)```", text, re.S):
        yield from (line.split("#")[0].strip() for line in block.splitlines())
    yield from re.findall(r"`(sk [^`]+)`", re.sub(r"```.*?```", "", text, flags=re.S))


def test_operators_page_names_what_there_is(sk):
    """Each command of docs/recovery.md exists, and takes the options that stand there."""
    page = (DOCS / "recovery.md").read_text()
    seen = 0
    for line in commands_in(page):
        words = line.split()
        if not words or words[0] != "sk":
            continue
        path = [word for word in words[1:] if re.fullmatch(r"[a-z_-]+", word) and not word.startswith("-")]
        shown = next((text for text in (sk("help", *path[:n]) for n in (3, 2, 1)) if text.code == 0), None)
        assert shown, line
        for option in re.findall(r"--[a-z-]+", line):
            assert option in shown.out, (line, option)
        seen += 1
    assert seen > 30
