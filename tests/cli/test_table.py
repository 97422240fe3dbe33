"""A command exists when its row, its file and its script exist; nothing may be forgotten, nothing left over."""

import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parents[2]
CMD = TOP / "src" / "cmd"


def rows():
    return re.findall(r"^CMD\((\w+)\)$", (CMD / "cmd_list.h").read_text(), re.M)


def place(name):
    """The file of a row, in whichever room it stands."""
    found = [path for path in CMD.rglob(name + ".c")]
    assert len(found) == 1, (name, found)
    return found[0]


def test_there_are_rows():
    assert {"status", "why", "logs", "events", "help", "version"} <= set(rows())


def test_each_row_has_its_file():
    for name in rows():
        text = place(name).read_text()
        assert "const struct cmd cmd_%s = {" % name in text, name


def test_each_row_has_its_script():
    missing = [name for name in rows() if not (TOP / "tests" / "cli" / ("test_%s.py" % name)).exists()]
    assert missing == []


def test_each_command_file_has_its_row():
    for path in CMD.rglob("*.c"):
        for name in re.findall(r"^const struct cmd cmd_(\w+) = \{", path.read_text(), re.M):
            assert name in rows(), path
            assert path.name == name + ".c"


def test_path_and_name_agree():
    """cmd/goal_eval.c is `tentacle goal eval`: the name ends the path. Hidden rows are free."""
    for name in rows():
        path = re.search(r'\.path = "([^"]+)"', place(name).read_text()).group(1)
        if not path.startswith("__"):
            assert path.replace(" ", "_").replace("-", "_").endswith(name)


def test_each_file_is_built():
    listed = set(re.findall(r"'([\w/]+\.c)'", (CMD / "meson.build").read_text()))
    assert listed == {str(path.relative_to(CMD)) for path in CMD.rglob("*.c")}
