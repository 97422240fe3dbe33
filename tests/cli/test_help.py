"""Help: from the table, for all and for one, and as JSON; and what happens to words that are no command."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

import pytest

from conftest import binary


def terminal_says(sk, words, columns):
    """What `sk words...` writes to a standard error that is a terminal of that width, in one piece."""
    main, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
    subprocess.run([binary(), *words], cwd=sk.folder, env=sk.env, stdout=subprocess.DEVNULL, stderr=other,
                   stdin=subprocess.DEVNULL)
    said = os.read(main, 65536).decode()  # its whole sentence was one write, and it has ended
    os.close(other)
    os.close(main)
    return said


def test_nothing_typed_is_help(sk):
    done = sk()
    assert done.code == 0
    assert done.err == ""
    assert done.out.startswith("sk runs a plan of tasks to its end")
    for word in ("status", "why", "logs", "events", "completion"):
        assert "\n  %s " % word in done.out
    assert "__" not in done.out


@pytest.mark.parametrize("words", [["help", "status"], ["status", "--help"], ["status", "-h"], ["--help", "status"]])
def test_one_command(sk, words):
    done = sk(*words)
    assert done.code == 0
    assert done.out.startswith("sk status: show what runs")
    assert "-a, --all" in done.out
    assert "--state-dir DIR" in done.out


def test_sections(sk):
    """A few headings, the same ones in all three pages; every command stands below one."""
    rows = sk("help", "--json").json["commands"]
    sections = list(dict.fromkeys(row["section"] for row in rows))
    assert sections == ["Run", "Look", "Mend", "Goals", "Tentacles", "State", "Agents", "Knowledge", "Maintenance", "Serve", "Other"]
    assert [row["section"] for row in rows] == sorted((row["section"] for row in rows), key=sections.index)
    page, docs, manual = sk().out, sk("__docs", "commands").out, sk("__man").out
    for section in sections:
        mine = [row["command"] for row in rows if row["section"] == section]
        short = [re.sub("^tentacle goal ", "goal ", name) for name in mine]
        _, below = page.split("\n\n%s\n" % section)
        listed = [re.match(r"  (\S.*?)  ", line) for line in below.split("\n\n")[0].splitlines()]
        assert [found.group(1) for found in listed if found] == short
        _, below = docs.split("\n## %s\n" % section)
        assert re.findall(r"^### sk (.*)$", below.split("\n## ")[0], re.M) == mine
        assert ".Sh COMMANDS: %s\n.Ss sk %s\n" % (section, mine[0].replace("-", "\\-")) in manual


def test_a_line_a_command(sk):
    """On the smallest usual terminal; a summary that breaks is one that says too much."""
    for line in sk("help").out.splitlines():
        assert len(line) <= 80, line
        assert not line.startswith("     "), line


def test_fits_a_terminal(sk):
    names = [row["command"] for row in sk("help", "--json").json["commands"]]
    assert len(names) >= 7
    for words in [["help"]] + [["help", *name.split()] for name in names]:
        for line in sk(*words).out.splitlines():
            assert len(line) <= 80, line


def test_json(sk):
    document = sk("help", "logs", "--format", "json").json
    assert document["command"] == "logs"
    assert "follow" in [option["name"] for option in document["options"]]


def test_the_plan_in_the_help_is_one(sk):
    """It is what a person is sent to who has no plan yet."""
    _, plan = sk("help", "run").out.split("# nightly.yaml, a plan:\n")
    (sk.folder / "nightly.yaml").write_text("\n".join(line[2:] for line in plan.splitlines()))
    done = sk("run", "--dry-run", "--json", "nightly.yaml")
    assert done.code == 0, done.err
    assert done.json["to_run"] == 3


def test_near_miss(sk):
    done = sk("stauts")
    assert done.code == 2
    assert done.out == ""
    assert done.err == 'sk: unknown command "stauts"; did you mean "status"? Nothing was done. Try: sk help\n'


@pytest.mark.parametrize("words, said", [
    (["--frob"], "unknown option --frob (there is --version, --format, --json, --state-dir, --no-color, --help): "
                 "nothing was done. Try: sk help"),
    (["--verison"], "unknown option --verison; did you mean --version? Nothing was done. Try: sk help"),
    (["status", "--al"], "status: unknown option --al; did you mean --all? Nothing was done. Try: sk help status"),
    (["run", "--keep"], "run: unknown option --keep; did you mean --keep-going? Nothing was done. Try: sk help run"),
    (["run", "--accept-change", "x"], "run: unknown option --accept-change; did you mean --accept-changes? Nothing was "
                                      "done. Try: sk help run"),
    (["version", "--zzzzzz"], "version: unknown option --zzzzzz (there is --format, --json, --state-dir, --no-color, "
                              "--help): nothing was done. Try: sk help version"),
    (["task", "shwo"], 'task: unknown command "shwo"; did you mean "task show"? Nothing was done. Try: sk help task'),
    (["statsu"], 'unknown command "statsu"; did you mean "status"? Nothing was done. Try: sk help')])
def test_near_and_far(sk, words, said):
    """A slip is repaired; what is near to nothing is not forced upon the nearest word."""
    done = sk(*words)
    assert done.code == 2
    assert done.err == "sk: " + said + "\n"


def test_an_option_of_its_own_is_named_once(sk):
    said = sk("metrics", "--zzzzzz").err
    assert said.count("--format") == 1 and "--json" in said


def test_unknown_verb_of_a_group_names_all(sk):
    done = sk("task", "frobnicate")
    assert done.code == 2
    assert done.err.startswith('sk: task: unknown command "frobnicate": nothing was done. Try: sk task ')
    assert "show" in done.err and "list" in done.err


@pytest.mark.parametrize("words, first, last", [
    (["goal", "--help"], "sk goal init ", "sk goal repair "),
    (["tentacle", "goal", "gate", "-h"], "sk goal gate add ", "sk goal gate list "),
    (["help", "cron"], "sk cron add ", "sk cron remove ")])
def test_help_of_a_group(sk, words, first, last):
    done = sk(*words)
    assert done.code == 0 and done.err == ""
    lines = done.out.splitlines()
    assert lines[0].startswith(first) and lines[-1].startswith(last)
    assert max(map(len, lines)) <= 80


def test_an_example_keeps_its_lines(sk):
    """YAML that is poured into a paragraph is no YAML."""
    lines = sk("help", "agents", "list").out.splitlines()
    at = next(n for n, line in enumerate(lines) if line.strip() == "agents:")
    assert lines[at + 1].startswith(lines[at].replace("agents:", "  claude: {"))
    assert "\n\n    agents:\n      claude: {" in sk("__docs", "commands").out
    assert "\n.Bd -literal -offset indent\n  agents:\n    claude: {" in sk("__man").out


def test_a_sentence_breaks_between_words_on_a_terminal(sk):
    """What to type begins a line of its own there, and stands whole."""
    said = terminal_says(sk, ["run", "--accept-change", "x"], columns=60)
    lines = said.splitlines()
    assert [line.startswith("    ") for line in lines] == [False] + [True] * (len(lines) - 1)
    assert max(map(len, lines)) <= 60
    assert lines[-1].strip() == "Try: sk help run"
    assert " ".join(line.strip() for line in lines) == sk("run", "--accept-change", "x").err.strip()


def test_unknown_in_help(sk):
    done = sk("help", "nonsense")
    assert done.code == 2
    assert "unknown command" in done.err


def test_hostile_word_is_escaped(sk):
    done = sk("a\x1b]0;owned\x07")
    assert done.code == 2
    assert "\x1b" not in done.err
    assert "\\x1b" in done.err


def test_error_as_json(sk):
    done = sk("status", "--al", "--json")
    assert done.code == 2
    error = done.json["error"]
    assert error["code"] == "usage"
    assert error["exit"] == 2
    assert "did you mean --all?" in error["message"]
    assert error["try"] == "sk help status"


def test_error_as_json_for_an_unknown_command(sk):
    done = sk("nonsense", "--json")
    assert done.code == 2
    assert done.json["error"]["code"] == "usage"


def test_no_colour_without_terminal(sk):
    assert "\x1b" not in sk("help", env={"TERM": "xterm-256color"}).out
