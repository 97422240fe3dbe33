"""sk agents run: an agent under supervision, its limits, and what is left when anything of it is killed."""

import os
import signal

import pytest

from agents import Crew
from conftest import DEADLINE_S, until


@pytest.fixture
def crew(goals):
    goals.commit(src__a="one\n", docs__a="two\n")
    return Crew(goals)


def test_refusals(crew):
    assert crew.run("nobody").code == 3
    crew.tentacle("docs")
    done = crew.run("docx")
    assert done.code == 3 and "Did you mean docs?" in done.err
    assert crew.run("docs", "--agent", "nobody").code == 3
    assert crew.run("docs", "--timeout", "soon").code == 2
    assert crew.goals("agents", "run").code == 2
    assert crew.goals("agents", "run", "docs", "more").code == 2
    crew.goals.home.joinpath("config.yaml").write_text("agents: {fake: {command: [no-such-program]}}\n")
    done = crew.run("docs", "--agent", "fake")
    assert done.code == 2 and '"no-such-program" is not found' in done.err
    done = crew.run("docs")
    assert done.code == 2 and "no agent is named" in done.err
    assert crew.ran("docs") == [] and crew.goals.events("tentacle_dispatched") == []


@pytest.mark.parametrize("status, code", [("paused", 4), ("abandoned", 4)])
def test_the_goal_must_be_active(crew, status, code):
    crew.tentacle("docs", goal_id=crew.goals.goal()["goal_id"])
    crew.goals.edit(status=status)
    done = crew.run("docs")
    assert done.code == code and "its goal is " + status in done.err
    assert crew.ran("docs") == []


def test_an_end_without_a_handoff(crew):
    crew.tentacle("docs", "say=hello used=9", description="Write the manual.", goal_id=crew.goals.goal()["goal_id"])
    done = crew.run("docs", "--json")
    assert done.code == 11, done.err
    page = done.json
    assert page["status"] == "awaiting-handoff" and page["workstream_id"] == "tentacle-docs"
    assert page["spent_tokens"] == 9 and page["spent_cost_micros"] == 250000 and page["attempts"] == 1
    assert crew.goals.goal()["spent_tokens"] == 9
    assert "hello" in crew.goals("logs", "tentacle-docs").out
    prompt = (crew.place / "docs.prompt").read_text()
    assert "Write the manual." in prompt and "- [ ] do it" in prompt and "tentacle handoff docs" in prompt
    assert (crew.goals.home / "tentacles/docs/prompt.md").stat().st_mode & 0o777 == 0o600


def test_text(crew):
    crew.tentacle("docs", "say=hello")
    done = crew.run("docs")
    assert done.code == 11
    assert done.out.startswith("docs: awaiting-handoff\n") and "log: sk logs tentacle-docs" in done.out


def test_a_handoff(crew):
    crew.tentacle("docs", "edit=docs/new used=9 handoff")
    done = crew.run("docs", "--json")
    assert done.code == 0, done.err
    assert done.json["status"] == "handed-off" and done.json["terminal_status"] == "DONE"
    assert crew.goals.events("tentacle_handed_off") and "owner" not in crew.goals.meta("docs")
    assert crew.goals.t("complete", "docs").code == 0


def test_a_handoff_of_an_earlier_run_does_not_count(crew):
    crew.tentacle("docs", "handoff", "say=again")
    assert crew.run("docs").code == 0
    assert crew.run("docs").code == 11
    assert crew.goals.meta("docs")["status"] == "awaiting-handoff"


@pytest.mark.parametrize("status, code", [("TOO_BIG", 11), ("SCOPE_REDUCTION", 0)])
def test_a_problem_handed_off(crew, status, code):
    crew.tentacle("docs", "handoff=" + status)
    assert crew.run("docs").code == code
    assert crew.goals.meta("docs")["terminal_status"] == status


