"""Who serves, and whether he answers."""

import json
import os
import signal

from conftest import DEADLINE_S
from daemons import served


def test_nobody(work):
    nobody = work("daemon", "status")
    assert nobody.code == 3 and nobody.out == "not running\nnext: sk daemon start\n"
    assert work("daemon", "status", "--json").json["state"] == "not_running"


def test_running(work):
    served(work)
    page = work("daemon", "status")
    assert page.code == 0 and page.out.startswith("running (pid ")
    assert "  command      sk daemon, version" in page.out
    document = work("daemon", "status", "--json").json
    assert document["serves"] is True and document["tasks"] == 0
    assert work("daemon", "stop").code == 0


def test_hangs(work):
    served(work)
    pid = work("daemon", "status", "--json").json["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        asking = [work.start("daemon", "status", "--json"), work.start("daemon", "status")]  # they wait side by side
        told, text = (process.communicate(timeout=DEADLINE_S)[0] for process in asking)
        assert [process.returncode for process in asking] == [6, 6]
        assert json.loads(told)["state"] == "hangs" and json.loads(told)["pid"] == pid
        assert text.startswith("hangs (pid %d)\nnext: " % pid), "as the operator's page says"
        assert "kill -9 %d and sk daemon start" % pid in text
    finally:
        os.kill(pid, signal.SIGCONT)
    assert work("daemon", "stop").code == 0
