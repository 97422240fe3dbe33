"""The manual page is well-formed and names every command."""

import shutil
import subprocess

import pytest


def test_names_every_command(sk):
    page = sk("__man").out
    for row in sk("help", "--json").json["commands"]:
        assert ".Ss sk %s\n" % row["command"].replace("-", "\\-") in page


def test_exit_codes_are_there(sk):
    page = sk("__man").out
    for number in (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 75, 124, 130, 143):
        assert ".It %d\n" % number in page


def test_lint(sk):
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is not installed")
    checked = subprocess.run(["mandoc", "-T", "lint"], input=sk("__man").out, capture_output=True, text=True)
    assert checked.stdout == ""
    assert checked.returncode == 0
