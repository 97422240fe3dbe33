/*
 * The text form of Prometheus. Names end in their unit, counters in _total; each family stands once
 * with its help and type, as the format wants it. Ids hold nothing that a label escapes (id_valid),
 * yet they are escaped: a journal may come from elsewhere.
 */
#include "views/metrics.h"

#include "views/put.h"

static void family(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_putf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_label(struct buf *out, const char *name, const char *label, struct span value)
{
	buf_putf(out, "%s{%s=\"", name, label);
	for (size_t i = 0; i < value.len; i++) {
		if (value.p[i] == '\n') {
			buf_puts(out, "\\n");
			continue;
		}
		if (value.p[i] == '"' || value.p[i] == '\\')
			buf_putc(out, '\\');
		buf_putc(out, value.p[i]);
	}
	buf_puts(out, "\"} ");
}

static void sample(struct buf *out, const char *name, const char *label, struct span value,
		   uint64_t v)
{
	put_label(out, name, label, value);
	buf_put_u64(out, v);
	buf_putc(out, '\n');
}

/* A family of one; one that is not known is left out, as the format wants it. */
static void single(struct buf *out, const char *name, const char *type, const char *help, int64_t v)
{
	if (v < 0)
		return;
	family(out, name, type, help);
	buf_putf(out, "%s %lld\n", name, (long long)v);
}

static void single_thousandths(struct buf *out, const char *name, const char *type,
			       const char *help, int64_t v)
{
	if (v < 0)
		return;
	family(out, name, type, help);
	buf_putf(out, "%s ", name);
	buf_put_thousandths(out, (uint64_t)v);
	buf_putc(out, '\n');
}

static void put_work(const struct metrics *m, struct buf *out)
{
	family(out, "sk_workstreams", "gauge", "Workstreams by state.");
	for (unsigned i = 0; i < WS_STATE_COUNT; i++)
		sample(out, "sk_workstreams", "state", span_of(ws_state_word(i)),
		       m->ws_by_state[i]);
	family(out, "sk_tasks", "gauge", "Tasks by state.");
	for (unsigned i = 0; i < TASK_STATE_COUNT; i++)
		sample(out, "sk_tasks", "state", span_of(task_state_word(i)), m->by_state[i]);
	single(out, "sk_tasks_blocked", "gauge",
	       "Pending tasks that cannot run until an operator acts.", (int64_t)m->blocked);
	single_thousandths(out, "sk_task_duration_seconds_avg", "gauge",
			   "Mean duration of the completed tasks.", metrics_duration_ms(m));
	single(out, "sk_tasks_completed_last_hour", "gauge", "Tasks completed within an hour.",
	       (int64_t)m->completed_last_hour);
}

static void put_workers(const struct metrics *m, struct buf *out)
{
	const struct state *st = m->from.st;

	family(out, "sk_workers", "gauge", "Workers by state.");
	for (unsigned i = 0; i < WORKER_STATE_COUNT; i++)
		sample(out, "sk_workers", "state", span_of(worker_state_word(i)),
		       m->workers_by_state[i]);
	single_thousandths(out, "sk_worker_utilization_ratio", "gauge",
			   "Busy workers among those that are busy or idle.",
			   metrics_utilization(m));
	if (!m->from.silent_ms)
		return;
	family(out, "sk_worker_silent_seconds", "gauge", "Time since the worker said something.");
	for (size_t i = 0; i < st->worker_count; i++) {
		if (st->workers[i].state == WORKER_SHUTDOWN || m->from.silent_ms[i] < 0)
			continue;
		put_label(out, "sk_worker_silent_seconds", "worker", st->workers[i].id);
		buf_put_thousandths(out, (uint64_t)m->from.silent_ms[i]);
		buf_putc(out, '\n');
	}
}

static void put_resources(const struct state *st, struct buf *out)
{
	if (!st->resource_count)
		return;
	family(out, "sk_resource_held", "gauge", "Units of the resource that tasks hold.");
	for (size_t i = 0; i < st->resource_count; i++)
		sample(out, "sk_resource_held", "resource", st->resources[i].id,
		       st->resources[i].held);
	family(out, "sk_resource_limit", "gauge", "Units of the resource; 0 is no limit.");
	for (size_t i = 0; i < st->resource_count; i++)
		sample(out, "sk_resource_limit", "resource", st->resources[i].id,
		       st->resources[i].limit);
	family(out, "sk_resource_exhausted", "gauge", "Whether somebody waits for it for long.");
	for (size_t i = 0; i < st->resource_count; i++)
		sample(out, "sk_resource_exhausted", "resource", st->resources[i].id,
		       st->resources[i].exhausted_ms != 0);
}

static void put_happened(const struct metrics *m, struct buf *out)
{
	const struct state *st = m->from.st;

	family(out, "sk_events_total", "counter", "Recorded events by kind.");
	for (unsigned i = 0; i < EVENT_COUNT; i++)
		sample(out, "sk_events_total", "event", span_of(event_rows[i].word),
		       st->happened[i]);
	family(out, "sk_errors_total", "counter", "What went wrong, by kind.");
	for (size_t i = 0; i < metrics_error_count; i++)
		sample(out, "sk_errors_total", "kind", span_of(metrics_errors[i].word),
		       st->happened[metrics_errors[i].kind]);
	family(out, "sk_recovery_attempts_total", "counter", "What was done about it, by kind.");
	for (size_t i = 0; i < metrics_recovery_count; i++)
		sample(out, "sk_recovery_attempts_total", "kind",
		       span_of(metrics_recoveries[i].word),
		       st->happened[metrics_recoveries[i].kind]);
	single(out, "sk_orchestrator_unclean_ends_total", "counter",
	       "Orchestrators that ended without recording it, and were followed by another.",
	       (int64_t)metrics_unclean_ends(m));
	single(out, "sk_recovered_tasks", "gauge", "Tasks tried again or lost, and completed.",
	       (int64_t)m->mended);
	single(out, "sk_unrecovered_tasks", "gauge", "Tasks tried again or lost, and failed.",
	       (int64_t)m->not_mended);
}

void metrics_put_prometheus(const struct metrics *m, struct buf *out)
{
	const struct usage *u = &m->from.usage;

	put_work(m, out);
	put_workers(m, out);
	put_resources(m->from.st, out);
	put_happened(m, out);
	single(out, "sk_journal_bytes", "gauge", "Size of the journal with its closed files.",
	       m->from.journal_bytes);
	if (u->rss_kb >= 0)
		single(out, "sk_process_resident_memory_bytes", "gauge",
		       "Resident memory of the orchestrator.", u->rss_kb * 1024);
	single_thousandths(out, "sk_process_cpu_seconds_total", "counter",
			   "Processor time of the orchestrator.", u->cpu_ms);
	single(out, "sk_process_open_fds", "gauge", "Open descriptors of the orchestrator.",
	       u->open_fds);
	single_thousandths(out, "sk_system_load1", "gauge", "Load average over a minute.",
			   u->load1_thousandths);
	single(out, "sk_disk_free_bytes", "gauge", "Free space where the state is kept.",
	       u->disk_free_bytes);
}
