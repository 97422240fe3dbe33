"""The overview: before the first run, beside a live orchestrator, after one that died, after all is done."""

import json
import os
import pty
import subprocess

from conftest import DONE, NIGHTLY, binary, until


def test_nothing_yet(sk):
    done = sk("status")
    assert done.code == 0
    assert done.out == ("Nothing has run here yet: there is no state in %s/.state.\n\nNext: sk run PLAN\n" % sk.folder)
    document = sk("status", "--json").json
    assert document["exists"] is False
    assert document["next"] == ["sk run PLAN"]
    assert not (sk.folder / ".state").exists()


def test_nothing_yet_of_a_task(sk):
    done = sk("status", "build")
    assert done.code == 3
    assert "nothing has run here yet" in done.err


def test_beside_a_live_orchestrator(sk, maker):
    maker.steps(NIGHTLY)
    maker.hold()
    lines = sk("status").out.splitlines()
    assert lines[0].startswith("orchestrator  running  pid %d, sk run test.yaml" % maker.process.pid)
    assert lines[1].startswith("worker        busy     local, pid %d, 2 tasks, 4 slots" % maker.process.pid)
    assert lines[3].startswith("nightly  executing  0 of 9 done")
    assert lines[3].endswith("2 running, 1 retrying, 1 failed, 2 blocked, 3 waiting")
    text = "\n".join(lines)
    assert "\nFailed\n  arm  exit code 2\n" in text
    assert "\n  build  for " in text and "attempt 1 of 3" in text
    assert "exit code 1; tries again in " in text
    assert "\n  push      waits for git_repo_write, held by sync for " in text
    assert "\n  unit      waits for build\n" in text
    assert "\n  publish   cannot run: needs arm, which failed\n" in text
    assert "\n  gpu       no worker offers gpu\n" in text
    assert lines[-1] == "Next: sk why arm"


def test_after_it_died(sk, maker):
    maker.make(NIGHTLY)
    done = sk("status")
    assert done.code == 0
    assert "; nothing recorded is lost" in done.out.splitlines()[0]
    assert all(len(line) <= 80 for line in done.out.splitlines()[:2]), "on a terminal of that width the rest is cut off"
    assert "is no longer there" in done.out.splitlines()[1]
    assert done.out.endswith("\nNext: sk why arm\n      sk run plans/nightly.yaml\n")


def test_after_all_is_done(sk, maker):
    maker.make(DONE)
    done = sk("status")
    assert done.out.startswith("orchestrator  not running\n")
    assert "small  completed  2 of 2 done" in done.out
    assert "Next" not in done.out


def test_all_and_one(sk, maker):
    maker.make(DONE)
    assert "\n  one  completed  took 1.2s\n" in sk("status", "--all").out
    assert "\n  two  completed  took 0.0s\n" in sk("status", "small").out
    assert sk("status", "two").out == "two  completed  took 0.0s\n\nNext: sk why two\n"


def test_json(sk, maker):
    maker.make(NIGHTLY)
    document = sk("status", "--format", "json").json
    assert document["orchestrator"]["state"] == "died"
    assert document["workers"][0]["process"] == "gone"
    (workstream,) = document["workstreams"]
    assert workstream["tasks"]["failed"] == 1 and workstream["blocked"] == 2
    tasks = {task["task_id"]: task for task in document["tasks"]}
    assert len(tasks) == 9
    assert tasks["arm"]["exit_code"] == 2
    assert tasks["publish"]["waits_for"] == "blocked"
    assert tasks["unit"]["waits_for"] == "task"
    assert document["next"] == ["sk why arm", "sk run plans/nightly.yaml"]
    only = sk("status", "--json", "unit").json
    assert [task["task_id"] for task in only["tasks"]] == ["unit"]


def test_unknown_names_the_nearest(sk, maker):
    maker.make(NIGHTLY)
    done = sk("status", "buidl")
    assert done.code == 3
    assert done.err == 'sk: task "buidl" does not exist; near: build. Try: sk status --all\n'
    assert sk("status", "buidl", "--json").json["error"]["code"] == "not_found"


