"""sk tentacle goal loop: waves of agents to the end, every reason to stop, and going on after a kill."""

import json
import os
import signal

import pytest

from agents import Crew
from conftest import DEADLINE_S, until


@pytest.fixture
def crew(goals):
    goals.commit(src__a="one\n", docs__a="two\n")
    return Crew(goals)


def linked(crew, name, *script, **members):
    crew.tentacle(name, *script, **members)
    done = crew.goals.g("link", name)
    assert done.code == 0, done.err


def criterion(crew, command, name="sc-1"):
    done = crew.goals.g("criteria", "add", "--id", name, "--desc", name, "--verify-cmd", command)
    assert done.code == 0, done.err


def loop(crew, *words, **more):
    return crew.goals.g("loop", "--poll-interval", "200ms", "--retry-pause", "20ms", *words, **more)


def start(crew, *words):
    return crew.goals.start("tentacle", "goal", "loop", "--poll-interval", "100ms", *words)


def test_words(crew):
    assert loop(crew, "--concurrency", "0").code == 2
    assert loop(crew, "--poll-timeout", "soon").code == 2
    assert loop(crew, "--goal", "ffffffff").code == 3
    assert loop(crew, "more").code == 2


def test_to_the_end(crew):
    """Two waves by a dependency, the proof, the end."""
    linked(crew, "first", "edit=docs/first used=5 handoff")
    linked(crew, "second", "edit=docs/second used=6 handoff", todo_deps=["first"])
    criterion(crew, "test -e docs/first && test -e docs/second")
    done = loop(crew)
    assert done.code == 0, done.err
    goal = crew.goals.goal()
    assert goal["status"] == "completed" and goal["spent_tokens"] == 11
    assert crew.goals.meta("first")["status"] == crew.goals.meta("second")["status"] == "completed"
    first = [event["seq"] for event in crew.goals.events("tentacle_completed") if event["tentacle"] == "first"]
    second = [event["seq"] for event in crew.goals.events("tentacle_started") if event["tentacle"] == "second"]
    assert first < second
    assert loop(crew).code == 0
    assert len(crew.ran("first")) == 1


def test_no_criterion(crew):
    linked(crew, "docs", "handoff")
    done = loop(crew)
    assert done.code == 11 and "no criterion says" in done.err


def test_criteria_that_do_not_pass_open_an_iteration(crew):
    linked(crew, "docs", "handoff")
    criterion(crew, "true", "one")
    criterion(crew, "echo why not; false", "two")
    done = loop(crew)
    assert done.code == 11 and "the next iteration has no tentacles" in done.err
    said = done.err[done.err.index("the criteria run (2)"):]
    assert said.index("one  passed") < said.index("two  failed with 1") < said.index("why not") < said.index("Try:")
    assert crew.goals.goal()["iteration"] == 2
    done = loop(crew)
    assert done.code == 11 and "no tentacle that could change that" in done.err
    assert crew.goals.goal()["iteration"] == 2


def test_over_budget(crew):
    assert crew.goals.g("budget", "--max-iterations", "1").code == 0
    linked(crew, "docs", "handoff")
    criterion(crew, "false")
    done = loop(crew)
    assert done.code == 12 and "the budget is used up" in done.err
    assert crew.goals.goal()["status"] == "needs-human" and crew.goals.goal()["iteration"] == 1
    assert loop(crew).code == 11


def test_tokens_used_up_stop_the_next_agent(crew):
    assert crew.goals.g("budget", "--max-tokens", "10").code == 0
    linked(crew, "first", "used=20 handoff")
    linked(crew, "second", "handoff", todo_deps=["first"])
    assert loop(crew).code == 12
    assert crew.ran("second") == []


def test_an_iteration_that_a_person_opened_over_budget_may_use_more(crew):
    assert crew.goals.g("budget", "--max-tokens", "10").code == 0
    linked(crew, "first", "used=20 handoff")
    linked(crew, "second", "handoff", todo_deps=["first"])
    assert loop(crew).code == 12
    assert crew.goals.g("resume").code == 0
    assert crew.goals.t("complete", "second").code == 0
    assert crew.goals.g("eval", "--force-over-budget").code == 0
    linked(crew, "third", "used=5 handoff")
    linked(crew, "fourth", "handoff", todo_deps=["third"])
    criterion(crew, "true")
    done = loop(crew)
    assert done.code == 0, done.err
    assert len(crew.ran("third")) == len(crew.ran("fourth")) == 1


