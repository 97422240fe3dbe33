"""sk query: words are words, the closest way that finds something wins, and nothing in an entry can deceive a terminal."""

import pytest

from knowledge import ask, make

LESSONS = [
    ("mistake", "Locks and fork", "A child closes the file and the lock of its parent is gone", "locks"),
    ("decision", "One journal", "Two files cannot be synced together, so there is one journal", "disk"),
    ("pattern", "Kill at every call", "Tests kill the program before each system call", "tests"),
    ("tool", "kb_open", "src/kb/kb.c opens the database", ""),
    ("mistake", "Journal rotation", "A rotated journal begins with a snapshot", "disk"),
]


@pytest.fixture
def kb(sk):
    sk.db = sk.folder / "knowledge.db"
    sk.env["SK_DB_PATH"] = str(sk.db)
    for category, title, text, tags in LESSONS:
        more = ["--tags", tags] if tags else []
        assert sk("learn", "--" + category, title, text, *more, "--file", "src/%s.c" % category).code == 0
    return sk


def found(kb, *words):
    document = kb("query", *words, "--json").json
    return [entry["title"] for entry in document["entries"]], document["strictness"]


def test_how_closely_it_is_taken(kb):
    assert found(kb, "locks") == (["Locks and fork"], "strict")
    assert found(kb, "locking") == (["Locks and fork"], "strict")  # one stem
    assert found(kb, "journ")[1] == "prefix"  # as a word there is none
    assert set(found(kb, "journ")[0]) == {"One journal", "Journal rotation"}
    assert found(kb, "src/kb/kb.c") == (["kb_open"], "strict")
    assert found(kb, "kil prog sys") == (["Kill at every call"], "prefix")
    titles, how = found(kb, "why is the lock gone when a child of the program ends")
    assert how == "broad" and titles[0] == "Locks and fork"
    assert found(kb, "ocks") == (["Locks and fork"], "literal")
    assert found(kb, "nothing of that kind") == ([], "literal")
    assert kb("query", "zebra").out == "Nothing was found.\n"


def test_words_are_no_language(kb):
    for words in (['"'], ['locks"'], ["locks OR journal"], ["NOT locks"], ["locks*"], ["title:locks"], ["NEAR(a b)"], ["^"],
                  ["(("], ["'; DROP TABLE sessions"], ["--", "-locks"], ["locks\nAND\njournal"], ["%"], ["_"], ["{}:+"]):
        assert kb("query", *words).code == 0, words
    assert found(kb, "locks OR zebra")[0] == []
    assert ask(kb.db, "SELECT count(*) FROM sessions") == [(0,)]


def test_narrowed(kb):
    assert found(kb, "--mistakes", "journal")[0] == ["Journal rotation"]
    assert found(kb, "--type", "decision", "journal")[0] == ["One journal"]
    assert found(kb, "--decisions")[0] == ["One journal"]
    assert found(kb, "--file", "src/tool.c")[0] == ["kb_open"]
    assert found(kb, "--session", "none")[0] == []
    assert found(kb, "--list", "--limit", "2") == (["Journal rotation", "kb_open"], "newest")
    assert len(found(kb, "--list", "--limit", "3")[0]) == 3
    assert found(kb, "journal", "--min-confidence", "0.6")[0] == ["One journal"]  # two words ask for 0.2 more


def test_deleted_ones_are_not_found(kb):
    make(kb.db, "UPDATE knowledge_entries SET deleted_at='then' WHERE id=1")
    assert found(kb, "locks")[0] == [] and len(found(kb, "--list")[0]) == 4
    assert kb("query", "--detail", "1").code == 3


def test_detail(kb):
    entry = kb("query", "--detail", "2", "--json").json
    assert (entry["kind"], entry["title"], entry["files"]) == ("entry", "One journal", '["src/decision.c"]')
    page = kb("query", "--detail", "2").out
    assert "One journal" in page and "Two files cannot be synced" in page and "src/decision.c" in page
    done = kb("query", "--detail", "99")
    assert done.code == 3 and "there is none of that number" in done.err


def test_text(kb):
    assert kb("query", "locks").out == ("#1 mistake: Locks and fork  (confidence 0.70, seen 1 time)\n"
                                        "    A child closes the file and the lock of its parent is gone\n")
    make(kb.db, "UPDATE knowledge_entries SET title=char(27)||']0;evil', content='a'||char(13)||char(8238)||'b' WHERE id=1")
    for words in (["fork", "--list"], ["--detail", "1"]):
        page = kb("query", *words).out
        assert "\x1b" not in page and "\r" not in page and "\u202e" not in page


@pytest.mark.parametrize("words", [[], ["--limit", "0", "x"], ["--limit", "1001", "x"], ["--type", "mistakes", "x"],
                                   ["--mistakes", "--patterns", "x"], ["--semantic", "x"], ["w" * 4097],
                                   ["--min-confidence", "2", "x"]])
def test_usage(kb, words):
    done = kb("query", *words)
    assert done.code == 2 and done.err.startswith("sk: ") and done.err.count("\n") == 1, done.err


def test_no_database(sk):
    done = sk("query", "x", "--db", sk.folder / "none.db")
    assert done.code == 3 and "does not exist" in done.err
    make(sk.folder / "old.db")
    done = sk("query", "x", "--db", sk.folder / "old.db")
    assert done.code == 4 and "sk migrate" in done.err
    assert not (sk.folder / "none.db").exists()
