"""The commit guard: sk hooks run pre-commit and pre-push, as git calls them. What an agent is writing is not committed or
pushed by others; everything else passes."""

import itertools
import json
import os
import subprocess
import time

import pytest

from goal_work import Goals
from agents import Crew
from conftest import DEADLINE_S, binary, until
from test_tentacle_marker_cleanup import agent, boot_id, start_of  # noqa: F401 (a fixture)

SECRET = "5f" * 32


class Guarded(Goals):
    """A repository with our hooks in it, as git calls them."""

    def __init__(self, folder):
        super().__init__(folder)
        self.env["GIT_CONFIG_GLOBAL"] = str(folder / "home" / "gitconfig")
        self.env["GIT_CONFIG_NOSYSTEM"] = "1"
        (folder / "home" / "gitconfig").write_text("[safe]\n\tdirectory = *\n")
        for name in ("pre-commit", "pre-push"):
            hook = folder / ".git" / "hooks" / name
            hook.write_text("#!/bin/sh\nexec '%s' hooks run %s -- \"$@\"\n" % (binary(), name))
            hook.chmod(0o755)
        self.marker = folder / "home" / ".copilot" / "markers" / "dispatched-subagent-active"
        with open(folder / ".git" / "info" / "exclude", "a") as exclude:
            exclude.write("home/\n.state/\n.octogent/\nagent-*\n")

    def secret(self):
        path = self.folder / "home" / ".copilot" / "hooks" / ".marker-secret"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(SECRET)
        path.chmod(0o600)

    def entries(self):
        return json.loads(self.marker.read_text())["active_tentacles"] if self.marker.exists() else []

    def put(self, *entries, **more):
        """A marker that others wrote."""
        self.marker.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (self.marker.parent, self.marker.parent.parent):
            folder.chmod(0o700)
        document = {"name": "dispatched-subagent-active", "ts": str(int(time.time())), "git_root": str(self.folder),
                    "active_tentacles": list(entries), "ttl_seconds": 14400, **more}
        self.marker.write_text(json.dumps(document))

    def entry(self, name="lexer", pid=None, age=60, **more):
        entry = {"name": name, "ts": str(int(time.time()) - age), "git_root": str(self.folder), **more}
        if pid:
            entry.update(pid=pid, pid_start=start_of(pid), boot_id=boot_id(), nonce="00", host=os.uname().nodename)
        return entry

    def try_git(self, *words, cwd=None, env=None):
        done = subprocess.run(["git", *map(str, words)], cwd=cwd or self.folder, env={**self.env, **(env or {})}, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE_S)
        return done.returncode, done.stderr

    def change(self, path, cwd=None):
        path = (cwd or self.folder) / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("%s\n" % time.monotonic_ns())

    def try_commit(self, *paths, cwd=None, env=None, words=()):
        """Changes and stages them, commits, and returns whether it went through, and what was said."""
        for path in paths:
            self.change(path, cwd)
            subprocess.run(["git", "add", "--", path], cwd=cwd or self.folder, env=self.env, check=True)
        code, said = self.try_git("commit", "-q", "-m", "text", *words, cwd=cwd, env=env)
        return code == 0, said

    def log(self):
        path = self.marker.parent / "audit.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def repo(tmp_path):
    made = Guarded(tmp_path)
    made.change("README")
    made.git("add", "README")
    made.git("commit", "-q", "-m", "begun")
    yield made
    made.end()


def refused(done, *words):
    went, said = done
    assert not went
    for word in words:
        assert word in said, said
    assert said.count("sk: ") == 1 and said.count("\n") == 1 or "error:" in said, said


def test_nobody_at_work(repo):
    assert repo.try_commit("src/a.c") == (True, "")
    repo.put()
    assert repo.try_commit("src/a.c") == (True, "")
    assert repo.log() == []


def test_agent_at_work(repo, agent):
    """FM-2 turned round: while it lives the commit is refused, the moment it is killed it is not."""
    process = agent()
    repo.put(repo.entry(pid=process.pid))
    refused(repo.try_commit("src/a.c"), 'commit: tentacle "lexer" is at work in this checkout since 20',
            "(agent pid %d; it has no scope, so every file may be its): nothing was committed." % process.pid,
            "Try: sk tentacle status; past this guard: SK_GUARD=off, or git's own --no-verify")
    assert [line["decision"] for line in repo.log()] == ["deny"]
    assert repo.log()[0]["event"] == "pre-commit"
    process.kill()
    process.wait()
    assert repo.try_commit("src/a.c") == (True, "")


