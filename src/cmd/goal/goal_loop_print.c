/*
 * A loop runs for hours, so what happens goes to stderr as it does; a program that began it wants
 * to know one thing, how it ended. What is left is read from the store again, behind the last step.
 */
#include "cmd/goal/goal_loop_impl.h"

#include "os/clock.h"

static void put_names(struct json *j, const char *key, const struct buf *names)
{
	json_array(j, key);
	for (size_t at = 0; at < names->len; at += strlen(names->p + at) + 1)
		json_text(j, NULL, names->p + at);
	json_array_end(j);
}

static void put_tentacles(struct json *j, const struct goals *all, const struct iteration *now)
{
	json_array(j, "tentacles");
	for (size_t i = 0; now && i < now->tentacles.count; i++) {
		const struct tentacle *t = goals_tentacle(all, now->tentacles.v[i]);

		if (!t)
			continue;
		json_object(j, NULL);
		json_span(j, "name", t->name);
		json_text(j, "status", tentacle_state_word(t->status));
		json_time(j, "retry_at",
			  t->status == TENTACLE_PARKED && !t->parked.held ? t->parked.due_ms : 0);
		json_object_end(j);
	}
	json_array_end(j);
}

/* Why it ended: the last line, and what it advises. */
static void put_last(struct json *j, const struct goal_loop *l)
{
	static const char mark[] = ". Try: ";
	const char *text = l->last.p ? l->last.p : "", *advice = strstr(text, mark);

	json_span(j, "message",
		  (struct span){ text, advice ? (size_t)(advice - text) : strlen(text) });
	json_text(j, "try", advice ? advice + strlen(mark) : NULL);
}

void goal_loop_print(struct goal_loop *l, int code, const struct buf *unmerged)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	struct err ignored = ERR_INIT; /* how the loop ended is known without the store */
	const struct goal *g;
	struct json j;

	json_open(&j, l->c->out, "goal_loop");
	json_text(&j, "goal_id", l->goal_id);
	json_i64(&j, "exit", code);
	json_text(&j, "outcome", exit_word((enum exit_code)code));
	put_last(&j, l);
	json_u64(&j, "iterations_closed", l->iterations);
	put_names(&j, "at_work", &l->agents_at_work);
	put_names(&j, "unmerged", unmerged);
	put_names(&j, "trouble", &l->trouble);
	if (goal_loop_open(l, 0, &s, &g, &ignored) == 0) {
		json_text(&j, "status", goal_state_word(g->status));
		json_u64(&j, "iteration", g->iteration);
		put_tentacles(&j, goal_store_goals(s), goal_iteration(g, g->iteration));
	}
	json_i64(&j, "duration_ms", clock_wall_ms(&clock_real) - l->begun_ms);
	json_close(&j);
}
