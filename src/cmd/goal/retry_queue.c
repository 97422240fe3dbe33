/* There is no queue to keep: it is the parked tentacles, so it cannot disagree with them. */
#include "cmd/goal/retry_queue.h"

#include "base/when.h"
#include "cmd/goal/tentacles.h"
#include "core/agent_turn.h"
#include "core/tentacle_handoff.h"

#define TRY "Try: sk retry-queue list, release NAME, release --all or hold NAME"

static void put_due(struct buf *b, const struct tentacle *t, int64_t now_ms)
{
	if (t->parked.held) {
		buf_puts(b, "held");
	} else if (!t->parked.due_ms) {
		buf_puts(b, "nobody knows when");
	} else if (t->parked.due_ms <= now_ms) {
		buf_puts(b, "due");
	} else {
		buf_puts(b, "in ");
		buf_put_duration(b, t->parked.due_ms - now_ms);
	}
}

static void print_table(struct cmd_ctx *c, const struct goals *all)
{
	CLEANUP(table_release) struct table table = TABLE_INIT(5);

	for (size_t i = 0; i < all->tentacle_count; i++) {
		CLEANUP(buf_release) struct buf due = BUF_INIT;
		const struct tentacle *t = &all->tentacles[i];

		if (t->status != TENTACLE_PARKED)
			continue;
		put_due(&due, t, c->now_ms);
		table_span(&table, STYLE_PLAIN, t->name);
		table_span(&table, STYLE_WARN, t->parked.kind);
		table_cell(&table, STYLE_PLAIN, "%s", due.p);
		table_span(&table, STYLE_DIM, t->parked.provider);
		table_span(&table, STYLE_DIM, t->parked.hint);
	}
	if (table.count)
		table_print(&table, c->out, 0);
	else
		out_puts(c->out, "nothing is parked\n");
}

static void print_queue(struct cmd_ctx *c, const struct goals *all, size_t released)
{
	struct json j;

	if (!c->json) {
		print_table(c, all);
		return;
	}
	json_open(&j, c->out, "retry_queue");
	json_u64(&j, "released", released);
	json_array(&j, "entries");
	for (size_t i = 0; i < all->tentacle_count; i++) {
		const struct tentacle *t = &all->tentacles[i];

		if (t->status != TENTACLE_PARKED)
			continue;
		json_object(&j, NULL);
		json_span(&j, "tentacle", t->name);
		doc_encode_members(&parked_type, &t->parked, DOC_COMPACT, false, &c->out->buf);
		json_bool(&j, "due", t->parked.due_ms && t->parked.due_ms <= c->now_ms);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_close(&j);
}

static int list(struct cmd_ctx *c, struct err *e)
{
	static const struct goals none = { .count = 0 };
	CLEANUP(goals_close) struct goal_store *s = NULL;
	int rc = tentacles_open_store(c, 0, &s, e);

	if (rc == -SK_ENOTFOUND)
		err_clear(e);
	else if (rc < 0)
		return rc;
	print_queue(c, s ? goal_store_goals(s) : &none, 0);
	return EXIT_DONE;
}

static int release_all(struct goal_store *s, const struct goal_words *words, size_t *count)
{
	const struct goals *all = goal_store_goals(s);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < all->tentacle_count; i++) {
		if (all->tentacles[i].status != TENTACLE_PARKED)
			continue;
		rc = agent_released(goal_store_turn(s), all->tentacles[i].name, words);
		(*count)++;
	}
	return rc;
}

static int change_one(struct cmd_ctx *c, struct goal_store *s, bool release,
		      const struct goal_words *words, size_t *count, struct err *e)
{
	const struct tentacle *t;
	int rc = goal_store_tentacle(s, c->options->args[1], &t, e);

	if (rc < 0)
		return rc;
	if (release && t->status == TENTACLE_PARKED) {
		*count = 1;
		return agent_released(goal_store_turn(s), t->name, words);
	}
	rc = tentacle_hold(goal_store_turn(s), t->name, !release, words);
	return rc < 0 ? goal_store_refused(s, rc, e) : 0;
}

static int change(struct cmd_ctx *c, bool release, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	struct goal_actor actor;
	const struct goal_words words = goals_words(c, &actor);
	size_t count = 0;
	int rc = tentacles_open_store(c, GOALS_WRITE, &s, e);

	if (rc < 0)
		return rc;
	if (options_has(c->options, "all"))
		rc = release_all(s, &words, &count);
	else
		rc = change_one(c, s, release, &words, &count, e);
	if (rc < 0)
		return e->code ? rc : goal_store_refused(s, rc, e);
	rc = goal_store_commit(s, e);
	if (rc < 0)
		return rc;
	if (!c->json && release)
		out_putf(c->out, "%zu released\n", count);
	print_queue(c, goal_store_goals(s), count);
	return EXIT_DONE;
}

int retry_queue(struct cmd_ctx *c, struct err *e)
{
	const char *verb = c->options->args[0];
	bool named = c->options->arg_count == 2, all = options_has(c->options, "all");

	if (strcmp(verb, "list") == 0 && !named && !all)
		return list(c, e);
	if (strcmp(verb, "release") == 0 && named != all)
		return change(c, true, e);
	if (strcmp(verb, "hold") == 0 && named && !all)
		return change(c, false, e);
	return err_set(e, -SK_EUSAGE,
		       "retry queue: that cannot be asked: nothing was changed. " TRY);
}

const struct option_row retry_queue_options[] = {
	{ .name = "all",
	  .kind = OPTION_FLAG,
	  .summary = "with release: everything that is parked" },
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_retry_queue = {
	.path = "retry-queue",
	.summary = "list, release and hold work that a quota stopped",
	.usage = RETRY_QUEUE_USAGE,
	.about = RETRY_QUEUE_ABOUT,
	.example = "sk retry-queue list\nsk retry-queue release port-parser",
	.options = retry_queue_options,
	.needs = NEED_GOALS,
	.args = ARG_WORDS,
	.args_then = ARG_TENTACLE,
	.arg_words = RETRY_QUEUE_WORDS,
	.args_min = 1,
	.args_max = 2,
	.run = retry_queue,
};