def test_ways_out(repo, agent):
    repo.put(repo.entry(pid=agent().pid))
    assert repo.try_commit("src/a.c", env={"SK_GUARD": "off"})[0]
    assert [line["decision"] for line in repo.log()] == ["skipped"]
    assert repo.try_commit("src/a.c", words=["--no-verify"])[0]
    assert not repo.try_commit("src/a.c", env={"SK_GUARD": "on"})[0]
    assert not repo.try_commit("src/a.c", env={"SK_HOOK_ACTIVE": "1"})[0]


def test_scope(repo, agent):
    """What is outside of all scopes is the orchestrator's own."""
    repo.put(repo.entry(pid=agent().pid, scope=["src/lexer", "doc/*.md"]),
             repo.entry("parser", pid=agent().pid, scope=["src/parser/"]))
    assert repo.try_commit("README", "src/main.c", "doc/deep/a.md") == (True, "")
    refused(repo.try_commit("README", "src/lexer/a.c"), 'tentacle "lexer"', 'in its scope is "src/lexer/a.c"')
    repo.git("reset", "-q")
    refused(repo.try_commit("src/parser/a.c"), 'tentacle "parser"', 'in its scope is "src/parser/a.c"')
    repo.git("reset", "-q")
    repo.git("mv", "README", "src/parser/README")
    refused(repo.try_commit(), 'in its scope is "src/parser/README"')


def test_commit_with_an_index_of_its_own(repo, agent):
    """git commit -a and git commit PATH use another index than the one of the checkout."""
    assert repo.try_commit("src/lexer/a.c", "src/main.c")[0]
    repo.put(repo.entry(pid=agent().pid, scope=["src/lexer"]))
    repo.change("src/lexer/a.c")
    repo.change("src/main.c")
    assert repo.try_git("commit", "-q", "-m", "one", "src/main.c") == (0, "")
    refused((repo.try_git("commit", "-q", "-m", "all", "-a")[0] == 0, repo.try_git("commit", "-q", "-m", "x", "-a")[1]),
            'in its scope is "src/lexer/a.c"')
    assert repo.try_git("commit", "-q", "--allow-empty", "-m", "none") == (0, "")


def test_first_commit(tmp_path, agent):
    """There is no HEAD to compare with."""
    repo = Guarded(tmp_path)
    repo.put(repo.entry(pid=agent().pid, scope=["src"]))
    assert not repo.try_commit("src/a.c")[0]
    repo.git("rm", "-q", "-f", "--cached", "src/a.c")
    assert repo.try_commit("README") == (True, "")
    repo.end()


def test_worktrees(repo, agent, tmp_path):
    """Who works in a worktree of its own is disturbed by nobody elsewhere, and disturbs nobody."""
    own, other = tmp_path / "home" / "own", tmp_path / "home" / "other"
    repo.git("worktree", "add", "-q", "-b", "own", own)
    repo.git("worktree", "add", "-q", "-b", "other", other)
    process = agent()
    repo.put(repo.entry(pid=process.pid, worktree=str(own), branch="own"))
    for folder in (repo.folder, own, other):
        assert repo.try_commit("src/a.c", cwd=folder) == (True, "")
    repo.put(repo.entry(pid=process.pid))
    assert not repo.try_commit("src/a.c")[0]
    assert repo.try_commit("src/a.c", cwd=other) == (True, "")
    # Below the top of a checkout, and with the options that name it.
    (other / "src").mkdir(exist_ok=True)
    repo.change("b.c", other / "src")
    assert repo.try_git("-C", other, "add", "src/b.c")[0] == 0
    assert repo.try_git("-C", other / "src", "commit", "-q", "-m", "x") == (0, "")
    code, said = repo.try_git("--git-dir", repo.folder / ".git", "--work-tree", repo.folder, "commit", "-q", "-m", "x",
                              cwd="/")
    assert code == 1 and 'tentacle "lexer"' in said


def test_repository_of_others(repo, agent):
    process = agent()
    repo.put(repo.entry(pid=process.pid, git_root="/somewhere/else"))
    assert repo.try_commit("src/a.c") == (True, "")
    repo.put("lexer")  # as the first programs wrote it: a name alone
    refused(repo.try_commit("src/a.c"), "nobody is known to keep it",
            "Try: sk tentacle marker-cleanup --apply --force, when it is stale")
    repo.put("lexer", ts=str(int(time.time()) - 15000))
    assert repo.try_commit("src/a.c") == (True, "")


