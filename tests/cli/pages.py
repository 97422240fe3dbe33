"""What every page of the reading commands keeps to."""


def check_page(done, code=0):
    """A page for people: it ended well, fits eighty columns and holds nothing that acts on a terminal."""
    assert done.code == code, done.err
    assert done.err == ""
    for line in done.out.splitlines():
        assert len(line) <= 80, line
    assert "\x1b" not in done.out
    return done.out


def check_refusals(sk, command, option, nearly, right):
    """An id that does not exist, none at all, two different ones; and a folder where nothing has run."""
    unknown = sk(*command, nearly)
    assert unknown.code == 3
    assert "near: " in unknown.err and right in unknown.err
    assert sk(*command, "--" + option, nearly).err == unknown.err
    assert sk(*command, nearly, "--json").json["error"]["code"] == "not_found"
    missing = sk(*command)
    assert missing.code == 2
    assert "something is missing" in missing.err
    assert sk(*command, right, "--" + option, nearly).code == 2


def check_nothing_yet(sk, *words):
    done = sk(*words, "--state-dir", str(sk.folder / "empty" / ".state"))
    assert done.code == 3
    assert "Try: sk run PLAN" in done.err
