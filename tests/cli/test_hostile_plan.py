"""Plans and names that cannot be used, as a person meets them: exit 2, one sentence with file, line and column, and no
trace of a run. tests/plans/bad holds the corpus with what is to be said; the readers themselves have unit tests.
"""

import json
import os
import pathlib
import re
import tempfile

import pytest

PLANS = pathlib.Path(__file__).resolve().parent.parent / "plans"
BAD = sorted(path for path in (PLANS / "bad").iterdir() if path.suffix != ".txt")


def refused(work, plan, *said, code=2):
    """Returns what was said, after looking that nothing was done."""
    done = work("run", plan)
    assert done.code == code, (done.code, done.err)
    last = done.err.splitlines()[-1]
    assert last.startswith("sk: ") and "nothing was started" in last, done.err
    assert "\x1b" not in done.err and "\0" not in done.err, "foreign text reaches the terminal as it is"
    assert not (work.folder / ".state").exists(), "a refused plan leaves a trace"
    for word in said:
        assert re.search(word, done.err), (word, done.err)
    return done.err


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_corpus(work, path):
    """Every problem that is listed for the plan is told; the first one in the sentence."""
    (work.folder / "bad").symlink_to(PLANS / "bad")
    said = refused(work, "bad/" + path.name)
    for line in (PLANS / "bad" / (path.name + ".txt")).read_text().splitlines():
        # One that has no place is a sentence of its own, in which what was not done stands before what to do.
        assert line in said or line in said.replace(": nothing was started", ""), (line, said)


# Words of the YAML library, of C and of grammars: nobody who writes a plan knows them.
JARGON = r"mapping|collection|flow|\btoken|node content|scalar|indicator|block sequence|octet|EOF|errno"


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_each_problem_in_the_order_of_the_file_with_what_to_do(work, path):
    """One line each with its place, first things first, then one line that counts them."""
    (work.folder / "bad").symlink_to(PLANS / "bad")
    lines = work("run", "bad/" + path.name).err.splitlines()
    assert "nothing was started" in lines[-1], lines
    assert not [line for line in lines if re.search(JARGON, line.replace("flow_parameter.yaml", ""))], lines
    assert not [line for line in lines if not re.search(r"did you mean .*\?|\. Try: .", line)], lines
    if len(lines) == 1:
        return
    places = [re.match(r"(bad/[^:]*)(?::([0-9]+):([0-9]+))?: ", line).groups() for line in lines[:-1]]
    by_file = {}
    for name, line, column in places:
        by_file.setdefault(name, []).append((int(line or 0), int(column or 0)))
    assert all(found == sorted(found) for found in by_file.values()), lines
    count = len(lines) - 1
    assert re.fullmatch(r"sk: bad/%s: (more than )?%d problems?, told above; nothing was started. Try: repair .*"
                        % (re.escape(path.name), count), lines[-1]), lines[-1]


def test_a_program_gets_the_first_problem(work):
    done = work("run", "--json", work.plan("tasks:\n  a: {run: x, neds: [b]}\n  c: {run: x, timeout: 0}\n"))
    assert done.code == 2
    assert done.json["error"]["message"].startswith(
        'plan.yaml:2:15: unknown key "neds" in a task (and 1 more problem): nothing was started; did you mean "needs"?')


def test_good_ones_are_accepted(work):
    """The other side of the corpus: a refusal for everything would pass the test above."""
    assert work("run", "--dry-run", PLANS / "good" / "minimal.yaml").code == 0
    assert work("run", "--dry-run", PLANS / "good" / "list.json").code == 0


@pytest.mark.parametrize("field, said", [
    ("retries: 1000000000", r"retries 1000000000: expected .*1000"), ("timeout: 0", "timeout 0: expected 1..604800 seconds"),
    ("timeout: -5", "timeout -5: expected 1..604800 seconds"), ("timeout: 1000000000000", "expected 1..604800 seconds"),
    ("retries: 1.5", "retries"), ("retries: 1e3", "retries"), ("retries: -1", "retries"), ("retries: many", "retries"),
    ("needs: [a]", 'task "a" depends on itself'), ("needs: [nobody]", 'task "a" depends on unknown task "nobody"'),
    ("priority: 99999999999999999999", "priority"), ("env: {A: [1]}", "A: expected text"),
    ("working_directory: [x]", "working_directory"), ("resources: [nothing]", 'resource "nothing" is not declared'),
    ("limits: {memory: -1}", "memory"), ("limits: {cpu: 0}", "cpu"), ("retry: 3", 'unknown key "retry".*"retries"')])
def test_values_out_of_range(work, field, said):
    place = "plan.yaml:3:[0-9]+: "
    refused(work, work.plan("tasks:\n  a:\n    %s\n    run: 'true'\n" % field), place, said)