def test_without_owner_its_time_decides(repo):
    repo.put(repo.entry(age=14000))
    refused(repo.try_commit("src/a.c"), "nobody is known to keep it")
    repo.put(repo.entry(age=14401))
    assert repo.try_commit("src/a.c") == (True, "")


def test_old_but_alive(repo, agent):
    """Age takes nothing from an agent that lives; from one that is only vouched for by its dispatcher it does."""
    process = agent()
    repo.put(repo.entry(pid=process.pid, age=99999))
    assert not repo.try_commit("src/a.c")[0]
    repo.put(repo.entry(pid=process.pid, age=99999, kept_by="dispatcher"))
    assert repo.try_commit("src/a.c") == (True, "")


def test_tampered_marker(repo, agent):
    """Emptying the list by hand does not open the guard."""
    repo.secret()
    repo.begin()
    assert repo.t("create", "lexer", "--scope", "src").code == 0
    assert repo.t("todo", "lexer", "add", "one").code == 0
    assert repo.t("dispatch", "lexer").code == 0
    document = json.loads(repo.marker.read_text())
    assert document["sig"]
    assert not repo.try_commit("src/a.c")[0]
    repo.marker.write_text(json.dumps({**document, "active_tentacles": []}))
    refused(repo.try_commit("README"), "marker content does not match its signature",
            "Try: sk tentacle marker-cleanup --apply --force", "SK_GUARD=off")
    smaller = json.loads(json.dumps(document))
    smaller["active_tentacles"][0]["scope"] = ["doc"]
    repo.marker.write_text(json.dumps(smaller))
    refused(repo.try_commit("README"), "does not match its signature")
    repo.marker.write_text(json.dumps(document, indent=4))  # white space is not its meaning
    repo.git("reset", "-q")
    assert repo.try_commit("README") == (True, "")


def test_unsigned_marker_counts_as_it_stands(repo, agent):
    """What others write without the secret can only hold back more; it is said in the log."""
    repo.secret()
    repo.put(repo.entry(pid=agent().pid, scope=["src"]))
    assert not repo.try_commit("src/a.c")[0]
    assert "no signature" in repo.log()[0]["detail"]
    repo.git("reset", "-q")
    assert repo.try_commit("README") == (True, "")


@pytest.mark.parametrize("text", ["", "not JSON", "[]", '{"active_tentacles":[', '{"active_tentacles":[{"scope":[7]}]}',
                                  '{"active_tentacles":[7]}', "\0", "[" * 100000,
                                  '{"active_tentacles":[%s]}' % ",".join(['"x"'] * 1001)])
def test_marker_that_makes_no_sense(repo, text):
    repo.put()
    repo.marker.write_text(text)
    refused(repo.try_commit("README"), "commit refused: marker '", "line 1, column", "--apply --force", "SK_GUARD=off")
    assert repo("tentacle", "marker-cleanup", "--apply", "--force").code == 0
    assert repo.try_commit("README") == (True, "")


def test_marker_that_is_a_link(repo, agent):
    repo.put(repo.entry(pid=agent().pid))
    other = repo.folder / "home" / "other"
    repo.marker.rename(other)
    repo.marker.symlink_to(other)
    refused(repo.try_commit("README"), "is a symbolic link; refused")


def test_marker_that_cannot_be_read(repo):
    """The disk is no reason to stop everybody; it is said."""
    folder = repo.folder / "home" / ".copilot"
    folder.write_text("a file where the folder should be")
    went, said = repo.try_commit("README")
    assert went and "commit let through without a look at who is at work" in said and said.count("\n") == 1


def test_no_home(repo, agent):
    repo.put(repo.entry(pid=agent().pid))
    assert repo.try_commit("README", env={"SK_HOME": ""}) == (True, "")


def test_git_that_fails(repo, agent, tmp_path):
    """What cannot be told counts as harm: without git nobody knows what is taken along."""
    repo.put(repo.entry(pid=agent().pid, scope=["src"]))
    done = repo("hooks", "run", "pre-commit", env={"PATH": str(tmp_path / "home")})
    assert done.code == 1 and 'tentacle "lexer"' in done.err
    assert [line["decision"] for line in repo.log()] == ["error", "deny"]


