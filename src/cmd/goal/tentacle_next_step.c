/* The one thing to do now, for an agent that begins with an empty memory. Changes nothing. */
#include "base/limits.h"
#include "cmd/goal/agent_config.h"
#include "cmd/goal/goal_blocked.h"
#include "cmd/goal/tentacles.h"
#include "cmd/hint.h"
#include "core/handoff.h"
#include "core/tentacle_run.h"
#include "core/todo.h"

/* Why nobody can do that at this moment, and what to type. */
struct blocked {
	struct buf text, next; /* empty: nothing is in the way */
};

static void blocked_release(struct blocked *b)
{
	buf_release(&b->text);
	buf_release(&b->next);
}

/* Whose limits it meets: who turned it away, else who would be asked next. */
static const struct provider *provider_of(const struct cmd_ctx *c, const struct goals *all,
					  const struct tentacle *t)
{
	CLEANUP(agents_release) struct agents agents = AGENTS_INIT;
	const struct agent *agent;
	struct err ignored = ERR_INIT; /* without a configuration nobody is asked */

	if (t->status == TENTACLE_PARKED)
		return goals_provider(all, t->parked.provider);
	if (agent_config_load(c, &agents, &ignored) < 0 ||
	    agents_choose(&agents, SPAN_NONE, t->agent, &agent, &ignored) < 0)
		return NULL;
	return goals_provider(all, agent->provider);
}

static void look(const struct cmd_ctx *c, const struct goals *all, const struct tentacle *t,
		 struct blocked *out)
{
	const struct texts self = { (struct span[]){ t->name }, 1 };
	const struct provider *p = provider_of(c, all, t);
	CLEANUP(buf_release) struct buf parked = BUF_INIT;

	if (t->status == TENTACLE_COMPLETED)
		return;
	if (t->status == TENTACLE_PARKED) {
		tentacle_put_parked(t, &parked);
		buf_putf(&out->text, "parked: %s",
			 parked.len ? parked.p : "held, until a person releases it");
		parked_put_choices(all, &self, c->now_ms, &out->next);
	}
	if (!p || (t->status != TENTACLE_PARKED && !provider_is_open(p, c->now_ms)))
		return;
	buf_truncate(&parked, 0);
	if (provider_put_blocked(all, p, c->now_ms, &parked))
		buf_putf(&out->text, "%sprovider %.*s: %s", out->text.len ? "; " : "",
			 SPAN_ARG(p->id), parked.p);
	if (t->status != TENTACLE_PARKED)
		buf_putf(&out->next, "sk breaker reset %.*s\n", SPAN_ARG(p->id));
}

static void print_json(struct cmd_ctx *c, const struct tentacle *t, const struct blocked *b,
		       struct span last)
{
	struct todo_item item, first = { .done = true };
	struct json j;
	size_t at = 0;

	json_open(&j, c->out, "next_step");
	json_span(&j, "tentacle", t->name);
	json_text(&j, "status", tentacle_state_word(t->status));
	json_u64(&j, "todos_done", todo_count(t->todo).done);
	json_u64(&j, "todos_total", todo_count(t->todo).total);
	json_array(&j, "pending");
	for (size_t i = 0; todo_next(t->todo, &at, &item); i++) {
		if (item.done)
			continue;
		if (first.done)
			first = item;
		json_object(&j, NULL);
		json_u64(&j, "index", i);
		json_span(&j, "text", item.text);
		json_object_end(&j);
	}
	json_array_end(&j);
	if (first.done)
		json_null(&j, "next_step");
	else
		json_span(&j, "next_step", first.text);
	if (last.len && !options_has(c->options, "no-checkpoint"))
		json_span(&j, "checkpoint_context", last);
	else
		json_null(&j, "checkpoint_context");
	json_null(&j, "briefing");
	json_text(&j, "blocked", b->text.len ? b->text.p : NULL);
	json_next(&j, &b->next);
	json_close(&j);
}

static void print_text(struct cmd_ctx *c, const struct tentacle *t, const struct blocked *b)
{
	bool all = options_has(c->options, "all"), any = false;
	struct todo_item item;
	size_t at = 0;

	for (size_t i = 0; todo_next(t->todo, &at, &item) && (all || !any); i++) {
		if (item.done)
			continue;
		any = true;
		out_putf(c->out, "%3zu [ ] ", i);
		out_visible(c->out, item.text);
		out_puts(c->out, "\n");
	}
	if (!any && !todo_count(t->todo).total)
		out_putf(c->out, "no to-dos yet. Try: sk tentacle todo %.*s add TEXT\n",
			 SPAN_ARG(t->name));
	else if (!any)
		out_putf(c->out,
			 "all to-dos are done. Try: sk tentacle handoff %.*s TEXT --status DONE\n",
			 SPAN_ARG(t->name));
	if (!b->text.len)
		return;
	out_puts(c->out, "\n");
	out_visible(c->out, (struct span){ b->text.p, b->text.len });
	out_puts(c->out, "\n");
	out_next(c->out, &b->next);
}

/* The newest section of its hand-offs: where the work was left. */
static struct span last_section(struct span text)
{
	struct handoff_section s;
	struct span last = SPAN_NONE;
	size_t at = 0;

	while (handoff_next(text, &at, &s))
		last = (struct span){ text.p + s.at, s.end - s.at };
	return last;
}

static int tentacle_next_step_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	CLEANUP(buf_release) struct buf handoff = BUF_INIT;
	CLEANUP(blocked_release) struct blocked b = { BUF_INIT, BUF_INIT };
	const struct tentacle *t;
	int rc = tentacles_open(c, 0, &s, &t, e);

	if (rc == 0)
		rc = tentacle_read(s, t->name, HANDOFF_FILE, HANDOFF_BYTES_MAX, &handoff, e);
	if (rc < 0)
		return rc;
	if (options_has(c->options, "briefing"))
		print_problem("--briefing: there is no knowledge base yet: nothing was recalled");
	look(c, goal_store_goals(s), t, &b);
	if (c->json)
		print_json(c, t, &b, last_section((struct span){ handoff.p, handoff.len }));
	else
		print_text(c, t, &b);
	return EXIT_DONE;
}

static const struct option_row tentacle_next_step_options[] = {
	{ .name = "all", .kind = OPTION_FLAG, .summary = "every open to-do, not only the first" },
	{ .name = "briefing", .kind = OPTION_FLAG, .summary = "with what is known about it" },
	{ .name = "no-checkpoint",
	  .kind = OPTION_FLAG,
	  .summary = "in JSON, without the newest hand-off" },
	{ .name = NULL },
};

const struct cmd cmd_tentacle_next_step = {
	.path = "tentacle next-step",
	.summary = "show the first open to-do",
	.usage = "NAME [--all]",
	.example = "sk tentacle next-step port-parser --format json",
	.options = tentacle_next_step_options,
	.needs = NEED_GOALS,
	.args = ARG_TENTACLE,
	.args_min = 1,
	.args_max = 1,
	.run = tentacle_next_step_run,
};
