"""A repository with goals in it, for the scripts about them."""

import json
import subprocess

from conftest import Work


class Goals(Work):
    def __init__(self, folder):
        super().__init__(folder)
        self.home = folder / ".octogent"
        self.env["HOME"] = self.env["SK_HOME"] = str(folder / "home")
        (folder / "home").mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "A Person")
        self.git("config", "user.email", "person@example.org")

    def git(self, *words, cwd=None):
        """What git printed; it must succeed."""
        return subprocess.run(["git", *words], cwd=cwd or self.folder, env=self.env, text=True, check=True,
                              capture_output=True).stdout

    def commit(self, **files):
        """Writes files (a name's __ is a /) and commits them."""
        for name, text in files.items():
            path = self.folder / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "-A", "--", ":!home")
        self.git("commit", "-q", "-m", "files")

    def t(self, *words, **more):
        return self("tentacle", *words, **more)

    def g(self, *words, **more):
        return self("tentacle", "goal", *words, **more)

    def begin(self, title="a goal", *more):
        done = self.g("init", "--title", title, *more)
        assert done.code == 0, done.err

    def goal(self):
        return json.loads((self.home / "goal.json").read_text())

    def meta(self, name):
        return json.loads((self.home / "tentacles" / name / "meta.json").read_text())

    def tentacle(self, name, linked=True, **members):
        """A tentacle whose folder somebody made by hand, in the present iteration of the goal."""
        folder = self.home / "tentacles" / name
        folder.mkdir(parents=True)
        for part in (folder, folder.parent):
            part.chmod(0o700)
        (folder / "meta.json").write_text(json.dumps({"name": name, "status": "idle", **members}))
        if linked:
            done = self.g("link", name)
            assert done.code == 0, done.err

    def edit_meta(self, name, **members):
        path = self.home / "tentacles" / name / "meta.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **members}))

    def edit(self, **members):
        """Changes members of goal.json as an editor would."""
        goal = {**self.goal(), **members}
        (self.home / "goal.json").write_text(json.dumps(goal, indent=2))

    def events(self, kind=None):
        journal = self.home / "transitions.jsonl"
        lines = journal.read_text().splitlines(keepends=True) if journal.exists() else []
        events = [json.loads(line) for line in lines if line.endswith("\n")]
        return [event for event in events if kind in (None, event["event"])]