def test_a_gate_blocks(crew):
    linked(crew, "docs", "handoff")
    criterion(crew, "true")
    assert crew.goals.g("gate", "add", "review").code == 0
    assert loop(crew).code == 10
    assert loop(crew).code == 10
    assert crew.goals.g("gate", "approve", "review").code == 0
    assert loop(crew).code == 0
    assert len(crew.ran("docs")) == 1


def test_paused(crew):
    linked(crew, "docs", "handoff")
    assert crew.goals.g("eval", "--decision", "pause").code == 0
    done = loop(crew)
    assert done.code == 4 and "goal resume" in done.err
    assert crew.ran("docs") == []


def test_a_problem_handed_off_needs_a_person(crew):
    linked(crew, "docs", "handoff=AMBIGUOUS")
    linked(crew, "after", todo_deps=["docs"])
    done = loop(crew)
    assert done.code == 11 and 'tentacle "docs": it handed off AMBIGUOUS' in done.err
    assert crew.ran("after") == []


def test_no_handoff_again_and_again(crew):
    linked(crew, "docs", "say=1", "say=2", "die", "say=4")
    done = loop(crew)
    assert done.code == 11 and "its agent failed 3 times, last: killed by signal 9" in done.err
    assert len(crew.ran("docs")) == 3
    assert "docs: ended without a hand-off (1 of 3)" in done.err
    goal = crew.goals.goal()
    assert goal["status"] == "needs-human" and 'stuck: tentacle "docs": its agent failed' in goal["needs_human_reason"]
    assert "killed by signal 9" in crew.goals.g("status").out
    assert loop(crew).code == 11 and len(crew.ran("docs")) == 3


@pytest.mark.parametrize("way", [("goal", "resume"), ("goal", "resume", "--reset-failed")])
def test_after_a_person_decided_it_tries_again(crew, way):
    linked(crew, "docs", "exit=1", "exit=1", "exit=1", "handoff")
    criterion(crew, "true")
    assert loop(crew).code == 11
    assert "sk tentacle goal resume" in crew.goals.g("next-iter").out
    assert crew.goals.t(*way).code == 0
    done = loop(crew)
    assert done.code == 0, done.err
    assert len(crew.ran("docs")) == 4


def test_files_outside_of_its_scope_wait_for_a_person(crew):
    """What the loop found is shown by every page, no success, and settled by the person who completes it."""
    linked(crew, "docs", "edit=docs/other handoff", scope=["docs/a"])
    linked(crew, "after", "handoff", todo_deps=["docs"])
    criterion(crew, "true")
    done = loop(crew, "--here")
    assert done.code == 11 and 'files outside of its scope were changed: "docs/other"' in done.err
    for page in (("status",), ("show", "docs"), ("goal", "why"), ("goal", "status")):
        assert "files outside of its scope were changed" in crew.goals.t(*page).out, page
    assert "docs: handed off, and somebody has to judge it" in crew.goals.g("next-iter").out and crew.ran("after") == []
    assert crew.goals.g("resume").code == 0
    assert crew.goals.g("eval").code in (4, 11)
    assert crew.goals.t("complete", "docs").code == 0
    done = loop(crew, "--here")
    assert done.code == 0, done.err
    assert len(crew.ran("docs")) == len(crew.ran("after")) == 1


def test_pauses_between_failures(crew):
    """The pauses are recorded facts: a loop that begins anew waits for the rest of one."""
    linked(crew, "docs", "exit=1", "handoff")
    running = crew.goals.start("tentacle", "goal", "loop", "--retry-pause", "1h")
    said = Reader(running)
    said.until("ended with code 1 (1 of 3); it starts again at ")
    running.terminate()
    assert running.wait(20) == 143
    assert len(crew.ran("docs")) == 1
    running = crew.goals.start("tentacle", "goal", "loop", "--retry-pause", "1h")
    said = Reader(running)
    said.until("it starts again at ")
    running.terminate()
    assert running.wait(20) == 143
    assert len(crew.ran("docs")) == 1
    assert crew.goals.t("dispatch", "docs", "--run").code == 0


