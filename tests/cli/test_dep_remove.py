"""A dependency that will never be met."""

from acts import runs, write


def test_what_is_missing_is_named(work):
    assert work("run", work.plan("workstream: w\ntasks: {a: {run: 'true'}, b: {run: 'true', needs: [a]}}")).code == 0
    for words, name in ((["--from", "a"], "--to"), (["--to", "b"], "--from"), ([], "--from")):
        done = work("dep", "remove", *words)
        assert done.code == 2
        assert done.err == "sk: dep remove: %s is missing: nothing was changed. Try: sk help dep remove\n" % name


def test_the_id_in_both_forms(work):
    """The same thing said twice is no contradiction, as in the commands that only look."""
    assert work("run", work.plan("workstream: w\ntasks: {a: {run: 'exit 1'}, b: {run: 'true'}}")).code == 1
    assert work("task", "show", "--task-id", "a", "a").code == 0
    assert work("task", "retry", "--task-id", "a", "b").code == 2
    assert work("task", "retry", "--task-id", "a", "a").code == 0


def test_dependency_removed(work):
    write(work, "plan.yaml", "workstream: w\ntasks:\n  a: {run: 'false'}\n  b: {run: 'echo ran >> b.txt', needs: [a]}\n")
    assert work("run", "plan.yaml").code == 1
    wrong_way = work("dep", "remove", "--from", "b", "--to", "a")
    assert wrong_way.code == 4 and "other way round" in wrong_way.err
    done = work("dep", "remove", "--from", "a", "--to", "b", "--operator", "ann")
    assert done.code == 0 and done.out.startswith("b  need of a waived by ann\n")
    assert "  b: need of a waived by ann\n" in work("events").out
    work("run", "plan.yaml")
    assert runs(work, "b") == 1
