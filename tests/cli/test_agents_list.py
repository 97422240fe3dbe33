"""sk agents list: what is configured, from where, whether it is installed; strict files, and no secret anywhere."""

import pytest

LOCAL = """\
agents:
  local:
    command: [my-agent, --file, "{prompt_file}"]
    provider: openai
    timeout: 90
    max_parallel: 2
    env: {MY_KEY: "hush-hush"}
    write_paths: [~/.cache/my-agent]
"""


def configure(goals, text, user=False):
    folder = goals.folder / "home/.config/holdfast" if user else goals.home
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "config.yaml").write_text(text)


def install(goals, name):
    program = goals.folder / "bin" / name
    program.parent.mkdir(exist_ok=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    goals.env["PATH"] = "%s:%s" % (program.parent, goals.env["PATH"])
    return str(program)


def agents(goals, *words):
    done = goals("agents", "list", "--json", *words)
    assert done.code == 0, done.err
    return {agent["name"]: agent for agent in done.json["agents"]}


def test_known_without_a_file(goals):
    known = agents(goals)
    assert set(known) == {"claude", "copilot", "codex"}
    assert known["claude"]["command"][:4] == ["claude", "-p", "--output-format", "stream-json"]
    assert known["codex"]["provider"] == "openai"
    assert all(agent["source"] == "built in" for agent in known.values())
    assert not goals.home.exists()


def test_a_file_adds_and_changes(goals):
    program = install(goals, "my-agent")
    configure(goals, LOCAL + "  claude: {timeout: 1h, model: opus}\ndefault_agent: local\nauto_release: false\n")
    done = goals("agents", "list", "--json")
    page = done.json
    found = {agent["name"]: agent for agent in page["agents"]}
    assert page["default_agent"] == "local" and page["auto_release"] is False
    assert found["local"]["program"] == program
    assert found["local"]["timeout_ms"] == 90000 and found["local"]["max_parallel"] == 2
    assert found["claude"]["timeout_ms"] == 3600000 and found["claude"]["model"] == "opus"
    assert found["claude"]["command"][0] == "claude"
    text = goals("agents", "list")
    assert "default: local" in text.out and program in text.out and "not released by itself" in text.out


def test_the_repository_wins_member_by_member(goals):
    configure(goals, LOCAL, user=True)
    configure(goals, "agents:\n  local: {max_parallel: 7}\n")
    local = agents(goals)["local"]
    assert local["max_parallel"] == 7 and local["timeout_ms"] == 90000 and local["source"] == "repository"


def test_values_of_variables_are_never_shown(goals):
    configure(goals, LOCAL)
    for words in ((), ("--json",), ("--check",)):
        done = goals("agents", "list", *words)
        assert "hush-hush" not in done.out + done.err
    assert agents(goals)["local"]["variables"] == ["MY_KEY"]


def test_check_names_what_is_not_installed(goals):
    assert goals("agents", "list", "--check").code == 0
    configure(goals, LOCAL)
    done = goals("agents", "list", "--check")
    assert done.code == 1 and 'agent local: its program "my-agent" is not found' in done.err
    install(goals, "my-agent")
    assert goals("agents", "list", "--check").code == 0


def test_a_path_of_its_own_is_searched(goals):
    program = install(goals, "my-agent")
    goals.env["PATH"] = goals.env["PATH"].split(":", 1)[1]
    configure(goals, LOCAL.replace("env: {", "env: {PATH: \"%s/bin\", " % goals.folder))
    assert agents(goals)["local"]["program"] == program


@pytest.mark.parametrize("text, says", [
    ("agents:\n  x: {comand: [a]}\n", '2:7: unknown key "comand" in an agent'),
    ("agents:\n  x: {command: run me}\n", "expected a list of words"),
    ("agents:\n  x: {command: []}\n", "an empty one"),
    ("agents:\n  x: {provider: openai}\n", "agent x has no command"),
    ("agents:\n  x: {command: [a, \"{promt}\"]}\n", "this is no placeholder"),
    ("agents:\n  x: {command: [a, \"{prompt\"]}\n", "this is no placeholder"),
    ("agents:\n  x: {command: [a, \"--m={model_args}\"]}\n", "stands for several words"),
    ("agents:\n  x: {command: [a], model_args: [\"{model_args}\"]}\n", "it cannot hold itself"),
    ("agents:\n  a b: {command: [a]}\n", 'agent "a b":'),
    ("agents:\n  x: {command: [a], timeout: 0}\n", "expected 1.."),
    ("agents:\n  x: {command: [a], max_parallel: 0}\n", "max_parallel"),
    ("agents:\n  x: {command: [a], env: {1A: b}}\n", 'env: "1A" cannot be set'),
    ("agents:\n  x: {command: [a], env: {SK_TASK_ID: b}}\n", "cannot be set"),
    ("agents:\n  x: {command: [a], write_paths: [cache]}\n", "is not absolute"),
    ("agents:\n  x: {command: [a], provider: \"a/b\"}\n", 'invalid name "a/b"'),
    ("default_agent: nobody\n", 'there is no agent "nobody"'),
    ("auto_release: maybe\n", "auto_release"),
    ("agent: {}\n", 'unknown key "agent"'),
    ("- a\n", "expected a map"),
    ("agents: {x: &a {}}\n", "config.yaml:1:"),
    ("agents:\n  x: {command: [a]}\n  x: {command: [b]}\n", "config.yaml:3:"),
])
def test_bad_files_are_refused_with_their_place(goals, text, says):
    configure(goals, text)
    done = goals("agents", "list")
    assert done.code == 2, done.out
    assert says in done.err and "config.yaml:" in done.err


def test_a_file_that_is_none_is_refused(goals):
    goals.home.mkdir(mode=0o700)
    (goals.home / "config.yaml").mkdir()
    assert goals("agents", "list").code in (2, 8)


def test_words(goals):
    assert goals("agents", "list", "extra").code == 2
    assert goals("agents", "list", "--chek").code == 2
