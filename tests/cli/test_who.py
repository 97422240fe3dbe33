"""Who did something, for the record: what was said, the environment, the password file."""

import pwd
import os


def test_who(goals):
    goals.begin()
    login = pwd.getpwuid(os.getuid()).pw_name
    for env, words, expected in (({"USER": "ada"}, ["--operator", "grace"], "grace"), ({"USER": "ada"}, [], "ada"),
                                 ({"USER": ""}, [], login)):
        assert goals("tentacle", "goal", "gate", "add", "g-" + expected, *words, env=env).code == 0
        assert "by " + expected in goals.g("history").out