def test_dispatch_runs_it_as_well(crew):
    crew.tentacle("docs", "used=9 handoff")
    done = crew.goals.t("dispatch", "docs", "--run")
    assert done.code == 0, done.err
    assert done.out.startswith("docs: handed-off (DONE)\n") and len(crew.ran("docs")) == 1
    crew.tentacle("more", "say=nothing")
    assert crew.goals.t("swarm", "more", "--run", "--json").code == 11
    assert crew.goals.t("dispatch", "more", "--detach").code == 2
    assert crew.goals.t("dispatch", "more", "--run", "--agent", "nobody").code == 3
    assert crew.goals.t("todo", "more", "done", "0").code == 0
    done = crew.goals.t("dispatch", "more", "--run")
    assert done.code == 0 and "no open to-do" in done.out and len(crew.ran("more")) == 1


@pytest.mark.parametrize("words", [[], ["--worktree"]])
def test_in_a_worktree_of_its_own(crew, words):
    crew.tentacle("docs", "edit=docs/new.txt handoff")
    done = crew.run("docs", *words)
    assert done.code == 0, done.err
    meta = crew.goals.meta("docs")
    place = meta["worktree"]["path"]
    assert os.path.exists(place + "/docs/new.txt") and not (crew.goals.folder / "docs/new.txt").exists()
    assert meta["worktree"]["unmerged"] is True and "in_main_checkout" not in meta
    assert "on the branch sk/docs" in (crew.place / "docs.prompt").read_text()
    assert "handed off, not merged" in crew.goals.t("status").out
    assert "Next: sk tentacle worktree docs merge --commit\n" in crew.goals.t("status").out
    assert "handed off, not merged" in crew.goals.t("show", "docs").out


@pytest.mark.parametrize("how", ["option", "configuration"])
def test_in_the_main_checkout(crew, how):
    if how == "configuration":
        crew.configure(more="worktree: false\n")
        assert "agents work in the main checkout" in crew.goals("agents", "list").out
    crew.tentacle("docs", "edit=docs/new.txt handoff")
    done = crew.run("docs", *(["--here"] if how == "option" else []))
    assert done.code == 0, done.err
    assert (crew.goals.folder / "docs/new.txt").exists() and "worktree" not in crew.goals.meta("docs")
    assert crew.goals.meta("docs")["in_main_checkout"] is True
    assert "not merged" not in crew.goals.t("status").out
    both = crew.run("docs", "--here", "--worktree")
    assert both.code == 2 and "one or the other" in both.err
    assert crew.goals.t("dispatch", "docs", "--here").code == 2


def test_where_there_can_be_no_worktree(goals):
    crew = Crew(goals)
    crew.tentacle("docs", "say=1", "say=2")
    done = crew.run("docs")
    assert done.code == 4 and "the repository has no commit yet" in done.err, done.err
    assert done.err.endswith("Try: git commit, or the same with --here\n")
    assert crew.ran("docs") == [] and crew.goals.events("tentacle_dispatched") == []
    assert crew.run("docs", "--here").code == 11
    (goals.folder / ".git").rename(goals.folder / "away")
    assert crew.run("docs", env={"GIT_CEILING_DIRECTORIES": str(goals.folder.parent)}).code == 11
    assert len(crew.ran("docs")) == 2


def test_what_is_not_committed_is_not_in_it(crew):
    (crew.goals.folder / "src/a").write_text("changed\n")
    crew.tentacle("docs", "handoff", "handoff")
    done = crew.run("docs")
    assert done.code == 0 and "it does not hold 1 file of the main checkout that is changed and not committed" in done.err
    assert "next: sk tentacle worktree docs merge --commit\n" in done.out
    done = crew.goals.t("complete", "docs")
    assert "its work is not merged. Try: sk tentacle worktree docs merge --commit" in done.err


