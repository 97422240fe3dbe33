"""A disk that is full: sk stops cleanly, says so with exit 8, loses nothing, and goes on once there is space.

The disk is a small tmpfs. As root it is mounted in a mount namespace of its own, else in a user namespace as well; where
neither is allowed these tests are skipped, which counts as not proven. Everything of a test runs inside one shell there.
"""

import os
import shutil
import subprocess

import pytest

from conftest import DEADLINE_S, binary

WAYS = [["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"]]


def unshared():
    """The words that give a shell its own mounts, or None."""
    for way in WAYS if os.geteuid() == 0 else WAYS[1:]:
        if shutil.which("unshare") and subprocess.run(
                [*way, "sh", "-c", "mount -t tmpfs none /mnt"], stderr=subprocess.DEVNULL).returncode == 0:
            return way
    return None


WAY = unshared()
pytestmark = pytest.mark.skipif(WAY is None, reason="no mount namespaces here: a full disk is not proven")


def on_small_disk(work, size, script):
    """Runs the script in a fresh tmpfs of this size, with $SK. `step NAME CODE WORD COMMAND...` checks the exit code and
    that the word is in what was said; the output of all goes to the test's folder."""
    (work.folder / "disk").mkdir(exist_ok=True)
    helper = """
set -u
mount -t tmpfs -o size=%s,nr_inodes=10000 none disk && cd disk || exit 99
step() { # NAME CODE WORD COMMAND...
	name=$1 code=$2 word=$3; shift 3
	"$@" >../$name.out 2>../$name.err; got=$?
	test $got = $code || { echo "$name: exit $got, expected $code"; cat ../$name.out ../$name.err; exit 1; }
	grep -q -e "$word" ../$name.out ../$name.err || { echo "$name: no '$word' in"; cat ../$name.out ../$name.err; exit 1; }
}
fill() { cat /dev/zero > filler 2>/dev/null; true; }
""" % size
    done = subprocess.run([*WAY, "sh", "-c", helper + script], cwd=work.folder, text=True, capture_output=True,
                          env={**work.env, "SK": binary()}, timeout=DEADLINE_S)
    assert done.returncode == 0, done.stdout + done.stderr
    work.nothing_left()
    return done.stdout


PLAN = """
cat > plan.yaml <<'END'
workstream: w
tasks:
  one: {run: "echo $SK_ATTEMPT >> ../one.ran"}
  two: {run: "echo $SK_ATTEMPT >> ../two.ran", needs: [one]}
  three: {run: "echo $SK_ATTEMPT >> ../three.ran; head -c 300000 /dev/zero > three.data", needs: [two]}
  four: {run: "echo $SK_ATTEMPT >> ../four.ran", needs: [three]}
END
"""


# The second task fills the disk while the run goes on; the third one wants space itself.
FILLING = PLAN.replace("two.ran", "two.ran; cat /dev/zero > filler; true")


def test_full_before_the_start(work):
    """Nothing can be recorded, so nothing runs."""
    on_small_disk(work, "3m", PLAN + """
fill
step first 8 'o space left' "$SK" run plan.yaml
test ! -e ../one.ran || { echo 'a task ran'; exit 1; }
rm filler
step second 0 'tasks completed' "$SK" run plan.yaml
""")


def test_full_before_the_next_run(work):
    on_small_disk(work, "4m", PLAN + """
step first 0 '1 of 4 tasks completed\\|completed' "$SK" run --only one plan.yaml
fill
step status 0 'one\\|w ' "$SK" status --all
step second 8 'o space left' "$SK" run plan.yaml
step status2 0 '1 of 4 done' "$SK" status
rm filler
step third 0 '4 of 4 tasks completed' "$SK" run plan.yaml
""")
    assert work.lines("one.ran") == ["1"], "a completed task ran again"
    assert work.lines("four.ran") == ["1"]


def test_filled_by_a_task(work):
    """The disk fills up while the run goes on. It may just manage with the space it has; if not, it stops with 8."""
    told = on_small_disk(work, "4m", FILLING + """
"$SK" run plan.yaml >../first.out 2>../first.err; code=$?
echo "first: $code"
case $code in
0 | 1) ;;
8) grep -q 'o space left' ../first.err || { cat ../first.err; exit 1; } ;;
*) cat ../first.out ../first.err; exit 1 ;;
esac
rm -f filler
step status 0 'w ' "$SK" status
"$SK" run plan.yaml >../second.out 2>../second.err # the third task may have failed for want of space
step third 0 'completed\\|nothing to do' "$SK" run plan.yaml
step events 0 'task_completed\\|completed' "$SK" events --format json
cp .state/transitions.jsonl ..
""")
    print(told)
    assert work.lines("one.ran") == ["1"]
    journal = work.read("transitions.jsonl")
    for task in ("one", "two", "three", "four"):
        completed = [line for line in journal.splitlines()
                     if '"event":"task_completed"' in line and '"task_id":"%s"' % task in line]
        assert len(completed) == 1, task


