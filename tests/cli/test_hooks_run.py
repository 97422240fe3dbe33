"""sk hooks run: events of every host, in their own words. Whatever comes in, the host gets exit code 0 and its answer."""

import fcntl
import json
import os
import subprocess
import time

import pytest

from conftest import DEADLINE_S, binary, until
from goal_work import Goals
from killing import tool

START = {"source": "startup"}


@pytest.fixture
def work(tmp_path):
    runner = Goals(tmp_path)
    runner.env["TZ"] = "UTC0"
    yield runner
    runner.end()


def hook(work, event, payload=None, *words, env=None, cwd=None):
    """Runs the hook and returns what it printed, parsed; None for nothing."""
    path = work.folder / "home" / "payload"
    path.write_bytes(payload if isinstance(payload, bytes) else json.dumps(payload or {}).encode())
    with open(path, "rb") as stdin:
        done = work("hooks", "run", event, *words, stdin=stdin, env=env, cwd=cwd)
    assert done.code == 0, done.err
    assert done.err == ""
    if not done.out:
        return None
    assert done.out.endswith("\n") and done.out.count("\n") == 1
    return json.loads(done.out)


def crumb(work):
    path = work.home / "goal-resume-breadcrumb.json"
    return json.loads(path.read_text()) if path.exists() else None


def log(work):
    path = work.folder / "home" / ".copilot" / "markers" / "audit.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


# One session of each host: (name, words of the command, payload of start, payload of end, banner in the answer).
def nested(answer):
    assert set(answer) == {"hookSpecificOutput"}
    assert set(answer["hookSpecificOutput"]) == {"hookEventName", "additionalContext"}
    assert answer["hookSpecificOutput"]["hookEventName"] == "SessionStart"
    return answer["hookSpecificOutput"]["additionalContext"]


def flat(answer):
    assert set(answer) == {"additionalContext"}
    return answer["additionalContext"]


HOSTS = {
    "claude": (("SessionStart", {"hook_event_name": "SessionStart", "transcript_path": "/t", "source": "startup"}),
               ("SessionEnd", {"hook_event_name": "SessionEnd", "transcript_path": "/t", "reason": "prompt_input_exit"}),
               "session_id", nested, "claude"),
    "copilot": (("sessionStart", {"timestamp": 1795262400000, "source": "new", "initialPrompt": "x"}),
                ("sessionEnd", {"timestamp": 1795262400000, "reason": "user_exit"}), "sessionId", flat, "copilot"),
    "copilot-pascal": (("SessionStart", {"hook_event_name": "SessionStart", "timestamp": "2026-11-21T12:00:00Z",
                                         "source": "new"}),
                       ("SessionEnd", {"hook_event_name": "SessionEnd", "timestamp": "2026-11-21T12:00:00Z",
                                       "reason": "complete"}), "session_id", flat, "copilot"),
    "codex": (("SessionStart", {"hook_event_name": "SessionStart", "transcript_path": None, "model": "m",
                                "permission_mode": "default", "source": "startup"}),
              ("SessionEnd", {"hook_event_name": "SessionEnd", "transcript_path": None, "reason": "other"}),
              "session_id", nested, "codex"),
    "gemini": (("SessionStart", {"hook_event_name": "SessionStart", "timestamp": "2026-11-21T12:00:00Z",
                                 "source": "startup"}),
               ("SessionEnd", {"hook_event_name": "SessionEnd", "timestamp": "2026-11-21T12:00:00Z", "reason": "exit"}),
               "session_id", nested, "gemini"),
}