def test_nothing_is_made_for_an_order_that_is_refused(crew):
    crew.tentacle("one")
    crew.tentacle("two", todo_deps=["one"])
    assert crew.run("two").code == 4
    assert crew.goals.git("worktree", "list").count("\n") == 1


def test_one_at_a_time_in_the_main_checkout(crew):
    crew.gate("gate")
    crew.tentacle("one", "wait=gate handoff", scope=["src"])
    crew.tentacle("two", "handoff", scope=["src/a", "docs"])
    crew.tentacle("three", "handoff")
    crew.tentacle("four", "edit=docs/four handoff", scope=["docs"])
    running = crew.start("one", "--here")
    crew.began("one")
    for name in ("two", "three"):
        refused = crew.run(name, "--here")
        assert refused.code == 6 and 'agent of "one" works in the main checkout too' in refused.err
    assert crew.run("four", "--here").code == 0
    assert crew.run("three").code == 0
    crew.open_gate("gate")
    assert running.wait(20) == 0
    assert crew.run("two", "--here").code == 0


def test_what_others_changed_in_the_main_checkout_is_not_its_doing(crew):
    crew.gate("gate")
    crew.tentacle("one", "wait=gate handoff", scope=["src"])
    crew.tentacle("four", "edit=docs/four handoff", scope=["docs"])
    running = crew.start("one", "--here")
    crew.began("one")
    assert crew.run("four", "--here").code == 0
    crew.open_gate("gate")
    assert running.wait(20) == 0
    assert "outside_scope" not in crew.goals.meta("one")


def test_each_run_is_a_new_one(crew):
    crew.tentacle("docs", "say=one", "say=two")
    assert crew.run("docs").code == 11
    assert crew.run("docs").code == 11
    assert len(crew.ran("docs")) == 2 and crew.goals.meta("docs")["attempts"] == 2


@pytest.mark.parametrize("style, provider", [("claude", "anthropic"), ("codex", "openai"), ("copilot", "github")])
@pytest.mark.parametrize("word, limit", [("limit", "rate_limit"), ("overloaded", "overloaded")])
def test_a_limit_parks(crew, style, provider, word, limit):
    crew.configure(style, provider)
    crew.tentacle("docs", "say=hello " + word)
    crew.tentacle("other")
    assert crew.run("docs").code == 75
    meta = crew.goals.meta("docs")
    assert meta["status"] == "parked" and meta["quota"]["quota_reason"] == limit
    assert meta["quota"]["provider"] == provider and meta["quota"]["due_at"] and "attempts" not in meta
    breaker, = crew.shown("breaker", "list")["breakers"]
    assert breaker["provider"] == provider and breaker["state"] == "open" and breaker["limit"] == limit
    done = crew.run("docs")
    assert done.code == 75 and "retry-queue release docs" in done.err
    done = crew.run("other")
    assert done.code == 75 and 'provider "%s" takes no work' % provider in done.err
    assert len(crew.ran("docs")) == 1 and crew.ran("other") == []
    assert crew.goals("breaker", "reset", provider).code == 0
    assert crew.run("other").code == 0


def test_what_it_says_of_time_is_kept(crew):
    crew.tentacle("docs", "reset=7200")
    assert crew.run("docs").code == 75
    listed = crew.goals("breaker", "list").out
    assert "anthropic" in listed and "open" in listed and ("for 1h" in listed or "for 2h" in listed)


def test_what_waiting_does_not_help_needs_a_person(crew):
    crew.tentacle("docs", "billing")
    crew.tentacle("other")
    assert crew.run("docs").code == 11
    assert crew.goals.meta("docs")["quota"]["held"] is True
    assert "until a person closes it" in crew.goals("breaker", "list").out
    assert crew.run("other").code == 11
    assert crew.ran("other") == []