def test_many_tasks_fill_it(work):
    """The journal itself is what fills the disk: the run stops in the middle and is continued."""
    on_small_disk(work, "3m", """
{ echo 'tasks:'; i=0; while [ $i -lt 2000 ]; do echo "  t$i: {run: 'true'}"; i=$((i+1)); done; } > plan.yaml
"$SK" run -q plan.yaml >../first.out 2>../first.err; code=$?
test $code = 8 || { echo "exit $code"; tail -3 ../first.out ../first.err; ls -la . .state .state/logs | head -40; exit 1; }
grep -q 'o space left' ../first.err || { cat ../first.err; exit 1; }
step status 0 'of 2000 done' "$SK" status
mount -o remount,size=40m .
step second 0 '2000 of 2000 tasks completed' "$SK" run -q plan.yaml
""")


def test_read_only(work):
    on_small_disk(work, "4m", PLAN + """
step first 0 completed "$SK" run --only one plan.yaml
mount -o remount,ro .
step status 0 'w ' "$SK" status
step second 8 'ead-only file system' "$SK" run plan.yaml
mount -o remount,rw .
step third 0 '4 of 4' "$SK" run plan.yaml
""")
    assert work.lines("one.ran") == ["1"]


def test_output_that_cannot_be_written(work):
    """The result cannot be printed. That is said with exit 8, and what was done is done."""
    with open("/dev/full", "w") as full:
        done = work("run", work.plan("tasks: {a: {run: 'echo x >> ran'}}"), stdout=full)
    assert done.code == 8 and "o space left" in done.err
    assert work.lines("ran") == ["x"]
    assert "nothing to do" in work("run", "plan.yaml").out


# Acts until the disk takes no more. What is in `last` was told as done; the one behind it was refused.
ACTS = """
cat > plan.yaml <<'END'
workstream: w
resources: {r: 1}
tasks:
  one: {run: "echo $SK_ATTEMPT >> ../one.ran; : < gate", resources: [r]}
  two: {run: "echo $SK_ATTEMPT >> ../two.ran", needs: [one]}
END
act_until_full() {
	n=2; last=0; code=0
	while [ $code = 0 ] && [ $n -lt 2000 ]; do
		fill
		"$SK" resource limit r --max-holders $n >../act.out 2>../act.err; code=$?
		# The diary may be the first that finds no room; the act itself is on disk by then.
		! grep -q 'it was done, but' ../act.err || code=0
		[ $code != 0 ] || last=$n
		n=$((n + 1))
	done
	refused=$((n - 1))
	test $code = 8 || { echo "act $refused ended with $code"; cat ../act.out ../act.err; exit 1; }
	grep -q -e "$1" ../act.err || { cat ../act.err; exit 1; }
	echo "$last was done, $refused refused: $(cat ../act.err)"
}
limit() { "$SK" resource show r --json >../show.out 2>../show.err && grep -o '"max_holders":[0-9]*' ../show.out | cut -d: -f2; }
"""


def test_full_during_an_act(work):
    """With nobody at work. What was told as done is done, what was refused is not, and the diary says the same."""
    told = on_small_disk(work, "4m", ACTS + """
touch gate
step first 0 completed "$SK" run plan.yaml
act_until_full 'o space left.*were not recorded'
test "$(limit)" = $last || { echo "$last was told as done, and the limit is $(limit)"; exit 1; }
rm filler
step valid 0 '' "$SK" state validate
step again 0 '' "$SK" resource limit r --max-holders 7
test "$(limit)" = 7 || { echo "the limit is $(limit)"; exit 1; }
step second 0 'nothing to do' "$SK" run plan.yaml
""")
    print(told)
    assert work.lines("one.ran") == ["1"] and work.lines("two.ran") == ["1"]


def test_full_during_an_act_beside_an_orchestrator(work):
    """It can record nothing more and ends; who asked is told that, and what runs goes to its end without it."""
    told = on_small_disk(work, "6m", ACTS + """
mkfifo gate
"$SK" run plan.yaml >../run.out 2>../run.err & run=$!
until grep -q 1 ../one.ran 2>/dev/null && "$SK" resource show r --json 2>/dev/null | grep -q '"held":1'; do :; done
act_until_full 'o space left\\|it ended'
wait $run; code=$?
test $code = 8 || { echo "the run ended with $code"; cat ../run.err; exit 1; }
grep -q 'o space left' ../run.err || { cat ../run.err; exit 1; }
test "$(limit)" = $last || { echo "$last was told as done, and the limit is $(limit)"; exit 1; }
rm filler
: > gate
step second 0 '2 of 2' "$SK" run plan.yaml
step valid 0 '' "$SK" state validate
""")
    print(told)
    assert work.lines("one.ran") == ["1"] and work.lines("two.ran") == ["1"]


def test_schedules(work):
    """What cannot be written down is not begun, and the schedules stay as they were."""
    on_small_disk(work, "4m", """
export SK_HOME=$PWD
config=.copilot/session-state/cron-config.json
step first 0 added "$SK" cron add vacuum
cp $config ../before
fill
step full 8 'was not changed' "$SK" cron add cleanup
step run 8 'nothing was run' "$SK" cron run vacuum
step due 8 'nothing was run' "$SK" cron run --due
cmp $config ../before || exit 1
test ! -e $config.tmp || exit 1
step list 0 'never ran' "$SK" cron list
rm filler
step again 0 added "$SK" cron add cleanup
step clean 0 'cleanup: ok' "$SK" cron run cleanup
""")