def test_a_killed_wrapper_is_no_failure_of_the_agent(crew):
    crew.gate("gate")
    linked(crew, "docs", *["ready wait=gate handoff"] * 5)
    criterion(crew, "true")
    running = start(crew, "--retry-pause", "20ms")
    for times in range(1, 5):
        until(lambda: len(crew.ran("docs", "ready")) == times, "it has read what it has to do")
        os.kill(crew.wrapper("docs")[0], signal.SIGKILL)
    crew.began("docs", 5)
    crew.open_gate("gate")
    assert running.wait(30) == 0
    assert len(crew.ran("docs")) == 5


def test_a_limit_that_passes_is_waited_for(crew):
    """FM-5 without anybody: one is turned away, its time comes, it is released and does its work; nobody else was sent."""
    linked(crew, "docs", "reset=2", "handoff")
    linked(crew, "more", "handoff", todo_deps=["docs"])
    criterion(crew, "true")
    done = loop(crew)
    assert done.code == 0, done.err
    assert "docs: its time has come" in done.err
    assert len(crew.ran("docs")) == 2 and crew.goals.meta("docs")["attempts"] == 1
    assert [event["event"] for event in crew.goals.events() if event["event"] in ("tentacle_parked", "tentacle_released")] == [
        "tentacle_parked", "tentacle_released"]


def test_a_network_that_is_gone_for_a_moment(crew):
    """FM-4: all that met it come to their end; nobody is needed, and no attempt is used up."""
    names = ("docs", "more", "rest")
    for name in names:
        linked(crew, name, "offline", "handoff")
    criterion(crew, "true")
    done = loop(crew)
    assert done.code == 0, done.err
    assert crew.goals.goal()["status"] == "completed"
    met = {event["tentacle"] for event in crew.goals.events("tentacle_parked")}
    for name in names:
        meta = crew.goals.meta(name)
        assert meta["status"] == "completed" and meta["attempts"] == 1 and "failures" not in meta["last_run"]
        assert len(crew.ran(name)) == 2 and name in met
        assert done.err.count(name + ": parked (network) until ") == 1


def test_no_network_is_told_in_words(crew):
    linked(crew, "docs", "offline", "handoff")
    done = loop(crew, "--no-auto-release")
    assert done.code == 75 and "docs: parked (network) until " in done.err, done.err
    for page in (("status",), ("next-iter",)):
        assert "network" in crew.goals.g(*page).out, page
    assert "network" in crew.goals.t("show", "docs").out
    assert "cannot be reached" in crew.goals.t("show", "docs").out


def test_what_an_agent_says_of_connections_parks_nothing(crew):
    """It worked to its end and told of what it works on."""
    linked(crew, "docs", "wail=ECONNREFUSED", "handoff")
    criterion(crew, "true")
    done = loop(crew)
    assert done.code == 0 and "parked" not in done.err, done.err
    assert crew.goals.events("tentacle_parked") == []


def test_a_limit_that_takes_long_ends_the_loop(crew):
    linked(crew, "docs", "reset=7200", "handoff")
    done = loop(crew, "--poll-timeout", "1s")
    assert done.code == 75 and "parked and not due before" in done.err


@pytest.mark.parametrize("how", ["option", "configuration"])
def test_no_automatic_release(crew, how):
    if how == "configuration":
        crew.configure(more="auto_release: false\n")
    linked(crew, "docs", "reset=1", "handoff")
    done = loop(crew, *(["--no-auto-release"] if how == "option" else []))
    assert done.code == 75
    assert len(crew.ran("docs")) == 1
    # Nor when its time has come: the loop ends, and does not wait for itself.
    until(lambda: "due in" not in crew.goals.t("status").out, "its time comes")
    assert loop(crew, *(["--no-auto-release"] if how == "option" else [])).code == 75


