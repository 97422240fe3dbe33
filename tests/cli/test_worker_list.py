"""Workers, one a line."""

from conftest import DONE, NIGHTLY, until
from pages import check_nothing_yet, check_page


def test_list(sk, maker):
    maker.make(NIGHTLY + "lose local\nworker other 3 []\n")
    out = check_page(sk("worker", "list"))
    assert out.startswith("local  shutdown  ended at ")
    assert "\nother  " in out
    assert out.endswith("\nNext: sk worker check other\n")
    workers = sk("worker", "list", "--json").json["workers"]
    assert [(worker["worker_id"], worker["health"]) for worker in workers] == [("local", "stopped"), ("other", "gone")]


def test_live_worker(work):
    work.gate().plan("workstream: w\ntasks:\n  one: {run: ': < gate'}\n")
    run = work.start("run", "plan.yaml")
    until(lambda: work.state_of("one") == "running", "one runs")
    out = check_page(work("worker", "list"))
    assert out.startswith("local  busy  healthy; pid ")
    assert "Next" not in out
    work.open_gate()
    run.communicate()
    assert run.returncode == 0


def test_none(sk, maker):
    maker.make(DONE.split("orchestrator")[0])
    assert check_page(sk("worker", "list")) == "No worker has ever run here.\n"


def test_nothing_yet(sk):
    check_nothing_yet(sk, "worker", "list")
