"""What a worker said of itself."""

from conftest import NIGHTLY
from pages import check_nothing_yet, check_page, check_refusals


def test_real_worker(work):
    work.plan("workstream: w\ntasks:\n  one: {run: 'true'}\n")
    assert work("run", "plan.yaml").code == 0
    done = work("worker", "logs", "local")
    assert done.code == 0 and done.err == ""
    out = done.out  # as it was written: a line of a log may be longer than eighty columns
    assert "Z incarnation 1 starts with " in out.splitlines()[0]
    assert out.splitlines()[-1].endswith("Z leaves")
    assert work("show_worker_logs", "--worker-id", "local", "-n", "1", "--json").json["lines"] == [out.splitlines()[-1]]


def test_hostile(sk, maker):
    maker.make(NIGHTLY)
    logs = sk.folder / ".state" / "logs"
    logs.mkdir(exist_ok=True)
    (logs / "worker_local.log").write_bytes(b"\x1b]0;owned\x07\n" * 100)
    assert check_page(sk("worker", "logs", "local")) == "^[]0;owned^G\n" * 50


def test_nothing_written(sk, maker):
    maker.make(NIGHTLY)
    done = sk("worker", "logs", "local")
    assert done.code == 3
    assert "Try: sk worker check local" in done.err


def test_refusals(sk, maker):
    maker.make(NIGHTLY)
    check_refusals(sk, ["worker", "logs"], "worker-id", "loca", "local")
    check_nothing_yet(sk, "worker", "logs", "local")
