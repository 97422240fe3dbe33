"""sk tentacle marker-cleanup: what a killed dispatcher left is seen at once, and what is alive is never touched."""

import hashlib
import hmac
import json
import pathlib
import signal
import socket
import subprocess
import time

import pytest

SECRET = "5f" * 32
TTL = 14400


def boot_id():
    return pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start_of(pid):
    return int(pathlib.Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()[19])


class Marker:
    def __init__(self, sk):
        self.sk = sk
        self.home = sk.folder / "home"
        self.root = sk.folder / "repo"
        for folder in (self.home / ".copilot" / "markers", self.home / ".copilot" / "hooks", self.root):
            folder.mkdir(parents=True, mode=0o700)
        subprocess.run(["git", "init", "-q", self.root], check=True)
        sk.env["SK_HOME"] = str(self.home)
        self.path = self.home / ".copilot" / "markers" / "dispatched-subagent-active"

    def secret(self):
        path = self.home / ".copilot" / "hooks" / ".marker-secret"
        path.write_text(SECRET)
        path.chmod(0o600)

    def write(self, *entries, **more):
        document = {"name": "dispatched-subagent-active", "ts": str(int(time.time())), "git_root": str(self.root),
                    "active_tentacles": list(entries), "ttl_seconds": TTL, **more}
        self.path.write_text(json.dumps(document))

    def entry(self, name="docs", pid=None, age=60, root=None, **more):
        entry = {"name": name, "ts": str(int(time.time()) - age), "git_root": str(root or self.root), **more}
        if pid:
            entry.update(pid=pid, pid_start=start_of(pid), boot_id=boot_id(), nonce="00", host=socket.gethostname())
        return entry

    def names(self):
        if not self.path.exists():
            return []
        return [entry["name"] for entry in json.loads(self.path.read_text())["active_tentacles"]]

    def __call__(self, *words, **more):
        return self.sk("tentacle", "marker-cleanup", *words, cwd=self.root, **more)

    def verdicts(self, *words):
        return {entry["name"]: entry["verdict"] for entry in self("--json", *words).json["entries"]}


@pytest.fixture
def marker(sk):
    return Marker(sk)


@pytest.fixture
def agent():
    """A process that lives until the test ends, or kills it."""
    started = []

    def start():
        process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_no_marker(marker):
    done = marker()
    assert done.code == 0
    assert "no marker" in done.out
    page = marker("--json", "--apply").json
    assert page["present"] is False
    assert page["entries"] == []


def test_killed_dispatcher_is_seen_at_once(marker, agent):
    alive, dead = agent(), agent()
    marker.write(marker.entry("alive", alive.pid), marker.entry("dead", dead.pid, age=1))
    kill(dead)
    before = marker.path.read_bytes()
    done = marker()
    assert done.code == 0
    assert "owner dead" in done.out and "its process is gone" in done.out
    assert "would clear 1 of 2; nothing was changed" in done.out
    assert "next: sk tentacle marker-cleanup --apply\n" in done.out
    assert marker.path.read_bytes() == before
    done = marker("--apply")
    assert done.code == 0
    assert "cleared 1 of 2" in done.out
    assert marker.names() == ["alive"]
    assert "nothing to clear among 1" in marker("--apply").out or "cleared 0 of 1" in marker("--apply").out
    kill(alive)
    assert marker("--apply", "--json").json["removed"] == 1
    assert not marker.path.exists()


def test_age_alone_never_kills(marker, agent):
    owner = agent()
    marker.write(marker.entry("old", owner.pid, age=TTL + 1))
    assert marker.verdicts() == {"old": "expired-alive"}
    done = marker("--apply")
    assert done.code == 0
    assert "expired, owner alive" in done.out
    assert marker.names() == ["old"]


def test_future(marker):
    marker.write(marker.entry("ahead", age=-3 * 3600))
    done = marker("--apply")
    assert done.code == 0
    assert "marker time is" in done.out and "ahead of the clock" in done.out
    assert marker.names() == ["ahead"]


def test_without_identity_time_decides(marker):
    marker.write(marker.entry("young"), marker.entry("old", age=TTL + 5), "bare")
    assert marker.verdicts() == {"young": "young", "old": "expired", "bare": "no-time"}
    marker("--apply")
    assert marker.names() == ["young", "bare"]
    marker("--apply", "--force")
    assert not marker.path.exists()


def test_other_repository_and_session(marker, agent):
    owner, gone = agent(), agent()
    other = marker.sk.folder / "other"
    marker.write(marker.entry("live there", owner.pid, root=other), marker.entry("old there", root=other, age=TTL + 5),
                 marker.entry("dead there", gone.pid, root=other), marker.entry("their session", owner.pid, session="x"))
    kill(gone)
    assert marker.verdicts() == {"live there": "other-repository", "old there": "other-repository",
                                 "dead there": "other-repository", "their session": "other-session"}
    page = marker("--apply", "--json").json
    assert page["removed"] == 0
    assert len(marker.names()) == 4
    assert marker("--apply", "--force", "--json").json["removed"] == 2
    assert marker.names() == ["live there", "their session"]


