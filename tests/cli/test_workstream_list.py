"""Workstreams one a line."""

from conftest import DONE, NIGHTLY
from pages import check_nothing_yet, check_page


def test_list(sk, maker):
    maker.make(NIGHTLY + DONE.split("orchestrator")[0])
    out = check_page(sk("workstream", "list"))
    assert out.startswith("nightly  ")
    assert "  0 of 9 done  " in out
    assert "\nsmall    " in out
    assert out.endswith("\nNext: sk workstream analyze nightly\n")
    document = sk("workstream", "list", "--json").json
    assert [ws["workstream_id"] for ws in document["workstreams"]] == ["nightly", "small"]
    assert document["workstreams"][0]["tasks"]["failed"] == 1
    assert document["workstreams"][0]["plan"] == "plans/nightly.yaml"


def test_done_has_no_next(sk, maker):
    maker.make(DONE)
    assert "Next" not in check_page(sk("workstream", "list"))


def test_halted(sk, maker):
    maker.make("cycle knot a:b b:a\n")
    out = check_page(sk("workstream", "list"))
    assert "halted by a dependency cycle" in out
    assert out.endswith("\nNext: sk workstream dag knot\n")


def test_nothing_yet(sk):
    check_nothing_yet(sk, "workstream", "list")