def test_cycles(work):
    refused(work, work.plan("tasks: {a: {run: x y, needs: [b]}, b: {run: x y, needs: [a]}}"),
            "dependency cycle: a → b → a")
    long = "".join("  t%d: {run: x y, needs: [t%d]}\n" % (i, (i + 1) % 10000) for i in range(10000))
    assert len(refused(work, work.plan("tasks:\n" + long), "dependency cycle")) < 5000, "ten thousand names help nobody"


def test_long_chain_is_fine(work):
    chain = "".join("  t%d: {run: x y%s}\n" % (i, ", needs: [t%d]" % (i - 1) if i else "") for i in range(10000))
    done = work("run", "-n", "--json", work.plan("tasks:\n" + chain))
    assert done.code == 0 and done.json["to_run"] == 10000


NAMES = {
    "../../etc/x": "use 1..64", "..": "use 1..64", ".": "use 1..64", "a/b": "use 1..64", "a\\b": "use 1..64",
    "%2e%2e%2f": "use 1..64", "a%00b": "use 1..64", "-rf": "must not start with -", "--help": "must not start with -",
    "a\nb": "use 1..64", "a\tb": "use 1..64", "a\x1b]0;x": "use 1..64", "a\u202eb": "use 1..64", "a\u200bb": "use 1..64",
    "\u0430": "use 1..64", "CON": "reserved", "x.": "must not end with a dot", "x ": "use 1..64", ".git": "use 1..64",
    "x.lock": "reserved", "a" * 65: "at most 64|longer than 64", "a" * 255: "at most 64|longer than 64",
    "a" * 5000: "longer than 255 bytes", "": "empty"}


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:20])
def test_names(work, name):

    said = refused(work, work.plan(json.dumps({"tasks": {name: {"run": "true"}}}), "plan.json"), "plan.json:1:[0-9]+: ",
                   NAMES[name])
    assert len(said) < 1000, "a name of any length makes a readable sentence"
    for letter in "\u202e\u200b\t":
        assert letter not in said, "what cannot be seen is written out"
    refused(work, work.plan(json.dumps({"workstream": name, "tasks": {"a": {"run": "true"}}}), "plan.json"),
            "plan.json:1:[0-9]+: ")


def test_names_that_differ_in_case(work):
    refused(work, work.plan("tasks: {build: {run: x y}, Build: {run: x y}}"), 'name "Build" collides with "build"')


def test_control_characters_are_shown(work):
    """A key of the plan cannot act on the terminal of who reads the refusal."""
    said = refused(work, work.plan('{"tasks": {"a": {"run": "true", "\\u001b]0;owned\\u0007\\u009b2J": 1}}}', "p.json"))
    assert "\x1b" not in said and "\x07" not in said and "\x9b" not in said and "owned" in said


@pytest.mark.parametrize("name, content, said", [
    ("deep.json", "[" * 1000000, "nesting deeper than 64|expected"), ("deep.json", '{"tasks":' * 100000, "nesting deeper than 64"),
    ("digits.json", '{"tasks": {"a": {"run": "x", "retries": ' + "1" * 1000000 + "}}}", "number longer than 64"),
    ("exponent.json", '{"tasks": {"a": {"run": "x", "retries": 1e999999999}}}', "retries|number"),
    ("keys.json", '{"tasks": {"a": {"run": "x", "env": {' + ",".join('"K%d": "v"' % i for i in range(20000)) + "}}}}",
     "more than"),
    ("nul.yaml", "tasks: {a: {run: 'x\0y'}}", "plan|NUL|control"), ("zeros.yaml", "\0" * 4096, "NUL|control|empty|UTF"),
    ("second.json", '{"tasks": {"a": {"run": "x y"}}} {}', "text after the end of the document"),
    ("latin.yaml", b"tasks: {a: {run: 'caf\xe9 x'}}", "invalid UTF-8")],
    ids=["brackets", "objects", "digits", "exponent", "keys", "nul", "zeros", "second", "latin"])
def test_shapes(work, name, content, said):
    path = work.folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(work, name, said)


@pytest.mark.parametrize("flip", [b'"', b"{", b"\0", b"\xff", b"\n", b":"], ids=["quote", "brace", "nul", "ff", "newline", "colon"])
def test_every_fifth_byte_replaced(work, flip):
    """Whatever becomes of a plan, it is a plan or it is refused; sk never falls over."""
    whole = (PLANS / "good" / "minimal.yaml").read_bytes()
    for i in range(0, len(whole), 5):
        (work.folder / "p.yaml").write_bytes(whole[:i] + flip + whole[i + 1:])
        done = work("run", "--dry-run", "p.yaml")
        assert done.code in (0, 2), (i, done.code, done.err)


# --- the file itself ------------------------------------------------------------------------------------------------