def test_no_automatic_dispatch(crew):
    linked(crew, "docs")
    done = loop(crew, "--no-auto-dispatch", "--poll-timeout", "300ms")
    assert done.code == 11 and crew.ran("docs") == []


def test_no_more_than_concurrency(crew):
    crew.gate("gate")
    for name in ("one", "two", "three"):
        linked(crew, name, "wait=gate handoff")
    criterion(crew, "true")
    running = start(crew, "--concurrency", "2")
    until(lambda: len(crew.ran("one") + crew.ran("two") + crew.ran("three")) == 2, "two begin")
    assert sum(crew.goals.meta(name)["status"] == "running" for name in ("one", "two", "three")) <= 2
    crew.open_gate("gate")
    assert running.wait(20) == 0
    assert [len(crew.ran(name)) for name in ("one", "two", "three")] == [1, 1, 1]


def test_one_loop_at_a_time(crew):
    crew.gate("gate")
    linked(crew, "docs", "wait=gate handoff")
    criterion(crew, "true")
    running = start(crew)
    crew.began("docs")
    done = loop(crew)
    assert done.code == 6 and "pid %d" % running.pid in done.err
    crew.open_gate("gate")
    assert running.wait(20) == 0


def test_killed_and_begun_again(crew):
    """No agent runs twice: what runs goes on, and the next loop finds it."""
    crew.gate("gate")
    linked(crew, "docs", "wait=gate handoff")
    linked(crew, "after", "handoff", todo_deps=["docs"])
    criterion(crew, "true")
    running = start(crew)
    agent = crew.began("docs")
    running.kill()
    running.wait()
    again = start(crew)
    assert "docs: goes on (sk logs -f tentacle-docs)" in next(line for line in again.stderr if "docs" in line)
    crew.open_gate("gate")
    assert again.wait(20) == 0
    assert crew.ran("docs") == [agent] and len(crew.ran("after")) == 1


def test_everything_is_killed(crew):
    """The machine's night: loop, orchestrator, worker, wrapper and agent. The next loop does the work again."""
    crew.gate("gate")
    linked(crew, "docs", "wait=gate", "handoff")
    criterion(crew, "true")
    running = start(crew)
    crew.began("docs")
    crew.kill_all()
    running.wait()
    assert loop(crew).code == 0
    assert len(crew.ran("docs")) == 2 and crew.goals.meta("docs")["status"] == "completed"


def test_interrupted(crew):
    """Ctrl-C: what runs goes to its end, nothing new starts."""
    crew.gate("gate")
    linked(crew, "docs", "wait=gate handoff")
    linked(crew, "after", "handoff", todo_deps=["docs"])
    running = start(crew)
    crew.began("docs")
    running.send_signal(signal.SIGINT)
    until(lambda: "draining" in os.read(running.stderr.fileno(), 65536).decode(), "it says so")
    crew.open_gate("gate")
    assert running.wait(20) == 130
    assert crew.goals.meta("docs")["terminal_status"] == "DONE" and crew.ran("after") == []


def test_interrupted_twice(crew):
    crew.gate("gate")
    linked(crew, "docs", "wait=gate handoff")
    running = start(crew)
    agent = crew.began("docs")
    running.send_signal(signal.SIGINT)
    until(lambda: "draining" in os.read(running.stderr.fileno(), 65536).decode(), "it says so")
    running.send_signal(signal.SIGINT)
    assert running.wait(20) == 130
    until(lambda: agent not in crew.goals.left(), "the agent is ended")
    assert crew.goals.meta("docs")["status"] == "stopped"
    assert "failures" not in crew.goals.meta("docs")["last_run"]
    assert loop(crew).code == 11 and len(crew.ran("docs")) == 2  # no criterion; it was begun again


