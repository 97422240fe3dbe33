/* Advice, and nothing but advice: it may be asked at any time by anybody. */
#include "cmd/goal/goal_advice.h"
#include "cmd/goal/goal_page.h"
#include "cmd/hint.h"
#include "core/tentacle_run.h"
#include "core/tentacle_work.h"

/* Those that take no work. */
static void put_providers(struct json *j, const struct goal_advice *a)
{
	json_array(j, "providers");
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->causes[i].what, "provider") != 0)
			continue;
		json_object(j, NULL);
		json_text(j, "provider", a->causes[i].subject);
		json_text(j, "text", a->causes[i].text);
		json_object_end(j);
	}
	json_array_end(j);
}

static void print_json(struct cmd_ctx *c, const struct goals *all, const struct goal *g,
		       const struct goal_advice *a)
{
	const struct iteration *it = goal_iteration(g, g->iteration);
	const struct gate *gates = g->gates.v;
	size_t counts[CRITERION_STATE_COUNT];
	struct json j;

	goal_count_criteria(g, counts);
	json_open(&j, c->out, "next_iteration");
	json_span(&j, "goal_id", g->id);
	json_text(&j, "status", goal_state_word(g->status));
	json_u64(&j, "iteration", g->iteration);
	json_object(&j, "tentacles");
	for (int s = 0; s < STANDING_COUNT; s++) {
		json_array(&j, standing_word(s));
		for (size_t i = 0; it && i < it->tentacles.count; i++)
			if (tentacle_standing(all, it->tentacles.v[i]) == (enum standing)s)
				json_span(&j, NULL, it->tentacles.v[i]);
		json_array_end(&j);
	}
	json_object_end(&j);
	json_array(&j, "unmerged");
	for (size_t i = 0; it && i < it->tentacles.count; i++) {
		const struct tentacle *t = goals_tentacle(all, it->tentacles.v[i]);

		if (t && tentacle_unmerged(t))
			json_span(&j, NULL, t->name);
	}
	json_array_end(&j);
	json_array(&j, "outside_scope");
	for (size_t i = 0; it && i < it->tentacles.count; i++) {
		const struct tentacle *t = goals_tentacle(all, it->tentacles.v[i]);

		for (size_t k = 0; t && k < t->outside_scope.count; k++) {
			json_object(&j, NULL);
			json_span(&j, "tentacle", t->name);
			json_span(&j, "file", t->outside_scope.v[k]);
			json_object_end(&j);
		}
	}
	json_array_end(&j);
	json_array(&j, "blocking_gates");
	for (size_t i = 0; i < g->gates.count; i++)
		if (gates[i].status == GATE_PENDING || gates[i].status == GATE_REJECTED)
			json_span(&j, NULL, gates[i].id);
	json_array_end(&j);
	put_providers(&j, a);
	json_object(&j, "criteria");
	json_u64(&j, "total", g->criteria.count);
	for (int i = 0; i < CRITERION_STATE_COUNT; i++)
		json_u64(&j, criterion_words[i], counts[i]);
	json_object_end(&j);
	json_text(&j, "recommendation", a->recommendation);
	json_next(&j, &a->next);
	json_close(&j);
}

/* What stopped each that is parked, and until when. */
static void put_parked(struct out *out, const struct goals *all, const struct goal *g)
{
	const struct iteration *it = goal_iteration(g, g->iteration);

	for (size_t i = 0; it && i < it->tentacles.count; i++) {
		const struct tentacle *t = goals_tentacle(all, it->tentacles.v[i]);
		CLEANUP(buf_release) struct buf why = BUF_INIT;

		if (t)
			tentacle_put_parked(t, &why);
		if (why.len)
			out_putf(out, "  parked %.*s: %s\n", SPAN_ARG(t->name), why.p);
	}
}

static void print_text(struct cmd_ctx *c, const struct goals *all, const struct goal *g,
		       const struct goal_advice *a)
{
	size_t standing[STANDING_COUNT], counts[CRITERION_STATE_COUNT];
	struct out *out = c->out;

	goal_put_line(out, g);
	goal_progress(all, g, g->iteration, standing);
	for (int s = 0; s < STANDING_COUNT; s++) {
		CLEANUP(buf_release) struct buf names = BUF_INIT;

		if (!standing[s])
			continue;
		goal_put_names(all, g, s, &names);
		out_putf(out, "  %s: %s\n", names.p, standing_text(s));
	}
	put_parked(out, all, g);
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->causes[i].what, "gate") == 0 ||
		    strcmp(a->causes[i].what, "work") == 0 ||
		    strcmp(a->causes[i].what, "provider") == 0 ||
		    strcmp(a->causes[i].what, "budget") == 0) {
			out_putf(out, "  %s %s: ", a->causes[i].what, a->causes[i].subject);
			out_visible(out, span_of(a->causes[i].text));
			out_puts(out, "\n");
		}
	goal_count_criteria(g, counts);
	if (g->criteria.count)
		out_putf(out, "  criteria: %zu of %zu verified, %zu failed\n",
			 counts[CRITERION_VERIFIED], g->criteria.count, counts[CRITERION_FAILED]);
	out_putf(out, "\n%s\n", a->recommendation);
	out_next(out, &a->next);
}

static int tentacle_goal_next_iter_run(struct cmd_ctx *c, struct err *e)
{
	return goal_advise_page(c, print_text, print_json, e);
}

static const struct option_row tentacle_goal_next_iter_options[] = {
	GOAL_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_next_iter = {
	.path = "tentacle goal next-iter",
	.summary = "advise what to do next; changes nothing",
	.usage = "[--goal ID]",
	.example = "sk tentacle goal next-iter",
	.options = tentacle_goal_next_iter_options,
	.needs = NEED_GOALS,
	.run = tentacle_goal_next_iter_run,
};
