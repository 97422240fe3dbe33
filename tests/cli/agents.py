"""Repositories with tentacles and an agent that does what a test says. See fake_agent.py for what it can do."""

import json
import os
import pathlib
import signal

from conftest import binary, until

FAKE_AGENT = pathlib.Path(__file__).with_name("fake_agent.py")

CONFIG = """\
agents:
  fake:
    command: [/usr/bin/python3, {fake}, {style}, "{{name}}"]
    provider: {provider}
    env: {{FAKE: "{place}", PROGRAM: "{sk}", MY_SECRET: "hush-hush"}}
    write_paths: ["{place}"]
    max_parallel: 4
default_agent: fake
{more}"""


class Crew:
    """The goals of a folder, and its agents."""

    def __init__(self, goals):
        self.goals = goals
        self.place = goals.folder / "fake"
        self.place.mkdir()
        with open(goals.folder / ".git/info/exclude", "a") as exclude:
            exclude.write("fake/\nhome/\n")
        goals.begin()
        self.configure()

    def configure(self, style="claude", provider="anthropic", more=""):
        self.goals.home.mkdir(exist_ok=True, mode=0o700)
        text = CONFIG.format(fake=FAKE_AGENT, style=style, provider=provider, place=self.place, sk=binary(), more=more)
        (self.goals.home / "config.yaml").write_text(text)

    def tentacle(self, name, *script, **members):
        """A tentacle, made as somebody would who only has an editor; and what its agent does, one line a run."""
        folder = self.goals.home / "tentacles" / name
        folder.mkdir(parents=True)
        (folder / "meta.json").write_text(json.dumps({"name": name, "status": "idle", **members}))
        (folder / "todo.md").write_text("# Todo\n\n- [ ] do it\n")
        self.script(name, *script)

    def script(self, name, *lines):
        (self.place / name).write_text("".join(line + "\n" for line in lines))

    def run(self, name, *words, **more):
        return self.goals("agents", "run", name, *words, **more)

    def start(self, name, *words):
        return self.goals.start("agents", "run", name, *words)

    def ran(self, name, what="began"):
        """How often its agent did that."""
        path = self.place / (name + ".ran")
        return [int(line.split()[1]) for line in path.read_text().splitlines() if line.startswith(what)] if path.exists() else []

    def began(self, name, times=1):
        return until(lambda: len(self.ran(name)) >= times and self.ran(name)[-1], "the agent of %s begins" % name)

    def gate(self, name):
        os.mkfifo(self.place / name)

    def open_gate(self, name):
        self.goals.gates.append(os.open(self.place / name, os.O_RDWR))
        os.write(self.goals.gates[-1], b"xxxxxxxx")

    def shown(self, *words):
        """A page of sk, which every look at the store makes true: who is gone is seen."""
        done = self.goals(*words, "--json")
        assert done.code == 0, done.err
        return done.json

    def state(self, name):
        """Recorded by whoever changes something next; a command that changes nothing does."""
        assert self.goals("breaker", "reset", "--all").code == 0
        return self.goals.meta(name)["status"]

    def kill_all(self):
        """The orchestrator first: it would start another worker."""
        for beginning in ("sk run ", "sk worker ", ""):
            for pid, words in self.goals.left().items():
                if words.startswith(beginning):
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
        until(lambda: not [words for words in self.goals.left().values() if words], "all end")

    def wrapper(self, name):
        return [pid for pid, words in self.goals.left().items() if "__agent %s " % name in words]