def test_missing_file(work):
    """The plans that are there are named; where there are none, how to get one."""
    said = refused(work, "no-such.yaml")
    assert said == ("sk: no-such.yaml: no such file, and no plan in this folder: nothing was started. Try: sk help run, "
                    "which shows a plan\n")
    work.plan("tasks: {a: {run: x y}}", "release.yaml")
    work.plan("{}", "data.json")
    work.plan("tasks: {a: {run: x y}}", "nightly.yml")
    assert refused(work, "zzz") == ("sk: zzz: no such file: nothing was started. Try: one of nightly.yml, release.yaml, "
                                    "or sk help run, which shows a plan\n")
    assert refused(work, "relaese.yaml") == ('sk: relaese.yaml: no such file: nothing was started; did you mean '
                                             '"release.yaml"?\n')
    assert refused(work, "release") == 'sk: release: no such file: nothing was started; did you mean "release.yaml"?\n'
    work.plan("tasks: {a: {run: x y}}", "plans/deploy.yaml")
    assert refused(work, "plans/x.yaml") == ("sk: plans/x.yaml: no such file: nothing was started. Try: "
                                             "plans/deploy.yaml, or sk help run, which shows a plan\n")
    refused(work, "nowhere/x.yaml", "no such file: nothing was started. Try: sk help run")
    refused(work, "release.yaml/x.yaml", "no such file: nothing was started. Try: sk help run")


def test_a_folder_of_a_thousand_plans(work):
    for i in range(1000):
        work.plan("", "\x1b[31m%04d-\n.yaml" % i)
    said = refused(work, "zzz")
    assert len(said.splitlines()) == 1 and len(said) < 1000


def test_not_a_file(work):
    os.mkfifo(work.folder / "fifo.yaml")
    done = work("run", "fifo.yaml")
    assert done.code in (2, 8) and "fifo.yaml" in done.err and "nothing was started" in done.err
    assert not (work.folder / ".state").exists()
    (work.folder / "empty").mkdir()
    refused(work, "empty", "no JSON task in this folder")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else: not proven")
def test_unreadable_file(work):
    """As somebody who is not root: permission is asked for by the kernel, and the mode is told."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        pathlib.Path(folder, "plan.yaml").touch(0)
        os.chmod(os.path.join(folder, "plan.yaml"), 0)
        try:
            done = work("run", "plan.yaml", cwd=folder, user=65534, group=65534, extra_groups=[])
        except PermissionError:
            pytest.skip("sk itself cannot be reached by others: not proven")
    assert done.code == 8
    assert "plan.yaml: cannot be read: permission denied (mode 0000)" in done.err and "nothing was started" in done.err


def test_parameters(work):
    name = work.plan("params: {known: 1}\ntasks: {a: {run: 'echo ${{known}}'}}")
    for words in (["-p", "unknown=1"], ["-p", "novalue"], ["-p", "=1"], ["-p", ""]):
        done = work("run", *words, name)
        assert done.code == 2 and re.search("[Nn]othing was (started|done)", done.err), (words, done.err)
    assert not (work.folder / ".state").exists()
    name = work.plan("params: {must: }\ntasks: {a: {run: 'echo ${{must}}'}}")
    done = work("run", name)
    assert done.code == 2 and "must" in done.err


def test_unknown_option(work):
    done = work("run", "--keep-goin", work.plan("tasks: {a: {run: x y}}"))
    assert done.code == 2 and "--keep-going" in done.err, "the nearest option is named"
    for words in (["--jobs", "many"], ["--jobs", "-1"], ["--jobs", "1e3"], ["--jobs", "99999999999999999999"], ["--jobs"]):
        done = work("run", "plan.yaml", *words)
        assert done.code == 2 and "jobs" in done.err, (words, done.err)
    assert not (work.folder / ".state").exists()


def test_argument_too_long(work):
    done = work("run", "x" * 70000)
    assert done.code == 2 and "longer than 64 KiB" in done.err and len(done.err) < 1000


def test_state_folder_that_cannot_be_made(work):
    (work.folder / "file").write_text("")
    done = work("run", "--state-dir", "file/inside", work.plan("tasks: {a: {run: 'touch ran'}}"))
    assert done.code in (4, 8) and "file/inside" in done.err
    assert not (work.folder / "ran").exists()


# --- words that are nearly right ------------------------------------------------------------------------------------


@pytest.mark.parametrize("words, said", [
    (["--only", "biuld"], '--only "biuld": no such task: nothing was started; did you mean "build"?'),
    (["--from", "biuld"], '--from "biuld": no such task: nothing was started; did you mean "build"?'),
    (["--only", "zz"], '--only "zz": no such task: nothing was started. Try: one of build, unit, publish'),
    (["--only", "zz*"], '--only "zz*": no such task: nothing was started. Try: one of build, unit, publish'),
    (["--only", "other/unit"], '--only "other/unit": no such task; no plan of this run is that workstream: nothing was '
                               'started. Try: add its plan to the command')])
def test_tasks_that_are_not_there(work, words, said):
    plan = work.plan("tasks: {build: {run: x y}, unit: {run: x y}, publish: {run: x y}}")
    done = work("run", plan, *words)
    assert done.code == 2
    assert done.err == "sk: " + said + "\n"
    assert not (work.folder / ".state").exists()
