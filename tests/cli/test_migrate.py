"""sk migrate: every database that somebody may have becomes the newest one, nothing is lost on the way, and what cannot be
used is left alone with a sentence that says what to do."""

import json
import os
import re
import shutil
import sqlite3
import subprocess

import pytest

from conftest import DEADLINE_S, binary
from knowledge import FIRST, HALF, OLD_SEARCH, ROWS, Other, Writer, ask, backups, make, sound, version
from test_full_disk import WAY


@pytest.fixture
def db(sk):
    return sk.folder / "knowledge.db"


def good(result):
    assert result.code == 0, result.err
    return result.out.splitlines()


def refused(result, code, *words):
    assert result.code == code, (result.code, result.out, result.err)
    assert result.err.startswith("sk: ") and result.err.count("\n") == 1
    for word in words:
        assert word in result.err, result.err
    assert not re.search(r"\brm\b|remove", result.err)


# --- migrating ------------------------------------------------------------------------------------------------------


def test_a_new_one_is_made(sk, db):
    lines = good(sk("migrate", db))
    assert lines[0] == "v1: base" and lines[-1] == "Applied 35 migrations (schema 35)"
    assert [line.split(":")[0] for line in lines[:-1]] == ["v%d" % number for number in range(1, 36)]
    assert good(sk("migrate", db)) == ["Schema up to date (35)"]
    assert sorted(path.name for path in sk.folder.iterdir()) == ["knowledge.db", "knowledge.db.lock"]
    assert sound(db) and db.stat().st_mode & 0o777 == 0o600


def test_where_it_is(sk):
    home = sk.folder / "home"
    home.mkdir()
    assert "Applied" in sk("migrate", env={"SK_HOME": str(home)}).out
    assert sound(home / ".copilot/session-state/knowledge.db")
    good(sk("migrate", env={"SK_HOME": str(home), "SK_DB_PATH": str(sk.folder / "other.db")}))
    assert sound(sk.folder / "other.db")
    refused(sk("migrate"), 8, "HOME is not set", "SK_DB_PATH")
    refused(sk("migrate", sk.folder / "no/folder.db"), 3, "its folder cannot be found")


def test_the_name_in_the_runbook(sk, db):
    copy = sk.folder / "knowledge.db.backup"
    make(db)
    assert good(sk("migrate.py", db, "--backup-only", "--backup-path", copy)) == [str(copy)]
    assert "Applied" in good(sk("migrate.py", db))[-1]
    assert "Schema up to date" in good(sk("migrate.py", db))[-1]
    assert ask(copy, "SELECT count(*) FROM knowledge_entries") == [(2,)]


@pytest.mark.parametrize("wal", [True, False])
@pytest.mark.parametrize("text, applied", [(FIRST + ROWS, 35), (HALF, 20)])
def test_what_older_programs_left(sk, db, text, applied, wal):
    make(db, text, wal)
    lines = good(sk("migrate", db))
    assert lines[-1] == "Applied %d migrations (schema 35)" % applied, lines
    assert lines[0] == "Backup, verified: %s" % backups(db)[0]
    assert sound(db)
    assert ask(db, "SELECT text FROM notes_of_another_program") == [("stays",)]
    assert ask(db, "SELECT rowid FROM ke_fts WHERE ke_fts MATCH 'kills'") == [(2,)]
    assert ask(db, "SELECT count(DISTINCT stable_id) FROM knowledge_entries") == [(2,)]
    if text is HALF:
        assert ask(db, "SELECT DISTINCT priority FROM knowledge_entries") == [("P1",)]
    good_copy = backups(db)[0]
    assert ask(good_copy, "SELECT count(*) FROM knowledge_entries") == [(2,)]
    assert good(sk("migrate", db)) == ["Schema up to date (35)"]
    assert backups(db) == [good_copy]


def test_an_old_search_index(sk, db):
    good(sk("migrate", db))
    make(db, ROWS + OLD_SEARCH)
    assert ask(db, "SELECT count(*) FROM ke_fts WHERE ke_fts MATCH 'kills'") == [(0,)]
    lines = good(sk("migrate", db))
    assert "mended: search index ke_fts" in lines and lines[-1].startswith("Mended"), lines
    assert ask(db, "SELECT count(*) FROM ke_fts WHERE ke_fts MATCH 'kills'") == [(1,)]
    assert good(sk("migrate", db)) == ["Schema up to date (35)"] and sound(db)


