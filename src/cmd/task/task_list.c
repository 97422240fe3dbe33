/* Tasks one a line, for people and for grep: by state, by workstream, or all. */
#include "cmd/cmd.h"

#include "base/limits.h"
#include "cmd/fit.h"
#include "cmd/next.h"
#include "cmd/task/task_page.h"
#include "cmd/task/thing.h"

struct task_list {
	unsigned states; /* set of 1 << state */
	uint32_t ws;     /* NO_ID = of all */
	bool blocked;    /* also those that cannot run until an operator acts */
};

static bool listed(const struct task_list *l, const struct task *t)
{
	if (task_gone(t) || (l->ws != NO_ID && t->ws != l->ws))
		return false;
	return l->states >> t->state & 1 ||
	       (l->blocked && t->state == TASK_PENDING && t->flags & TASK_BLOCKED);
}

static void find_next(const struct cmd_ctx *c, uint32_t first_failed, struct buf *next)
{
	if (first_failed != NO_ID)
		next_add(next, "sk task show %.*s", SPAN_ARG(c->view->st.tasks[first_failed].id));
}

static void print_text(struct cmd_ctx *c, const struct task_list *l, const struct buf *next)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(3);

	for (uint32_t i = 0; i < c->view->st.task_count; i++)
		if (listed(l, &c->view->st.tasks[i]))
			task_put_row(c, &t, i);
	if (t.count)
		fit_table(&t, c->out, 0);
	else
		out_puts(c->out, "No such tasks.\n");
	out_next(c->out, next);
}

static void print_json(struct cmd_ctx *c, const struct task_list *l, const struct buf *next)
{
	struct json j;

	json_open(&j, c->out, "tasks");
	json_array(&j, "tasks");
	for (uint32_t i = 0; i < c->view->st.task_count; i++) {
		if (!listed(l, &c->view->st.tasks[i]))
			continue;
		json_object(&j, NULL);
		task_put_json(c, &j, i);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_next(&j, next);
	json_close(&j);
}

static int unknown_state(const char *word, struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	CLEANUP(buf_release) struct buf words = BUF_INIT;

	buf_put_quoted(&shown, span_of(word), NAME_BYTES_MAX);
	for (unsigned state = 0; state < TASK_STATE_COUNT; state++)
		buf_putf(&words, "%s, ", task_state_word(state));
	return err_set(
		e, -SK_EUSAGE,
		"task list: --state %s is none of %sblocked: nothing was shown. Try: sk help "
		"task list",
		shown.p, words.p);
}

/* "--state failed --state retrying": they add up. Blocked ones are pending. */
static int read_states(const struct cmd_ctx *c, struct task_list *l, struct err *e)
{
	const char *word;

	for (size_t i = 0; (word = options_each(c->options, "state", i)) != NULL; i++) {
		int state = task_state_decode(span_of(word));

		if (strcmp(word, "blocked") == 0) {
			l->blocked = true;
			continue;
		}
		if (state < 0)
			return unknown_state(word, e);
		l->states |= 1u << state;
	}
	if (!l->states && !l->blocked)
		l->states = (1u << TASK_STATE_COUNT) - 1;
	return 0;
}

static int task_list_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(buf_release) struct buf next = BUF_INIT;
	struct task_list l = { .ws = NO_ID };
	uint32_t failed = NO_ID;
	int rc;

	if (!c->view)
		return view_missing(c->paths, e);
	if (options_text(c->options, "workstream-id") || c->options->arg_count) {
		rc = thing_workstream(c, &l.ws, e);
		if (rc < 0)
			return rc;
	}
	rc = read_states(c, &l, e);
	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < c->view->st.task_count && failed == NO_ID; i++)
		if (listed(&l, &c->view->st.tasks[i]) && c->view->st.tasks[i].state == TASK_FAILED)
			failed = i;
	find_next(c, failed, &next);
	if (c->json)
		print_json(c, &l, &next);
	else
		print_text(c, &l, &next);
	return EXIT_DONE;
}

static const struct option_row task_list_options[] = {
	{ .name = "state",
	  .letter = 's',
	  .repeats = true,
	  .kind = OPTION_TEXT,
	  .value = "STATE",
	  .summary = "only tasks in this state; may be given several times" },
	WORKSTREAM_ID_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_task_list = {
	.path = "task list",
	.summary = "list tasks, one a line",
	.usage = "[--state STATE]... [WORKSTREAM]",
	.about = "The states are pending, queued, running, validating, retrying, completed, failed "
		 "and "
		 "cancelled; \"blocked\" are the pending ones that cannot run until somebody acts.",
	.example = "sk task list --state failed\nsk task list --workstream-id nightly --json",
	.options = task_list_options,
	.needs = NEED_VIEW | CMD_SERVED,
	.args = ARG_WORKSTREAM,
	.args_max = 1,
	.run = task_list_run,
};