# --- push -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def pushed(repo, tmp_path):
    """The same with a place to push to."""
    bare = tmp_path / "home" / "bare.git"
    repo.git("init", "-q", "--bare", bare)
    repo.git("remote", "add", "origin", bare)
    repo.git("push", "-q", "origin", "main")
    return repo


def test_push_of_what_it_works_on(pushed, agent):
    repo = pushed
    repo.git("branch", "elsewhere")
    assert repo.try_commit("src/a.c")[0]
    process = agent()
    repo.put(repo.entry(pid=process.pid))
    for words in (["main"], ["HEAD"], ["HEAD:other"], ["main:x", "elsewhere"], ["HEAD~0:refs/heads/y"]):
        code, said = repo.try_git("push", "-q", "origin", *words)
        assert code == 1, words
        assert 'push: tentacle "lexer" is at work on what is pushed since' in said and "nothing was pushed" in said
    assert repo.try_git("push", "-q", "origin", "elsewhere") == (0, "")
    assert repo.try_git("push", "-q", "origin", ":elsewhere") == (0, "")  # removing takes nothing along
    assert repo.try_git("push", "-q", "origin", "main", env={"SK_GUARD": "off"}) == (0, "")
    assert repo.try_commit("src/a.c", env={"SK_GUARD": "off"})[0]
    assert repo.try_git("push", "-q", "--no-verify", "origin", "main") == (0, "")


def test_push_outside_of_its_scope(pushed, agent):
    repo = pushed
    assert repo.try_commit("doc/a")[0]
    assert repo.try_commit("doc/b")[0]
    repo.put(repo.entry(pid=agent().pid, scope=["src"]))
    assert repo.try_git("push", "-q", "origin", "main") == (0, "")
    assert repo.try_commit("src/a.c", env={"SK_GUARD": "off"})[0]
    assert repo.try_commit("doc/a")[0]
    code, said = repo.try_git("push", "-q", "origin", "main")
    assert code == 1 and 'in its scope is "src/a.c"' in said
    # A new branch there: what no other branch has had yet.
    code, said = repo.try_git("push", "-q", "origin", "main:new")
    assert code == 1 and 'in its scope is "src/a.c"' in said
    assert repo.try_git("push", "-q", "origin", "main~2:refs/heads/new") == (0, "")


def test_push_from_worktrees(pushed, agent, tmp_path):
    repo = pushed
    own = tmp_path / "home" / "own"
    repo.git("worktree", "add", "-q", "-b", "t/own", own)
    assert repo.try_commit("src/a.c", cwd=own)[0]
    repo.put(repo.entry(pid=agent().pid, worktree=str(own), branch="t/own"))
    assert repo.try_git("push", "-q", "origin", "main") == (0, "")
    assert repo.try_git("push", "-q", "origin", "t/own")[0] == 1
    assert repo.try_git("push", "-q", "origin", "HEAD", cwd=own) == (0, "")


@pytest.mark.parametrize("text", ["garbage", "a b c\n", "refs/heads/main x refs/heads/main y\n", "\n",
                                  "refs/heads/elsewhere %s refs/heads/main %s extra\n" % ("1" * 40, "2" * 40),
                                  "refs/heads/elsewhere %s refs/heads/main %s" % ("1" * 40, "2" * 40),
                                  "refs/heads/elsewhere --all refs/heads/main --all\n"])
def test_push_that_makes_no_sense(repo, agent, text):
    """What git would never say: it may be everything."""
    repo.put(repo.entry(pid=agent().pid))
    path = repo.folder / "home" / "stdin"
    path.write_text(text)
    with open(path) as stdin:
        assert repo("hooks", "run", "pre-push", "origin", "url", stdin=stdin).code == 1


# --- real dispatches ------------------------------------------------------------------------------------------------


def dispatched(repo, *create):
    repo.begin()
    assert repo.t("create", "lexer", *create).code == 0
    assert repo.t("todo", "lexer", "add", "one").code == 0


