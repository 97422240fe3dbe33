"""Views below .state/: written beside the work, true at its end, never read back, and never in its way."""

import json
import os
import shutil
import signal

from conftest import until
from daemons import served

PLAN = """
workstream: ci
resources: {repo: 1}
tasks:
  a: {run: "echo a", resources: [repo]}
  b: {run: "test -e good", needs: [a]}
  c: {run: "echo c", needs: [b]}
"""

NAMES = ["by_status.json", "by_worker.json", "by_workstream.json", "dag_ci.json", "execution_plan_ci.json",
         "checkpoints/ci_latest.json"]


def view(work, name):
    return json.loads((work.folder / ".state" / name).read_text())


def all_there(work):
    """Every view is whole and of the last event, as far as something changed in it."""
    seq = work.events()[-1]["seq"]
    for name in NAMES:
        document = view(work, name)
        assert document["schema_version"] == "1.0.0"
    for name in NAMES[:3]:
        assert view(work, name)["source_seq"] == seq
    return {state: set(tasks) for state, tasks in view(work, "by_status.json")["statuses"].items() if tasks}


def test_a_run_leaves_true_views(work):
    work.plan(PLAN)
    assert work("run", "plan.yaml").code == 1
    assert all_there(work) == {"completed": {"a"}, "failed": {"b"}, "pending": {"c"}}
    assert view(work, "by_workstream.json")["workstreams"] == {"ci": ["a", "b", "c"]}
    checkpoint = view(work, "checkpoints/ci_latest.json")
    assert (checkpoint["completed_tasks"], checkpoint["failed_tasks"], checkpoint["pending_tasks"]) == (["a"], ["b"], ["c"])
    assert checkpoint["resources_held"] == {}
    assert view(work, "dag_ci.json")["topological_order"] == ["a", "b", "c"]
    assert {"from": "a", "to": "b", "type": "depends_on"} in view(work, "dag_ci.json")["edges"]
    assert [stage["parallel_tasks"] for stage in view(work, "execution_plan_ci.json")["stages"]] == [["a"], ["b"], ["c"]]
    history = {path.name for path in (work.folder / ".state/checkpoints").iterdir()}
    assert "ci_%d.json" % checkpoint["seq"] in history


def test_each_end_is_archived(work):
    work.plan(PLAN)
    work("run", "plan.yaml")
    assert view(work, "archive/ci/metadata.json")["state"] == "failed"
    assert view(work, "archive/ci/metadata.json")["failed_tasks"] == ["b"]
    assert set(view(work, "archive/ci/current.json")["tasks"]) == {"a", "b", "c"}
    assert "\na\n" in (work.folder / ".state/archive/ci/logs/a.log").read_text()
    (work.folder / "good").touch()
    assert work("run", "plan.yaml").code == 0
    assert view(work, "archive/ci/run-2/metadata.json")["state"] == "completed"
    assert view(work, "archive/ci/metadata.json")["state"] == "failed"
    assert work("run", "plan.yaml").code == 0
    assert not (work.folder / ".state/archive/ci/run-3").exists()


def test_a_new_run_writes_its_own_logs(work):
    work.plan(PLAN)
    (work.folder / "good").touch()
    assert work("run", "plan.yaml").code == 0
    assert work("run", "plan.yaml", "--new-run").code == 0
    first = (work.folder / ".state/archive/ci/logs/a.log").read_text()
    second = (work.folder / ".state/logs/a.log").read_text()
    assert first.count("===") == 1 and "run 2" not in first
    assert second.count("===") == 1 and "run 2" in second


def test_what_was_removed_or_spoiled_comes_back(work):
    work.plan(PLAN)
    work("run", "plan.yaml")
    state = work.folder / ".state"
    for name in NAMES:
        (state / name).unlink()
    assert work("task", "cancel", "c", "--yes").code == 0  # without an orchestrator
    assert all_there(work) == {"completed": {"a"}, "failed": {"b"}, "cancelled": {"c"}}
    for name in NAMES:
        (state / name).write_text("not ours")
    (work.folder / "good").touch()
    assert work("task", "retry", "b").code == 0
    assert work("run", "plan.yaml").code == 0
    assert all_there(work)["completed"] == {"a", "b"}


def test_views_are_never_read_as_truth(work):
    work.plan(PLAN)
    work("run", "plan.yaml")
    before = work("status", "--json").json
    lie = json.dumps({"schema_version": "1.0.0", "source_seq": 999999, "seq": 999999,
                      "statuses": {"completed": ["a", "b", "c"]}, "completed_tasks": ["a", "b", "c"]})
    for name in NAMES:
        (work.folder / ".state" / name).write_text(lie)
    after = work("status", "--json").json
    assert before["tasks"] == after["tasks"]
    assert work("run", "plan.yaml").code == 1
    assert all_there(work) == {"completed": {"a"}, "failed": {"b"}, "pending": {"c"}}


