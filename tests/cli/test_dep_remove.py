"""A dependency that will never be met."""

from acts import runs, write


def test_dependency_removed(work):
    write(work, "plan.yaml", "workstream: w\ntasks:\n  a: {run: 'false'}\n  b: {run: 'echo ran >> b.txt', needs: [a]}\n")
    assert work("run", "plan.yaml").code == 1
    wrong_way = work("dep", "remove", "--from", "b", "--to", "a")
    assert wrong_way.code == 4 and "other way round" in wrong_way.err
    assert work("dep", "remove", "--from", "a", "--to", "b").code == 0
    work("run", "plan.yaml")
    assert runs(work, "b") == 1