def test_damage_is_told_and_nothing_changes(sk, maker):
    maker.make(DONE)
    journal = sk.folder / ".state" / "transitions.jsonl"
    whole = journal.read_text().splitlines(keepends=True)
    for snapshot in (sk.folder / ".state").glob("current.json*"):
        snapshot.unlink()
    whole[4] = whole[4].replace("a", "b", 1)
    journal.write_text("".join(whole))
    before = journal.read_bytes()
    done = sk("status")
    assert done.code == 7
    assert "line 5" in done.err
    assert journal.read_bytes() == before


def test_reads_without_writing(sk, maker):
    maker.make(NIGHTLY)
    state = sk.folder / ".state"
    before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in state.rglob("*")}
    assert sk("status").code == 0
    assert {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in state.rglob("*")} == before


def test_planted_link_is_refused(sk):
    (sk.folder / "elsewhere").mkdir(mode=0o700)
    os.symlink("elsewhere", sk.folder / ".state")
    done = sk("status")
    assert done.code == 4
    assert "is a symbolic link owned by uid %d; refused" % os.getuid() in done.err


def test_open_folder_is_refused(sk):
    (sk.folder / ".state").mkdir()
    (sk.folder / ".state").chmod(0o770)
    done = sk("status")
    assert done.code == 4
    assert "is writable by group (mode 0770)" in done.err


def test_current_folder_is_gone(sk):
    (sk.folder / "gone").mkdir()
    done = subprocess.run(["sh", "-c", 'cd gone && rmdir ../gone && exec "$0" status', binary()], cwd=sk.folder,
                          env=sk.env, capture_output=True, text=True)
    assert done.returncode == 8
    assert done.stderr.startswith("sk: current directory no longer exists: nothing was done.")


def test_home_is_never_asked(sk, maker):
    maker.make(DONE)
    for home in ({}, {"HOME": "relative"}, {"HOME": "/" + "x" * 10000}):
        assert sk("status", env=home).code == 0


def test_from_below_by_variable_and_by_option(sk, maker, tmp_path):
    maker.make(DONE)
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert "small" in sk("status", cwd=tmp_path / "a" / "b").out
    elsewhere = {"SK_STATE_DIR": str(tmp_path / ".state")}
    assert "small" in sk("status", cwd="/", env=elsewhere).out
    assert "small" in sk("--state-dir", tmp_path / ".state", "status", cwd="/").out
    assert "Nothing" in sk("status", "--state-dir", tmp_path / "none", env=elsewhere).out


def test_linked_worktree(sk, maker, tmp_path):
    repository = tmp_path / "main"
    git = ["git", "-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false"]
    env = {**sk.env, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "HOME": str(tmp_path)}
    for words in (["init", "-q", "main"], ["-C", "main", "commit", "-q", "--allow-empty", "-m", "x"],
                  ["-C", "main", "worktree", "add", "-q", "../linked"]):
        subprocess.run(git + words, cwd=tmp_path, env=env, check=True, capture_output=True)
    maker.folder = repository
    maker.make(DONE)
    assert "small" in sk("status", cwd=tmp_path / "linked").out


def test_in_a_terminal_of_eighty_columns(sk, maker):
    """Colours are used, and no line is wider than the terminal."""
    maker.make(NIGHTLY)
    main, other = pty.openpty()
    subprocess.run(["stty", "cols", "60", "rows", "24"], stdin=other, check=True)
    process = subprocess.Popen([binary(), "status"], cwd=sk.folder, env=sk.env, stdout=other, stderr=other,
                               stdin=subprocess.DEVNULL)
    os.close(other)
    text = b""
    while True:
        try:
            piece = os.read(main, 4096)
        except OSError:
            break
        if not piece:
            break
        text += piece
    os.close(main)
    assert process.wait() == 0
    assert b"\x1b[31m" in text
    plain = text.decode()
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m"):
        plain = plain.replace(code, "")
    assert max(len(line) for line in plain.splitlines()[:-2]) <= 60


def test_json_survives_a_round_trip(sk, maker):
    maker.make(NIGHTLY)
    text = sk("status", "--all", "--json").out
    assert text.endswith("}\n") and text.count("\n") == 1
    assert json.loads(text)


