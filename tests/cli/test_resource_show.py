"""One resource."""

from conftest import NIGHTLY
from pages import check_nothing_yet, check_page, check_refusals


def test_show(sk, maker):
    maker.make(NIGHTLY)
    out = check_page(sk("resource", "show", "git_repo_write"))
    assert out.startswith("git_repo_write: 1 of 1 held\n  held by    sync  running  for ")
    assert "\n  1 in line  push  queued   for " in out
    assert "\nNext: sk resource limit --resource-id git_repo_write --max-holders 2\n" in out
    document = sk("show_resource_holders", "--resource-id", "git_repo_write", "--json").json
    assert document["kind"] == "resource"
    assert document["held"] == 1
    check_refusals(sk, ["resource", "show"], "resource-id", "git_repo_writ", "git_repo_write")
    check_nothing_yet(sk, "resource", "show", "disk")
