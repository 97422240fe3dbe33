"""The resilience runbook from top to bottom: every command is the runbook's own, with `sk tentacle` where it falls back to
a script, and what it promises is looked at behind each.
"""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess

from conftest import DEADLINE_S, binary


def at_work(goals):
    goals.commit(**{"src__a.c": "int a;\n"})
    goals.begin("port the parser", "--max-iterations", "9")
    for name in ("lexer", "parser"):
        assert goals.t("create", name, "--scope", "src").code == 0
        assert goals.t("todo", name, "add", "go on").code == 0
        assert goals.g("link", name).code == 0


def hook(goals, event, **payload):
    """As an agent's host calls it: one JSON object on stdin."""
    done = subprocess.run([binary(), "hooks", "run", event], cwd=goals.folder, env=goals.env, text=True,
                          input=json.dumps(payload), capture_output=True, timeout=DEADLINE_S, check=False)
    assert done.returncode == 0, done
    return done.stdout


def done(result, code=0):
    assert result.code == code, (result.code, result.out, result.err)
    return result


def test_2_compaction(goals):
    at_work(goals)
    # 2.1 diagnose
    assert "active, iteration 1" in done(goals.g("status")).out
    assert done(goals.g("status", "--format", "json")).json["status"] == "active"
    assert "lexer" in done(goals.t("status")).out
    # 2.2 an active goal
    for name in ("lexer", "parser"):
        done(goals.t("handoff", name, "well done", "--status", "DONE"))
        done(goals.t("complete", name))
    done(goals.g("eval", "--decision", "continue", "--notes", "Resuming after compaction at iteration 1"))
    assert goals.goal()["iteration"] == 2
    # 2.3 a paused goal
    done(goals.g("eval", "--decision", "pause", "--notes", "later"))
    assert "sk tentacle goal resume" in done(goals.g("status")).out
    done(goals.g("resume"))
    assert goals.goal()["status"] == "active"
    done(goals.g("resume", "--reset-failed"))
    assert "put back to the start: lexer, parser" in done(goals.g("resume", "--from-iteration", "1")).out
    assert goals.goal()["iteration"] == 1
    # 2.4 markers
    done(goals.t("marker-cleanup"))
    done(goals.t("marker-cleanup", "--apply"))
    # 2.5 a gate
    done(goals.g("gate", "add", "review", "--desc", "read the diff"))
    for name in ("lexer", "parser"):
        if goals.meta(name)["status"] != "completed":
            done(goals.t("handoff", name, "well done", "--status", "DONE"))
            done(goals.t("complete", name))
    done(goals.g("eval", "--decision", "complete"), 10)
    assert "review" in done(goals.g("status")).out and goals.goal()["status"] == "awaiting-gate"
    done(goals.g("resume"), 10)
    done(goals.g("gate", "approve", "review", "--reason", "Reviewed OK post-compaction"))
    done(goals.g("resume"))
    assert goals.goal()["status"] == "active"
    done(goals.g("eval", "--decision", "complete"))
    # 6: terminal
    done(goals.g("resume"), 4)
    assert goals.goal()["status"] == "completed"


def test_3_2_a_clean_end(goals):
    """FM-1."""
    at_work(goals)
    hook(goals, "sessionStart", sessionId="s1", cwd=str(goals.folder), timestamp=1, source="new")
    hook(goals, "sessionEnd", sessionId="s1", cwd=str(goals.folder), timestamp=2, reason="user_exit")
    assert goals.goal()["status"] == "paused" and goals.goal()["pause_reason"].startswith("session_end")
    crumb = json.loads((goals.home / "goal-resume-breadcrumb.json").read_text())
    assert crumb["goal_title"] == "port the parser" and crumb["resume_command"] == "sk tentacle goal resume"
    banner = hook(goals, "sessionStart", sessionId="s2", cwd=str(goals.folder), timestamp=3, source="new")
    assert "port the parser" in banner and "sk tentacle goal resume" in banner
    done(goals.g("resume"))
    assert "lexer" in done(goals.g("resilience-status")).out
    done(goals.t("status"))
    done(goals.g("next-iter"))
    assert not (goals.home / "goal-resume-breadcrumb.json").exists()


def test_3_3_an_abrupt_kill(goals):
    """FM-2: the one that dispatched is killed; its marker and its lock stop nobody."""
    at_work(goals)
    done(goals.t("dispatch", "lexer"))
    holder = subprocess.Popen(["flock", str(goals.home / "goal.json.lock"), "sleep", "1000"], start_new_session=True)
    os.killpg(holder.pid, signal.SIGKILL)
    holder.wait()
    done(goals.g("status"))
    done(goals.t("marker-cleanup", "--apply"))
    assert "lexer" in done(goals.t("status")).out
    done(goals.g("budget", "--max-iterations", "5"))
    done(goals.t("dispatch", "lexer"))


def test_3_5_the_network_fails(goals):
    """FM-4: the agent may never have started."""
    at_work(goals)
    done(goals.t("dispatch", "lexer"))
    assert goals.meta("lexer")["status"] == "dispatched" and goals.goal()["status"] == "active"
    done(goals.t("status"))
    done(goals.t("marker-cleanup", "--apply"))
    done(goals.g("link", "lexer"))


def test_4_2_quota(goals):
    """FM-5, in the runbook's own words."""
    at_work(goals)
    done(goals.g("eval", "--decision", "pause", "--notes", "Paused: quota exhaustion; cooldown required"))
    done(goals.t("handoff", "lexer", "Quota exhausted — blocked", "--status", "BLOCKED"), 75)
    assert "STATUS: BLOCKED" in (goals.home / "tentacles" / "lexer" / "handoff.md").read_text()
    queue = json.loads((goals.home / "retry-queue.json").read_text())
    assert [entry["tentacle"] for entry in queue["entries"]] == ["lexer"]
    done(goals.g("criteria", "list"))
    done(goals.g("resume"))
    done(goals.g("resume", "--reset-failed"))
    assert goals.meta("lexer")["status"] == "idle"
    assert json.loads((goals.home / "retry-queue.json").read_text())["entries"] == []


