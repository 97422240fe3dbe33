"""Whoever edits goal.json or meta.json can do what a command could, and nothing else. What is refused is left as it was
written, with its line and column, and nothing of it is recorded."""

import json

import pytest


def at_work(goals):
    goals.begin("Port it", "--max-iterations", "9")
    goals.tentacle("a")
    assert goals.g("gate", "add", "g1").code == 0
    assert goals.g("criteria", "add", "--id", "c1", "--desc", "pass", "--verify-cmd", "false").code == 0
    assert goals.g("criteria", "check").code == 1


def refused(goals, path, *words, code=2):
    """A command that changes something says why, and neither the file nor the journal changes; then the way out."""
    text, journal = path.read_text(), goals.events()
    for command in ("spend", "--tokens", "1"), ("status",):
        done = goals.g(*command) if path.name == "goal.json" else goals.t("show", path.parent.name)
        assert done.code == code, (done.out, done.err)
        for word in words:
            assert word in done.err, done.err
        assert "(line " in done.err and ", column " in done.err and done.err.count("Try: ") == 1, done.err
        assert "goal repair" in done.err and "it was not taken over" in done.err or "nothing was changed" in done.err
    assert path.read_text() == text
    assert goals.events() == journal
    return done.err


def edit(goals, change):
    goal = goals.goal()
    change(goal)
    (goals.home / "goal.json").write_text(json.dumps(goal, indent=2))
    return goals.home / "goal.json"


def put(**members):
    return lambda goal: goal.update(members)


def first(member, **members):
    return lambda goal: goal[member][0].update(members)