def test_own_session_with_force(marker, agent):
    owner = agent()
    marker.write(marker.entry("mine", owner.pid, session="s-7"))
    assert marker("--apply", "--json", env={"SK_SESSION_ID": "s-7"}).json["removed"] == 0
    assert marker("--apply", "--force", "--json", env={"SK_SESSION_ID": "s-8"}).json["removed"] == 0
    assert marker("--apply", "--force", "--json", env={"SK_SESSION_ID": "s-7"}).json["removed"] == 1


def test_signature(marker, agent):
    """Emptied by hand with its old signature kept: noticed, and not signed again."""
    marker.secret()
    owner, dead = agent(), agent()
    marker.write(marker.entry("a", owner.pid), marker.entry("b", dead.pid))
    kill(dead)
    assert marker("--json").json["trust"] == "unsigned"
    marker("--apply")
    assert marker("--json").json["trust"] == "signed"
    document = json.loads(marker.path.read_text())
    document["active_tentacles"] = []
    marker.path.write_text(json.dumps(document))
    done = marker()
    assert done.code == 0
    assert "marker content does not match its signature" in done.out.replace("\n", " ")
    done = marker("--apply")
    assert done.code == 4
    assert "marker content does not match its signature: nothing was cleared" in done.err
    assert json.loads(marker.path.read_text()) == document


def test_signature_of_older_programs(marker):
    marker.secret()
    now = str(int(time.time()))
    sig = hmac.new(SECRET.encode(), ("dispatched-subagent-active:" + now).encode(), hashlib.sha256).hexdigest()
    marker.write(marker.entry("old", age=TTL + 5), marker.entry("young"), ts=now, sig=sig)
    assert marker("--json").json["trust"] == "old-signature"
    marker("--apply")
    assert marker("--json").json["trust"] == "signed"
    assert marker.names() == ["young"]


def test_damaged(marker):
    marker.path.write_text('{"active_tentacles": [')
    done = marker()
    assert done.code == 7
    assert "line 1, column 23" in done.err and "nothing was changed" in done.err
    assert marker("--apply").code == 7
    assert marker("--apply", "--force").code == 0
    assert not marker.path.exists()
    aside = list(marker.path.parent.glob("*.damaged-*"))
    assert [path.read_text() for path in aside] == ['{"active_tentacles": [']


@pytest.mark.parametrize("which", ["", ".lock"])
def test_links(marker, which):
    victim = marker.sk.folder / "victim"
    victim.write_text("keep me")
    if which:
        marker.write(marker.entry("old", age=TTL + 5))
    (marker.path.parent / (marker.path.name + which)).symlink_to(victim)
    done = marker("--apply")
    assert done.code == 4
    assert "is a symbolic link; refused" in done.err
    assert victim.read_text() == "keep me"


def stop_event(marker, payload):
    path = marker.sk.folder / "payload"
    path.write_bytes(payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    with open(path, "rb") as stdin:
        done = marker("--from-stop-event", stdin=stdin)
    assert done.code == 0
    return done


def test_from_stop_event(marker, agent):
    owner = agent()
    marker.write(marker.entry("docs", owner.pid, tentacle_id="id-1"), marker.entry("twice", root="/a"),
                 marker.entry("twice", root="/b"), marker.entry("once", owner.pid))
    stop_event(marker, {"deep": [{"agent_id": "id-1"}], "agentName": "twice"})
    assert marker.names() == ["twice", "twice", "once"]
    stop_event(marker, {"subagent_name": "once"})
    assert marker.names() == ["twice", "twice"]


@pytest.mark.parametrize("payload", [b"", b"[]", b"garbage", b'{"agentName": 7}', b'["once"]', b'{"agentName":"a b;c"}',
                                     b'{"agentName":"' + b"x" * 200 + b'"}', b"[" * 100000, b'{"agent_id":"no such"}'], ids=range(9))
def test_from_stop_event_never_fails(marker, payload):
    marker.write(marker.entry("once"))
    stop_event(marker, payload)
    assert marker.names() == ["once"]


def test_from_stop_event_with_a_damaged_marker(marker):
    marker.path.write_text("{")
    assert "line 1" in stop_event(marker, {"agentName": "once"}).err


def test_alias_and_outside_of_a_repository(marker):
    marker.write(marker.entry("old", age=TTL + 5))
    page = marker.sk("marker-cleanup", "--json", cwd=marker.sk.folder).json
    assert [entry["verdict"] for entry in page["entries"]] == ["other-repository"]


def test_no_home(sk):
    done = sk("tentacle", "marker-cleanup", env={"SK_HOME": ""})
    assert done.code == 8
    assert "SK_HOME is not set: nothing was done" in done.err