def test_prompt_dispatch_and_its_killed_dispatcher(repo):
    """A12: what handed out the prompt is the owner; when it is killed nobody has to wait four hours."""
    dispatched(repo, "--scope", "src")
    ready = repo.folder / "home" / "ready"
    dispatcher = subprocess.Popen(["sh"], stdin=subprocess.PIPE, cwd=repo.folder, env=repo.env, text=True,
                                  stdout=subprocess.DEVNULL)
    dispatcher.stdin.write("'%s' tentacle dispatch lexer && : >'%s'\n" % (binary(), ready))
    dispatcher.stdin.flush()
    until(ready.exists, "it is dispatched")
    entry, = repo.entries()
    assert (entry["pid"], entry["kept_by"], entry["scope"]) == (dispatcher.pid, "dispatcher", ["src"])
    refused(repo.try_commit("src/a.c"), "sent out by pid %d" % dispatcher.pid, "Try: sk tentacle complete")
    repo.git("reset", "-q")
    assert repo.try_commit("README") == (True, "")
    dispatcher.kill()
    dispatcher.wait()
    assert repo.try_commit("src/a.c") == (True, "")
    cleanup = repo("tentacle", "marker-cleanup", "--json").json["entries"]
    assert [(row["owner"], row["verdict"], row["clear"]) for row in cleanup] == [("dead", "owner-dead", True)]
    assert repo("tentacle", "marker-cleanup", "--apply").code == 0
    assert repo.entries() == []


def test_complete_frees(repo):
    dispatched(repo)
    assert repo.t("dispatch", "lexer").code == 0
    assert not repo.try_commit("src/a.c")[0]
    assert repo.t("complete", "lexer").code == 0
    assert repo.try_commit("src/a.c") == (True, "")


def test_dispatch_into_its_own_worktree(repo):
    dispatched(repo)
    assert repo.t("worktree", "lexer", "prepare").code == 0
    assert repo.t("dispatch", "lexer", "--worktree").code == 0
    entry, = repo.entries()
    own = repo.meta("lexer")["worktree"]["path"]
    assert entry["worktree"] == os.path.realpath(own)
    assert repo.git("symbolic-ref", "--short", "HEAD", cwd=own).strip() == entry["branch"]
    assert repo.try_commit("src/a.c") == (True, "")


def test_dispatch_does_not_bless_what_was_changed(repo):
    repo.secret()
    dispatched(repo)
    assert repo.t("dispatch", "lexer").code == 0
    document = json.loads(repo.marker.read_text())
    repo.marker.write_text(json.dumps({**document, "active_tentacles": []}))
    again = repo.t("dispatch", "lexer", "--force")
    assert again.code == 0 and "does not match its signature" in again.err
    assert not repo.try_commit("README")[0]


def test_hand_off_frees(repo):
    """What it has handed off is the dispatcher's to commit; a note is no hand-off."""
    dispatched(repo)
    assert repo.t("dispatch", "lexer").code == 0
    assert repo.t("handoff", "lexer", "half of it").code == 0
    assert not repo.try_commit("src/a.c")[0]
    assert repo.t("handoff", "lexer", "all of it", "--status", "DONE").code == 0
    assert repo.try_commit("src/a.c") == (True, "")


def test_why_each_entry_is_there(repo, agent):
    first, second, third = agent(), agent(), agent()
    third.kill()
    gone = repo.entry("three", pid=third.pid)
    third.wait()
    repo.put(repo.entry("one", pid=first.pid, scope=["src"], worktree="/trees/one", branch="one"),
             repo.entry("two", pid=second.pid, kept_by="dispatcher", age=99999), gone, repo.entry("four", age=99999))
    page = {row["name"]: row for row in repo("tentacle", "marker-cleanup", "--json").json["entries"]}
    assert [(row["kept_by"], row["at_work"], row["clear"]) for row in page.values()] == [
        ("agent", True, False), ("dispatcher", False, False), ("agent", False, True), (None, False, True)]
    assert (page["one"]["worktree"], page["one"]["scope"], page["one"]["branch"]) == ("/trees/one", ["src"], "one")
    text = " ".join(repo("tentacle", "marker-cleanup").out.split())
    assert "it holds commits back; agent pid %d" % first.pid in text
    assert "sent out by pid %d" % second.pid in text
    assert "clear: its process is gone" in text and "clear: its time is over" in text


@pytest.fixture
def crew(repo):
    crew = Crew(repo)
    yield crew
    crew.kill_all()