ROWS = {
    "completed over a gate": (put(status="completed"), "status: "),
    "active iteration": (put(iteration=99), "iteration: the goal is at 1"),
    "waiting for no gate": (lambda g: (g["gates"][0].update(status="passed"), g.update(status="awaiting-gate")),
                            "status: there is no gate to wait for"),
    "proved by hand": (first("success_criteria", status="verified"), 'success_criteria[0].status: only a run'),
    "evidence by hand": (first("success_criteria", evidence="all well"), "success_criteria[0]: what a run"),
    "exit code by hand": (first("success_criteria", exit_code=0), "success_criteria[0]: what a run"),
    "a gate twice": (lambda g: g["gates"].append({"id": "g1"}), 'gates[1].id: "g1" is the name of gates[0] already'),
    "a gate twice but for case": (lambda g: g["gates"].append({"id": "G1"}), "gates[1].id: "),
    "a gate without a name": (lambda g: g["gates"].append({"description": "x"}), "gates[1].id: is missing"),
    "a gate that climbs": (lambda g: g["gates"].append({"id": "../x"}), 'gates[1].id: invalid name "../x"'),
    "a gate taken out": (put(gates=[]), 'gates: gate "g1" is gone'),
    "a criterion twice": (lambda g: g["success_criteria"].append({"id": "c1"}), "success_criteria[1].id: "),
    "no title": (put(title=""), "title: is missing or empty"),
    "a long title": (put(title="x" * 6000), "title and description are 6000 bytes"),
    "ten thousand years": (put(budget={"timeout_minutes": 10**12}), "budget.timeout_minutes: expected an integer from 1 to"),
    "iterations without end": (put(budget={"max_iterations": 10**9}), "budget.max_iterations: expected an integer from 1"),
    "a day that is none": (put(created_at="2024-02-30T00:00:00Z"), 'created_at: not an ISO-8601 time with zone: "2024-02-30'),
    "another day": (put(created_at="2024-02-20T00:00:00Z"), "created_at: is not for people to change"),
    "a moment that is none": (put(updated_at="yesterday"), "updated_at: not an ISO-8601"),
    "iterations": (put(iterations={}), "iterations: is not for people to change"),
    "another name": (put(goal_id="0"), "goal_id: is not for people to change"),
    "money": (put(spent_tokens=0, spent_cost_micros=7), "spent_cost_micros: is not for people to change"),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_no_command_can(goals, name):
    at_work(goals)
    change, words = ROWS[name]
    path = edit(goals, change)
    refused(goals, path, words)
    assert goals.g("repair").code == 0
    assert goals.g("status").code == 0 and goals.goal()["title"] == "Port it"


def test_completed_over_an_open_tentacle(goals):
    goals.begin()
    goals.tentacle("a")
    refused(goals, edit(goals, put(status="completed")), "status: iteration 1: not done: a (ready)")


def test_completed_as_eval_does_it(goals):
    goals.begin()
    edit(goals, put(status="completed"))
    assert goals.g("history").code == 0
    assert goals.g("gate", "add", "late").code == 4
    goal = goals.goal()
    assert goal["status"] == "completed" and goal["completed_at"]
    assert goal["eval_history"][-1]["decision"] == "complete" and goal["iterations"]["1"]["completed_at"]


def test_a_gate_that_passed_is_not_taken_back(goals):
    goals.begin()
    goals.g("gate", "pass", "g")
    refused(goals, edit(goals, first("gates", status="pending")), 'gates[0].status: gate "g" has passed')


def test_a_gate_passed_by_hand(goals):
    goals.begin()
    goals.g("gate", "add", "g")
    created = goals.goal()["gates"][0]["created_at"]
    edit(goals, put(gates=[{"id": "g", "status": "passed", "theirs": {"deep": [1]}}]))
    assert goals.g("spend", "--tokens", "1").code == 0
    [gate] = goals.goal()["gates"]
    assert gate["created_at"] == created and gate["approved_at"] and gate["theirs"] == {"deep": [1]}


def test_a_criterion_goes_back_to_unverified(goals):
    goals.begin()
    goals.g("criteria", "add", "--id", "c", "--desc", "x", "--verify-cmd", "true")
    assert goals.g("criteria", "check").code == 0
    edit(goals, first("success_criteria", status="unverified"))
    assert goals.g("spend", "--tokens", "1").code == 0
    [criterion] = goals.goal()["success_criteria"]
    assert criterion["status"] == "unverified" and "exit_code" not in criterion and "tree" not in criterion


def test_another_command_is_not_proved(goals):
    goals.begin()
    goals.g("criteria", "add", "--id", "c", "--desc", "x", "--verify-cmd", "true")
    assert goals.g("criteria", "check").code == 0
    edit(goals, first("success_criteria", verification_command="false"))
    assert goals.g("spend", "--tokens", "1").code == 0
    assert goals.goal()["success_criteria"][0]["status"] == "unverified"


def test_what_others_add_stays(goals):
    at_work(goals)
    edit(goals, lambda g: (g["budget"].update(max_iteration=3), g["gates"][0].update(url="x"), g.update(mine=[1]),
                           g["success_criteria"][0].update(owner="me")))
    for _ in range(2):
        assert goals.g("spend", "--tokens", "1").code == 0
    goal = goals.goal()
    assert goal["budget"] == {"max_iterations": 9, "max_iteration": 3} and goal["gates"][0]["url"] == "x"
    assert goal["success_criteria"][0]["owner"] == "me" and goal["mine"] == [1]


def test_at_its_end_only_the_words_change(goals):
    goals.begin()
    goals.g("gate", "add", "g")
    goals.g("gate", "approve", "g")
    assert goals.g("eval", "--decision", "complete").code == 0
    edit(goals, put(title="as it was called later"))
    assert goals.g("status").code == 0
    assert goals.g("history").code == 0
    refused(goals, edit(goals, put(budget={"max_iterations": 3})), "status: the goal was completed at")


TENTACLE_ROWS = {
    "itself": (dict(todo_deps=["a"]), 'todo_deps[0]: "a" cannot wait for itself'),
    "nobody": (dict(todo_deps=["b", "nobody"]), 'todo_deps[1]: there is no tentacle "nobody"'),
    "a circle": (dict(todo_deps=["c"]), "todo_deps: dependency cycle: a → c → b → a"),
    "the machine": (dict(scope=["src", "/etc"]), 'scope[1]: "/etc" '),
    "upwards": (dict(scope=["../.."]), 'scope[0]: "../.." '),
    "running": (dict(status="running"), 'status: "running" is not for people to set'),
    "another goal": (dict(goal_id="x"), "goal_id: is not for people to change"),
    "another iteration": (dict(iteration=7), "iteration: is not for people to change"),
    "another worktree": (dict(worktree={"prepared": True, "path": "/"}), "worktree: is not for people to change"),
    "another word": (dict(terminal_status="REGRESSED"), "terminal_status: is not for people to change"),
}


@pytest.mark.parametrize("name", TENTACLE_ROWS)
def test_what_no_command_can_do_to_a_tentacle(goals, name):
    goals.begin()
    goals.tentacle("a")
    goals.tentacle("b", todo_deps=["a"])
    goals.tentacle("c", todo_deps=["b"])
    members, words = TENTACLE_ROWS[name]
    goals.edit_meta("a", **members)
    refused(goals, goals.home / "tentacles" / "a" / "meta.json", words)
    assert goals.t("show", "b").code == 0
    assert goals.g("repair", "--tentacle", "a").code == 0
    assert goals.t("show", "a").code == 0


def test_a_failed_check_keeps_a_tentacle_open(goals):
    goals.begin()
    goals.tentacle("a")
    assert goals.t("verify", "a", "false").code == 1
    goals.edit_meta("a", status="completed")
    refused(goals, goals.home / "tentacles" / "a" / "meta.json", "status: ", "verification", "failed")


def test_found_folders_in_a_circle(goals):
    goals.begin()
    for name, need in ("a", "b"), ("b", "a"):
        folder = goals.home / "tentacles" / name
        folder.mkdir(parents=True, mode=0o700)
        (folder / "meta.json").write_text(json.dumps({"name": name, "status": "idle", "todo_deps": [need]}))
    shown = [goals.t("show", name) for name in "ab"]
    assert sorted(done.code for done in shown) == [0, 2], shown
    assert "dependency cycle" in "".join(done.err for done in shown)
