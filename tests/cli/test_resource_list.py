"""Who holds what, who waits in which order, and since when one is exhausted."""

from conftest import DONE, NIGHTLY
from pages import check_nothing_yet, check_page

LINE = """
limit disk 1
ws many many.yaml 0
task first {"run":"true","resources":{"disk":1},"priority":-5} -
task later {"run":"true","resources":{"disk":1},"priority":7} -
task sooner {"run":"true","resources":{"disk":1},"priority":1} -
task whole {"run":"true","resources":{"disk":0},"priority":3} -
submit
orchestrator
worker local 8 []
start first
"""


def test_holder_and_line(sk, maker):
    maker.make(LINE)
    out = check_page(sk("resource", "list"))
    assert out.startswith("disk: 1 of 1 held\n  held by    first   running  for ")
    assert out.index("1 in line  sooner") < out.index("2 in line  whole") < out.index("3 in line  later")
    assert out.endswith("\nNext: sk resource limit --resource-id disk --max-holders 2\n"
                        "      sk task cancel --task-id first\n")


def test_exhausted(sk, maker):
    maker.make(LINE + "pass 61000\n")
    assert ", exhausted for " in check_page(sk("show_resources"))
    resource, = sk("resource", "list", "--json").json["resources"]
    assert resource["exhausted_since"]
    assert resource["max_holders"] == 1
    assert [holder["task_id"] for holder in resource["holders"]] == ["first"]
    assert resource["holders"][0]["since"]
    assert [waiter["task_id"] for waiter in resource["waiters"]] == ["sooner", "whole", "later"]


def test_calm(sk, maker):
    maker.make(NIGHTLY + "finish sync 0 10\nstart push\nfinish push 0 10\n")
    assert check_page(sk("resource", "list")) == "git_repo_write: 0 of 1 held\n"


def test_none(sk, maker):
    maker.make(DONE)
    assert check_page(sk("resource", "list")) == "No plan has named a resource here.\n"
    assert sk("resource", "list", "--json").json["resources"] == []


def test_many_waiters_are_counted(sk, maker):
    tasks = "".join('task t%d {"run":"true","resources":{"disk":1}} -\n' % i for i in range(40))
    maker.make("limit disk 1\nws many many.yaml 0\n" + tasks + "submit\norchestrator\nworker local 8 []\nstart t0\n")
    assert "  and 19 more in line: sk task list --state queued\n" in check_page(sk("resource", "list"))


def test_refusals(sk):
    check_nothing_yet(sk, "resource", "list")