def test_interrupted_three_times(crew):
    """The third one leaves at once, whoever is at work, and the last line can be typed."""
    crew.gate("gate")
    linked(crew, "docs", "stubborn wait=gate handoff")
    running = start(crew)
    agent = crew.began("docs")
    said = Reader(running)
    running.send_signal(signal.SIGINT)
    said.until("draining: docs")
    running.send_signal(signal.SIGINT)
    said.until("ending the agents at work: docs")
    running.send_signal(signal.SIGINT)
    assert running.wait(20) == 130
    last = said.rest().splitlines()[-1]
    assert "Try: sk tentacle goal loop" in last and "docs" in last
    crew.kill_all()
    assert agent not in crew.goals.left()


class Reader:
    """What a process says, as it comes."""

    def __init__(self, process):
        self.file, self.text = process.stderr.fileno(), ""

    def until(self, words):
        until(lambda: words in self.more(), "it says " + words)

    def more(self):
        self.text += os.read(self.file, 65536).decode()
        return self.text

    def rest(self):
        while True:
            part = os.read(self.file, 65536).decode()
            self.text += part
            if not part:
                return self.text


def by_hand(crew, name):
    assert crew.goals.t("resume", name).code == 0


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_a_person_works(crew, number, code):
    """Work that somebody took up is nobody the loop could end, or wait for when it was told to go."""
    linked(crew, "docs")
    by_hand(crew, "docs")
    running = start(crew)
    said = Reader(running)
    said.until("docs: active: it is in somebody's hands")
    running.send_signal(number)
    assert running.wait(20) == code
    assert "no agent is at work" in said.rest().splitlines()[-1]
    assert crew.ran("docs") == []


def test_what_a_person_does_stops_nobody_else(crew):
    linked(crew, "docs")
    linked(crew, "other", "handoff")
    by_hand(crew, "docs")
    done = loop(crew, "--poll-timeout", "300ms")
    assert done.code == 11 and "what is left is in somebody's hands" in done.err
    assert crew.goals.meta("other")["status"] == "completed" and len(crew.ran("other")) == 1


def test_one_stuck_tentacle_stops_nobody_else(crew):
    linked(crew, "docs", "handoff=AMBIGUOUS")
    linked(crew, "first", "handoff", todo_deps=[])
    assert loop(crew, "--concurrency", "1").code == 11
    assert loop(crew).code == 11 and crew.goals.goal()["status"] == "needs-human"
    assert crew.goals.g("resume").code == 0
    linked(crew, "second", "handoff")
    done = loop(crew, "--concurrency", "1")
    assert done.code == 11 and "AMBIGUOUS" in done.err
    assert [crew.goals.meta(name)["status"] for name in ("first", "second")] == ["completed", "completed"]


def bytes_read(process):
    counts = dict(line.split(": ") for line in open("/proc/%d/io" % process.pid).read().splitlines())
    return int(counts["rchar"])


def test_it_wakes_for_what_is_recorded_alone(crew):
    """While an agent works it sleeps: others take the lock and leave their name in it, and it does not look. A look reads the
    whole journal, so looks are counted by what was read."""
    crew.gate("gate")
    linked(crew, "docs", "wait=gate handoff")
    criterion(crew, "true")
    running = crew.goals.start("tentacle", "goal", "loop", "--poll-interval", "1h")
    crew.began("docs")
    until(lambda: crew.goals.meta("docs")["status"] == "running", "its start is recorded")
    journal = (crew.goals.home / "transitions.jsonl").stat().st_size
    before = bytes_read(running)
    assert crew.goals.t("todo", "docs", "add", "one more").code == 0
    until(lambda: bytes_read(running) > before + journal, "it looks")
    before = bytes_read(running)
    for _ in range(30):
        assert crew.goals("breaker", "reset", "--all").code == 0
    assert bytes_read(running) - before < 8 * journal, "it looked although nothing was recorded"
    crew.open_gate("gate")
    assert until(lambda: crew.goals.meta("docs")["status"] != "running", "it ends")
    running.terminate()
    running.wait(20)


def in_the_criteria(crew):
    """A loop that runs its criteria: one has passed, the other waits."""
    linked(crew, "docs", "handoff")
    criterion(crew, "true", "a")
    criterion(crew, "setsid sleep 1000 & (setsid sleep 1000 &); echo up >up; sleep 1000", "b")
    os.mkfifo(crew.goals.folder / "up")
    up = os.open(crew.goals.folder / "up", os.O_RDWR)
    crew.goals.gates.append(up)
    run = start(crew)
    os.read(up, 1)
    return run


