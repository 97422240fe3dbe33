/* The figures of metrics.json as they are now: worked out from the state, with and without an
 * orchestrator. */
#include "views/metrics.h"

#include "base/when.h"
#include "cmd/cmd.h"
#include "cmd/view.h"

static void put_states(struct cmd_ctx *c, const uint64_t *counts, unsigned count,
		       const char *(*word)(unsigned state))
{
	bool any = false;

	for (unsigned i = 0; i < count; i++) {
		if (!counts[i])
			continue;
		out_putf(c->out, "%s%llu %s", any ? ", " : "", (unsigned long long)counts[i],
			 word(i));
		any = true;
	}
	out_puts(c->out, any ? "\n" : "none\n");
}

/* "  name   12" for each kind that happened. */
static void put_kinds(struct cmd_ctx *c, const struct metrics *m, const char *title,
		      const struct metrics_kind *kinds, size_t count)
{
	bool any = false;

	out_putf(c->out, "\n%s, ever\n", title);
	for (size_t i = 0; i < count; i++) {
		uint64_t times = m->from.st->happened[kinds[i].kind];

		if (times)
			out_putf(c->out, "  %-26s %llu\n", kinds[i].word,
				 (unsigned long long)times);
		any |= times > 0;
	}
	if (!any)
		out_puts(c->out, "  none\n");
}

static void put_bytes(struct cmd_ctx *c, const char *name, int64_t bytes)
{
	bool small = bytes < 10 * 1024 * 1024;

	if (bytes >= 0)
		out_putf(c->out, "%s %lld %s\n", name,
			 (long long)(bytes / (small ? 1024 : 1024 * 1024)), small ? "KiB" : "MiB");
}

static void put_process(struct cmd_ctx *c, const struct metrics *m)
{
	const struct usage *u = &m->from.usage;
	CLEANUP(buf_release) struct buf took = BUF_INIT;

	if (u->rss_kb < 0)
		return;
	if (u->cpu_ms >= 0)
		buf_put_duration(&took, u->cpu_ms);
	out_putf(c->out, "Orchestrator %lld MiB of memory, %s of processor time\n",
		 (long long)(u->rss_kb / 1024), took.p ? took.p : "?");
}

static void put_text(struct cmd_ctx *c, const struct metrics *m)
{
	CLEANUP(buf_release) struct buf mean = BUF_INIT;
	int64_t mean_ms = metrics_duration_ms(m);

	out_puts(c->out, "Workstreams  ");
	put_states(c, m->ws_by_state, WS_STATE_COUNT, ws_state_word);
	out_putf(c->out, "Today (UTC)  %llu completed, %llu failed\n",
		 (unsigned long long)m->ws_completed_today, (unsigned long long)m->ws_failed_today);
	out_puts(c->out, "Tasks        ");
	put_states(c, m->by_state, TASK_STATE_COUNT, task_state_word);
	if (m->blocked)
		out_putf(c->out, "Blocked      %llu\n", (unsigned long long)m->blocked);
	if (mean_ms >= 0)
		buf_put_duration(&mean, mean_ms);
	out_putf(c->out, "Pace         %llu completed in the last hour, mean duration %s\n",
		 (unsigned long long)m->completed_last_hour, mean.p ? mean.p : "not known yet");
	out_puts(c->out, "Workers      ");
	put_states(c, m->workers_by_state, WORKER_STATE_COUNT, worker_state_word);
	out_putf(c->out, "Recovered    %llu of %llu tasks that were tried again or lost\n",
		 (unsigned long long)m->mended, (unsigned long long)(m->mended + m->not_mended));
	if (metrics_unclean_ends(m))
		out_putf(c->out,
			 "Killed       %llu of %llu orchestrators did not end by themselves\n",
			 (unsigned long long)metrics_unclean_ends(m),
			 (unsigned long long)m->from.st->happened[EV_ORCHESTRATOR_STARTED]);
	put_kinds(c, m, "Failures", metrics_errors, metrics_error_count);
	put_kinds(c, m, "Recoveries", metrics_recoveries, metrics_recovery_count);
	out_putf(c->out, "\nJournal      %llu events\n", (unsigned long long)m->from.st->last_seq);
	put_bytes(c, "Its size    ", m->from.journal_bytes);
	put_bytes(c, "Free space  ", m->from.usage.disk_free_bytes);
	put_process(c, m);
}

static int metrics_run(struct cmd_ctx *c, struct err *e)
{
	const char *format = options_text(c->options, "format");
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct metrics_source from = { .now_ms = c->now_ms };
	struct metrics m;

	if (!c->view)
		return view_missing(c->paths, e);
	from.st = &c->view->st;
	from.journal_bytes = metrics_journal_bytes(&c->view->vfs);
	usage_read(c->view->alive ? c->view->holder.who.pid : 0, c->view->dir, &from.usage);
	metrics_init(&m, &from);
	if (c->json)
		metrics_put_json(&m, &text);
	else if (format && strcmp(format, "prometheus") == 0)
		metrics_put_prometheus(&m, &text);
	else
		put_text(c, &m);
	out_put(c->out, text.p, text.len);
	return EXIT_DONE;
}

static const struct option_row metrics_options[] = {
	{ .name = "format",
	  .kind = OPTION_CHOICE,
	  .value = "text|json|prometheus",
	  .summary = "lines, a document as in metrics.json, or samples to scrape" },
	{ .name = NULL },
};

const struct cmd cmd_metrics = {
	.path = "metrics",
	.summary = "show figures: states, pace, failures, recoveries",
	.usage = "[--format text|json|prometheus]",
	.about =
		"Worked out from the recorded state, whether an orchestrator runs or not. Failures "
		"and recoveries are counted since the state began, over every restart; recovered "
		"are tasks of the present runs that were tried again or lost and then completed.\n"
		"The orchestrator writes the same document to .state/metrics.json once a minute "
		"and when it ends. docs/files.md says what each member means.",
	.example = "sk metrics\n"
		   "sk metrics --format prometheus > /var/lib/node_exporter/sk.prom",
	.options = metrics_options,
	.needs = NEED_VIEW | CMD_SERVED,
	.run = metrics_run,
};
