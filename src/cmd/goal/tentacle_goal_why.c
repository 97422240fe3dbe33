/* The chain from the present status to what can be done about it. */
#include "base/when.h"
#include "cmd/goal/goal_advice.h"
#include "cmd/goal/goal_page.h"
#include "cmd/goal/goal_story.h"
#include "cmd/hint.h"

struct last_move {
	struct buf text;
	char *by, *reason;
	int64_t at_ms;
};

static void last_move_release(struct last_move *m)
{
	buf_release(&m->text);
	mem_free(&m->by);
	mem_free(&m->reason);
}

static int note_move(void *ctx, const struct event *ev)
{
	struct last_move *m = ctx;

	if (!ev->goal_id.len || !ev->transition ||
	    (ev->from == ev->to && ev->kind != EV_GOAL_CONTINUED))
		return 0;
	last_move_release(m);
	*m = (struct last_move){ .at_ms = ev->at_ms };
	goal_story_put(ev, &m->text);
	m->by = span_dup(ev->operator_name);
	m->reason = span_dup(ev->reason);
	return 0;
}

static void print_json(struct cmd_ctx *c, const struct goal *g, const struct last_move *m,
		       const struct goal_advice *a)
{
	struct json j;

	json_open(&j, c->out, "goal_why");
	json_span(&j, "goal_id", g->id);
	json_text(&j, "status", goal_state_word(g->status));
	json_time(&j, "since", m->at_ms);
	json_text(&j, "by", m->by && *m->by ? m->by : NULL);
	json_text(&j, "reason", m->reason && *m->reason ? m->reason : NULL);
	json_array(&j, "causes");
	for (size_t i = 0; i < a->count; i++) {
		json_object(&j, NULL);
		json_text(&j, "what", a->causes[i].what);
		json_text(&j, "subject", *a->causes[i].subject ? a->causes[i].subject : NULL);
		json_text(&j, "text", a->causes[i].text);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_text(&j, "recommendation", a->recommendation);
	json_next(&j, &a->next);
	json_close(&j);
}

static void print_text(struct cmd_ctx *c, const struct goal *g, const struct last_move *m,
		       const struct goal_advice *a)
{
	struct out *out = c->out;

	goal_put_line(out, g);
	if (m->at_ms) {
		CLEANUP(buf_release) struct buf when = BUF_INIT;

		buf_put_when(&when, m->at_ms);
		out_putf(out, "  since %s UTC: %s\n", when.p, m->text.p);
	}
	for (size_t i = 1; i < a->count; i++) {
		out_putf(out, "  %s %s: ", a->causes[i].what, a->causes[i].subject);
		out_visible(out, span_of(a->causes[i].text));
		out_puts(out, "\n");
	}
	out_putf(out, "\n%s\n", a->recommendation);
	out_next(out, &a->next);
}

static int tentacle_goal_why_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	CLEANUP(goal_advice_release) struct goal_advice a = GOAL_ADVICE_INIT;
	CLEANUP(last_move_release) struct last_move m = { .at_ms = 0 };
	const struct goal *g;
	int rc = goals_open_goal(c, 0, &s, &g, e);

	if (rc == 0)
		rc = goal_story(s, g, note_move, &m, e);
	if (rc < 0)
		return rc;
	goals_warn(s);
	goal_advise(goal_store_goals(s), g, c->now_ms, &a);
	if (c->json)
		print_json(c, g, &m, &a);
	else
		print_text(c, g, &m, &a);
	return EXIT_DONE;
}

static const struct option_row tentacle_goal_why_options[] = {
	GOAL_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_why = {
	.path = "tentacle goal why",
	.summary = "say why the goal is where it is",
	.usage = "[--goal ID]",
	.about =
		"Since when and by whom, what keeps it there (budget, gates, criteria, tentacles), "
		"and what to type next.",
	.example = "sk tentacle goal why",
	.options = tentacle_goal_why_options,
	.needs = NEED_GOALS,
	.run = tentacle_goal_why_run,
};