# Two things run when the run is interrupted twice; a third waited for them.
INTERRUPTED = """
ws night night.yaml 0
task slow {"run":"sleep"} -
task other {"run":"sleep"} -
task next {"run":"true"} slow
submit
orchestrator
worker local 2 []
start slow
start other
pass 2000
interrupt
kill slow 15 2000
kill other 15 2000
stop
"""


def test_after_an_interrupt(sk, maker):
    """What was cancelled is listed, and the plan goes on with one command."""
    maker.make(INTERRUPTED)
    text = sk("status").out
    assert "\nnight  interrupted  0 of 3 done" in text
    assert "2 cancelled, 1 waiting" in text
    assert "\n  next  waits for slow, which was cancelled\n" in text
    assert "\nCancelled\n  slow   the run was interrupted\n  other  the run was interrupted\n" in text
    assert text.endswith("\nNext: sk run night.yaml\n")
    (workstream,) = sk("status", "--json").json["workstreams"]
    assert workstream["interrupted"] is True and workstream["state"] == "executing"
    assert "interrupted" in sk("status", "night").out


def test_after_an_interrupt_of_everything(sk, maker):
    """Nothing else waits: the workstream has not ended by its tasks, and is still to be gone on with."""
    maker.make(INTERRUPTED.replace('task next {"run":"true"} slow\n', ""))
    text = sk("status").out
    assert "\nnight  interrupted  0 of 2 done  began " in text
    assert text.endswith("\nNext: sk run night.yaml\n")


def test_after_it_drained(sk, maker):
    maker.make(INTERRUPTED.replace("interrupt\nkill slow 15 2000\nkill other 15 2000\n",
                                   "finish slow 0 2000\nfinish other 0 2000\n"))
    text = sk("status").out
    assert "\nnight  interrupted  2 of 3 done  began " in text
    assert text.endswith("\nNext: sk run night.yaml\n")


def test_cancelled_by_an_operator_is_listed(sk, maker):
    maker.make(NIGHTLY + "cancel gpu alice no gpu this week\n")
    assert "\nCancelled\n  gpu  no gpu this week\n" in sk("status").out


def test_time_never_goes_backwards(sk, maker):
    """The last record is a minute old; what runs has gone on since then."""
    maker.make(NIGHTLY)
    assert "  began 1m 0" in sk("status").out.splitlines()[3]


TWO = """
ws day day.yaml 0
task build {"run":"make"} -
task unit {"run":"make"} build
ws night night.yaml 0
task build {"run":"make"} -
submit
orchestrator
worker local 2 []
"""


def test_task_of_a_workstream(sk, maker):
    """WORKSTREAM/NAME is understood wherever a task is named; an id comes first."""
    maker.make(TWO + "log night.build made at night\n")
    assert sk("status", "night/build").out.startswith("night.build  ")
    assert sk("status", "day/build").out.startswith("build  ")
    assert sk("why", "night/build").out.startswith("night.build: ")
    assert sk("logs", "night/build").out == "made at night\n"
    assert {e["task_id"] for e in sk("events", "--task", "night/build", "--json").lines} == {"night.build"}
    done = sk("why", "night/biuld")
    assert done.code == 3
    assert done.err == 'sk: task "night/biuld" does not exist; near: build. Try: sk status night\n'
    assert sk("why", "nowhere/build").code == 3


def test_what_an_earlier_run_left_waits_for_its_own_plan(work):
    """Another plan that runs meanwhile does not take it along, so it has no turn to wait for."""
    assert work("run", work.plan("workstream: left\ntasks: {a: {run: 'exit 1'}}", "left.yaml")).code == 1
    assert work("task", "retry", "a").code == 0
    work.gate()
    run = work.start("run", work.plan("workstream: other\ntasks: {b: {run: ': < gate'}}"))
    until(lambda: work.state_of("b") == "running", "b runs")
    assert "\n  a  waits for the plan to be run again\n" in work("status").out
    work.open_gate()
    run.communicate()
    assert run.returncode == 0 and work.state_of("a") == "pending"