def test_supervised_agent(repo, crew):
    """In the marker with its own identity from its start to its end; it may commit what it wrote, others may not."""
    repo.try_commit("src/a.c")
    crew.gate("gate")
    crew.tentacle("lexer", "edit=src/a.c commit wait=gate handoff")
    looking = crew.start("lexer", "--here")
    until(lambda: crew.ran("lexer", "committed") or crew.ran("lexer", "refused"), "it has tried to commit")
    assert crew.ran("lexer", "committed"), repo("logs", "tentacle-lexer").out
    entry, = repo.entries()
    assert [entry["pid"]] == crew.wrapper("lexer") and "kept_by" not in entry
    refused(repo.try_commit("src/b.c"), 'tentacle "lexer" is at work', "agent pid %d" % entry["pid"])
    # Its own end clears it, not the hand-off before.
    crew.open_gate("gate")
    looking.communicate(timeout=DEADLINE_S)
    assert repo.entries() == []
    assert repo.try_commit("src/b.c") == (True, "")


def test_supervised_agent_that_is_killed(repo, crew):
    """With everything around it: its entry is worth nothing from that moment, and goes with the next one who writes."""
    crew.tentacle("lexer", "hang")
    crew.start("lexer", "--here")
    crew.began("lexer")
    assert not repo.try_commit("src/a.c")[0]
    crew.kill_all()
    assert [entry["name"] for entry in repo.entries()] == ["lexer"]
    assert repo.try_commit("src/a.c") == (True, "")
    crew.tentacle("parser")
    assert repo.t("dispatch", "parser").code == 0
    assert [entry["name"] for entry in repo.entries()] == ["parser"]


def test_killed_wrapper_and_its_tentacle(repo, crew):
    """Completing what was lost clears its entry as well."""
    crew.tentacle("lexer", "hang")
    crew.start("lexer")
    crew.began("lexer")
    crew.kill_all()
    assert repo.t("complete", "lexer").code == 0
    assert repo.entries() == []


# --- before a tool of an agent runs ---------------------------------------------------------------------------------

# How each host tells of a line of shell, and how it wants to be refused.
HOSTS = {
    "claude": ("PreToolUse", lambda line: {"session_id": "s", "hook_event_name": "PreToolUse", "transcript_path": "/t",
                                           "tool_name": "Bash", "tool_input": {"command": line}}),
    "codex": ("PreToolUse", lambda line: {"session_id": "s", "hook_event_name": "PreToolUse", "turn_id": "t",
                                          "tool_name": "Bash", "tool_input": {"command": line}}),
    "codex-list": ("PreToolUse", lambda line: {"session_id": "s", "hook_event_name": "PreToolUse", "turn_id": "t",
                                               "tool_name": "shell", "tool_input": {"command": ["bash", "-lc", line]}}),
    "copilot": ("preToolUse", lambda line: {"sessionId": "s", "toolName": "bash", "toolArgs": {"command": line}}),
    "copilot-text": ("preToolUse", lambda line: {"sessionId": "s", "toolName": "bash",
                                                 "toolArgs": json.dumps({"command": line, "description": "x"})}),
    "gemini": ("BeforeTool", lambda line: {"session_id": "s", "hook_event_name": "BeforeTool",
                                           "tool_name": "run_shell_command", "tool_input": {"command": line}}),
}


def refusal(host, answer):
    if host.startswith(("claude", "codex")):
        assert set(answer) == {"hookSpecificOutput"}
        answer = answer["hookSpecificOutput"]
        assert answer.pop("hookEventName") == "PreToolUse"
    if host == "gemini":
        assert set(answer) == {"decision", "reason"} and answer["decision"] == "deny"
        return answer["reason"]
    assert set(answer) == {"permissionDecision", "permissionDecisionReason"} and answer["permissionDecision"] == "deny"
    return answer["permissionDecisionReason"]


def ask(repo, line, host="claude", cwd=None, env=None):
    """What the host is told before the line runs: the reason of a refusal, or None."""
    event, payload = HOSTS[host]
    path = repo.folder / "home" / "payload"
    path.write_text(json.dumps({**payload(line), "cwd": str(cwd or repo.folder)}))
    with open(path) as stdin:
        done = repo("hooks", "run", event, stdin=stdin, env=env)
    assert (done.code, done.err) == (0, "")
    return refusal(host, json.loads(done.out)) if done.out else None


@pytest.mark.parametrize("host", HOSTS)
def test_host_is_refused(repo, agent, host):
    assert ask(repo, "git commit -m x", host) is None
    process = agent()
    repo.put(repo.entry(pid=process.pid))
    reason = ask(repo, "git add -A && git -c a=b commit -m \"it's \\\"x\\\"\"", host)
    assert 'commit: tentacle "lexer" is at work in this checkout since' in reason and "nothing was committed" in reason
    assert "SK_GUARD" not in reason and "--no-verify" not in reason
    assert "push: tentacle" in ask(repo, "git push", host)
    assert ask(repo, "git status; echo git commit", host) is None
    assert [line["decision"] for line in repo.log()] == ["deny", "deny"]
    process.kill()
    process.wait()
    assert ask(repo, "git commit -m x", host) is None