def test_json(sk, db):
    make(db, HALF)
    document = sk("migrate", db, "--dry-run", "--json").json
    assert (document["kind"], document["from"], document["to"], document["dry_run"]) == ("migrate", 15, 35, True)
    assert [row["version"] for row in document["applied"]] == list(range(16, 36))
    assert version(db) == 15 and not backups(db)
    document = sk("migrate", db, "--json").json
    assert document["backup"] == str(backups(db)[0]) and not document["dry_run"]
    assert sk("migrate", db, "--json").json["applied"] == []
    document = sk("migrate", db, "--backup-only", "--json").json
    assert document["schema"] == 35 and document["rows"] >= 7 and os.path.getsize(document["backup"]) == document["bytes"]


def test_no_backup(sk, db):
    make(db)
    good(sk("migrate", db, "--no-backup"))
    assert not backups(db) and sound(db)


def test_a_newer_one_is_left_alone(sk, db):
    make(db, HALF + "INSERT INTO schema_version(version) VALUES (41);")
    before = db.read_bytes()
    refused(sk("migrate", db), 4, "schema 41 is newer than 35", "nothing was changed")
    refused(sk("migrate", db, "--dry-run"), 4, "schema 41 is newer than 35")
    assert db.read_bytes() == before
    assert good(sk("migrate", db, "--backup-only")) == [str(backups(db)[0])]


def test_what_is_no_database(sk, db):
    db.write_bytes(b"")
    refused(sk("migrate", db), 7, "is empty, 0 bytes", "--restore", "--quarantine")
    db.write_bytes(b"hello, this is a text")
    refused(sk("migrate", db), 7, 'not a database, first bytes "hell"')
    refused(sk("migrate", db, "--backup-only"), 7, "not a database")
    assert db.read_bytes() == b"hello, this is a text"
    db.unlink()
    make(sk.folder / "songs.db", "CREATE TABLE songs(id)")
    refused(sk("migrate", sk.folder / "songs.db"), 4, "not one of knowledge")
    db.symlink_to(sk.folder / "songs.db")
    refused(sk("migrate", db), 4, "symbolic link")
    db.unlink()
    os.mkfifo(db)
    refused(sk("migrate", db), 4, "no regular file")
    refused(sk("migrate", sk.folder), 4, "no regular file")


def test_corrupt_pages(sk, db):
    make(db, HALF)
    with sqlite3.connect(db) as base:
        base.executemany("INSERT INTO knowledge_entries(session_id, category, title, content) VALUES ('x','tool',?,?)",
                         [(str(number), "text " * 200) for number in range(300)])
    base.close()
    with open(db, "r+b") as file:
        for page in range(4, 40, 3):
            file.seek(page * 4096 + 8)
            file.write(b"\xff\x17noise" * 40)
    before = db.read_bytes()
    refused(sk("migrate", db), 7, "damaged", "--restore", "--quarantine", "nothing was changed")
    refused(sk("migrate", db, "--backup-only"), 7, "damaged", "no backup was made")
    assert db.read_bytes() == before
    assert not backups(db) and not list(sk.folder.glob("*partial*"))


def test_options_that_mean_nothing(sk, db):
    make(db)
    for words in (["--backup-path", "x"], ["--replace"], ["--backup-only", "--dry-run"], ["--backup-onyl"], [db, "more"]):
        refused(sk("migrate", db, *words), 2)
    assert not backups(db) and sorted(path.name for path in sk.folder.iterdir()) == ["knowledge.db"]


# --- others at work -------------------------------------------------------------------------------------------------


def test_somebody_writes(sk, db):
    make(db)
    with Other(db, "BEGIN IMMEDIATE") as other:
        refused(sk("migrate", db), 6, "busy", "pid %d" % other.pid, "v1 was not applied")
    assert "Applied" in good(sk("migrate", db))[-1]


def test_somebody_reads(sk, db):
    make(db)
    with Other(db, "BEGIN; SELECT count(*) FROM sessions"):
        assert "Applied" in good(sk("migrate", db))[-1]
    assert sound(db)


def test_two_at_once(sk, db):
    make(db)
    both = [sk.start("migrate", db) for _ in range(4)]
    outs = sorted(process.communicate(timeout=DEADLINE_S)[0] for process in both)
    assert [process.returncode for process in both] == [0] * 4
    assert [out.splitlines()[-1] for out in outs].count("Schema up to date (35)") == 3
    assert sound(db) and len(backups(db)) == 1


