"""The scripts load in their shells, and the shell asks `sk __complete`."""

import os
import shutil
import subprocess

import pytest

from conftest import binary, DONE


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_accepts_the_script(sk, shell):
    done = sk("completion", shell)
    assert done.code == 0
    if not shutil.which(shell):
        pytest.skip(shell + " is not installed")
    script = sk.folder / "script"
    script.write_text(done.out)
    check = subprocess.run([shell, "-n", str(script)], capture_output=True, text=True)
    assert check.returncode == 0, check.stderr


def bash_offers(sk, *words):
    """What bash would show after these words, asked of the function the script defines."""
    path = os.path.dirname(binary()) + ":" + os.environ["PATH"]
    code = ('source <(sk completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sk_complete; '
            'printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-c", code, "bash", "sk", *words], capture_output=True, text=True, cwd=sk.folder,
                          env={**sk.env, "PATH": path})
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def test_bash_offers_commands_options_and_ids(sk, maker):
    maker.make(DONE)
    assert "status" in bash_offers(sk, "st")
    assert bash_offers(sk, "logs", "--fo") == ["--follow", "--format"]
    assert bash_offers(sk, "why", "tw") == ["two"]


def test_bash_offers_tentacles_and_gates(goals):
    goals.begin("one")
    goals.g("gate", "add", "release")
    goals.t("create", "lexer")
    assert bash_offers(goals, "tentacle", "show", "le") == ["lexer"]
    assert bash_offers(goals, "goal", "gate", "approve", "") == ["release"]
    assert bash_offers(goals, "goal", "choose", goals.goal()["goal_id"][:4]) == [goals.goal()["goal_id"]]


def test_bash_offers_files(sk):
    (sk.folder / "state-here").mkdir()
    assert bash_offers(sk, "status", "--state-dir", "sta") == ["state-here"]


def test_fish_offers_ids(sk, maker):
    if not shutil.which("fish"):
        pytest.skip("fish is not installed")
    maker.make(DONE)
    path = os.path.dirname(binary()) + ":" + os.environ["PATH"]
    done = subprocess.run(["fish", "-c", 'sk completion fish | source; complete -C "sk why tw"'], capture_output=True,
                          text=True, cwd=sk.folder, env={**sk.env, "PATH": path, "HOME": str(sk.folder)})
    assert done.stdout.split("\t")[0] == "two", done.stderr


def test_unknown_shell(sk):
    done = sk("completion", "tcsh")
    assert done.code == 2
    assert 'unknown shell "tcsh": expected bash, zsh or fish' in done.err


def test_there_is_no_json_of_a_script(sk):
    assert sk("completion", "bash", "--json").code == 2