@pytest.mark.parametrize("host", HOSTS)
def test_end_and_start(work, host):
    """FM-1: paused and a breadcrumb; another session gets the banner in its host's own form."""
    (start, started), (end, ended), key, text, agent = HOSTS[host]
    env = {"GEMINI_SESSION_ID": "g"} if host == "gemini" else {}
    work.begin("Port the parser", "--max-iterations", "5")
    assert hook(work, end, {**ended, key: "s1", "cwd": str(work.folder)}, env=env) is None
    goal = work.goal()
    assert goal["status"] == "paused"
    assert goal["pause_reason"] == "session_end:" + ended["reason"]
    left = crumb(work)
    assert left["goal_id"] == goal["goal_id"]
    assert left["goal_title"] == "Port the parser"
    assert left["goal_path"] == ".octogent/goal.json"
    assert left["pause_reason"] == goal["pause_reason"]
    assert left["resume_command"] == "sk tentacle goal resume"
    assert left["previous_status"] == "active"
    assert left["session"] == "s1"
    assert left["budget_snapshot"]["current_iteration"] == 1
    assert left["budget_snapshot"]["max_iterations"] == 5
    banner = text(hook(work, start, {**started, key: "s2", "cwd": str(work.folder)}, env=env))
    assert '"Port the parser"' in banner and "(session end)" in banner
    assert "sk tentacle goal resume" in banner
    assert "Iteration 1 of 5" in banner
    assert banner.count("-" * 33 + "\n") == 2
    assert work.goal()["status"] == "paused"
    assert {line["agent"] for line in log(work)} == {agent}
    assert work.g("resume").code == 0
    assert work.goal()["status"] == "active"
    assert crumb(work) is None
    assert hook(work, start, {**started, key: "s3", "cwd": str(work.folder)}, env=env) is None


def test_same_session_takes_it_back(work):
    """Hosts that fire end and start for every prompt do not stop a live goal."""
    work.begin()
    for _ in range(3):
        hook(work, "sessionEnd", {"sessionId": "s1", "reason": "complete"})
        assert work.goal()["status"] == "paused"
        assert hook(work, "sessionStart", {"sessionId": "s1", "source": "resume"}) is None
        assert work.goal()["status"] == "active"
        assert crumb(work) is None
    assert [event["event"] for event in work.events() if event["event"] in ("goal_paused", "goal_resumed")] == \
        ["goal_paused", "goal_resumed"] * 3


@pytest.mark.parametrize("event", ["userPromptSubmitted", "preToolUse", "postToolUse"])
def test_any_next_event_takes_it_back(work, event):
    """Some hosts never say that a session starts."""
    work.begin()
    hook(work, "sessionEnd", {"sessionId": "s1"})
    hook(work, event, {"sessionId": "s2"})
    assert work.goal()["status"] == "paused"
    hook(work, event, {"sessionId": "s1"})
    assert work.goal()["status"] == "active"


def test_session_of_a_process_that_is_gone(work):
    """The same id after the grace, by another process: that is a session taken up again, and it is asked to decide."""
    work.begin()
    hook(work, "sessionEnd", {"sessionId": "s1"})
    left = crumb(work)
    left["pid_start"] -= 1
    (work.home / "goal-resume-breadcrumb.json").write_text(json.dumps(left))
    journal = (work.home / "transitions.jsonl").read_text()
    assert "goal_paused" in journal
    # Within the grace a host may have started another process for the event.
    hook(work, "sessionStart", {"sessionId": "s1"})
    assert work.goal()["status"] == "active"


OTHER = """
import subprocess, sys
print(subprocess.run([sys.argv[1], "hooks", "run", "sessionStart"], input='{"sessionId":"other"}', text=True).returncode,
      flush=True)
sys.stdin.read()
"""