def test_two_make_it_at_once(sk, db):
    both = [sk.start("migrate", db) for _ in range(4)]
    outs = [process.communicate(timeout=DEADLINE_S)[0].splitlines()[-1] for process in both]
    assert sorted(outs) == ["Applied 35 migrations (schema 35)"] + ["Schema up to date (35)"] * 3
    assert sound(db)


# --- backups --------------------------------------------------------------------------------------------------------


def test_backup_beside_a_writer_that_never_stops(sk, db):
    good(sk("migrate", db))
    copy = sk.folder / "copy"
    counts = []
    with Writer(db) as writer:
        for _ in range(5):
            good(sk("migrate", db, "--backup-only", "--backup-path", copy, "--replace"))
            counts.append(ask(copy, "SELECT count(*), max(cast(title AS INTEGER)) FROM knowledge_entries")[0])
            assert ask(copy, "PRAGMA integrity_check") == [("ok",)]
    assert counts == sorted(counts) and counts[0][0] >= 10 and counts[-1][0] > counts[0][0]
    assert all(count == last + 1 for count, last in counts), counts
    assert ask(db, "SELECT count(*) FROM knowledge_entries") == [(writer.committed,)]


def test_backup_has_what_is_in_the_wal(sk, db):
    make(db)
    with Other(db, "INSERT INTO sessions(id, path) VALUES ('in the wal', '')"):
        assert db.with_name("knowledge.db-wal").stat().st_size > 0
        good(sk("migrate", db, "--backup-only", "--backup-path", sk.folder / "copy"))
    assert ask(sk.folder / "copy", "SELECT count(*) FROM sessions") == [(3,)]
    assert not list(sk.folder.glob("copy-*"))


def test_targets_that_are_refused(sk, db):
    make(db)
    target = sk.folder / "copy"
    precious = sk.folder / "precious"
    precious.write_text("precious")
    target.symlink_to(precious)
    for words in ([], ["--replace"]):
        refused(sk("migrate", db, "--backup-only", "--backup-path", target, *words), 4,
                "exists and is a symbolic link; refused")
    assert precious.read_text() == "precious"
    target.unlink()
    target.write_text("other")
    refused(sk("migrate", db, "--backup-only", "--backup-path", target), 2, "exists", "--replace")
    assert target.read_text() == "other"
    good(sk("migrate", db, "--backup-only", "--backup-path", target, "--replace"))
    assert ask(target, "SELECT count(*) FROM sessions") == [(2,)]
    refused(sk("migrate", db, "--backup-only", "--backup-path", db, "--replace"), 2, "is the database itself")
    refused(sk("migrate", db, "--backup-only", "--backup-path", sk.folder / "no/copy"), 3, "folder")
    other = sk.folder / "third"
    (sk.folder / "third-wal").write_bytes(b"of another one")
    refused(sk("migrate", db, "--backup-only", "--backup-path", other), 4, "the log of another database")
    refused(sk("migrate", sk.folder / "none.db", "--backup-only"), 3, "does not exist")
    assert not (sk.folder / "none.db").exists()


def in_small_disk(sk, size, script):
    """Runs a script in a fresh small disk of its own; $SK and $DB are there."""
    (sk.folder / "disk").mkdir()
    done = subprocess.run([*WAY, "sh", "-eux", "-c", "mount -t tmpfs -o size=%s none disk\n%s" % (size, script)],
                          cwd=sk.folder, text=True, capture_output=True, timeout=DEADLINE_S,
                          env={**sk.env, "SK": binary(), "DB": str(sk.folder / "knowledge.db")})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(WAY is None, reason="no mount namespaces here: a full disk is not proven")
def test_full_disk(sk, db):
    make(db)
    with sqlite3.connect(db) as base:
        base.execute("INSERT INTO sessions(id, path) VALUES ('large', hex(randomblob(1000000)))")
    base.close()
    before = db.read_bytes()
    out = in_small_disk(sk, "1m", """
        $SK migrate $DB --backup-only --backup-path disk/copy 2>said && exit 1 || test $? = 8
        cat said; ls -A disk
    """)
    assert re.search(r"no space left \(needed \d\.\d MiB, free [01]\.\d MiB\)", out), out
    assert "no backup was made" in out and out.count("\n") == 1
    assert db.read_bytes() == before
    # The disk of the database itself: each version is whole or not there, and the command goes on with more room.
    (sk.folder / "disk").rmdir()
    out = in_small_disk(sk, "6m", """
        cp $DB disk/k.db; echo >disk/k.db.lock
        for room in 8 100 200 300 500 900 2000; do
            cat /dev/zero >disk/filler 2>/dev/null || true
            truncate -s -${room}k disk/filler
            $SK migrate disk/k.db --no-backup 2>&1 || test $? = 8
        done
    """)
    assert "no space left" in out and "Schema up to date (35)" in out, out
    applied = re.findall(r"^v(\d+): ", out, re.M)
    assert applied == [str(number) for number in range(1, 36)], out
    assert len(re.findall("^sk: ", out, re.M)) >= 2 and "was not applied, the schema is" in out, out


