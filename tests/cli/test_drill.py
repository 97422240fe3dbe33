"""The recovery drill itself: every procedure still works, by the names that people have in their runbooks."""

import pathlib
import re
import subprocess
import sys

from conftest import binary

DRILL = pathlib.Path(__file__).resolve().parent.parent / "drill" / "drill.py"


def test_drill(work):
    done = subprocess.run([sys.executable, DRILL, binary(), work.folder / "drill"], env=work.env, text=True,
                          capture_output=True, timeout=200)
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("NOT OK")] == [], done.stderr
    assert re.fullmatch(r"\d\d passed, 0 failed", lines[-1])
    assert done.returncode == 0
    work.nothing_left()
