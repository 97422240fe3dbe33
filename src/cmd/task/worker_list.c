/* All workers that this store knows, those of the past too. */
#include "cmd/cmd.h"

#include "base/when.h"
#include "cmd/fit.h"
#include "cmd/hint.h"
#include "cmd/task/worker_page.h"

static void put_row(struct cmd_ctx *c, struct table *t, uint32_t worker,
		    const struct worker_facts *f)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	const struct worker *w = &c->view->st.workers[worker];

	if (w->state == WORKER_SHUTDOWN) {
		buf_puts(&text, "ended");
		if (w->ended_ms) {
			buf_puts(&text, " at ");
			buf_put_when(&text, w->ended_ms);
			buf_puts(&text, " UTC");
		}
	} else if (!w->pid) {
		buf_puts(&text, worker_health_text(f->health)); /* it has not said anything yet */
	} else {
		buf_putf(&text, "%s; pid %llu, %u of %u slots used%s%s",
			 worker_health_text(f->health), (unsigned long long)w->pid, w->assigned,
			 w->slots, w->leave & LEAVE_RESTART ? "; to be restarted" : "",
			 w->watched ? "; watched closely" : "");
	}
	table_span(t, STYLE_BOLD, w->id);
	table_cell(t, worker_health_calm(f->health) ? STYLE_PLAIN : STYLE_BAD, "%s",
		   worker_shown_state(w));
	table_cell(t, STYLE_PLAIN, "%s", text.p);
}

static void print_text(struct cmd_ctx *c, const struct worker_facts *facts)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(3);

	for (uint32_t i = 0; i < c->view->st.worker_count; i++)
		put_row(c, &t, i, &facts[i]);
	if (t.count)
		fit_table(&t, c->out, 0);
	else
		out_puts(c->out, "No worker has ever run here.\n");
}

static int worker_list_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(mem_free) struct worker_facts *facts = NULL;
	CLEANUP(buf_release) struct buf next = BUF_INIT;
	struct json j;
	int rc = c->view ? worker_facts_read(c->view, &facts, e) : view_missing(c->paths, e);

	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < c->view->st.worker_count; i++)
		if (!worker_health_calm(facts[i].health) && !next.len)
			buf_putf(&next, "sk worker check %.*s\n",
				 SPAN_ARG(c->view->st.workers[i].id));
	if (c->json) {
		json_open(&j, c->out, "workers");
		json_array(&j, "workers");
		for (uint32_t i = 0; i < c->view->st.worker_count; i++) {
			json_object(&j, NULL);
			worker_put_json(c, &j, i, &facts[i]);
			json_object_end(&j);
		}
		json_array_end(&j);
		json_next(&j, &next);
		json_close(&j);
	} else {
		print_text(c, facts);
		out_next(c->out, &next);
	}
	return EXIT_DONE;
}

const struct cmd cmd_worker_list = {
	.path = "worker list",
	.summary = "list workers: state, process, tasks",
	.usage = "",
	.example = "sk worker list",
	.needs = NEED_VIEW | CMD_ASIDE,
	.run = worker_list_run,
};