@pytest.mark.skipif(WAY is None, reason="no mount namespaces here: a read-only folder is not proven")
def test_read_only_folder(sk, db):
    make(db)
    out = in_small_disk(sk, "6m", """
        cp $DB disk/k.db; mount -o remount,ro disk
        $SK migrate disk/k.db --dry-run | tail -n 1
        $SK migrate disk/k.db --backup-only --backup-path copy
        $SK migrate disk/k.db 2>said && exit 1 || test $? = 8
        cat said
        $SK migrate disk/new.db 2>said && exit 1 || test $? = 8
        cat said
    """)
    assert "Would have applied 35 migrations (schema 35)" in out
    assert out.count("Read-only file system") == 2
    assert ask(sk.folder / "copy", "SELECT count(*) FROM sessions") == [(2,)]


# --- another database in its place ----------------------------------------------------------------------------------


def aside(folder, word):
    """What was moved aside, without its sidecars."""
    return sorted(path for path in folder.glob("*.%s-*" % word) if path.name.endswith("Z") or path.name[-2] == "-")


def grown(sk, db):
    """A database of the newest version with one session more than its backup -> the backup."""
    make(db)
    good(sk("migrate", db, "--no-backup"))
    good(sk("migrate", db, "--backup-only", "--backup-path", sk.folder / "copy"))
    make(db, "INSERT INTO sessions(id, path) VALUES ('later', '')")
    return sk.folder / "copy"


def test_restore(sk, db):
    copy = grown(sk, db)
    lines = good(sk("migrate", db, "--restore", copy))
    [old] = aside(sk.folder, "replaced")
    assert lines[0] == "Moved aside: %s" % old and lines[1].startswith("Restored: %s (schema 35, " % db)
    assert ask(db, "SELECT count(*) FROM sessions") == [(2,)] and sound(db)
    assert ask(old, "SELECT count(*) FROM sessions") == [(3,)] and sound(old)
    assert old.stat().st_nlink == 1 and db.stat().st_mode & 0o777 == 0o600
    assert good(sk("migrate", db)) == ["Schema up to date (35)"]
    document = sk("migrate", db, "--restore", old, "--json").json
    assert document["kind"] == "migrate_restore" and document["schema"] == 35 and document["rows"] > 40
    assert ask(db, "SELECT count(*) FROM sessions") == [(3,)]
    assert len(aside(sk.folder, "replaced")) == 2


def test_restore_an_older_one(sk, db):
    make(sk.folder / "copy")
    lines = good(sk("migrate", db, "--restore", sk.folder / "copy"))
    assert lines == [lines[0], "Next: sk migrate %s" % db] and "schema 0" in lines[0]
    assert good(sk("migrate", db))[-1] == "Applied 35 migrations (schema 35)" and sound(db)


def test_restore_over_a_damaged_one(sk, db):
    copy = grown(sk, db)
    db.write_bytes(b"")
    (sk.folder / "knowledge.db-wal").write_bytes(b"what is left of a log")
    good(sk("migrate", db, "--restore", copy))
    [old] = aside(sk.folder, "replaced")
    assert old.read_bytes() == b"" and (sk.folder / (old.name + "-wal")).read_bytes() == b"what is left of a log"
    assert sound(db) and ask(db, "SELECT count(*) FROM sessions") == [(2,)]


def test_restore_where_only_the_log_is_left(sk, db):
    copy = grown(sk, db)
    db.unlink()
    (sk.folder / "knowledge.db-wal").write_bytes(b"what is left of a log")
    assert "Moved aside the log of a database that is gone" in good(sk("migrate", db, "--restore", copy))[0]
    assert [path.read_bytes() for path in sk.folder.glob("*.orphan-*")] == [b"what is left of a log"]
    assert sound(db) and ask(db, "SELECT count(*) FROM sessions") == [(2,)]


