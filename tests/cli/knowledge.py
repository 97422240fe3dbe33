"""What the scripts on the knowledge database share: databases as other programs left them, and looking into one.

The dumps are written by hand, after what older programs make: another order of columns, constraints that this program would
not make, tables it does not know.
"""

import os
import pathlib
import sqlite3
import subprocess
import sys

from conftest import DEADLINE_S, until

# The first version, as a script makes it: no table of versions yet.
FIRST = """
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, path TEXT NOT NULL, summary TEXT DEFAULT '', total_checkpoints INTEGER DEFAULT 0,
    total_research INTEGER DEFAULT 0, total_files INTEGER DEFAULT 0, has_plan INTEGER DEFAULT 0,
    indexed_at TEXT DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL REFERENCES sessions(id), doc_type TEXT NOT NULL,
    seq INTEGER DEFAULT 0, title TEXT NOT NULL, file_path TEXT UNIQUE NOT NULL, file_hash TEXT, size_bytes INTEGER,
    content_preview TEXT, indexed_at TEXT);
CREATE TABLE sections (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document_id INTEGER NOT NULL REFERENCES documents(id),
    section_name TEXT NOT NULL, content TEXT NOT NULL, UNIQUE(document_id, section_name));
CREATE TABLE knowledge_entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL, document_id INTEGER, category TEXT NOT NULL,
    title TEXT NOT NULL, content TEXT NOT NULL, tags TEXT DEFAULT '', confidence REAL DEFAULT 1.0,
    occurrence_count INTEGER DEFAULT 1, first_seen TEXT, last_seen TEXT, UNIQUE(category, title, session_id));
CREATE TABLE knowledge_relations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, source_id INTEGER, target_id INTEGER, relation_type TEXT,
    confidence REAL DEFAULT 0.5, UNIQUE(source_id, target_id, relation_type));
CREATE VIRTUAL TABLE knowledge_fts USING fts5(title, section_name, content, doc_type, session_id UNINDEXED,
    document_id UNINDEXED, tokenize='unicode61 remove_diacritics 2');
CREATE TABLE notes_of_another_program (id INTEGER PRIMARY KEY, text TEXT);
INSERT INTO notes_of_another_program VALUES (1, 'stays');
"""

ROWS = """
INSERT INTO sessions(id, path) VALUES ('11', '/a'), ('22', '/b');
INSERT INTO documents(session_id, doc_type, title, file_path) VALUES ('11', 'plan', 'the plan', '/a/plan.md');
INSERT INTO sections(document_id, section_name, content) VALUES (1, 'overview', 'all of it');
INSERT INTO knowledge_entries(session_id, category, title, content) VALUES
    ('11', 'mistake', 'Locking files twice', 'A lock was taken again by the same process'),
    ('22', 'decision', 'Killing at every call', 'Tests kill the program before each call');
"""

# Version 15, and then a program that made its tables outside of a transaction was killed in version 26.
HALF = FIRST + ROWS + """
CREATE TABLE schema_version (version INTEGER PRIMARY KEY, migrated_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
INSERT INTO schema_version(version) VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15);
ALTER TABLE knowledge_entries ADD COLUMN wing TEXT DEFAULT '';
ALTER TABLE knowledge_entries ADD COLUMN room TEXT DEFAULT '';
ALTER TABLE knowledge_entries ADD COLUMN facts TEXT DEFAULT '[]';
ALTER TABLE knowledge_entries ADD COLUMN STABLE_ID TEXT;
ALTER TABLE knowledge_entries ADD COLUMN priority TEXT DEFAULT 'P1';
ALTER TABLE knowledge_entries ADD COLUMN project_id TEXT;
CREATE TABLE project_registry (project_id TEXT PRIMARY KEY, label TEXT NOT NULL DEFAULT '');
CREATE UNIQUE INDEX another_name ON knowledge_entries(stable_id) WHERE stable_id IS NOT NULL;
"""

# All versions are recorded, but the words of entries are found as they stand only.
OLD_SEARCH = """
DROP TABLE ke_fts;
CREATE VIRTUAL TABLE ke_fts USING fts5(title, content, tags, category, wing, room, facts,
    tokenize = "unicode61 remove_diacritics 2");
INSERT INTO ke_fts(rowid, title, content, tags, category, wing, room, facts)
    SELECT id, title, content, tags, category, wing, room, facts FROM knowledge_entries;
"""


def make(path, text=FIRST + ROWS, wal=True):
    """A database with this text in it."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    base = sqlite3.connect(path)
    if wal:
        base.execute("PRAGMA journal_mode=WAL")
    base.executescript(text)
    base.commit()
    base.close()
    return path


def ask(path, text, *values):
    """The rows that a query gives."""
    base = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    try:
        return base.execute(text, values).fetchall()
    finally:
        base.close()


def version(path):
    return ask(path, "SELECT max(version) FROM schema_version")[0][0]


def sound(path):
    """Whole, of the newest version, with a search index that has all entries."""
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]
    assert version(path) == ask(path, "PRAGMA user_version")[0][0] == 35
    assert ask(path, "SELECT count(*) FROM knowledge_entries") == ask(path, "SELECT count(*) FROM ke_fts")
    return True


def backups(path):
    return sorted(path.parent.glob(path.name + ".backup-*Z"))


class Other:
    """Another program that works on the database, in its own process: it says what it has done, and waits to be told."""

    def __init__(self, path, text):
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(path), text], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    @property
    def pid(self):
        return self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate("end\n", timeout=DEADLINE_S)


PROGRAM = """
import sqlite3, sys
base = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
for line in sys.argv[2].split(";"):
    base.execute(line).fetchall()
print("ready", flush=True)
sys.stdin.readline()
"""


class Writer:
    """Commits one row after the other until it is told to stop; counts what was committed."""

    def __init__(self, path):
        self.process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        os.set_blocking(self.process.stdin.fileno(), False)
        until(lambda: self.process.stdout.readline() == "10\n", "the writer writes")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.committed = int(self.process.stdout.read().split()[-1])
        assert self.process.wait(30) == 0


WRITER = """
import os, select, sqlite3, sys
base = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
count = 0
while not select.select([0], [], [], 0)[0]:
    base.execute("INSERT INTO knowledge_entries(session_id, category, title, content) VALUES ('w', 'tool', ?, ?)",
                 (str(count), os.urandom(500).hex()))
    count += 1
    if count == 10:
        print(count, flush=True)
print(count, flush=True)
"""
