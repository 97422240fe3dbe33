"""The graph in four forms. `dot` is stood in for by a script, so its absence and failure can be shown."""

import pytest

from conftest import NIGHTLY
from pages import check_nothing_yet, check_page, check_refusals

CYCLE = "cycle knot a:b b:c c:a d:a\n"


@pytest.fixture
def night(sk, maker):
    maker.steps(NIGHTLY)
    maker.hold()
    return sk


def with_dot(sk, script):
    folder = sk.folder / "bin"
    folder.mkdir()
    (folder / "dot").write_text(script)
    (folder / "dot").chmod(0o755)
    return {"PATH": "%s:/usr/bin:/bin" % folder}


def test_levels(night):
    out = check_page(night("workstream", "dag", "nightly"))
    assert out.startswith("nightly: 9 tasks in 4 levels\n\nLevel 1\n  *  build  running\n     arm    failed\n")
    assert "\nLevel 3\n  *  publish  pending  needs unit, arm\n" in out
    assert "by estimates or time limits: build > unit >\npublish > announce\n" in out


def test_cycle(sk, maker):
    maker.make(CYCLE)
    out = check_page(sk("visualize_dag", "--workstream-id", "knot"))
    assert "\nCycle: a needs b needs c needs a\n" in out
    assert "\nOn a cycle or behind one\n  !  a  pending  needs b\n" in out
    assert "\n     d  pending  needs a\n" in out
    assert out.endswith("\nNext: sk dep remove --from a --to c\n      sk task cancel --task-id a\n")
    document = sk("workstream", "dag", "knot", "--json").json
    assert document["cycles"] == [["a", "b", "c"]]
    assert document["topological_order"] == []


def test_json(night):
    document = night("workstream", "dag", "nightly", "--format", "json").json
    edges = [(edge["from"], edge["to"], edge["type"]) for edge in document["edges"]]
    assert edges == [("build", "unit", "depends_on"), ("unit", "publish", "depends_on"),
                     ("arm", "publish", "depends_on"), ("publish", "announce", "depends_on")]
    order = document["topological_order"]
    assert all(order.index(before) < order.index(after) for before, after, _ in edges)
    assert document["critical_path_tasks"] == ["build", "unit", "publish", "announce"]
    assert {node["task_id"]: node["status"] for node in document["nodes"]}["arm"] == "failed"


def test_dot(night):
    done = night("workstream", "dag", "nightly", "--format", "dot")
    assert done.code == 0
    assert done.out.startswith('digraph "nightly" {\n')
    assert '\t"build" -> "unit" [penwidth=3];\n' in done.out
    assert '\t"arm" [label="arm\\nfailed", fillcolor="#f4a6a0"];\n' in done.out
    assert done.out.endswith("}\n")


def test_svg(night):
    done = night("workstream", "dag", "nightly", "--format=svg", env=with_dot(night, "#!/bin/sh\necho \"$1\"; cat\n"))
    assert done.code == 0
    assert done.out == "-Tsvg\n" + night("workstream", "dag", "nightly", "--format=dot").out


def test_svg_without_dot(night):
    done = night("workstream", "dag", "nightly", "--format=svg", env={"PATH": str(night.folder)})
    assert done.code == 2
    assert done.out == ""
    assert "is not installed (package graphviz): nothing was drawn. Try: sk workstream dag nightly --format dot" in done.err


@pytest.mark.parametrize("script", ["#!/bin/sh\nexit 1\n", "#!/bin/sh\ncat >/dev/null; kill -9 $$\n"])
def test_svg_fails(night, script):
    done = night("workstream", "dag", "nightly", "--format=svg", env=with_dot(night, script))
    assert done.code == 8
    assert "ended without a drawing" in done.err


def test_large(sk, maker):
    """Wider than a pipe holds, and deep."""
    tasks = "".join('task t%d {"run":"true"} %s\n' % (i, "t%d" % (i - 1) if i else "-") for i in range(3000))
    maker.make("ws deep deep.yaml 0\n" + tasks + "submit\n")
    env = with_dot(sk, "#!/bin/sh\nwc -l\n")
    assert sk("workstream", "dag", "deep", "--format=svg", env=env).out.strip() == str(3000 + 2999 + 4)
    assert sk("workstream", "dag", "deep", "--json").json["topological_order"][-1] == "t2999"


def test_refusals(night):
    check_refusals(night, ["workstream", "dag"], "workstream-id", "nightl", "nightly")
    check_nothing_yet(night, "workstream", "dag", "nightly")
    assert night("workstream", "dag", "nightly", "--format", "png").code == 2
