/*
 * What happened is counted in the state (state.happened), because a counter that starts anew with
 * every process would be of no use for a program that is made to be killed. What is, is counted
 * here by one walk a minute, because counting along would cost every transition.
 */
#include "views/metrics.h"

#include <errno.h>

#include "views/put.h"

#define HOUR_MS 3600000LL
#define DAY_MS (24 * HOUR_MS)
#define SEGMENTS_DIR "archive/transitions"
#define JOURNAL "transitions.jsonl"

const struct metrics_kind metrics_errors[] = {
	{ "task_timeout", EV_TASK_TIMEOUT },
	{ "task_failed", EV_TASK_FAILED },
	{ "validation_failed", EV_VALIDATION_FAILED },
	{ "workstream_failed", EV_WS_FAILED },
	{ "workstream_timeout", EV_WS_TIMEOUT },
	{ "worker_unresponsive", EV_WORKER_UNRESPONSIVE },
	{ "worker_crashed", EV_WORKER_CRASHED },
	{ "resource_exhausted", EV_RESOURCE_EXHAUSTED },
	{ "dependency_cycle_detected", EV_CYCLE_DETECTED },
	{ "stale_result_ignored", EV_STALE_RESULT_IGNORED },
	{ "torn_tail_dropped", EV_TAIL_DROPPED },
};
const size_t metrics_error_count = ARRAY_LEN(metrics_errors);

const struct metrics_kind metrics_recoveries[] = {
	{ "task_retry", EV_TASK_RETRY },
	{ "task_reassigned", EV_TASK_REASSIGNED },
	{ "worker_recovered", EV_WORKER_RECOVERED },
	{ "resource_available", EV_RESOURCE_AVAILABLE },
	{ "workstream_resumed", EV_WS_RESUMED },
	{ "torn_tail_dropped", EV_TAIL_DROPPED },
};
const size_t metrics_recovery_count = ARRAY_LEN(metrics_recoveries);

static void count_task(struct metrics *m, const struct task *t)
{
	m->tasks++;
	m->by_state[t->state]++;
	m->blocked += t->state == TASK_PENDING && t->flags & TASK_BLOCKED;
	if (t->retry_count || t->reassign_count) {
		m->mended += t->state == TASK_COMPLETED;
		m->not_mended += t->state == TASK_FAILED;
	}
	if (t->state != TASK_COMPLETED)
		return;
	m->completed_last_hour += m->from.now_ms - t->ended_ms < HOUR_MS;
	if (t->flags & TASK_SKIPPED)
		return;
	m->duration_ms += t->duration_ms;
	m->timed++;
}

static void count_ws(struct metrics *m, const struct workstream *w)
{
	bool today = w->ended_ms / DAY_MS == m->from.now_ms / DAY_MS;

	m->ws_by_state[w->state]++;
	m->ws_active += w->state == WS_EXECUTING || w->state == WS_VALIDATING;
	m->ws_completed_today += w->state == WS_COMPLETED && today;
	m->ws_failed_today += w->state == WS_FAILED && today;
}

void metrics_init(struct metrics *m, const struct metrics_source *from)
{
	const struct state *st = from->st;

	*m = (struct metrics){ .from = *from };
	for (size_t i = 0; i < st->task_count; i++)
		if (!task_gone(&st->tasks[i]))
			count_task(m, &st->tasks[i]);
	for (size_t i = 0; i < st->ws_count; i++)
		if (st->ws[i].id.len)
			count_ws(m, &st->ws[i]);
	for (size_t i = 0; i < st->worker_count; i++)
		m->workers_by_state[st->workers[i].state]++;
	for (size_t i = 0; i < metrics_recovery_count; i++)
		m->recoveries += st->happened[metrics_recoveries[i].kind];
}

int64_t metrics_duration_ms(const struct metrics *m)
{
	return m->timed ? (int64_t)(m->duration_ms / m->timed) : -1;
}

uint64_t metrics_unclean_ends(const struct metrics *m)
{
	const struct state *st = m->from.st;
	uint64_t ends = st->happened[EV_ORCHESTRATOR_STOPPED] + st->orchestrator_running;
	uint64_t starts = st->happened[EV_ORCHESTRATOR_STARTED];

	return starts > ends ? starts - ends : 0;
}

static int64_t share(uint64_t part, uint64_t rest)
{
	return part + rest ? (int64_t)(part * 1000 / (part + rest)) : -1;
}

int64_t metrics_success(const struct metrics *m)
{
	return share(m->mended, m->not_mended);
}

int64_t metrics_utilization(const struct metrics *m)
{
	return share(m->workers_by_state[WORKER_BUSY], m->workers_by_state[WORKER_IDLE]);
}

/* -1, which is nothing known, is null. */
static void put_known(struct buf *out, const char *key, int64_t v)
{
	put_key(out, key);
	if (v < 0)
		buf_puts(out, "null");
	else
		buf_put_i64(out, v);
}

static void put_known_thousandths(struct buf *out, const char *key, int64_t v)
{
	put_key(out, key);
	if (v < 0)
		buf_puts(out, "null");
	else
		buf_put_thousandths(out, (uint64_t)v);
}

static void put_workstreams(const struct metrics *m, struct buf *out)
{
	put_open(out, "workstreams", '{');
	put_u64(out, "active", m->ws_active);
	put_u64(out, "completed_today", m->ws_completed_today);
	put_u64(out, "failed_today", m->ws_failed_today);
	put_open(out, "by_state", '{');
	for (unsigned i = 0; i < WS_STATE_COUNT; i++)
		put_u64(out, ws_state_word(i), m->ws_by_state[i]);
	buf_puts(out, "}}");
}

