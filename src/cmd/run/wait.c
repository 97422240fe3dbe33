/* Waiting for workstreams to end, whoever works on them; from scripts above all. */
#include <signal.h>

#include "base/limits.h"
#include "cmd/run/follow.h"
#include "os/clock.h"

struct waiting {
	struct cmd_ctx *c;
	struct follow follow;
	char **names; /* ids of workstreams, owned */
	size_t count;
};

static void no_word(void *ctx, const struct state *st, const struct event *ev)
{
	(void)ctx;
	(void)st;
	(void)ev;
}

static void add_name(struct waiting *w, struct span id)
{
	size_t capacity = w->count;

	mem_grow(&w->names, &capacity, w->count + 1, sizeof(*w->names));
	w->names[w->count++] = span_dup(id);
}

/* Those that were named, or all that go on. */
static int choose(struct waiting *w, struct err *e)
{
	const struct view *v = w->follow.v;
	const struct options *o = w->c->options;

	for (size_t i = 0; i < o->arg_count; i++) {
		uint32_t ws;
		int rc = view_workstream(v, o->args[i], &ws, e);

		if (rc < 0)
			return rc;
		add_name(w, v->st.ws[ws].id);
	}
	for (size_t i = 0; o->arg_count == 0 && i < v->st.ws_count; i++)
		if (v->st.ws[i].id.len && follow_goes_on(&v->st.ws[i]))
			add_name(w, v->st.ws[i].id);
	return 0;
}

static const struct workstream *find(const struct waiting *w, size_t i)
{
	uint32_t ws = state_ws(&w->follow.v->st, span_of(w->names[i]));

	return ws == NO_ID ? NULL : &w->follow.v->st.ws[ws];
}

/* The first one that is not at its end, or NULL. */
static const struct workstream *unfinished(const struct waiting *w)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct workstream *ws = find(w, i);

		if (ws && (follow_goes_on(ws) || follow_may_begin(&w->follow, ws)))
			return ws;
	}
	return NULL;
}

static int until_ended(struct waiting *w, struct err *e)
{
	const struct options *o = w->c->options;
	int64_t until_ms =
		options_has(o, "timeout")
			? clock_mono_ms(&clock_real) + (int64_t)options_number(o, "timeout", 0)
			: INT64_MAX;
	const struct workstream *ws;

	while ((ws = unfinished(w))) {
		int64_t left_ms = until_ms - clock_mono_ms(&clock_real);
		int rc;

		if (left_ms <= 0)
			return EXIT_TIMED_OUT;
		if (follow_is_lost(&w->follow))
			return err_set(e, -SK_EREFUSED,
				       "workstream \"%.*s\": it has not ended, and nobody is at "
				       "work: there is nothing to wait for. Try: sk daemon start, "
				       "then the same again",
				       SPAN_ARG(ws->id));
		rc = follow_turn(&w->follow, left_ms > 1000 ? 1000 : (int)left_ms, no_word, NULL,
				 e);
		if (rc < 0)
			return rc;
		if (rc == SIGINT || rc == SIGTERM)
			return rc == SIGINT ? EXIT_INTERRUPTED : EXIT_TERMINATED;
	}
	return EXIT_DONE;
}

static void print_one(struct cmd_ctx *c, struct json *j, const struct workstream *ws)
{
	if (c->json) {
		json_object(j, NULL);
		json_span(j, "workstream_id", ws->id);
		json_text(j, "state", ws_state_word(ws->state));
		json_u64(j, "tasks", ws->task_count);
		json_u64(j, "completed", ws->by_state[TASK_COMPLETED]);
		json_u64(j, "failed", ws->by_state[TASK_FAILED]);
		json_object_end(j);
		return;
	}
	out_putf(c->out, "%.*s: %s, %u of %u task%s completed", SPAN_ARG(ws->id),
		 ws_state_word(ws->state), (unsigned)ws->by_state[TASK_COMPLETED],
		 (unsigned)ws->task_count, PLURAL(ws->task_count));
	if (ws->by_state[TASK_FAILED])
		out_putf(c->out, ", %u failed", (unsigned)ws->by_state[TASK_FAILED]);
	out_puts(c->out, "\n");
	if (ws->by_state[TASK_FAILED])
		out_putf(c->out, "next: sk workstream analyze %.*s\n", SPAN_ARG(ws->id));
}

/* Prints how each of them stands; the exit code says whether all are completed. */
static int print_all(struct waiting *w, int code)
{
	struct cmd_ctx *c = w->c;
	struct json j;

	if (c->json) {
		json_open(&j, c->out, "wait");
		json_array(&j, "workstreams");
	}
	for (size_t i = 0; i < w->count; i++) {
		const struct workstream *ws = find(w, i);

		if (!ws)
			continue;
		print_one(c, &j, ws);
		if (code == EXIT_DONE && ws->state != WS_COMPLETED)
			code = EXIT_WORK_FAILED;
	}
	if (c->json) {
		json_array_end(&j);
		json_close(&j);
	} else if (w->count == 0) {
		out_puts(c->out, "nothing is at work\n");
	}
	return code;
}

static int wait_run(struct cmd_ctx *c, struct err *e)
{
	struct waiting w = { .c = c, .follow = FOLLOW_INIT };
	int rc = follow_open(c, &w.follow, e);

	if (rc == 0)
		rc = choose(&w, e);
	if (rc == 0)
		rc = until_ended(&w, e);
	if (rc >= 0)
		rc = print_all(&w, rc);
	for (size_t i = 0; i < w.count; i++)
		mem_free(&w.names[i]);
	mem_free(&w.names);
	follow_release(&w.follow);
	return rc;
}

static const struct option_row wait_options[] = {
	{ .name = "timeout",
	  .kind = OPTION_DURATION,
	  .value = "TIME",
	  .summary = "give up after this; the work goes on" },
	{ .name = NULL },
};

const struct cmd cmd_wait = {
	.path = "wait",
	.summary = "wait until workstreams have ended",
	.usage = "[--timeout TIME] [WORKSTREAM...]",
	.about = "Without a name: for all that are at work. Exit code 0: all are completed, 1: one "
		 "is not, 124: the\n"
		 "time was over, 4: nobody works on it. Ctrl-C stops waiting, nothing else.",
	.example = "sk wait\nsk wait nightly --timeout 2h",
	.options = wait_options,
	.needs = NEED_STATE,
	.args = ARG_WORKSTREAM,
	.args_max = 64,
	.run = wait_run,
};
