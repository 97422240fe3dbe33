"""A home with a knowledge database and a configuration of schedules, for the scripts about maintenance by the clock."""

import datetime
import json
import sqlite3

import pytest

ROWS = 400


class Home:
    def __init__(self, sk):
        self.sk = sk
        self.home = sk.folder / "home"
        self.folder = self.home / ".copilot" / "session-state"
        self.folder.mkdir(parents=True, mode=0o700)
        self.db = self.folder / "knowledge.db"
        self.path = self.folder / "cron-config.json"
        sk.env.update(SK_HOME=str(self.home), TZ="Europe/Berlin")

    def __call__(self, *words, **more):
        return self.sk("cron", *words, **more)

    # --- the database ---

    def connect(self):
        return sqlite3.connect(self.db, isolation_level=None, timeout=0)

    def make(self, rows=ROWS):
        """With gaps for a vacuum and, as long as the connection is open, with something in its WAL."""
        db = self.connect()
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE schema_version(version INTEGER PRIMARY KEY, name TEXT)")
        db.execute("CREATE TABLE sessions(id TEXT PRIMARY KEY)")
        db.execute("CREATE TABLE knowledge_entries(id INTEGER PRIMARY KEY, title TEXT)")
        db.execute("BEGIN")
        db.executemany("INSERT INTO knowledge_entries(title) VALUES (?)", [("x" * 1000,)] * (2 * rows))
        db.execute("DELETE FROM knowledge_entries WHERE id % 2")
        db.execute("COMMIT")
        self.db.chmod(0o600)
        return db

    def whole(self, rows=ROWS):
        db = self.connect()
        assert db.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        assert db.execute("SELECT count(*) FROM knowledge_entries").fetchone() == (rows,)
        db.close()
        return True

    # --- the configuration ---

    def config(self):
        return json.loads(self.path.read_text()) if self.path.exists() else {}

    def task(self, name):
        return next(task for task in self.config()["tasks"] if task["name"] == name)

    def edit(self, name, **members):
        config = self.config()
        for task in config["tasks"]:
            if task["name"] == name:
                task.update(members)
        self.write(config)

    def write(self, what):
        self.path.write_text(what if isinstance(what, str) else json.dumps(what))
        self.path.chmod(0o600)

    def add(self, name, *words):
        done = self("add", name, *words)
        assert done.code == 0, done.err

    def ran(self, name, **ago):
        """It ran last that long ago, and well."""
        self.edit(name, last_run_at=stamp(**ago), last_status="ok")

    def shown(self, name):
        return next(task for task in self("list", "--json").json["tasks"] if task["name"] == name)

    def settled(self, name):
        """Its end is in the configuration too, so that an editor is in nobody's way."""
        task = self.task(name)
        return "running" not in task and task.get("last_status") == "ok"

    # --- what was run ---

    def runs(self):
        log = self.folder / "cron-executions.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def statuses(self):
        return [run["status"] for run in self.runs()]

    def reports(self):
        folder = self.folder / "cron-artifacts"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def stamp(**ago):
    moment = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**ago)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.fixture
def home(sk):
    return Home(sk)