def test_restore_takes_in_the_wal(sk, db):
    """Committed rows that are in the WAL alone, because their writer was killed."""
    copy = grown(sk, db)
    with Other(db, "PRAGMA wal_autocheckpoint=0; INSERT INTO sessions(id, path) VALUES ('in the wal', '')") as other:
        other.process.kill()
        other.process.wait()
        other.process.stdin.close()
        other.process.stdin = None
    assert db.with_name("knowledge.db-wal").stat().st_size > 0
    good(sk("migrate", db, "--restore", copy))
    [old] = aside(sk.folder, "replaced")
    assert ask(old, "SELECT count(*) FROM sessions") == [(4,)]
    assert ask(db, "SELECT count(*) FROM sessions") == [(2,)]


def test_restore_refused(sk, db):
    copy = grown(sk, db)
    before = sorted(path.name for path in sk.folder.iterdir())
    for words in ("BEGIN; SELECT * FROM sessions", "BEGIN IMMEDIATE", "SELECT 1"):
        with Other(db, "SELECT count(*) FROM sessions;" + words) as other:
            refused(sk("migrate", db, "--restore", copy), 6, "busy", "pid %d" % other.pid, "nothing was restored")
            refused(sk("migrate", db, "--quarantine", "--yes"), 6, "pid %d" % other.pid)
    refused(sk("migrate", db, "--restore", db), 2, "is the database itself")
    refused(sk("migrate", db, "--restore", sk.folder / "none"), 3, "does not exist")
    (sk.folder / "text").write_text("a text and no database")
    refused(sk("migrate", db, "--restore", sk.folder / "text"), 7, "not a database")
    (sk.folder / "text").unlink()
    make(copy, "INSERT INTO schema_version VALUES (36, '', '')", wal=False)
    refused(sk("migrate", db, "--restore", copy), 4, "newer")
    make(sk.folder / "songs.db", "CREATE TABLE songs(id)")
    make(copy, "DELETE FROM schema_version WHERE version=36", wal=False)
    refused(sk("migrate", sk.folder / "songs.db", "--restore", copy), 4, "not one of knowledge")
    (sk.folder / "songs.db").unlink()
    left = [name for name in before if not name.endswith(("-wal", "-shm"))]
    assert [path.name for path in sorted(sk.folder.iterdir()) if not path.name.endswith(("-wal", "-shm", "songs.db.lock"))] == left
    assert ask(db, "SELECT count(*) FROM sessions") == [(3,)]


def test_quarantine(sk, db):
    copy = grown(sk, db)
    refused(sk("migrate", db, "--quarantine"), 5, "nothing is wrong with it", "--yes")
    assert sound(db) and not aside(sk.folder, "corrupt")
    with open(db, "r+b") as file:
        file.seek(4096)
        file.write(b"noise" * 2000)
    damaged = db.read_bytes()
    lines = good(sk("migrate", db, "--quarantine"))
    [old] = aside(sk.folder, "corrupt")
    assert lines == ["Moved aside: %s" % old, "Made an empty database: %s (schema 35)" % db]
    assert old.read_bytes() == damaged
    assert sound(db) and ask(db, "SELECT count(*) FROM sessions") == [(0,)]
    good(sk("migrate", db, "--restore", copy))
    assert ask(db, "SELECT count(*) FROM sessions") == [(2,)]
    assert sk("migrate", db, "--quarantine", "--yes", "--json").json["kind"] == "migrate_quarantine"
    good(sk("migrate", sk.folder / "none.db", "--quarantine"))
    assert sound(sk.folder / "none.db")


@pytest.mark.skipif(WAY is None, reason="no mount namespaces here: a full disk is not proven")
def test_restore_on_a_full_disk(sk, db):
    copy = grown(sk, db)
    out = in_small_disk(sk, "1m", """
        cp $DB disk/k.db; echo >disk/k.db.lock
        head -c 400k /dev/zero >disk/filler; sha256sum disk/k.db
        $SK migrate disk/k.db --restore copy 2>&1 || test $? = 8
        sha256sum disk/k.db; ls disk; rm disk/filler
        $SK migrate disk/k.db
    """)
    assert "no space left (needed 0." in out and "nothing was restored" in out, out
    assert "Schema up to date (35)" in out and "replaced" not in out and "partial" not in out, out
    assert copy.exists()
