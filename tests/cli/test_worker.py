"""`sk worker` by hand: what it refuses. What it does with tasks is tested through `sk run`."""


def test_help(sk):
    assert sk("help", "worker").out.startswith("sk worker: run tasks for the orchestrator")


def test_bad_name(sk):
    done = sk("worker", "--worker-id", "../x")
    assert done.code == 2
    assert "--worker-id" in done.err


def test_bad_options(sk):
    assert sk("worker", "--slots", "0").code == 2
    assert sk("worker", "--slots", "100000").code == 2
    assert sk("worker", "now").code == 2