def other_session(work):
    """A session of another process, which lives until its standard input ends."""
    process = subprocess.Popen(["/usr/bin/python3", "-c", OTHER, binary()], cwd=work.folder, env=work.env, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == "0\n"
    return process


def test_the_last_session_counts(work):
    """Two terminals in one repository: the end of one does not stop the other."""
    work.begin()
    hook(work, "sessionStart", {"sessionId": "s1"})
    other = other_session(work)
    hook(work, "sessionEnd", {"sessionId": "s1"})
    assert work.goal()["status"] == "active"
    other.kill()
    other.communicate()
    hook(work, "sessionStart", {"sessionId": "s1"})
    hook(work, "sessionEnd", {"sessionId": "s1"})
    assert work.goal()["status"] == "paused"
    assert list((work.home / "sessions").iterdir()) == []


def test_an_idle_session_holds_nothing_up(work):
    work.begin()
    other = other_session(work)
    for path in (work.home / "sessions").iterdir():
        os.utime(path, (time.time() - 3700, time.time() - 3700))
    hook(work, "sessionEnd", {"sessionId": "s1"})
    assert work.goal()["status"] == "paused"
    other.communicate("")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid":1}', '{"pid":"x","boot_id":7}'])
def test_broken_session_file(work, text):
    work.begin()
    hook(work, "sessionStart", {"sessionId": "s1"})
    for path in (work.home / "sessions").iterdir():
        path.write_text(text)
    hook(work, "preToolUse", {"sessionId": "s1"})
    hook(work, "sessionEnd", {"sessionId": "s1"})
    assert work.goal()["status"] == "paused"


def test_without_ids_a_shell_is_no_session(work):
    work.begin()
    hook(work, "sessionEnd", {"reason": "complete"})
    assert work.goal()["status"] == "paused"
    assert "sk tentacle goal resume" in flat(hook(work, "sessionStart", START))
    assert work.goal()["status"] == "paused"


def test_what_a_person_paused_stays_paused(work):
    work.begin()
    assert work.g("eval", "--decision", "pause", "--notes", "lunch").code == 0
    hook(work, "sessionStart", {"sessionId": "s1"})
    hook(work, "sessionEnd", {"sessionId": "s1"})
    hook(work, "sessionStart", {"sessionId": "s1"})
    assert work.goal()["status"] == "paused"


def test_banner_without_breadcrumb(work):
    """A kill between the pause and the breadcrumb: the store knows."""
    work.begin("no crumb")
    hook(work, "sessionEnd", {"sessionId": "s1"})
    (work.home / "goal-resume-breadcrumb.json").unlink()
    assert '"no crumb"' in flat(hook(work, "sessionStart", {"sessionId": "s2"}))


def test_banner_when_the_store_cannot_be_read(work):
    work.begin("lost store")
    hook(work, "sessionEnd", {"sessionId": "s1"})
    journal = work.home / "transitions.jsonl"
    journal.write_text(journal.read_text().replace("goal_created", "goal_creat3d"))
    assert '"lost store"' in flat(hook(work, "sessionStart", {"sessionId": "s2"}))
    assert any(line["decision"] == "error" for line in log(work))


@pytest.mark.parametrize("broken", ["", "[]", "{", "null", '{"goal_title": 7, "paused_at": "x", "pid": -1}'])
def test_broken_breadcrumb(work, broken):
    work.begin("still here")
    hook(work, "sessionEnd", {"sessionId": "s1"})
    (work.home / "goal-resume-breadcrumb.json").write_text(broken)
    assert '"still here"' in flat(hook(work, "sessionStart", {"sessionId": "s2"}))


def test_no_banner_when_there_is_nothing(work):
    assert hook(work, "sessionStart", {"sessionId": "s1"}) is None
    assert not work.home.exists()
    work.begin()
    assert hook(work, "sessionStart", {"sessionId": "s1"}) is None


def test_title_cannot_deceive(work):
    work.begin("x\x1b]0;y\x07 \u202e z")
    hook(work, "sessionEnd", {"sessionId": "s1"})
    banner = flat(hook(work, "sessionStart", {"sessionId": "s2"}))
    assert "\x1b" not in banner and "\u202e" not in banner


@pytest.mark.parametrize("event, payload", [
    ("PreCompact", {"hook_event_name": "PreCompact", "session_id": "s1", "trigger": "auto"}),
    ("preCompact", {"sessionId": "s1", "trigger": "manual"}),
    ("PreCompress", {"hook_event_name": "PreCompress", "session_id": "s1", "trigger": "auto"}),
])
def test_compaction(work, event, payload):
    """The goal goes on; the next moment is told where to look, once."""
    work.begin("long one")
    assert hook(work, event, payload) is None
    assert work.goal()["status"] == "active"
    assert crumb(work)["pause_reason"] == "compaction"
    started = {"hook_event_name": "SessionStart", "session_id": "s1", "source": "compact"}
    banner = nested(hook(work, "SessionStart", started))
    assert "(context compaction)" in banner and '"long one"' in banner and "sk tentacle goal status" in banner
    assert work.goal()["status"] == "active"
    assert crumb(work) is None


def test_compaction_does_not_hide_a_pause(work):
    work.begin()
    hook(work, "sessionEnd", {"sessionId": "s1"})
    hook(work, "preCompact", {"sessionId": "s2"})
    assert crumb(work)["pause_reason"].startswith("session_end:")


# --- limits ---

@pytest.mark.parametrize("event, payload, kind, provider", [
    ("StopFailure", {"hook_event_name": "StopFailure", "session_id": "s1", "error": "rate_limit",
                     "last_assistant_message": "You've hit your limit \u00b7 resets 3pm (Europe/Berlin)"},
     "quota_exceeded", "anthropic"),
    ("StopFailure", {"hook_event_name": "StopFailure", "session_id": "s1", "error": "billing_error"},
     "billing", "anthropic"),
    ("errorOccurred", {"sessionId": "s1", "recoverable": False, "errorContext": "model_call",
                       "error": {"message": "429 Too Many Requests, retry after 30 seconds", "name": "Error"}},
     "rate_limit", "github"),
])
def test_limit_pauses_the_goal(work, event, payload, kind, provider):
    work.begin()
    assert hook(work, event, payload) is None
    assert work.goal()["status"] == "paused"
    assert work.goal()["pause_reason"] == "quota:" + kind
    left = crumb(work)
    assert left["pause_reason"] == "quota:" + kind
    assert (left["due_at"] is None) == (kind == "billing")
    assert [event["provider"] for event in work.events("provider_set")] == [provider]
    banner = flat(hook(work, "sessionStart", {"sessionId": "s2"}))
    assert "(quota limit)" in banner
    assert ("Not before" in banner) == (kind != "billing")
    # A tool that still ran does not take it back; the person who goes on does.
    hook(work, "postToolUse", {"sessionId": "s1"})
    assert work.goal()["status"] == "paused"
    hook(work, "userPromptSubmitted", {"sessionId": "s1"})
    assert work.goal()["status"] == "active"


def test_recoverable_limit_is_the_hosts_own(work):
    work.begin()
    hook(work, "errorOccurred", {"sessionId": "s1", "recoverable": True, "error": {"message": "429"}})
    assert work.goal()["status"] == "active"
    assert len(work.events("provider_set")) == 1


@pytest.mark.parametrize("payload", [{"error": "authentication_failed"}, {"error": {"message": "no such model"}}, {}])
def test_other_errors_change_nothing(work, payload):
    work.begin()
    before = (work.home / "transitions.jsonl").read_text()
    hook(work, "StopFailure", payload)
    assert (work.home / "transitions.jsonl").read_text() == before


def worktree_of(work, name):
    """A tentacle with a worktree that is known, made through its files as an older program left them."""
    place = work.folder / "home" / "trees" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    work.commit(file="x\n")
    work.git("worktree", "add", "-q", "--detach", str(place))
    folder = work.home / "tentacles" / name
    folder.mkdir(parents=True)
    (folder / "meta.json").write_text(json.dumps({
        "name": name, "tentacle_id": "5b1f0e3c-1111-4222-8333-444455556666", "status": "idle",
        "created_at": "2026-11-21T10:00:00.000Z",
        "worktree": {"prepared": True, "path": str(place)}}))
    (folder / "todo.md").write_text("# Todo\n")
    return place


def test_limit_parks_the_tentacle_whose_worktree_it_is(work):
    work.begin()
    place = worktree_of(work, "docs")
    hook(work, "StopFailure", {"session_id": "s9", "error": "rate_limit", "cwd": str(place)})
    assert work.goal()["status"] == "active"
    assert work.meta("docs")["status"] == "parked"
    queue = (work.home / "retry-queue.json").read_text()
    assert '"docs"' in queue and "rate_limit" in queue and "anthropic" in queue
    assert len(work.events("tentacle_parked")) == 1


def test_session_of_a_tentacle_is_not_the_goals(work):
    """The agent that was sent out ends its session in its worktree: the goal goes on."""
    work.begin()
    place = worktree_of(work, "docs")
    hook(work, "sessionEnd", {"sessionId": "s9", "cwd": str(place)})
    assert work.goal()["status"] == "active"
    assert crumb(work) is None


# --- markers ---

def marker(work, *entries):
    path = work.folder / "home" / ".copilot" / "markers" / "dispatched-subagent-active"
    path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    path.write_text(json.dumps({"name": path.name, "ts": str(int(time.time())), "ttl_seconds": 14400,
                                "active_tentacles": list(entries)}))
    return path


@pytest.mark.parametrize("event, payload", [
    ("subagentStop", {"agentName": "docs", "agentId": "a-1"}),
    ("agentStop", {"sessionId": "s", "subagent_name": "docs"}),
    ("SubagentStop", {"hook_event_name": "SubagentStop", "agent_id": "a-1", "agent_type": "x"}),
    ("Stop", {"hook_event_name": "Stop", "deep": {"tentacle_id": "a-1"}}),
])
def test_stop_clears_the_marker(work, event, payload):
    entry = {"name": "docs", "ts": str(int(time.time())), "git_root": str(work.folder)}
    if "agentName" not in payload and "subagent_name" not in payload:
        entry["tentacle_id"] = "a-1"
    path = marker(work, entry, {"name": "other", "ts": "1"})
    assert hook(work, event, payload) is None
    assert [left["name"] for left in json.loads(path.read_text())["active_tentacles"]] == ["other"]


# --- whatever comes in ---

EVENTS = ["sessionStart", "SessionStart", "sessionEnd", "SessionEnd", "userPromptSubmitted", "UserPromptSubmit",
          "BeforeAgent", "preToolUse", "PreToolUse", "BeforeTool", "permissionRequest", "postToolUse", "PostToolUse",
          "agentStop", "Stop", "AfterAgent", "errorOccurred", "StopFailure", "subagentStart", "SubagentStop",
          "preCompact", "PreCompact", "PreCompress", "PostCompact", "notification", "Notification", "Interrupt",
          "noSuchEvent", "../../etc/passwd", "session-end"]


@pytest.mark.parametrize("payload", [b"", b"[]", b"[1,2]", b"garbage", b"{", b"null", b"7", b'"x"', b"\xff\xfe\0\0",
                                     b'{"sessionId":7,"cwd":[],"reason":{"a":1}}', b'{"cwd":"/no/such/folder"}',
                                     b'{"cwd":"relative","sessionId":"\\ud800"}', b'{"a":1}{"b":2}', b"[" * 5000,
                                     b'{"toolArgs":"{\\"command\\":\\"ls\\"}","toolName":"bash"}'], ids=range(15))
def test_nothing_ever_fails(work, payload):
    """Without a goal, for every event: exit code 0, silence, nothing made."""
    for event in EVENTS:
        assert hook(work, event, payload) is None
    assert not work.home.exists()


def test_unreadable_payload_is_kept_in_the_log(work):
    hook(work, "sessionStart", b"{broken")
    assert [line["decision"] for line in log(work)] == ["parse-error"]
    assert "{broken" in log(work)[0]["detail"]


def test_large_payload(work):
    work.begin()
    payload = b'{"sessionId":"s1","toolResult":{"textResultForLlm":"' + b"x" * (12 * 1024 * 1024) + b'"}}'

    def ended():
        """A hook has a second for all of it, which may be over on a busy machine."""
        hook(work, "sessionEnd", payload)
        return work.goal().get("paused_session") == "s1"

    until(ended, "it is read in the time that a hook has")
    hook(work, "postToolUse", b"x" * (20 * 1024 * 1024))


def test_without_an_event(work):
    assert work("hooks", "run").code == 0
    assert work("hooks", "run", "a", "b", "c").code == 0


def test_recursion_is_cut(work):
    work.begin()
    hook(work, "sessionEnd", {"sessionId": "s1"}, env={"SK_HOOK_ACTIVE": "1"})
    assert work.goal()["status"] == "active"


def test_agent_on_the_command_line(work):
    work.begin()
    hook(work, "SessionEnd", {"session_id": "s1"})
    assert hook(work, "SessionStart", {"session_id": "s2"}) is None  # nobody knows whose it is
    assert "Goal paused" in nested(hook(work, "SessionStart", {"session_id": "s2"}, "--agent", "codex"))
    assert "Goal paused" in flat(hook(work, "SessionStart", {"session_id": "s2"}, "--agent", "copilot"))


def test_session_from_the_environment(work):
    work.begin()
    hook(work, "sessionEnd", {}, env={"COPILOT_AGENT_SESSION_ID": "e-1"})
    assert work.goal()["paused_session"] == "e-1"
    hook(work, "userPromptSubmitted", {}, env={"COPILOT_AGENT_SESSION_ID": "e-1"})
    assert work.goal()["status"] == "active"


def test_no_home_and_no_folder(work):
    assert hook(work, "sessionEnd", {}, env={"SK_HOME": ""}) is None
    gone = work.folder / "gone"
    gone.mkdir()
    done = subprocess.run(["sh", "-c", 'cd gone && rmdir ../gone && echo "{}" | "$0" hooks run sessionEnd', binary()],
                          cwd=work.folder, env=work.env, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_host_that_never_closes_its_end(work):
    """The hook ends by itself, without an answer that was not asked for."""
    work.begin()
    read_end, write_end = os.pipe()
    os.write(write_end, b'{"sessionId":"s1"')
    process = work.start("hooks", "run", "sessionEnd", stdin=read_end)
    out, err = process.communicate(timeout=DEADLINE_S)
    os.close(read_end)
    os.close(write_end)
    assert (process.returncode, out, err) == (0, "", "")


def test_store_that_is_locked(work):
    """Somebody holds the goals for long: the host is not kept waiting, and told nothing."""
    work.begin()
    lock = open(work.home / "goal.json.lock", "r+")
    fcntl.flock(lock, fcntl.LOCK_EX)
    assert hook(work, "sessionEnd", {"sessionId": "s1"}) is None
    lock.close()
    assert work.goal()["status"] == "active"


PENDING = "goal-pause-pending.json"


def end_while_locked(work, session="s1"):
    """A session ends while somebody holds the store for longer than its host waits."""
    with open(work.home / "goal.json.lock", "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert hook(work, "sessionEnd", {"sessionId": session, "reason": "user_exit"}) is None
        assert (work.home / PENDING).exists() and crumb(work) is None


def test_pause_that_met_a_held_store(work):
    """It is not lost: who opens the store next records it, be it a command that only looks at first."""
    work.begin("Port the parser")
    end_while_locked(work)
    assert "lock held by pid" in log(work)[0]["detail"] and log(work)[-1]["decision"] == "done"
    shown = work.g("status", "--json").json
    assert shown["status"] == "paused" and shown["pause_reason"] == "session_end:user_exit"
    assert work.events("goal_paused") == []  # a look records nothing
    assert '"Port the parser"' in flat(hook(work, "sessionStart", {"sessionId": "s2"}))
    assert work.g("budget", "--max-iterations", "7").code == 0
    assert work.goal()["status"] == "paused" and len(work.events("goal_paused")) == 1
    left = crumb(work)
    assert (left["pause_reason"], left["session"], left["previous_status"]) == ("session_end:user_exit", "s1", "active")
    assert not (work.home / PENDING).exists()
    assert work.g("resume").code == 0
    assert work.goal()["status"] == "active" and crumb(work) is None
    assert work.g("budget", "--max-iterations", "8").code == 0
    assert work.goal()["status"] == "active"


@pytest.mark.parametrize("event", ["sessionStart", "userPromptSubmitted", "preToolUse"])
def test_pause_that_met_a_held_store_is_taken_back(work, event):
    """By the same session, before or after somebody recorded it; not by another one."""
    work.begin()
    end_while_locked(work)
    hook(work, event, {"sessionId": "s2"})
    assert (work.home / PENDING).exists()
    hook(work, event, {"sessionId": "s1"})
    assert not (work.home / PENDING).exists()
    assert work.g("budget", "--max-iterations", "7").code == 0
    assert work.goal()["status"] == "active" and work.events("goal_paused") == []
    end_while_locked(work)
    assert work.g("budget", "--max-iterations", "8").code == 0
    assert work.goal()["status"] == "paused"
    hook(work, event, {"sessionId": "s1"})
    assert work.goal()["status"] == "active"


def test_wish_that_is_overtaken(work):
    """Who resumes or begins anew after the session's end knows better than a note from before; and what makes no sense is
    no wish."""
    work.begin()
    end_while_locked(work)
    note = json.loads((work.home / PENDING).read_text())
    assert work.g("resume").code == 0  # records the pause, and takes it back
    assert [event["event"] for event in work.events() if event["event"] in ("goal_paused", "goal_resumed")] == \
        ["goal_paused", "goal_resumed"]
    for text in (json.dumps(note), json.dumps({**note, "goal_id": "another"}), "nonsense", "", json.dumps([note])):
        (work.home / PENDING).write_text(text)
        assert work.g("budget", "--max-iterations", "7").code == 0
        assert work.goal()["status"] == "active"
        assert work.g("status").code == 0
    assert work.g("eval", "--decision", "pause").code == 0
    (work.home / PENDING).write_text(json.dumps({**note, "paused_at": "2099-01-01T00:00:00.000Z"}))
    assert work.g("budget", "--max-iterations", "8").code == 0
    assert not work.goal().get("paused_session") and not (work.home / PENDING).exists()


def test_killed_while_it_leaves_word(work):
    """The end of a session, killed at each of its system calls while somebody holds the store: there is a whole note or
    none, and the next command takes in what there is."""
    work.begin()
    report = work.folder / "home" / "report.json"
    pending, payload = work.home / PENDING, work.folder / "home" / "payload"
    payload.write_text("{}")

    def end(*options):
        with open(payload) as stdin, open(work.home / "goal.json.lock", "r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            subprocess.run([tool("crash/sweep"), "--report", report, *map(str, options), "--", binary(), "hooks", "run", "sessionEnd"],
                           cwd=work.folder, env={**work.env, "ASAN_OPTIONS": "detect_leaks=0"}, stdin=stdin,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=False)
        return json.loads(report.read_text())

    calls = end()["orchestrator"]
    assert pending.exists()
    seen = set()
    for number in range(1, calls + 1):
        pending.unlink(missing_ok=True)
        end("--kill", number)
        there = pending.exists()
        seen.add(there)
        assert not there or json.loads(pending.read_text())["previous_status"] == "active"
        assert work.g("budget", "--max-iterations", number).code == 0
        assert work.goal()["status"] == ("paused" if there else "active")
        if there:
            assert work.g("resume").code == 0
        assert not pending.exists()
    assert calls < 60 and seen == {True, False}


# --- told twice -----------------------------------------------------------------------------------------------------


def test_event_that_is_told_twice(work):
    """A host with two configurations delivers each event twice, in two ways of writing."""
    work.begin()
    for _ in range(2):
        hook(work, "sessionEnd", {"sessionId": "s1", "reason": "complete"})
    assert len(work.events("goal_paused")) == 1
    assert hook(work, "sessionStart", {"sessionId": "s2", "source": "startup"})
    assert hook(work, "SessionStart", {"session_id": "s2", "source": "startup", "timestamp": "2026-11-21T12:00:00Z",
                                       "hook_event_name": "SessionStart"}) is None
    assert log(work)[-1]["decision"] == "repeated"
    assert hook(work, "sessionStart", {"sessionId": "s3", "source": "startup"})  # another one
    hook(work, "userPromptSubmitted", {"sessionId": "s3"})
    assert hook(work, "sessionStart", {"sessionId": "s3", "source": "startup"})  # something else was in between
    assert hook(work, "sessionStart", {"sessionId": "s3", "source": "resume"})   # and another beginning


def test_limit_that_is_told_twice_is_one(work):
    work.begin()
    failure = {"error": {"name": "RateLimitError", "message": "429 Too Many Requests"}}
    hook(work, "errorOccurred", {"sessionId": "s1", **failure})
    hook(work, "ErrorOccurred", {"session_id": "s1", "timestamp": "2026-11-21T12:00:00Z", **failure})
    assert [breaker["failures"] for breaker in work("breaker", "list", "--json").json["breakers"] if breaker["failures"]] == [1]
    place = work.folder / "home" / ".copilot" / "markers"
    size = (place / "recent-events").stat().st_size
    for number in range(100):
        hook(work, "sessionStart", {"sessionId": "n%d" % number})
    assert size <= (place / "recent-events").stat().st_size <= 4096
    assert {path.name for path in place.iterdir()} <= {"audit.jsonl", "audit.jsonl.old", "recent-events"}


def test_kill_in_the_middle(work):
    """Killed at any moment the goal is active or paused, and the next session is told the right thing."""
    work.begin("killed")
    payload = work.folder / "home" / "payload"
    seen = set()
    for delay_ms in (0, 1, 2, 3, 4, 6, 8, 1000):
        payload.write_text('{"sessionId":"s1"}')
        with open(payload) as stdin:
            process = work.start("hooks", "run", "sessionEnd", stdin=stdin)
        deadline = time.monotonic() + delay_ms / 1000
        until(lambda: process.poll() is not None or time.monotonic() > deadline, "its time")
        process.kill()
        process.wait()
        status = json.loads(work.g("status", "--json").out)["status"]
        seen.add(status)
        banner = hook(work, "sessionStart", {"sessionId": "s2-%d" % delay_ms})
        assert (banner is not None) == (status == "paused")
        if status == "paused":
            assert work.g("resume").code == 0
    assert "paused" in seen and seen <= {"active", "paused"}
