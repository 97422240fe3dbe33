"""sk classify: the kind of limit, why, when to come back, and an exit code that a script can branch on."""

import calendar
import os
import time

import pytest

WRITTEN = calendar.timegm((2026, 11, 21, 12, 0, 0))


def write(sk, text, name="out.txt", at=WRITTEN):
    path = sk.folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    os.utime(path, (at, at))
    return name


def classify(sk, text, *words, **more):
    return sk("classify", "--json", *words, write(sk, text), **more)


@pytest.mark.parametrize("text, limit, code", [
    ("all is well\n", "none", 0),
    ("", "none", 0),
    ("HTTP 429\n", "rate_limit", 75),
    ("rate limit\n", "rate_limit", 75),
    ("too many requests\n", "rate_limit", 75),
    ("quota exceeded\n", "quota_exceeded", 75),
    ("Quota exhausted \u2014 blocked\n", "quota_exceeded", 75),
    ("overloaded\n", "overloaded", 75),
    ("Error: getaddrinfo ENOTFOUND api.example.org\n", "network", 75),
    ("Error: getaddrinfo EAI_AGAIN api.example.org\n", "network", 75),
    ("curl: (6) Could not resolve host: example.org\n", "network", 75),
    ("Error: connect ECONNREFUSED 127.0.0.1:443\n", "network", 75),
    ("Error: read ECONNRESET\n", "network", 75),
    ("Error: connect ETIMEDOUT 192.0.2.1:443\n", "network", 75),
    ("connect: Network is unreachable\n", "network", 75),
    ("daily limit reached\n", "daily_quota", 75),
    ("monthly quota\n", "monthly_quota", 75),
    ("token quota exceeded\n", "token_quota", 75),
    ("billing\n", "billing", 11),
    ("402 Payment Required\n", "billing", 11),
    ("context window exceeded\n", "context_limit", 11),
])
def test_kinds(sk, text, limit, code):
    done = classify(sk, text)
    assert done.code == code
    page = done.json
    assert page["kind"] == "classification"
    assert page["limit"] == limit
    assert page["retryable"] == (code == 75)
    assert page["needs_human"] == (code == 11)
    assert (page["line"] is None) == (limit == "none")
    assert done.err == ""


def test_explain_names_line_and_words(sk):
    done = sk("classify", "--explain", write(sk, "one\ntwo\nError: 429 Too Many Requests\nRetry-After: 30\n"))
    assert done.code == 75
    assert done.out.startswith("rate_limit: try again: ")
    words = done.out.split()
    assert words[words.index("line") + 1] == "3"
    assert "429 Too Many Requests" in done.out
    assert "2026-11-21 12:00:30 UTC" in done.out
    assert "words; there is no structured error" in done.out.replace("\n", " ")


def test_explain_tells_of_the_network(sk):
    done = sk("classify", "--explain", write(sk, "Error: connect ECONNREFUSED 192.0.2.1:443\n"))
    assert done.code == 75 and done.out.startswith("network: try again: ")
    assert "the service cannot be reached from here" in done.out.replace("\n", " ")


def test_structured_before_words(sk):
    text = ("Error: monthly quota\n"
            '{"type":"result","is_error":true,"result":"Claude AI usage limit reached|%d"}\n' % (WRITTEN + 3600))
    page = classify(sk, text).json
    assert page["limit"] == "quota_exceeded"
    assert page["provider"] == "anthropic"
    assert page["structured"] is True
    assert page["line"] == 2
    assert page["retry_at"] == "2026-11-21T13:00:00.000Z"
    assert page["zone"] == "epoch"


def test_a_good_end_takes_it_back(sk):
    text = ('{"type":"error","error":{"type":"rate_limit_error"}}\n'
            '{"type":"result","subtype":"success","is_error":false,"result":"429 is handled"}\n')
    done = classify(sk, text)
    assert done.code == 0
    assert done.json["ended_well"] is True


def test_zone_of_the_text_and_of_the_machine(sk):
    text = "usage limit reached, resets 3pm"
    assert classify(sk, text + " (Europe/Berlin)").json["retry_at"] == "2026-11-21T14:00:00.000Z"
    assert classify(sk, text, env={"TZ": "XYZ-5"}).json["retry_at"] == "2026-11-22T10:00:00.000Z"
    assert classify(sk, text, env={"TZ": "UTC0"}).json["zone"] == "local"


def test_unknown_zone_is_said(sk):
    name = write(sk, "usage limit reached, resets 3pm (Mars/Olympus)")
    page = sk("classify", "--json", name).json
    assert page["retry_at"] is None
    assert page["zone"] == "Mars/Olympus"
    assert page["zone_known"] is False
    assert page["next_try_by"] == "exponential"
    assert "not known here" in " ".join(sk("classify", "--explain", name).out.split())


def test_next_try_is_in_the_future(sk):
    soon = int(time.time()) + 7200
    page = classify(sk, '{"error":{"type":"rate_limit_error"},"resets_at":%d}' % soon).json
    assert page["next_try_by"] == "server-hint"
    assert page["next_try_at"] == page["retry_at"] == time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(soon))


def test_provider(sk):
    assert classify(sk, "quota exceeded").json["provider"] == "unknown"
    assert classify(sk, "quota exceeded", "--provider", "google").json["provider"] == "google"
    assert classify(sk, "copilot: quota exceeded", "--provider", "google").json["provider"] == "github"
    done = sk("classify", "--provider", "acme", write(sk, "x"))
    assert done.code == 2
    assert "anthropic" in done.err


def test_stdin(sk):
    read_end, write_end = os.pipe()
    os.write(write_end, b"Error: 529 overloaded\n")
    os.close(write_end)
    done = sk("classify", "-", stdin=read_end)
    os.close(read_end)
    assert done.code == 75
    assert done.out.startswith("overloaded: try again: ")


def test_only_the_end_of_a_large_file(sk):
    """Lines are counted from the true beginning, also when only the end is read."""
    line = b"compiled one more file of the many that there are\n"
    count = 20 * 1024 * 1024 // len(line)
    done = classify(sk, b"Error: quota exceeded\n" + line * count + b"Error: 429 Too Many Requests\n")
    assert done.code == 75
    assert done.json["limit"] == "rate_limit"
    assert done.json["line"] == count + 2
    assert done.json["bytes_read"] == 16 * 1024 * 1024
    assert done.json["bytes_skipped"] > 0


def test_terminal_is_not_moved(sk):
    done = sk("classify", "--explain", write(sk, b"Error: 429 \x1b]0;x\x07 Too Many Requests\n"))
    assert done.code == 75
    assert "\x1b" not in done.out


@pytest.mark.parametrize("words, code, said", [
    (["classify"], 2, "FILE"),
    (["classify", "no-such-file"], 3, "there is no such file"),
    (["classify", "."], 2, "is a folder"),
    (["classify", "a", "b"], 2, "unexpected word"),
])
def test_refusals(sk, words, code, said):
    done = sk(*words)
    assert done.code == code
    assert said in done.err
    assert done.out == ""


def test_innocent_logs(sk):
    text = "\n".join(["src/http.c:429: warning: unused", "+\tthrow new Error(\"rate limit exceeded\");",
                      "if (status == 429) {", "see line 429", "429 tests passed",
                      "Added handling of 429 Too Many Requests"])
    assert classify(sk, text).code == 0
