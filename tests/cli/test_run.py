"""`sk run`: the way through a plan, what a plan can say, and what the options do.

Being interrupted and killed: test_run_interrupted.py and test_kill.py.
"""

import datetime
import itertools
import os
import signal
import stat
import subprocess

from conftest import DEADLINE_S, until

PLAN = """
workstream: demo
max_parallel: 2
tasks:
  first: {run: "echo hello > first.out"}
  second: {run: "test -e mended && echo fine", needs: [first]}
  third: {run: [touch, third.out], needs: [second]}
"""


def plan(sk, text=PLAN):
    (sk.folder / "plan.yaml").write_text(text)
    return "plan.yaml"


def test_to_the_end(sk):
    (sk.folder / "mended").touch()
    done = sk("run", plan(sk))
    assert done.code == 0, done.err
    assert (sk.folder / "third.out").exists()
    document = sk("status", "--all", "--json").json
    assert document["orchestrator"]["state"] == "stopped"
    assert {task["state"] for task in document["tasks"]} == {"completed"}
    assert document["next"] == []


def test_failure_is_explained_and_mended(sk):
    done = sk("run", plan(sk))
    assert done.code == 1
    assert sk("why", "third").out.startswith("third: pending, cannot run: needs second, which failed\n")
    assert sk("status").out.endswith("\nNext: sk why second\n      sk run plan.yaml\n")
    (sk.folder / "first.out").unlink()
    (sk.folder / "mended").touch()
    assert sk("run", "plan.yaml").code == 0
    assert not (sk.folder / "first.out").exists(), "a completed task ran again"
    assert (sk.folder / "third.out").exists()


def test_dry_run_runs_nothing(sk):
    done = sk("run", "--dry-run", plan(sk))
    assert done.code == 0, done.err
    assert not (sk.folder / "first.out").exists()


def test_killed_and_continued(work):
    """SIGKILL to the orchestrator while a task waits for us: the next run ends it, and it has run once."""
    work.gate().plan("""
workstream: demo
tasks:
  slow: {run: "echo x >> began; : < gate"}
  last: {run: "true", needs: [slow]}
""")
    process = work.start("run", "plan.yaml")
    until(lambda: work.lines("began"), "the task begins")
    process.kill()
    process.wait()
    assert "nothing recorded is lost" in work("status").out
    again = work.start("run", "plan.yaml")
    work.open_gate()
    assert again.wait(timeout=DEADLINE_S) == 0
    assert work.lines("began") == ["x"]


def test_a_plan_that_is_none(sk):
    done = sk("run", plan(sk, "tasks: {a: {run: x, nedds: [b]}}"))
    assert done.code == 2
    assert "plan.yaml" in done.err and "nedds" in done.err
    assert sk("run", "missing.yaml").code == 2
    assert sk("run").code == 2


# --- first use ------------------------------------------------------------------------------------------------------


def test_first_use(work):
    subprocess.run(["git", "init", "-q", str(work.folder)], check=True)
    assert work("run", work.plan("tasks: {a: {run: [touch, done]}}")).code == 0
    state = work.folder / ".state"
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    for path in state.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    shown = subprocess.run(["git", "status", "--porcelain"], cwd=work.folder, text=True, capture_output=True, check=True)
    assert ".state" not in shown.stdout, "what a run leaves is not to be committed"
    work.nothing_left()


def test_nothing_to_do(work):
    name = work.plan("tasks: {a: {run: 'echo x >> ran'}}")
    assert work("run", name).code == 0
    again = work("run", name)
    assert again.code == 0
    assert "nothing to do" in again.out and "--new-run" in again.out
    assert work.lines("ran") == ["x"]
    assert work("run", "--new-run", name).code == 0
    assert work.lines("ran") == ["x", "x"]
    work.nothing_left()


def test_json(work):
    done = work("run", "--format", "json", work.plan("""
tasks:
  good: {run: "true"}
  bad: {run: "echo the reason; exit 3"}
  behind: {run: "true", needs: [bad]}
"""))
    assert done.code == 1
    document = done.json
    assert document["kind"] == "run" and document["exit"] == 1
    assert (document["completed"], document["failed"], document["blocked"]) == (1, 1, 1)
    (failure,) = document["failures"]
    assert failure["task_id"] == "bad" and failure["exit_code"] == 3 and "the reason" in failure["error"]
    assert "the reason" in open(work.folder / failure["log"]).read()
    assert document["next"] == "sk run plan.yaml"