def test_a_view_in_the_way_is_told_once_and_stops_nothing(work):
    work.plan(PLAN)
    (work.folder / "good").touch()
    (work.folder / ".state").mkdir(mode=0o700)
    (work.folder / ".state/checkpoints").write_text("a file where a folder belongs")
    done = work("run", "plan.yaml")
    assert done.code == 0
    assert done.err.count("cannot be written") == 1
    assert "the work goes on" in done.err
    assert view(work, "by_status.json")["statuses"]["completed"] == ["a", "b", "c"]
    (work.folder / ".state/checkpoints").unlink()
    assert work("run", "plan.yaml").code == 0
    assert set(view(work, "checkpoints/ci_latest.json")["completed_tasks"]) == {"a", "b", "c"}


def test_a_link_is_replaced_and_not_followed(work):
    work.plan(PLAN)
    (work.folder / "good").touch()
    (work.folder / "precious").write_text("mine")
    (work.folder / ".state").mkdir(mode=0o700)
    (work.folder / ".state/by_status.json").symlink_to(work.folder / "precious")
    assert work("run", "plan.yaml").code == 0
    assert work.read("precious") == "mine"
    assert not (work.folder / ".state/by_status.json").is_symlink()
    assert all_there(work) == {"completed": {"a", "b", "c"}}


def test_killed_in_the_middle_the_next_start_makes_them_true(work):
    work.gate().plan("""
workstream: ci
tasks:
  a: {run: "echo a"}
  b: {run: "true < gate", needs: [a]}
""")
    running = work.start("run", "plan.yaml")
    until(lambda: work.state_of("b") == "running", "b runs")
    until(lambda: (work.folder / ".state/by_status.json").exists(), "views are written beside the work")
    running.send_signal(signal.SIGKILL)
    running.wait()
    work.open_gate()
    assert work("run", "plan.yaml").code == 0
    assert all_there(work) == {"completed": {"a", "b"}}
    assert view(work, "archive/ci/metadata.json")["state"] == "completed"


def caught_up(work):
    return (work.folder / ".state/by_status.json").exists() and \
        view(work, "by_status.json")["source_seq"] == work.events()[-1]["seq"]


def test_what_is_removed_beside_a_daemon_that_does_nothing_comes_back(work):
    """Nothing changes any more, so only the removal itself can be the reason to write."""
    work.plan(PLAN)
    assert work("run", "plan.yaml").code == 1
    served(work)
    state = work.folder / ".state"
    archive = state / "archive/ci"
    until(lambda: caught_up(work) and (state / "metrics.json").exists(), "it has nothing more to write")
    events = work.events()
    shutil.rmtree(archive)
    for name in [*NAMES, "metrics.json"]:
        (state / name).unlink()
    until(lambda: all((state / name).exists() for name in [*NAMES, "metrics.json"]), "all are there again")
    for name in [*NAMES, "metrics.json"]:
        (state / name).write_text("not ours")
    until(lambda: all("not ours" not in (state / name).read_text() for name in [*NAMES, "metrics.json"]), "all are ours")
    for place in ("elsewhere", "nowhere"):
        os.rename(state / "checkpoints", state / place)
        until((state / "checkpoints/ci_latest.json").exists, "the folder is there again")
    (state / "checkpoints/ci_latest.json").unlink()
    until((state / "checkpoints/ci_latest.json").exists, "it is watched as before")
    assert all_there(work) == {"completed": {"a"}, "failed": {"b"}, "pending": {"c"}}
    assert work.events() == events and not archive.exists(), "what a person took away on purpose stays away"


def test_beside_a_daemon_that_goes_on(work):
    work.plan("workstream: ci\ntasks: {a: {run: 'echo a'}}\n")
    served(work)
    for run in (1, 2):
        assert work("submit", "--wait", "--new-run", "plan.yaml").code == 0
        assert (work.folder / ".state/logs/a.log").read_text().count("===") == 1
        until(lambda: caught_up(work), "the views catch up")
        assert view(work, "checkpoints/ci_latest.json")["run_no"] == run
    assert view(work, "archive/ci/metadata.json")["run_no"] == 1
    assert view(work, "archive/ci/run-2/metadata.json")["run_no"] == 2
    assert "run 2" not in (work.folder / ".state/archive/ci/logs/a.log").read_text()
    (work.folder / ".state/dag_ci.json").unlink()
    assert work("daemon", "stop").code == 0
    assert work("run", "plan.yaml").code == 0  # the next start
    assert all_there(work) == {"completed": {"a"}}