def test_host_that_nobody_knows_is_told_nothing(repo, agent):
    repo.put(repo.entry(pid=agent().pid))
    path = repo.folder / "home" / "payload"
    path.write_text('{"tool_input":{"command":"git commit"}}')
    with open(path) as stdin:
        done = repo("hooks", "run", "PreToolUse", stdin=stdin)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert [line["decision"] for line in repo.log()] == ["skipped"]


def test_agents_words_are_no_way_out(repo, agent):
    repo.put(repo.entry(pid=agent().pid))
    assert ask(repo, "git commit --no-verify -m x")
    assert ask(repo, "SK_GUARD=off git commit -m x")
    assert ask(repo, "git commit -m x", env={"SK_GUARD": "off"}) is None
    assert repo.log()[-1]["detail"] == "SK_GUARD=off"


def test_host_where_only_git_can_tell(repo, agent):
    """A scope, a named branch, a folder in a variable: let through, and noted."""
    repo.put(repo.entry(pid=agent().pid, scope=["src"]))
    assert ask(repo, "git commit -am x") is None
    assert "git's own hook decides" in repo.log()[-1]["detail"]
    repo.put(repo.entry(pid=agent().pid))
    for line in ("git push origin other", "cd \"$x\" && git commit", "git --git-dir=/x commit", "cd /nowhere && git push"):
        count = len(repo.log())
        assert ask(repo, line) is None
        assert [line["decision"] for line in repo.log()[count:]] == ["skipped"]


def test_host_in_other_places(repo, agent, tmp_path):
    other, own = tmp_path / "home" / "other", tmp_path / "home" / "own"
    for folder in (other, own):
        repo.git("worktree", "add", "-q", "-b", folder.name, folder)
    repo.put(repo.entry(pid=agent().pid))
    (tmp_path / "src").mkdir()
    assert ask(repo, "git commit", cwd=tmp_path / "src")
    assert ask(repo, "git commit", cwd=other) is None
    assert ask(repo, "git push", cwd=other) is None
    assert ask(repo, "cd '%s' && git commit" % tmp_path, cwd=other)
    assert ask(repo, "git -C ../../src commit", cwd=other)
    assert ask(repo, "git -C '%s' commit" % other) is None
    repo.put(repo.entry(pid=agent().pid, worktree=str(own), branch="own"))
    assert ask(repo, "git commit && git push") is None
    assert ask(repo, "git commit && git push", cwd=own) is None
    assert ask(repo, "git push origin own") is None and repo.log()[-1]["decision"] == "skipped"


def test_host_and_a_tampered_marker(repo, agent):
    repo.put()
    repo.marker.write_text("nonsense")
    assert "commit refused: marker" in ask(repo, "git commit")
    assert ask(repo, "ls") is None


@pytest.mark.parametrize("payload", [
    b'{"tool_input":"git commit"}', b'{"tool_input":7}', b'{"tool_input":{"command":7}}', b'{"tool_input":[["git"]]}',
    b'{"toolArgs":"{\\"command\\":\\"git commit"}', b'{"toolArgs":"[1]"}', b'{"tool_input":{"command":["git",7,"commit"]}}',
    b'{"tool_input":{"command":{"command":"git commit"}}}', b'{"tool_input":{"command":"git commit \\u0000 \\ud800"}}',
    b'{"tool_input":{"command":"' + b"$(" * 100000 + b'git commit"}}', b'{"tool_input":{"command":"' + b"git commit;" * 3000 + b'"}}',
    b'[{"tool_input":{"command":"git commit"}}]'], ids=itertools.count())
def test_hostile_payload_before_a_tool(repo, agent, payload):
    """Whatever it is: exit code 0, nothing on standard error, one answer or none."""
    repo.put(repo.entry(pid=agent().pid))
    path = repo.folder / "home" / "payload"
    path.write_bytes(payload)
    with open(path) as stdin:
        done = repo("hooks", "run", "PreToolUse", "--agent", "claude", stdin=stdin)
    assert (done.code, done.err) == (0, "")
    assert not done.out or refusal("claude", json.loads(done.out))
