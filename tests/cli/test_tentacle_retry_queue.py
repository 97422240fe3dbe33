"""The same queue under its other name."""


def test_it_is_the_same(goals):
    goals.t("create", "a")
    goals.t("handoff", "a", "rate limit", "--status", "BLOCKED")
    assert goals.t("retry-queue", "list", "--json").json == goals("retry-queue", "list", "--json").json
    assert goals.t("retry-queue", "release", "a").code == 0
    assert goals.meta("a")["status"] == "idle"
    assert goals.t("retry-queue", "release", "a").code == 4