def proofs_left(crew):
    return [words for words in crew.goals.left().values() if "sleep" in words or "sk-warden" in words or " check " in words]


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_in_the_criteria(crew, number, code):
    run = in_the_criteria(crew)
    run.send_signal(number)
    _, said = run.communicate(timeout=DEADLINE_S)
    assert run.returncode == code and not proofs_left(crew)
    assert "interrupted while b ran: 1 of 2 results is recorded; b was ended" in said
    assert "the iteration is not closed" in said.splitlines()[-1] and "Try: " in said.splitlines()[-1]
    goal = crew.goals.goal()
    assert goal["status"] == "active" and goal["iteration"] == 1
    assert [c["status"] for c in goal["success_criteria"]] == ["verified", "unverified"]


def test_killed_in_the_criteria(crew):
    run = in_the_criteria(crew)
    run.kill()
    run.communicate()
    until(lambda: not proofs_left(crew), "the criteria end with the loop")


def test_what_is_handed_off_comes_back(crew):
    """Two side by side, one that builds on both; each in a worktree of its own, and all of it is merged."""
    linked(crew, "one", "edit=src/one handoff", scope=["src"])
    linked(crew, "two", "edit=docs/two handoff", scope=["docs"])
    linked(crew, "both", "edit=src/both handoff", scope=["src"], todo_deps=["one", "two"])
    criterion(crew, "test -e src/one && test -e docs/two && test -e src/both && test -z \"$(git status --porcelain)\"")
    done = loop(crew)
    assert done.code == 0, done.err
    assert [line for line in done.err.splitlines() if line.endswith(": merged")] == [
        "sk: one: merged", "sk: two: merged", "sk: both: merged"] or "sk: two: merged\nsk: one: merged" in done.err
    place = crew.goals.meta("both")["worktree"]["path"]
    assert os.path.exists(place + "/src/one") and os.path.exists(place + "/docs/two")
    assert "outside_scope" not in crew.goals.meta("both")
    subjects = crew.goals.git("log", "--format=%s")
    assert all(subjects.count("Merge the work of %s\n" % name) == 1 for name in ("one", "two", "both"))
    assert "tentacle merged one" in crew.goals.g("history").out


def test_a_conflict_needs_a_person(crew):
    """The one that came first is merged; the other one is named with its files, and nothing is lost."""
    linked(crew, "one", "edit=src/new handoff")
    linked(crew, "two", "edit=src/new handoff")
    criterion(crew, "true")
    done = loop(crew)
    assert done.code == 11, done.err
    assert "the same places of src/new" in done.err and "git merge main there" in done.err
    late = "two" if "sk: one: merged" in done.err else "one"
    assert crew.goals.meta(late)["worktree"]["conflicts"] == ["src/new"] and crew.goals.goal()["status"] == "needs-human"
    assert crew.goals.meta(late)["status"] == "handed-off"
    advice = crew.goals.g("next-iter")
    assert "not merged, conflicts in src/new" in advice.out
    assert "sk tentacle worktree %s merge --commit" % late in advice.out
    assert "not merged, conflicts in src/new" in crew.goals.g("status").out
    assert "not merged, conflicts in src/new" in crew.goals.g("context").out
    # Settled by a person, the same again goes on to the end.
    place = crew.goals.meta(late)["worktree"]["path"]
    crew.goals("tentacle", "worktree", late, "status")
    assert os.system("cd '%s' && HOME='%s' git merge -q main >/dev/null 2>&1; echo both > src/new && git add . && "
                     "HOME='%s' git commit -q -m settled" % (place, crew.goals.env["HOME"], crew.goals.env["HOME"])) == 0
    assert crew.goals.g("resume").code == 0
    done = loop(crew)
    assert done.code == 0, done.err
    assert (crew.goals.folder / "src/new").read_text() == "both\n"