def test_one_tries_for_all_when_the_time_has_come(crew):
    crew.tentacle("docs", "reset=1")
    crew.tentacle("one", "wait=gate")
    crew.tentacle("two")
    crew.gate("gate")
    assert crew.run("docs").code == 75
    until(lambda: crew.shown("breaker", "list")["breakers"][0]["state"] == "half-open", "the time comes")
    trying = crew.start("one")
    crew.began("one")
    assert crew.shown("breaker", "list")["breakers"][0]["probe"] == "one"
    assert crew.run("two").code == 75
    crew.open_gate("gate")
    assert trying.wait(20) == 11
    assert crew.shown("breaker", "list")["breakers"][0]["state"] == "closed"


def test_secrets_are_nowhere(crew):
    crew.tentacle("docs", "say=hello wait=gate")
    crew.gate("gate")
    running = crew.start("docs")
    pid = crew.began("docs")
    assert b"hush-hush" in open("/proc/%d/environ" % pid, "rb").read()
    for other in crew.goals.left():
        assert b"hush-hush" not in open("/proc/%d/cmdline" % other, "rb").read()
    crew.open_gate("gate")
    running.wait(20)
    for folder in (".octogent", ".state"):
        for path in (crew.goals.folder / folder).rglob("*"):
            if path.is_file() and path.name != "config.yaml":
                assert b"hush-hush" not in path.read_bytes(), path


def test_the_kernel_keeps_it_in_its_scope(crew):
    crew.tentacle("docs", "edit=docs/new.txt edit=src/new.txt", scope=["docs"])
    crew.run("docs", "--here")
    assert (crew.goals.folder / "docs/new.txt").exists()
    if "no cage" in crew.goals("logs", "tentacle-docs").out:
        pytest.skip("this kernel has no Landlock")
    assert not (crew.goals.folder / "src/new.txt").exists() and crew.ran("docs", "denied")


def test_in_its_worktree_it_may_commit_and_not_change_settings(crew):
    crew.tentacle("docs", "edit=docs/new git=add,. git=commit,-q,-m,mine git=config,core.hooksPath,/tmp git=branch,other handoff")
    assert crew.run("docs").code == 0
    assert crew.goals.git("log", "-1", "--format=%s", "sk/docs") == "mine\n"
    if "no cage" not in crew.goals("logs", "tentacle-docs").out:
        assert len(crew.ran("docs", "denied")) == 2 and crew.goals.git("branch", "--list", "other") == ""


@pytest.mark.parametrize("scope, inside", [("lib", "lib/a"), ("lib/", "lib/deep/a"), ("lib/new/*.c", "lib/new/a.c"),
                                           ("lib/a.c", "lib/a.c")])
def test_a_folder_that_is_not_there_yet_opens_nothing_else(crew, scope, inside):
    crew.tentacle("docs", "edit=%s edit=src/new.txt edit=new.txt" % inside, scope=[scope])
    crew.run("docs", "--here")
    if "no cage" in crew.goals("logs", "tentacle-docs").out:
        pytest.skip("this kernel has no Landlock")
    assert (crew.goals.folder / inside).exists() and len(crew.ran("docs", "denied")) == 2
    assert not (crew.goals.folder / "src/new.txt").exists() and not (crew.goals.folder / "new.txt").exists()


@pytest.mark.parametrize("words", [[], ["--here"]])
def test_what_changed_outside_is_named(crew, words):
    """A pattern is narrower than what the kernel can be told; what somebody else had changed before is not its doing."""
    (crew.goals.folder / "src/before.txt").write_text("mine")
    crew.tentacle("docs", "edit=docs/new.txt edit=docs/new.md", scope=["docs/*.md"])
    done = crew.run("docs", "--json", *words)
    assert done.code == 11 and done.json["outside_scope"] == ["docs/new.txt"]
    assert "changed outside of its scope: docs/new.txt" in crew.goals("logs", "tentacle-docs").out


