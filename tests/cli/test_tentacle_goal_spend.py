"""Tokens and money are added up, for the goal and for a tentacle."""


def test_it_adds_up(goals):
    goals.begin()
    goals.tentacle("docs")
    assert goals.g("spend", "--tokens", "100", "--cost", "0.25", "--tentacle", "docs").code == 0
    done = goals.g("spend", "--tokens", "1", "--cost", "1")
    assert done.code == 0 and "101 tokens, cost 1.25" in done.out
    assert goals.goal()["spent_tokens"] == 101 and goals.goal()["spent_cost_micros"] == 1250000
    assert goals.meta("docs")["spent_tokens"] == 100 and goals.meta("docs")["spent_cost_micros"] == 250000
    assert [event["metadata"].get("name") for event in goals.events("goal_spent")] == ["docs", None]


def test_it_says_when_nothing_is_left(goals):
    goals.begin("x", "--max-tokens", "50", "--max-cost", "1")
    assert "nothing left" not in goals.g("spend", "--tokens", "49").out
    assert "tokens" in goals.g("spend", "--tokens", "1").out.splitlines()[-1]
    assert goals.g("eval").code == 12
    assert goals.goal()["needs_human_reason"] == "over_budget:tokens"


def test_late_bills_are_taken(goals):
    goals.begin()
    goals.g("eval", "--decision", "complete")
    assert goals.g("spend", "--tokens", "5").code == 0


def test_refusals(goals):
    goals.begin()
    assert goals.g("spend").code == 2
    for words in (("--tokens", "-1"), ("--tokens", "x"), ("--cost", "1,5"), ("--cost", ".5"), ("--cost", "1e3")):
        assert goals.g("spend", *words).code == 2
    assert goals.g("spend", "--tokens", "1", "--tentacle", "nobody").code == 3
    assert goals.g("spend", "--tokens", "9007199254740991").code == 0
    assert goals.g("spend", "--tokens", "1").code == 2
    assert len(goals.events("goal_spent")) == 1


def test_json(goals):
    goals.begin()
    assert goals.g("spend", "--tokens", "7", "--json").json["spent_tokens"] == 7
