#!/usr/bin/python3
"""An agent for the tests: fake_agent.py STYLE NAME [words]. It speaks as STYLE (claude, copilot, codex) does and acts out the
first line that is left in $FAKE/NAME, which it takes away; without one it hands off. A line is words:

    handoff[=STATUS]  edit=PATH  commit  git=WORD,WORD  say=TEXT  used=TOKENS  limit  reset=SECONDS  overloaded  billing  wait=FIFO  orphan
    die  exit=N  hang  stubborn  wail=TEXT (on stderr)  offline  ready (is noted)
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

STYLE, NAME = sys.argv[1], sys.argv[2]
FAKE = pathlib.Path(os.environ["FAKE"])
TIME_IS_OVER_S = 60


def note(what):
    with open(FAKE / (NAME + ".ran"), "a") as ran:
        ran.write("%s %d\n" % (what, os.getpid()))


def line():
    script = FAKE / NAME
    left = script.read_text().splitlines() if script.exists() else []
    script.write_text("".join(one + "\n" for one in left[1:]))
    return left[0] if left else "used=7 handoff"


def put(**members):
    print(json.dumps(members), flush=True)


def say(text):
    if STYLE == "claude":
        put(type="assistant", message={"role": "assistant", "content": [{"type": "text", "text": text}]})
    elif STYLE == "codex":
        put(type="item.completed", item={"id": "item_0", "type": "agent_message", "text": text})
    else:
        print(text, flush=True)


def end(tokens):
    if STYLE == "claude":
        put(type="result", subtype="success", is_error=False, result="done", total_cost_usd=0.25,
            usage={"input_tokens": tokens - 2, "output_tokens": 2, "cache_read_input_tokens": 1000})
    elif STYLE == "codex":
        put(type="turn.completed", usage={"input_tokens": tokens, "cached_input_tokens": 2, "output_tokens": 2})


def fail(status, kind, text):
    """The way each of them tells of an error of its service, and ends."""
    if STYLE == "claude":
        put(type="result", subtype="success", is_error=True, api_error_status=status,
            result="API Error: %d %s" % (status, json.dumps({"type": "error", "error": {"type": kind, "message": text}})))
    elif STYLE == "codex":
        put(type="turn.failed", error={"message": "exceeded retry limit, last status: %d %s" % (status, text)})
    else:
        print("Error: %d %s" % (status, text), file=sys.stderr, flush=True)
    sys.exit(1)


def act(word):
    verb, _, value = word.partition("=")
    if verb == "handoff":
        subprocess.run([os.environ["PROGRAM"], "tentacle", "handoff", NAME, "done by the fake", "--status", value or "DONE"],
                       check=False)
    elif verb == "edit":
        try:
            pathlib.Path(value).parent.mkdir(parents=True, exist_ok=True)
            pathlib.Path(value).write_text("by " + NAME)
        except OSError as problem:
            note("denied")
            say(str(problem))
    elif verb == "commit":
        done = subprocess.run(["git", "commit", "-q", "-a", "-m", "by " + NAME], capture_output=True, text=True, check=False)
        note("committed" if done.returncode == 0 else "refused")
        say(done.stderr)
    elif verb == "git":
        if subprocess.run(["git", *value.split(",")], check=False).returncode != 0:
            note("denied")
    elif verb == "say":
        say(value)
    elif verb == "used":
        end(int(value))
    elif verb == "limit":
        fail(429, "rate_limit_error", "Too Many Requests")
    elif verb == "reset":
        fail(429, "rate_limit_error", "Too Many Requests, retry-after: %s" % value)
    elif verb == "overloaded":
        fail(529, "overloaded_error", "Overloaded")
    elif verb == "billing":
        fail(402, "billing_error", "402 Payment Required")
    elif verb == "wait":
        with open(FAKE / value, "rb", buffering=0) as gate:
            gate.read(1)
    elif verb == "orphan":
        subprocess.Popen(["/bin/sleep", "1000"], start_new_session=True, stdin=subprocess.DEVNULL)
    elif verb == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif verb == "ready":
        note("ready")
    elif verb == "offline":
        print("Error: getaddrinfo ENOTFOUND api.anthropic.com", file=sys.stderr, flush=True)
        sys.exit(1)
    elif verb == "wail":
        print(value, file=sys.stderr, flush=True)
    elif verb == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif verb == "exit":
        sys.exit(int(value))
    elif verb == "hang":
        time.sleep(TIME_IS_OVER_S)
    else:
        sys.exit("fake_agent: no such word: " + word)


def main():
    prompt = sys.stdin.read() if len(sys.argv) == 3 else sys.argv[3]
    (FAKE / (NAME + ".prompt")).write_text(prompt)
    words = line().split()  # before it is seen to have begun: whoever kills it then meets the next line next time
    note("began")
    for word in words:
        act(word)
    note("ended")


main()