@pytest.mark.parametrize("words", [[], ["--here"]])
def test_what_changed_outside_is_named_at_the_hand_off(crew, words):
    crew.tentacle("docs", "edit=docs/new.txt handoff", scope=["docs/*.md"])
    done = crew.run("docs", "--json", *words)
    assert done.code == 11 and done.json["status"] == "handed-off"
    event, = crew.goals.events("tentacle_handed_off")
    assert event["metadata"]["set"]["outside_scope"] == ["docs/new.txt"]
    assert "changed outside of its scope: \"docs/new.txt\"" in crew.goals("logs", "tentacle-docs").out
    done = crew.goals.t("complete", "docs")
    assert done.code == 0 and 'changed outside of its scope: "docs/new.txt"' in done.err


def test_what_outlives_it_is_ended(crew):
    crew.tentacle("docs", "orphan say=gone")
    assert crew.run("docs").code == 11
    until(lambda: not [words for words in crew.goals.left().values() if "sleep 1000" in words], "the orphan ends")


def test_its_time_is_over(crew):
    crew.tentacle("docs", "say=waiting hang")
    done = crew.run("docs", "--timeout", "300ms")
    assert done.code == 11
    event, = crew.goals.events("tentacle_ended")
    assert event["reason"] == "its time was over"
    assert crew.goals.meta("docs")["status"] == "failed" and crew.goals.meta("docs")["last_run"]["timed_out"] is True
    assert "timed out after " in crew.goals.t("status").out
    assert not crew.wrapper("docs")


def test_detach_and_again(crew):
    crew.tentacle("docs", "wait=gate")
    crew.gate("gate")
    assert crew.run("docs", "--detach").code == 0
    crew.began("docs")
    done = crew.run("docs")
    assert done.code == 6 and "its agent is at work" in done.err
    crew.open_gate("gate")
    until(lambda: crew.state("docs") == "awaiting-handoff", "it ends")
    assert len(crew.ran("docs")) == 1


def test_no_more_than_max_parallel(crew):
    crew.configure(more="")
    config = crew.goals.home / "config.yaml"
    config.write_text(config.read_text().replace("max_parallel: 4", "max_parallel: 1"))
    crew.gate("gate")
    crew.tentacle("one", "wait=gate")
    crew.tentacle("two")
    assert crew.run("one", "--detach").code == 0
    done = crew.run("two")
    assert done.code == 6 and "max_parallel" in done.err
    crew.open_gate("gate")
    until(lambda: crew.state("one") == "awaiting-handoff", "it ends")


def test_a_dependency_comes_first(crew):
    crew.tentacle("one")
    crew.tentacle("two", "say=hello", todo_deps=["one"])
    done = crew.run("two")
    assert done.code == 4 and 'waits for "one"' in done.err
    assert crew.run("two", "--force").code == 11


def test_looking_on_may_end(crew):
    crew.tentacle("docs", "wait=gate")
    crew.gate("gate")
    looking = crew.start("docs")
    crew.began("docs")
    looking.send_signal(signal.SIGINT)
    out, _ = looking.communicate(timeout=DEADLINE_S)
    assert looking.returncode == 130 and "sk workstream cancel --yes tentacle-docs" in out
    assert crew.state("docs") == "running"
    assert crew.goals("workstream", "cancel", "--yes", "tentacle-docs").code == 0
    until(lambda: crew.state("docs") == "stopped", "it is ended")
    assert "failures" not in crew.goals.meta("docs")["last_run"]
    assert crew.goals.events("tentacle_ended")[0]["reason"] == "it was told to end"


def test_the_agent_is_killed(crew):
    crew.tentacle("docs", "die", "say=hello")
    assert crew.run("docs").code == 11
    event, = crew.goals.events("tentacle_ended")
    assert event["metadata"]["signal"] == 9
    assert crew.goals.meta("docs")["status"] == "failed" and crew.goals.meta("docs")["last_run"]["signal"] == 9
    for page in (("status",), ("show", "docs")):
        assert "killed by signal 9" in crew.goals.t(*page).out
    assert crew.run("docs").code == 11 and len(crew.ran("docs")) == 2


