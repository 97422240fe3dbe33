/* Which providers take work at this moment, and when those that do not will be asked again. */
#include "base/when.h"
#include "cmd/goal/goals.h"
#include "core/breaker.h"

static const enum style styles[BREAKER_STATE_COUNT] = {
	[BREAKER_CLOSED] = STYLE_GOOD,
	[BREAKER_OPEN] = STYLE_BAD,
	[BREAKER_HALF_OPEN] = STYLE_WARN,
};

static void put_until(struct table *t, const struct provider *p, enum breaker_state state,
		      const struct tentacle *probe, int64_t now_ms)
{
	CLEANUP(buf_release) struct buf when = BUF_INIT;

	if (state == BREAKER_CLOSED) {
		table_cell(t, STYLE_DIM, "%s", "");
	} else if (state == BREAKER_HALF_OPEN) {
		if (probe)
			table_cell(t, STYLE_PLAIN, "%.*s tries", SPAN_ARG(probe->name));
		else
			table_cell(t, STYLE_PLAIN, "%s", "the next one tries");
	} else if (!p->open_until_ms) {
		table_cell(t, STYLE_PLAIN, "%s", "until a person closes it");
	} else {
		buf_put_duration(&when, p->open_until_ms - now_ms);
		table_cell(t, STYLE_PLAIN, "for %s", when.p);
	}
}

static void print_text(struct cmd_ctx *c, const struct goals *all)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(5);

	for (size_t i = 0; i < all->provider_count; i++) {
		const struct provider *p = &all->providers[i];
		enum breaker_state state = breaker_state(p, c->now_ms);

		table_span(&t, STYLE_PLAIN, p->id);
		table_cell(&t, styles[state], "%s", breaker_word(state));
		put_until(&t, p, state, breaker_probing(all, p), c->now_ms);
		table_span(&t, STYLE_PLAIN, p->kind);
		table_span(&t, STYLE_DIM, p->reason);
	}
	table_print(&t, c->out, 0);
	if (!all->provider_count)
		out_puts(c->out, "no provider has turned anybody away yet\n");
}

static void print_json(struct cmd_ctx *c, const struct goals *all)
{
	struct json j;

	json_open(&j, c->out, "breakers");
	json_array(&j, "breakers");
	for (size_t i = 0; i < all->provider_count; i++) {
		const struct provider *p = &all->providers[i];
		const struct tentacle *probe = breaker_probing(all, p);

		json_object(&j, NULL);
		json_span(&j, "provider", p->id);
		json_text(&j, "state", breaker_word(breaker_state(p, c->now_ms)));
		json_u64(&j, "failures", p->failures);
		json_time(&j, "open_until", p->open_until_ms);
		json_span(&j, "limit", p->kind);
		json_span(&j, "reason", p->reason);
		json_span(&j, "probe", probe ? probe->name : SPAN_NONE);
		json_time(&j, "changed_at", p->changed_ms);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_close(&j);
}

static int breaker_list_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	int rc = goals_open(c, 0, &s, e);

	if (rc < 0)
		return rc;
	if (c->json)
		print_json(c, goal_store_goals(s));
	else
		print_text(c, goal_store_goals(s));
	return EXIT_DONE;
}

const struct cmd cmd_breaker_list = {
	.path = "breaker list",
	.summary = "show which providers take work",
	.usage = "",
	.about = "When a provider turns one agent away (429, a quota), its breaker opens for all "
		 "tentacles that use it, until the time it named or for growing pauses. Then it "
		 "is half open: one tentacle tries. When that works it is closed, and the others "
		 "follow one by one.",
	.example = "sk breaker list",
	.needs = NEED_GOALS,
	.args = ARG_NONE,
	.run = breaker_list_run,
};
