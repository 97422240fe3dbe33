"""Who serves, and whether he answers."""

import os
import signal

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
        hung = work("daemon", "status", "--json")
        assert hung.code == 6 and hung.json["state"] == "hangs" and hung.json["pid"] == pid
        hung = work("daemon", "status")
        assert hung.code == 6 and hung.out.startswith("hangs (pid %d)\nnext: " % pid), "as the operator's page says"
        assert "kill -9 %d and sk daemon start" % pid in hung.out
    finally:
        os.kill(pid, signal.SIGCONT)
    assert work("daemon", "stop").code == 0