@pytest.mark.parametrize("how", ["option", "configuration"])
def test_people_merge(crew, how):
    if how == "configuration":
        crew.configure(more="merge: false\n")
        assert "handed off work is not merged by itself" in crew.goals("agents", "list").out
    linked(crew, "one", "edit=src/one handoff")
    criterion(crew, "true")
    done = loop(crew, *(["--no-merge"] if how == "option" else []))
    assert done.code == 0, done.err
    assert "handed off and not merged: sk/one. Try: sk tentacle worktree one merge --commit" in done.err
    assert not (crew.goals.folder / "src/one").exists()
    assert crew.goals.g("next-iter", "--json").json["unmerged"] == ["one"]
    assert crew.goals.t("worktree", "one", "merge", "--commit").code == 0
    assert (crew.goals.folder / "src/one").exists() and crew.goals.g("next-iter", "--json").json["unmerged"] == []


def test_here(crew):
    linked(crew, "one", "edit=src/one handoff")
    linked(crew, "two", "edit=docs/two handoff", todo_deps=["one"])
    criterion(crew, "test -e src/one && test -e docs/two")
    done = loop(crew, "--here")
    assert done.code == 0, done.err
    assert crew.goals.git("worktree", "list").count("\n") == 1


def test_one_document_at_its_end(crew):
    """What happens is told on stderr all the same."""
    linked(crew, "first", "edit=docs/first handoff")
    linked(crew, "second", "handoff", todo_deps=["first"])
    criterion(crew, "test -e docs/first")
    done = loop(crew, "--format", "json")
    assert done.code == 0 and "first: started" in done.err
    told = done.json
    assert told["kind"] == "goal_loop" and told["goal_id"] == crew.goals.goal()["goal_id"]
    assert (told["exit"], told["outcome"], told["status"], told["iteration"]) == (0, "done", "completed", 1)
    assert told["message"] == done.err.splitlines()[-1][len("sk: "):] and told["try"] is None
    assert [(one["name"], one["status"]) for one in told["tentacles"]] == [("first", "completed"), ("second", "completed")]
    assert told["at_work"] == told["unmerged"] == told["trouble"] == [] and told["iterations_closed"] == 0
    assert told["duration_ms"] >= 0


def test_the_document_names_what_is_left(crew):
    linked(crew, "bad", *["exit=1"] * 3)
    linked(crew, "good", "edit=docs/good handoff")
    done = loop(crew, "--no-merge", "--json")
    told = done.json
    assert done.code == told["exit"] == 11 and told["outcome"] == "needs_human"
    assert told["unmerged"] == ["good"] and len(told["trouble"]) == 1 and '"bad"' in told["trouble"][0]
    assert "goal next-iter" in told["try"] and told["message"] == "a person has to decide"
    assert told["status"] == "needs-human"
    assert {one["name"]: one["status"] for one in told["tentacles"]}["bad"] == "failed"


def test_the_document_says_until_when(crew):
    linked(crew, "docs", "reset=3600")
    told = loop(crew, "--poll-timeout", "0", "--json").json
    assert (told["exit"], told["outcome"]) == (75, "parked") and " before " in told["message"]
    assert told["tentacles"] == [{"name": "docs", "status": "parked", "retry_at": crew.goals.meta("docs")["quota"]["due_at"]}]


def test_a_document_of_an_interrupted_loop(crew):
    crew.gate("gate")
    linked(crew, "docs", "stubborn wait=gate handoff")
    running = start(crew, "--json")
    crew.began("docs")
    said = Reader(running)
    for word in ("draining", "ending the agents", ""):
        running.send_signal(signal.SIGINT)
        said.until(word)
    assert running.wait(20) == 130
    told = json.loads(running.stdout.read())
    assert (told["exit"], told["outcome"], told["at_work"]) == (130, "interrupted", ["docs"])
    assert told["try"].startswith("sk tentacle goal loop")
    crew.kill_all()


def test_a_refusal_is_a_document_too(crew):
    done = loop(crew, "--goal", "ffffffff", "--json")
    assert done.code == 3 and done.json["error"]["exit"] == 3