def test_the_wrapper_is_killed(crew):
    """FM-2: what it watched over ends with it, it is seen at the next look, and the next order begins again."""
    crew.tentacle("docs", "wait=gate", "say=hello")
    crew.gate("gate")
    running = crew.start("docs")
    agent = crew.began("docs")
    os.kill(crew.wrapper("docs")[0], signal.SIGKILL)
    assert running.wait(20) == 1
    assert crew.state("docs") == "lost"
    until(lambda: agent not in crew.goals.left(), "the agent ends")
    assert crew.run("docs").code == 11
    assert len(crew.ran("docs")) == 2 and crew.goals.events("tentacle_lost")


def test_the_worker_is_killed(crew):
    """Its task was lost, so the orchestrator runs it again: the same order, another attempt."""
    crew.tentacle("docs", "wait=gate", "say=hello")
    crew.gate("gate")
    running = crew.start("docs")
    crew.began("docs")
    for pid in crew.goals.workers():
        os.kill(pid, signal.SIGKILL)
    assert running.wait(20) == 11
    assert len(crew.ran("docs")) == 2 and crew.goals.meta("docs")["attempts"] == 2


def test_the_orchestrator_is_killed(crew):
    """Nobody is disturbed: who looks on starts another one, which takes the task over."""
    crew.tentacle("docs", "wait=gate say=late")
    crew.gate("gate")
    running = crew.start("docs")
    agent = crew.began("docs")
    chief, = [pid for pid, words in crew.goals.left().items() if words.startswith("sk run ")]
    os.kill(chief, signal.SIGKILL)
    until(lambda: chief not in crew.goals.left(), "it ends")
    crew.open_gate("gate")
    assert running.wait(20) == 11
    assert crew.ran("docs") == [agent] and crew.ran("docs", "ended") == [agent]


def test_everything_is_killed(crew):
    """The same again hands its task to a new orchestrator, which finds that the worker is gone and runs it once more."""
    crew.tentacle("docs", "wait=gate", "handoff")
    crew.gate("gate")
    running = crew.start("docs")
    crew.began("docs")
    crew.kill_all()
    running.wait()
    assert crew.state("docs") == "lost"
    assert crew.run("docs").code == 0
    assert len(crew.ran("docs")) == 2 and len(crew.goals.events("tentacle_dispatched")) == 1


def test_who_ordered_is_killed(crew):
    """FM-4: what was ordered goes on, and the same again does not run it twice."""
    crew.tentacle("docs", "wait=gate")
    crew.gate("gate")
    ordering = crew.start("docs")
    crew.began("docs")
    ordering.kill()
    ordering.wait()
    assert crew.run("docs").code == 6
    crew.open_gate("gate")
    until(lambda: crew.state("docs") == "awaiting-handoff", "it ends")
    assert len(crew.ran("docs")) == 1


def test_how_it_failed_is_kept(crew):
    """Its exit code and its last words, until the next run; told wherever somebody looks for what to do."""
    crew.tentacle("docs", "wail=no_such_file exit=3", "handoff")
    assert crew.goals.g("link", "docs").code == 0
    done = crew.run("docs")
    assert done.code == 11 and "ended with code 3: no_such_file" in done.out
    run = crew.goals.meta("docs")["last_run"]
    assert run["exit_code"] == 3 and run["last_line"] == "no_such_file" and run["failures"] == 1
    for page in (("status",), ("show", "docs"), ("goal", "why")):
        assert "ended with code 3: no_such_file" in crew.goals.t(*page).out, page
    done = crew.goals.g("next-iter")
    assert "sk logs tentacle-docs" in done.out and "sk tentacle dispatch docs --run" in done.out
    assert crew.run("docs").code == 0
    run = crew.goals.meta("docs")["last_run"]
    assert run["exit_code"] == 0 and "failures" not in run and "last_line" not in run

