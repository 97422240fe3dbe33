/*
 * A worker's health in one look and one exit code. The kernel is asked, not only the record: a
 * record of a worker outlives it when everything was killed at once.
 */
#include "cmd/cmd.h"

#include "base/when.h"
#include "cmd/fit.h"
#include "cmd/hint.h"
#include "cmd/task/story.h"
#include "cmd/task/thing.h"
#include "cmd/task/worker_page.h"

#define RECOVERED_SOON_MS 30000 /* later than this after falling silent: watch it */

static void put_ago(const struct cmd_ctx *c, struct table *t, const char *name, int64_t ms)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	if (!ms)
		return;
	buf_put_when(&text, ms);
	buf_puts(&text, " UTC, ");
	buf_put_duration(&text, c->now_ms - ms);
	fit_row(t, name, "%s ago", text.p);
}

static void put_process(const struct worker *w, const struct worker_facts *f, struct table *t)
{
	static const char *const lives[] = { "ended", "alive, and the same one that registered",
					     "gone, or the number belongs to another now",
					     "cannot be asked" };

	fit_row(t, "state", "%s", worker_state_word(w->state));
	if (w->pid)
		fit_row(t, "process", "pid %llu: %s", (unsigned long long)w->pid, lives[f->life]);
	fit_row(t, "lock", "%s", f->locked ? "held" : "free");
	fit_row(t, "incarnation", "%u", w->incarnation);
	fit_row(t, "slots", "%u, %u used", w->slots, w->assigned);
}

static void put_silence(const struct cmd_ctx *c, const struct worker_facts *f, struct table *t)
{
	if (!f->unresponsive_ms)
		return;
	put_ago(c, t, "fell silent", f->unresponsive_ms);
	put_ago(c, t, "answered", f->recovered_ms);
	if (f->recovered_ms - f->unresponsive_ms > RECOVERED_SOON_MS)
		fit_row(t, "advice", "it answered only after half a minute: watch it closely");
}

static void print_tasks(struct cmd_ctx *c, const struct worker *w)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(3);

	for (uint32_t i = 0; i < w->assigned; i++) {
		CLEANUP(buf_release) struct buf story = BUF_INIT;
		const struct task *k = &c->view->st.tasks[w->tasks[i]];

		story_put(c->view, w->tasks[i], c->now_ms, &story);
		table_span(&t, STYLE_PLAIN, k->id);
		table_cell(&t, story_style(k->state), "%s", task_state_word(k->state));
		table_cell(&t, STYLE_PLAIN, "%s", story.p ? story.p : "");
	}
	if (!t.count)
		return;
	fit_heading(c->out, "Its tasks");
	fit_table(&t, c->out, 2);
}

static void print_text(struct cmd_ctx *c, uint32_t worker, const struct worker_facts *f)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(2);
	const struct worker *w = &c->view->st.workers[worker];

	out_visible(c->out, w->id);
	out_puts(c->out, ": ");
	out_style(c->out, worker_health_calm(f->health) ? STYLE_GOOD : STYLE_BAD,
		  worker_health_text(f->health));
	out_puts(c->out, "\n");
	put_process(w, f, &t);
	put_ago(c, &t, "registered", w->registered_ms);
	put_ago(c, &t, "last record", f->last_sign_ms);
	put_silence(c, f, &t);
	put_ago(c, &t, "ended", w->ended_ms);
	fit_table(&t, c->out, 2);
	print_tasks(c, w);
}

static int worker_check_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(mem_free) struct worker_facts *facts = NULL;
	CLEANUP(buf_release) struct buf next = BUF_INIT;
	const struct worker_facts *f;
	uint32_t worker;
	struct json j;
	int rc = thing_worker(c, &worker, e);

	if (rc == 0)
		rc = worker_facts_read(c->view, &facts, e);
	if (rc < 0)
		return rc;
	f = &facts[worker];
	worker_put_next(&c->view->st, worker, f, &next);
	if (c->json) {
		json_open(&j, c->out, "worker");
		worker_put_json(c, &j, worker, f);
		json_bool(&j, "healthy", f->health == WORKER_HEALTH_GOOD);
		json_next(&j, &next);
		json_close(&j);
	} else {
		print_text(c, worker, f);
		out_next(c->out, &next);
	}
	return f->health == WORKER_HEALTH_GOOD ? EXIT_DONE : EXIT_WORK_FAILED;
}

static const struct option_row worker_check_options[] = {
	WORKER_ID_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_worker_check = {
	.path = "worker check",
	.alias = "check_worker",
	.summary = "tell whether a worker is healthy (exit code 0 or 1)",
	.usage = "WORKER",
	.about =
		"Healthy is a worker that is idle or busy, whose process is alive and the same one "
		"that registered, and that holds its lock. One that stopped in good order is not "
		"healthy, but needs nobody: the next sk run starts one.",
	.example = "sk worker check local\nsk worker check --worker-id local --format json",
	.options = worker_check_options,
	.needs = NEED_VIEW | CMD_ASIDE,
	.args = ARG_WORKER,
	.args_max = 1,
	.run = worker_check_run,
};
