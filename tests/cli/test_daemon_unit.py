"""The unit is text for systemd."""

import shutil
import subprocess

import pytest

from conftest import binary


def test_what_it_says(work):
    unit = work("daemon", "unit").out
    assert 'ExecStart="%s" daemon --foreground --state-dir "%s"' % (binary(), work.folder / ".state") in unit
    for line in ("Type=notify", "KillMode=process", "WatchdogSec=30", "WorkingDirectory=%s" % work.folder):
        assert line in unit.splitlines()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_understands_it(work):
    (work.folder / "sk-test.service").write_text(work("daemon", "unit").out)
    checked = subprocess.run(["systemd-analyze", "--user", "verify", "sk-test.service"], cwd=work.folder, text=True,
                             capture_output=True, timeout=60)
    assert "sk-test.service" not in checked.stderr, checked.stderr