def test_quiet_and_where_output_goes(work):
    name = work.plan("tasks: {a: {run: 'true'}}")
    loud, quiet = work("run", name), work("run", "--new-run", "--quiet", name)
    assert "a  completed" in loud.err and "completed" in loud.out
    assert quiet.err == "" and "1 of 1 task completed" in quiet.out
    assert "\x1b" not in loud.out + loud.err + quiet.out


# --- failing and trying again ---------------------------------------------------------------------------------------


def at_ms(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


def test_retries_with_backoff(work):
    done = work("run", work.plan("tasks: {a: {run: 'echo $SK_ATTEMPT >> ran; exit 9', retries: 3, backoff: 40ms}}"))
    assert done.code == 1
    assert work.lines("ran") == ["1", "2", "3", "4"]
    retries = work.events("task_retry")
    delays = [round(at_ms(event["metadata"]["retry_at"]) - at_ms(event["timestamp"])) for event in retries]
    assert delays == [40, 80, 160]
    starts = [at_ms(event["timestamp"]) for event in work.events("task_started")]
    for retry, start in zip(retries, starts[1:]):
        assert start >= at_ms(retry["metadata"]["retry_at"])
    assert "exit code 9" in done.out and "attempts 4" in done.out


def test_backoff_by_default(work):
    """2^n seconds. The run is told to stop while it waits for the retry, which ends it at once."""
    process = work.start("run", work.plan("tasks: {a: {run: 'exit 1', retries: 2}}"))
    (retry,) = until(lambda: work.events("task_retry"), "the task fails")
    assert round(at_ms(retry["metadata"]["retry_at"]) - at_ms(retry["timestamp"])) == 2000
    process.send_signal(signal.SIGINT)
    until(lambda: process.poll() is not None, "the run ends")
    assert process.returncode == 130


def test_retries_until_it_works(work):
    name = work.plan("tasks: {a: {run: 'test $SK_ATTEMPT -ge 3', retries: 5, backoff: 1ms}}")
    assert work("run", name).code == 0
    assert work.events("task_completed")[0]["metadata"]["attempt"] == 3


def test_timeout_takes_the_tree(work):
    """A child in the same group, one in a session of its own, and one that forked twice."""
    done = work("run", work.plan("""
tasks:
  a:
    run: "sleep 1000 & setsid sleep 1001 & (setsid sh -c 'sleep 1002 & sleep 1003' &) ; wait; sleep 1004"
    timeout: 300ms
"""))
    assert done.code == 1
    assert "timed out after 0.3 s" in done.out
    assert work.events("task_timeout")[0]["metadata"]["timeout_ms"] == 300
    work.nothing_left()


def test_timeout_of_who_ignores_it(work):
    """TERM is ignored, so the grace passes and KILL ends it."""
    assert work("run", work.plan("""
tasks:
  a: {run: "trap '' TERM HUP INT; while :; do sleep 0.2; done", timeout: 200ms}
""")).code == 1
    work.nothing_left()


def test_leftovers_end_with_the_task(work):
    assert work("run", work.plan("tasks: {a: {run: 'setsid sleep 1000 & setsid sleep 1000 & true'}}")).code == 0
    work.nothing_left()
    assert work.events("task_executed")[0]["metadata"]["leftovers"] == 2


CRITICAL = """
max_parallel: 1
tasks:
  a: {run: "exit 1", critical: %s, priority: -1}
  b: {run: "touch b.ran"}
"""


def test_critical(work):
    done = work("run", work.plan(CRITICAL % "true"))
    assert done.code == 1
    assert work.state_of("b") == "cancelled" and not (work.folder / "b.ran").exists()


def test_not_critical(work):
    assert work("run", work.plan(CRITICAL % "false")).code == 1
    assert work.state_of("b") == "completed"


def test_keep_going(work):
    assert work("run", "--keep-going", work.plan(CRITICAL % "true")).code == 1
    assert work.state_of("b") == "completed"


def test_fail_fast(work):
    assert work("run", "--fail-fast", work.plan(CRITICAL % "false")).code == 1
    assert work.state_of("b") == "cancelled"


def test_a_failed_run_goes_on(work):
    """What was cancelled with a failed workstream runs when the plan is run again."""
    name = work.plan(CRITICAL.replace("exit 1", "test -e mended") % "true")
    assert work("run", name).code == 1
    (work.folder / "mended").touch()
    assert work("run", name).code == 0
    assert (work.folder / "b.ran").exists()


def test_before_and_after(work):
    done = work("run", work.plan("""
rules:
  ready: test -e ready
tasks:
  stopped: {run: "touch stopped.ran", before: [ready]}
  bad: {run: "touch bad.ran", after: [ready, "echo never reached > bad.after"]}
  good: {run: "touch good.ran", before: ["test ! -e good.ran"], after: ["test -e good.ran"]}
"""))
    assert done.code == 1
    assert not (work.folder / "stopped.ran").exists(), "a command ran although its before rule failed"
    assert (work.folder / "bad.ran").exists() and not (work.folder / "bad.after").exists()
    states = [work.state_of(task) for task in ("stopped", "bad", "good")]
    assert states == ["failed", "failed", "completed"]
    assert "ready" in done.out


def test_what_cannot_be_started(work):
    done = work("run", work.plan("tasks: {a: {run: [/no/such/program]}, b: {run: [no-such-program]}}"))
    assert done.code == 1
    assert "cannot execute /no/such/program" in done.out and "no such program in PATH" in done.out


# --- what a task sees -----------------------------------------------------------------------------------------------


def test_outputs(work):
    done = work("run", work.plan("""
tasks:
  make-it: {run: "printf 'version=1.2 beta\\nempty=\\n' > $SK_OUTPUT"}
  between: {run: "true", needs: [make-it]}
  take: {run: 'echo "$SK_OUT_MAKE_IT_VERSION|${SK_OUT_MAKE_IT_EMPTY-unset}" > got', needs: [between]}
  other: {run: 'echo "${SK_OUT_MAKE_IT_VERSION-unset}" > other'}
"""))
    assert done.code == 0, done.err
    assert work.read("got") == "1.2 beta|\n"
    assert work.read("other") == "unset\n", "outputs reach only those behind the task"


def test_identity_and_environment(work):
    (work.folder / "inner" / "deeper").mkdir(parents=True)
    done = work("run", work.plan("""
workstream: ids
env: {COLOR: red, SHAPE: round}
working_directory: inner
tasks:
  a: {run: 'echo "$SK_TASK_ID $SK_ATTEMPT $SK_WORKSTREAM_ID $COLOR $SHAPE $PWD" > seen', env: {SHAPE: square}}
  b: {run: "pwd > seen-b", working_directory: deeper}
"""))
    assert done.code == 0, done.err
    assert work.read("inner/deeper/seen-b") == "%s/inner/deeper\n" % work.folder
    assert work.read("inner/seen") == "a 1 ids red square %s/inner\n" % work.folder


def test_limits(work):
    done = work("run", work.plan("""
tasks:
  files: {run: "ulimit -n > files", limits: {open_files: 77}}
  memory: {run: "head -c 200M /dev/zero | tail -c 200M > /dev/null", limits: {memory: 64M}}
  cpu: {run: "while :; do :; done", limits: {cpu: 1s}}
"""))
    assert done.code == 1
    assert work.read("files") == "77\n"
    assert work.state_of("memory") == "failed"
    assert work.state_of("cpu") == "failed"
    assert work.state_of("files") == "completed"


def test_resource_use_is_recorded(work):
    assert work("run", work.plan("""
tasks:
  a: {run: "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done"}
""")).code == 0
    told = work.events("task_executed")[0]["metadata"]
    assert told["cpu_ms"] > 0 and told["duration_ms"] >= told["cpu_ms"] // 2 and told["peak_kb"] > 100


def test_resources_exclude_each_other(work):
    tasks = "".join("  t%d: {run: 'flock -n held sleep 0.02', resources: [lock]}\n" % i for i in range(6))
    assert work("run", "-j", 6, work.plan("resources: {lock: 1}\ntasks:\n" + tasks)).code == 0


def test_jobs(work):
    """Three at once meet each other; with one at a time nobody ever meets anybody."""
    meet = "".join("  t%d: {run: 'touch here%d; while [ $(ls here* | wc -l) -lt 3 ]; do sleep 0.01; done'}\n" % (i, i)
                   for i in range(3))
    assert work("run", "--jobs", 3, work.plan("tasks:\n" + meet, "meet.yaml")).code == 0
    alone = "".join("  s%d: {run: 'flock -n held sleep 0.01'}\n" % i for i in range(5))
    assert work("run", "--jobs", 1, work.plan("tasks:\n" + alone, "alone.yaml")).code == 0
    assert work("run", "--jobs", 0, "alone.yaml").code == 2


def test_order(work):
    """Priority first; a dependency before everything."""
    assert work("run", "-j", 1, work.plan("""
max_parallel: 1
tasks:
  late: {run: "echo late >> order", priority: 5}
  early: {run: "echo early >> order", priority: -5, needs: [base]}
  base: {run: "echo base >> order", priority: -9}
  middle: {run: "echo middle >> order"}
""")).code == 0
    assert work.lines("order") == ["base", "early", "middle", "late"]


def test_matrix_foreach_and_parameters(work):
    done = work("run", "-p", "word=two words", work.plan("""
params: {word: none, more: extra}
tasks:
  m: {run: 'echo "$SK_MATRIX_A$SK_MATRIX_B $WORD ${{more}}" >> m.out', env: {WORD: "${{word}}"},
      matrix: {a: [x, z], b: [1, 2], exclude: [{a: z, b: 2}]}}
  f: {run: 'echo ${{item}} >> f.out', foreach: [p, q], needs: [m]}
"""))
    assert done.code == 0, done.err
    assert sorted(work.lines("m.out")) == ["x1 two words extra", "x2 two words extra", "z1 two words extra"]
    assert sorted(work.lines("f.out")) == ["p", "q"]
    assert work.state_of("m-x-1") == "completed" and work.state_of("f-2") == "completed"


def test_needs_across_files(work):
    library = work.plan("workstream: lib\ntasks: {make: {run: 'echo lib >> order'}}", "lib.yaml")
    program = work.plan("workstream: app\ntasks: {link: {run: 'echo app >> order', needs: [lib/make]}}", "app.yaml")
    assert work("run", program, library).code == 0
    assert work.lines("order") == ["lib", "app"]


def test_folder_of_tasks(work):
    work.plan('{"task_id": "one", "execution": {"command": "echo one >> order"}}', "tasks/night/one.json")
    work.plan('{"task_id": "two", "dependencies": ["one"], "execution": {"command": "echo two >> order"}}',
              "tasks/night/two.json")
    assert work("run", "tasks/night").code == 0
    assert work.lines("order") == ["one", "two"]


def test_long_chain(work):
    """A long chain is one pass, without recursion anywhere."""
    tasks = "".join("  t%d: {run: 'true'%s}\n" % (i, ", needs: [t%d]" % (i - 1) if i else "") for i in range(300))
    assert work("run", "-q", work.plan("tasks:\n" + tasks)).code == 0
    assert len(work.events("task_completed")) == 300


# --- options --------------------------------------------------------------------------------------------------------

CHAIN = """
workstream: chain
tasks:
  a: {run: "echo a >> ran"}
  b: {run: "echo b >> ran", needs: [a]}
  c: {run: "echo c >> ran", needs: [b]}
  other: {run: "echo other >> ran"}
"""


def test_dry_run_writes_nothing(work):
    done = work("run", "--dry-run", "--json", work.plan(CHAIN))
    assert done.code == 0
    document = done.json
    assert document["to_run"] == 4 and document["critical_path_tasks"] == ["a", "b", "c"]
    assert {task["name"]: task["stage"] for task in document["tasks"]} == {"a": 1, "b": 2, "c": 3, "other": 1}
    assert sorted(path.name for path in work.folder.iterdir()) == ["plan.yaml"]


def test_dry_run_after_a_part(work):
    assert work("run", "--only", "b", work.plan(CHAIN)).code == 0
    before = work.read(".state/transitions.jsonl")
    done = work("run", "-n", "plan.yaml")
    assert "2 to run, 2 completed already" in done.out
    assert work.read(".state/transitions.jsonl") == before


def test_only(work):
    assert work("run", "--only", "b", work.plan(CHAIN)).code == 0
    assert work.lines("ran") == ["a", "b"]
    assert work("run", "plan.yaml").code == 0
    assert sorted(work.lines("ran")) == ["a", "b", "c", "other"], "the rest runs later, nothing twice"


def test_from(work):
    assert work("run", "--from", "b", work.plan(CHAIN)).code == 0
    assert work.lines("ran") == ["b", "c"]


def test_only_unknown(work):
    done = work("run", "--only", "nothing", work.plan(CHAIN))
    assert done.code in (2, 3) and "nothing" in done.err
    assert not (work.folder / ".state").exists()


def test_options_that_exclude_each_other(work):
    work.plan(CHAIN)
    for words in (["--keep-going", "--fail-fast"], ["--new-run", "--accept-changes"]):
        done = work("run", *words, "plan.yaml")
        assert done.code == 2 and words[0] in done.err and words[1] in done.err
    assert not (work.folder / ".state").exists()


def test_detach(work):
    work.gate()
    done = work("run", "--detach", "--json", work.plan("tasks: {a: {run: 'echo x >> ran; : < gate'}}"))
    assert done.code == 0, done.err
    pid = done.json["pid"]
    until(lambda: work.lines("ran"), "the task begins in the background")
    assert work("status", "--json").json["orchestrator"]["pid"] == pid
    assert os.getsid(pid) != os.getsid(0)
    work.open_gate()
    until(lambda: work.state_of("a") == "completed", "the task ends")
    work.nothing_left()
    assert "nothing to do" in work("run", "plan.yaml").out


def test_detach_of_what_cannot_run(work):
    done = work("run", "--detach", work.plan("tasks: {a: {run: 'true', nedds: [b]}}"))
    assert done.code == 2 and "nedds" in done.err
    work.nothing_left()


# --- a plan that changed --------------------------------------------------------------------------------------------

CHANGED = CHAIN.replace("echo c", "echo new").replace("  other:", "  added: {run: \"echo added >> ran\"}\n  renamed:")


def test_changed_plan_is_explained(work):
    assert work("run", "--only", "b", work.plan(CHAIN)).code == 0
    before = work.read(".state/transitions.jsonl")
    work.plan(CHANGED)
    done = work("run", "plan.yaml")
    assert done.code == 4
    for word in ("added", "renamed", "other", "--accept-changes", "--new-run", "nothing was started"):
        assert word in done.err, done.err
    assert work.read(".state/transitions.jsonl").count("task_") == before.count("task_")
    assert work.lines("ran") == ["a", "b"]


def test_changed_plan_is_accepted(work):
    assert work("run", "--only", "b", work.plan(CHAIN)).code == 0
    work.plan(CHANGED)
    assert work("run", "--accept-changes", "plan.yaml").code == 0
    assert sorted(work.lines("ran")) == ["a", "added", "b", "new", "other"]


def test_changed_plan_anew(work):
    assert work("run", "--only", "b", work.plan(CHAIN)).code == 0
    work.plan(CHANGED)
    assert work("run", "--new-run", "plan.yaml").code == 0
    assert sorted(work.lines("ran")) == ["a", "a", "added", "b", "b", "new", "other"]


def test_moved_lines_are_no_change(work):
    assert work("run", "--only", "b", work.plan(CHAIN)).code == 0
    head, *tasks = CHAIN.split("\n  ")
    assert len(tasks) == 4
    work.plan("\n  ".join(itertools.chain([head], reversed([task.rstrip() for task in tasks]))) + "\n")
    assert work("run", "plan.yaml").code == 0


# --- names that are taken -------------------------------------------------------------------------------------------


def test_renamed_tasks_are_announced_once(work):
    one, two = (work.plan("workstream: %s\ntasks: {build: {run: 'true'}, %s: {run: 'true'}}" % (name, own), name + ".yaml")
                for name, own in (("day", "sun"), ("night", "moon")))
    assert "NAME" not in work("run", one).err
    said = "night: 1 task is called night.NAME here, because another workstream has a task of that name: build\n"
    assert said in work("run", two).err
    assert "NAME" not in work("run", two).err
    assert work("status", "night/build").out.startswith("night.build  completed")


def test_one_of_something(work):
    work.plan("tasks: {a: {run: 'true'}}")
    first, again = work("run", "-j1", "plan.yaml"), work("run", "plan.yaml")
    assert ": 1 task, 1 at a time\n" in first.err and "1 of 1 task completed" in first.out
    assert "everything was completed by an earlier run (1 task); nothing to do" in again.out
    assert "1 slot, pid" in work("events").out
    for text in (first.err, first.out, again.out, work("events").out, work("status").out):
        assert "1 tasks" not in text and "1 slots" not in text