def test_4_3_rate_limits_in_the_loop(goals):
    """FM-6, FM-8, FM-9: the same failure three times, although its text tells another time and process each time."""
    at_work(goals)
    done(goals.g("criteria", "add", "--id", "tests", "--desc", "pass", "--verify-cmd",
                 "date +%T.%N; echo pid $$ failed in 0.$$ s; exit 1"))
    loop = ["verify-loop", "--max-retries", "5", "--retry-delay", "100ms"]
    done(goals.g(*loop), 1)
    assert goals.goal()["status"] == "active" and len(goals.goal()["verify_loop_history"]) == 3
    done(goals.g(*loop, "--escalate"), 11)
    assert goals.goal()["status"] == "needs-human"
    assert "tests" in done(goals.g("criteria", "list")).out
    assert done(goals.g("status", "--format", "json")).json["needs_human_failing_criteria"] == ["tests"]
    done(goals.g("resume"))
    done(goals.g("criteria", "remove", "tests", "--reason", "was wrong"))
    done(goals.g("criteria", "add", "--id", "tests", "--desc", "pass", "--verify-cmd", "true"))
    done(goals.g("verify-loop", "--retry-delay", "120"))
    done(goals.g("verify-loop", "--escalate"))


def test_4_4_over_budget(goals):
    """FM-7."""
    at_work(goals)
    done(goals.g("budget", "--max-iterations", "1"))
    assert "1 of 1" in done(goals.g("budget")).out
    for name in ("lexer", "parser"):
        done(goals.t("handoff", name, "well done", "--status", "DONE"))
        done(goals.t("complete", name))
    done(goals.g("eval", "--decision", "continue"), 12)
    assert goals.goal()["status"] == "needs-human"
    done(goals.g("resume"))
    done(goals.g("eval", "--decision", "continue", "--notes", "Operator override: budget exceeded, continuing",
                 "--force-over-budget"))
    assert goals.goal()["iteration"] == 2
    done(goals.g("eval", "--decision", "abandon", "--notes", "Budget overrun; abandoning goal"))
    assert goals.goal()["status"] == "abandoned"
    done(goals.g("resume"), 4)


def held(db):
    """Somebody who keeps the database locked until he is closed."""
    base = sqlite3.connect(db, isolation_level=None)
    base.execute("BEGIN EXCLUSIVE")
    return base


def test_1_maintenance_that_is_interrupted_or_busy(goals, tmp_path):
    """Section 1, its last paragraph: busy is no error, does not count as run, and the next run does it."""
    home = tmp_path / "sk-home"
    env = {"SK_HOME": str(home)}
    db = home / ".copilot/session-state/knowledge.db"
    db.parent.mkdir(parents=True)
    done(goals("migrate", str(db), env=env))
    config = db.parent / "cron-config.json"
    for template in ("vacuum", "wal-checkpoint"):
        done(goals("cron", "add", template, env=env))
        somebody = held(db)
        busy = done(goals("cron", "run", template, "--wait", "50ms", "--format", "json", env=env)).json
        somebody.close()
        task = next(one for one in json.loads(config.read_text())["tasks"] if one["name"] == template)
        assert "busy" in json.dumps(busy) and task["last_status"] == "busy" and not task.get("last_run_at")
        done(goals("cron", "run", template, env=env))
        task = next(one for one in json.loads(config.read_text())["tasks"] if one["name"] == template)
        assert task["last_status"] == "ok" and task["last_run_at"]


def test_5_database_backup_and_rollback(goals, tmp_path):
    """Section 5: the database is "~/.copilot/session-state/knowledge.db", the script `migrate.py` is `sk migrate`."""
    db, copy = tmp_path / "knowledge.db", tmp_path / "knowledge.db.backup"
    done(goals("migrate", str(db)))
    done(goals("learn", "--decision", "keep it", "because it is proved", env={"SK_DB_PATH": str(db)}))
    done(goals("migrate.py", str(db), "--backup-only", "--backup-path", str(copy)))
    assert copy.stat().st_size > 0
    assert "Schema up to date" in done(goals("migrate.py", str(db))).out

    def entries():
        with contextlib.closing(sqlite3.connect(db)) as base:
            return [row[0] for row in base.execute("SELECT title FROM knowledge_entries")]

    # Restore the known-good backup, by the runbook's own hands.
    db.write_bytes(b"this is no database" * 100)
    refused = goals("migrate", str(db))
    assert refused.code in (4, 7) and "Try: " in refused.err
    for tail in ("-wal", "-shm"):
        (tmp_path / (db.name + tail)).unlink(missing_ok=True)
    shutil.copy(copy, db)
    assert "Schema up to date" in done(goals("migrate", str(db))).out and entries() == ["keep it"]
    # The same by a command.
    db.write_bytes(b"")
    done(goals("migrate", str(db), "--restore", str(copy)))
    assert entries() == ["keep it"]
    # Or preserve the bad file for investigation and bootstrap a new one: the first run applies, the second says so.
    db.rename(tmp_path / "knowledge.db.corrupt")
    for tail in ("-wal", "-shm"):
        bad = tmp_path / (db.name + tail)
        if bad.exists():
            bad.rename(tmp_path / (bad.name + ".corrupt"))
    assert "Applied" in done(goals("migrate", str(db))).out
    assert "Schema up to date" in done(goals("migrate", str(db))).out and entries() == []