static void put_tasks(const struct metrics *m, struct buf *out)
{
	put_open(out, "tasks", '{');
	put_u64(out, "total", m->tasks);
	for (unsigned i = 0; i < TASK_STATE_COUNT; i++)
		put_u64(out, task_state_word(i), m->by_state[i]);
	put_u64(out, "blocked", m->blocked);
	put_known_thousandths(out, "avg_duration_seconds", metrics_duration_ms(m));
	put_u64(out, "completion_rate_per_hour", m->completed_last_hour);
	buf_putc(out, '}');
}

static void put_workers(const struct metrics *m, struct buf *out)
{
	const struct state *st = m->from.st;

	put_open(out, "workers", '{');
	put_u64(out, "total", st->worker_count - m->workers_by_state[WORKER_SHUTDOWN]);
	for (unsigned i = 0; i < WORKER_STATE_COUNT; i++)
		put_u64(out, worker_state_word(i), m->workers_by_state[i]);
	put_known_thousandths(out, "avg_utilization", metrics_utilization(m));
	put_open(out, "silent_seconds", '{');
	for (size_t i = 0; m->from.silent_ms && i < st->worker_count; i++) {
		if (st->workers[i].state == WORKER_SHUTDOWN)
			continue;
		put_comma(out);
		buf_put_json(out, st->workers[i].id);
		buf_putc(out, ':');
		if (m->from.silent_ms[i] < 0)
			buf_puts(out, "null");
		else
			buf_put_thousandths(out, (uint64_t)m->from.silent_ms[i]);
	}
	buf_puts(out, "}}");
}

static void put_kinds(const struct metrics *m, const struct metrics_kind *kinds, size_t count,
		      struct buf *out)
{
	for (size_t i = 0; i < count; i++)
		put_u64(out, kinds[i].word, m->from.st->happened[kinds[i].kind]);
}

static void put_recovery(const struct metrics *m, struct buf *out)
{
	put_open(out, "errors", '{');
	put_kinds(m, metrics_errors, metrics_error_count, out);
	buf_putc(out, '}');
	put_open(out, "recovery", '{');
	put_u64(out, "attempts", m->recoveries);
	put_u64(out, "succeeded", m->mended);
	put_u64(out, "failed", m->not_mended);
	put_known_thousandths(out, "success_rate", metrics_success(m));
	put_open(out, "by_kind", '{');
	put_kinds(m, metrics_recoveries, metrics_recovery_count, out);
	buf_puts(out, "}}");
}

static void put_system(const struct metrics *m, struct buf *out)
{
	const struct usage *u = &m->from.usage;

	put_open(out, "orchestrator", '{');
	put_u64(out, "starts", m->from.st->happened[EV_ORCHESTRATOR_STARTED]);
	put_u64(out, "unclean_ends", metrics_unclean_ends(m));
	buf_putc(out, '}');
	put_open(out, "journal", '{');
	put_u64(out, "events", m->from.st->last_seq);
	put_known(out, "bytes", m->from.journal_bytes);
	buf_putc(out, '}');
	put_open(out, "system", '{');
	put_known(out, "rss_kb", u->rss_kb);
	put_known_thousandths(out, "cpu_seconds", u->cpu_ms);
	put_known_thousandths(out, "load1", u->load1_thousandths);
	put_known(out, "disk_free_bytes", u->disk_free_bytes);
	put_known(out, "open_fds", u->open_fds);
	buf_putc(out, '}');
}

void metrics_put_json(const struct metrics *m, struct buf *out)
{
	buf_putc(out, '{');
	put_text(out, "schema_version", VIEW_SCHEMA);
	put_text(out, "kind", "metrics");
	put_time(out, "timestamp", m->from.now_ms);
	put_u64(out, "source_seq", m->from.st->last_seq);
	put_workstreams(m, out);
	put_tasks(m, out);
	put_workers(m, out);
	put_recovery(m, out);
	put_system(m, out);
	put_open(out, "events", '{');
	for (unsigned i = 0; i < EVENT_COUNT; i++)
		put_u64(out, event_rows[i].word, m->from.st->happened[i]);
	buf_puts(out, "}}\n");
}

int64_t metrics_journal_bytes(const struct vfs *vfs)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT, path = BUF_INIT;
	struct vfs_stat st;
	int rc = vfs->stat(vfs->ctx, JOURNAL, &st);
	int64_t bytes = rc < 0 ? rc : st.bytes;

	rc = bytes < 0 ? -1 : vfs->list(vfs->ctx, SEGMENTS_DIR, &names);
	for (size_t at = 0; rc >= 0 && at < names.len; at += strlen(names.p + at) + 1) {
		buf_truncate(&path, 0);
		buf_putf(&path, SEGMENTS_DIR "/%s", names.p + at);
		if (vfs->stat(vfs->ctx, path.p, &st) == 0)
			bytes += st.bytes;
	}
	return bytes;
}

int metrics_write(const struct vfs *vfs, const struct metrics *m, struct buf *scratch)
{
	static const char temp[] = METRICS_FILE ".tmp";
	int rc;

	buf_truncate(scratch, 0);
	metrics_put_json(m, scratch);
	rc = vfs_write(vfs, temp, scratch->p, scratch->len);
	if (rc == 0)
		rc = vfs->rename(vfs->ctx, temp, METRICS_FILE);
	if (rc < 0)
		vfs->remove(vfs->ctx, temp);
	return rc;
}
