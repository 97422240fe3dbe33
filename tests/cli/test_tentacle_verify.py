"""A proof is a command, what it said, and the tree it was said about; what it started ends with it."""

import subprocess

from conftest import binary, until


def begin(goals):
    assert goals.t("create", "a").code == 0


def log_of(goals, page):
    return (goals.home / page["log_path"]).read_text()


def test_it_passes(goals):
    goals.commit(x="1")
    begin(goals)
    page = goals.t("verify", "a", "echo out; echo err >&2", "--label", "both streams", "--json").json
    assert page["passed"] is True and page["label"] == "both streams" and page["exit_code"] == 0
    assert page["cwd"] == "." and page["severity"] == "HIGH" and page["tree"].startswith("files:")
    assert sorted(log_of(goals, page).split()) == ["err", "out"] and page["log_path"].endswith("-both-streams.log")
    [record] = goals.meta("a")["verifications"]
    assert record["command"] == "echo out; echo err >&2"


def test_it_fails(goals):
    begin(goals)
    done = goals.t("verify", "a", "echo no\033[31m; exit 7", "--severity", "LOW")
    assert done.code == 1 and "failed (exit 7)" in done.out and "no^[[31m" in done.out
    assert goals.meta("a")["verifications"][0]["exit_code"] == 7


def test_it_runs_in_the_root(goals):
    begin(goals)
    (goals.folder / "sub").mkdir()
    page = goals.t("verify", "a", "pwd", "--json", cwd=goals.folder / "sub").json
    assert log_of(goals, page).strip() == str(goals.folder)


def test_it_runs_in_the_worktree(goals):
    goals.commit(x="1")
    begin(goals)
    assert goals.t("worktree", "a", "prepare").code == 0
    page = goals.t("verify", "a", "pwd; cat x", "--json").json
    assert log_of(goals, page).split() == [goals.meta("a")["worktree"]["path"], "1"]


def test_the_whole_tree_ends_with_its_time(goals):
    begin(goals)
    done = goals.t("verify", "a", "(setsid sleep 300 &) ; sleep 300", "--timeout", "300ms")
    assert done.code == 124 and "timed out" in done.out
    assert goals.meta("a")["verifications"][0]["exit_code"] == -1
    until(lambda: not goals.left(), "nothing is left of it: %r" % goals.left())


def test_others_may_work_meanwhile(goals):
    begin(goals)
    goals.gate()
    running = goals.start("tentacle", "verify", "a", "cat gate")
    assert goals.t("todo", "a", "add", "meanwhile").code == 0
    goals.open_gate()
    for gate in goals.gates:
        subprocess.os.close(gate)
    goals.gates.clear()
    assert running.wait(20) == 0
    assert goals.meta("a")["verifications"] and "meanwhile" in (goals.home / "tentacles/a/todo.md").read_text()


def test_many_at_once_are_all_recorded(goals):
    begin(goals)
    running = [subprocess.Popen([binary(), "tentacle", "verify", "a", "echo %d" % i], cwd=goals.folder, env=goals.env,
                                stdout=subprocess.DEVNULL) for i in range(6)]
    assert [process.wait(60) for process in running] == [0] * 6
    assert len(goals.meta("a")["verifications"]) == 6


def test_output_without_end_is_cut(goals):
    begin(goals)
    page = goals.t("verify", "a", "head -c 18000000 /dev/zero | tr '\\0' x; echo end", "--json").json
    assert (goals.home / page["log_path"]).stat().st_size == 16 * 1024 * 1024
    assert page["output_tail"].endswith("xend\n")


def test_what_is_refused(goals):
    begin(goals)
    assert goals.t("verify", "b", "true").code == 3
    assert goals.t("verify", "a").code == 2
    assert goals.t("verify", "a", "").code == 2
    for more in (["--timeout", "0"], ["--timeout", "x"], ["--timeout", "9999999999"], ["--severity", "high"]):
        assert goals.t("verify", "a", "touch ran", *more).code == 2, more
    assert not (goals.folder / "ran").exists() and "verifications" not in goals.meta("a")


def test_a_missing_program_is_a_failure(goals):
    begin(goals)
    assert goals.t("verify", "a", "no-such-program-here").code == 1
    assert goals.meta("a")["verifications"][0]["exit_code"] == 127


def test_a_lower_severity_lifts_nothing(goals):
    begin(goals)
    assert goals.t("verify", "a", "test -e there").code == 1
    low = goals.t("verify", "a", "test -e there", "--severity", "LOW", "--json")
    assert low.code == 1 and low.json["severity"] == "HIGH" and "severity HIGH is kept" in low.err
    assert [v["severity"] for v in goals.meta("a")["verifications"]] == ["HIGH", "HIGH"]
    assert goals.t("complete", "a", "--auto-verify", "test -e there").code == 1
    (goals.folder / "there").write_text("")
    again = goals.t("verify", "a", "test -e there", "--severity", "LOW")
    assert again.code == 0 and "kept" not in again.err
    assert goals.t("complete", "a").code == 0


def test_a_mended_command_of_the_same_label_clears_it(goals):
    begin(goals)
    goals.t("verify", "a", "exit 2", "--label", "tests")
    goals.t("verify", "a", "true", "--label", "others")
    assert goals.t("complete", "a").code == 1
    goals.t("verify", "a", "true", "--label", "tests")
    assert goals.t("complete", "a").code == 0
