/*
 * current.json is read by people and other programs, so it carries the words and times of the
 * specification; what is zero, empty or false is left out. It is written by hand, member by member,
 * because it is rewritten every second and a large state must not make that second long.
 */
#include "core/state_codec.h"

#include <stdlib.h>

#include "base/when.h"
#include "core/edge.h"

const char *state_part_key(enum state_part part)
{
#define X(name, key, word) key,
	static const char *const keys[] = { STATE_PARTS(X) };
#undef X
	return keys[part];
}

const char *state_part_word(enum state_part part)
{
#define X(name, key, word) word,
	static const char *const words[] = { STATE_PARTS(X) };
#undef X
	return words[part];
}

static void put_key(struct buf *out, const char *key)
{
	char last = out->p[out->len - 1];

	if (last != '{' && last != '[')
		buf_putc(out, ',');
	buf_putc(out, '"');
	buf_puts(out, key);
	buf_put(out, "\":", 2);
}

static void put_text(struct buf *out, const char *key, struct span text)
{
	if (!text.len)
		return;
	put_key(out, key);
	buf_put_json(out, text);
}

static void put_raw(struct buf *out, const char *key, struct span raw)
{
	if (!raw.len)
		return;
	put_key(out, key);
	buf_put(out, raw.p, raw.len);
}

static void put_u64(struct buf *out, const char *key, uint64_t v)
{
	if (!v)
		return;
	put_key(out, key);
	buf_put_u64(out, v);
}

static void put_i64(struct buf *out, const char *key, int64_t v)
{
	if (!v)
		return;
	put_key(out, key);
	buf_put_i64(out, v);
}

static void put_flag(struct buf *out, const char *key, bool v)
{
	if (!v)
		return;
	put_key(out, key);
	buf_put(out, "true", 4);
}

static void put_time(struct buf *out, const char *key, int64_t ms)
{
	char text[WHEN_TEXT_LEN];

	if (!ms)
		return;
	put_key(out, key);
	when_encode(ms, text);
	buf_putc(out, '"');
	buf_put(out, text, sizeof(text));
	buf_putc(out, '"');
}

/* "key":["a","b"]: all needs, or those that have been waived. */
static void put_needs(struct buf *out, const struct state *st, const struct task *t,
		      const char *key, bool waived)
{
	bool any = false;

	for (uint32_t i = 0; i < t->needs_count; i++) {
		if ((waived && !(t->needs[i] & WAIVED)) ||
		    task_gone(&st->tasks[t->needs[i] & ~WAIVED]))
			continue; /* one of an archived run is waived for ever */
		if (!any) {
			put_key(out, key);
			buf_putc(out, '[');
		} else {
			buf_putc(out, ',');
		}
		any = true;
		buf_put_json(out, st->tasks[t->needs[i] & ~WAIVED].id);
	}
	if (any)
		buf_putc(out, ']');
}

static void put_flags(struct buf *out, const struct task *t)
{
	put_flag(out, "skipped", t->flags & TASK_SKIPPED);
	put_flag(out, "blocked", t->flags & TASK_BLOCKED);
	put_flag(out, "cancelling", t->flags & TASK_CANCELLING);
	put_flag(out, "restoring", t->flags & TASK_RESTORE);
	put_flag(out, "waives", t->flags & TASK_WAIVES);
	put_flag(out, "dropped", t->flags & TASK_DROPPED);
	put_flag(out, "fatal", t->flags & TASK_FATAL);
}

static void put_task(struct buf *out, const struct state *st, const struct task *t)
{
	buf_put_json(out, t->id);
	buf_put(out, ":{", 2);
	put_text(out, "workstream_id", st->ws[t->ws].id);
	if (!span_eq(t->name, t->id))
		put_text(out, "name", t->name);
	put_text(out, "state", span_of(task_state_word(t->state)));
	if (t->needs_raw.p)
		put_raw(out, "dependencies", t->needs_raw);
	else
		put_needs(out, st, t, "dependencies", false);
	put_needs(out, st, t, "waived_dependencies", true);
	put_u64(out, "attempt", t->attempt);
	put_u64(out, "retry_count", t->retry_count);
	put_u64(out, "reassign_count", t->reassign_count);
	put_time(out, "created_at", t->created_ms);
	put_time(out, "queued_at", t->queued_ms);
	put_time(out, "started_at", t->started_ms);
	put_time(out, "ended_at", t->ended_ms);
	put_time(out, "retry_at", t->retry_at_ms);
	put_u64(out, "timeout_ms", t->flags & TASK_TIMEOUT_SET ? t->timeout_ms : 0);
	if (t->worker != NO_ID)
		put_text(out, "assigned_worker", st->workers[t->worker].id);
	put_flags(out, t);
	put_text(out, "reason", t->reason);
	put_text(out, "last_error", t->error);
	put_i64(out, "last_exit_code", t->exit_code);
	put_u64(out, "last_signal", t->signal);
	put_u64(out, "duration_ms", t->duration_ms);
	put_u64(out, "cpu_ms", t->cpu_ms);
	put_u64(out, "peak_kb", t->peak_kb);
	put_raw(out, "outputs", t->outputs);
	put_u64(out, "seq", t->last_seq);
	put_raw(out, "def", t->def);
	buf_putc(out, '}');
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* "key":["a","b"], in the order of the tasks: the lists themselves are unordered, and equal states
 * give equal bytes. */
static void put_tasks(struct buf *out, const struct state *st, const char *key,
		      const uint32_t *tasks, size_t count)
{
	uint32_t *sorted;

	if (!count)
		return;
	sorted = mem_alloc(count * sizeof(*sorted));
	memcpy(sorted, tasks, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), by_number);
	put_key(out, key);
	buf_putc(out, '[');
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_putc(out, ',');
		buf_put_json(out, st->tasks[sorted[i]].id);
	}
	buf_putc(out, ']');
	mem_free(&sorted);
}

static void put_ws(struct buf *out, const struct workstream *w)
{
	buf_put_json(out, w->id);
	buf_put(out, ":{", 2);
	if (!span_eq(w->name, w->id))
		put_text(out, "name", w->name);
	put_text(out, "state", span_of(ws_state_word(w->state)));
	put_u64(out, "run_no", w->run_no);
	put_u64(out, "max_parallel", w->max_parallel);
	put_i64(out, "max_duration_ms", w->max_duration_ms);
	put_u64(out, "flags", w->flags);
	put_flag(out, "halted", w->flags & WSF_HALTED);
	put_u64(out, "task_count", w->task_count);
	put_time(out, "created_at", w->created_ms);
	put_time(out, "started_at", w->started_ms);
	put_time(out, "ended_at", w->ended_ms);
	put_u64(out, "last_served", w->last_served);
	put_u64(out, "seq", w->last_seq);
	put_text(out, "plan", w->plan);
	put_text(out, "reason", w->reason);
	put_raw(out, "def", w->def);
	buf_putc(out, '}');
}

static void put_worker(struct buf *out, const struct state *st, const struct worker *w)
{
	buf_put_json(out, w->id);
	buf_put(out, ":{", 2);
	put_text(out, "state", span_of(worker_state_word(w->state)));
	put_u64(out, "incarnation", w->incarnation);
	put_u64(out, "max_concurrent_tasks", w->slots);
	put_u64(out, "pid", w->pid);
	put_u64(out, "pid_start_time", w->pid_start);
	put_text(out, "boot_id", w->boot_id);
	put_text(out, "nonce", w->nonce);
	put_text(out, "version", w->version);
	put_text(out, "kill_mode", w->kill_mode);
	put_raw(out, "capabilities", w->capabilities);
	put_time(out, "registered_at", w->registered_ms);
	put_time(out, "ended_at", w->ended_ms);
	put_flag(out, "watch_closely", w->watched);
	put_flag(out, "draining", w->leave & LEAVE_ASKED);
	put_flag(out, "restart", w->leave & LEAVE_RESTART);
	put_flag(out, "forced", w->leave & LEAVE_FORCED);
	put_flag(out, "reassign", w->leave & LEAVE_REASSIGN);
	put_tasks(out, st, "active", w->tasks, w->assigned);
	buf_putc(out, '}');
}

static void put_resource(struct buf *out, const struct state *st, const struct resource *r)
{
	buf_put_json(out, r->id);
	buf_put(out, ":{", 2);
	put_u64(out, "max_holders", r->limit);
	if (r->planned != r->limit) {
		put_flag(out, "set_by_operator", true);
		put_u64(out, "planned_max_holders", r->planned);
	}
	put_u64(out, "held", r->held);
	put_time(out, "exhausted_since", r->exhausted_ms);
	put_tasks(out, st, "holders", r->holders, r->holder_count);
	buf_putc(out, '}');
}

static void put_happened(struct buf *out, const struct state *st)
{
	put_key(out, "events");
	buf_putc(out, '{');
	for (size_t i = 0; i < EVENT_COUNT; i++)
		put_u64(out, event_rows[i].word, st->happened[i]);
	buf_putc(out, '}');
}

static void put_head(struct buf *out, const struct state *st, const struct snapshot_place *place,
		     int64_t now_ms)
{
	buf_put(out, "{", 1);
	put_text(out, "schema_version", SPAN_LIT("1.0.0"));
	put_text(out, "workspace", st->workspace);
	put_time(out, "timestamp", now_ms);
	put_u64(out, "last_seq", st->last_seq);
	put_time(out, "last_at", st->last_at_ms);
	put_key(out, "journal");
	buf_putc(out, '{');
	put_u64(out, "segment", place->segment);
	put_u64(out, "offset", place->offset);
	put_key(out, "sum");
	buf_putc(out, '"');
	buf_put_hex64(out, place->sum);
	buf_put(out, "\"}", 2);
	put_key(out, "orchestrator");
	buf_putc(out, '{');
	put_u64(out, "incarnation", st->epoch);
	put_u64(out, "pid", st->orchestrator_pid);
	put_u64(out, "pid_start_time", st->orchestrator_start);
	put_text(out, "boot_id", st->orchestrator_boot);
	put_flag(out, "running", st->orchestrator_running);
	buf_putc(out, '}');
	put_happened(out, st);
}

static void open_map(struct buf *out, const char *key)
{
	buf_puts(out, ",\n\"");
	buf_puts(out, key);
	buf_puts(out, "\":{");
}

static void put_key_span(struct buf *out, struct span key)
{
	buf_put_json(out, key);
	buf_putc(out, ':');
}

static void next_line(struct buf *out, bool *any)
{
	buf_puts(out, *any ? ",\n " : "\n ");
	*any = true;
}

/* Only what is there: a store of tasks has no word of goals in it. */
static void put_goals(struct buf *out, const struct goals *g)
{
	bool any = false;

	if (g->chosen.len) {
		buf_puts(out, ",\n");
		buf_puts(out, "\"chosen_goal\":");
		buf_put_json(out, g->chosen);
	}
	if (g->count)
		open_map(out, "goals");
	for (size_t i = 0; i < g->count; i++) {
		next_line(out, &any);
		put_key_span(out, g->v[i].id);
		doc_encode(&goal_type, &g->v[i], DOC_COMPACT, out);
	}
	if (g->count)
		buf_putc(out, '}');
	any = false;
	if (g->tentacle_count)
		open_map(out, "tentacles");
	for (size_t i = 0; i < g->tentacle_count; i++) {
		next_line(out, &any);
		put_key_span(out, g->tentacles[i].name);
		doc_encode(&tentacle_type, &g->tentacles[i], DOC_COMPACT, out);
	}
	if (g->tentacle_count)
		buf_putc(out, '}');
	any = false;
	if (g->provider_count)
		open_map(out, "providers");
	for (size_t i = 0; i < g->provider_count; i++) {
		next_line(out, &any);
		put_key_span(out, g->providers[i].id);
		doc_encode(&provider_type, &g->providers[i], DOC_COMPACT, out);
	}
	if (g->provider_count)
		buf_putc(out, '}');
}

void state_encode(const struct state *st, const struct snapshot_place *place, int64_t now_ms,
		  struct buf *out)
{
	bool any = false;

	put_head(out, st, place, now_ms);
	open_map(out, "resources");
	for (size_t i = 0; i < st->resource_count; i++) {
		next_line(out, &any);
		put_resource(out, st, &st->resources[i]);
	}
	buf_putc(out, '}');
	open_map(out, "workstreams");
	any = false;
	for (size_t i = 0; i < st->ws_count; i++) {
		if (!st->ws[i].id.len)
			continue;
		next_line(out, &any);
		put_ws(out, &st->ws[i]);
	}
	buf_putc(out, '}');
	open_map(out, "workers");
	any = false;
	for (size_t i = 0; i < st->worker_count; i++) {
		next_line(out, &any);
		put_worker(out, st, &st->workers[i]);
	}
	buf_putc(out, '}');
	open_map(out, "tasks");
	any = false;
	for (size_t i = 0; i < st->task_count; i++) {
		if (task_gone(&st->tasks[i]))
			continue;
		next_line(out, &any);
		put_task(out, st, &st->tasks[i]);
	}
	buf_putc(out, '}');
	put_goals(out, &st->goals);
	buf_puts(out, "}\n");
}

void state_encode_ws(const struct state *st, uint32_t ws, int64_t now_ms, struct buf *out)
{
	const struct workstream *w = &st->ws[ws];
	bool any = false;

	buf_putc(out, '{');
	put_text(out, "schema_version", SPAN_LIT("1.0.0"));
	put_text(out, "workspace", st->workspace);
	put_time(out, "timestamp", now_ms);
	put_u64(out, "last_seq", st->last_seq);
	open_map(out, "workstreams");
	next_line(out, &any);
	put_ws(out, w);
	buf_putc(out, '}');
	open_map(out, "tasks");
	any = false;
	for (size_t i = 0; i < w->task_count; i++) {
		next_line(out, &any);
		put_task(out, st, &st->tasks[w->tasks[i]]);
	}
	buf_puts(out, "}}\n");
}

static bool put_thing(const struct state *st, enum state_part part, struct span id, struct buf *out)
{
	uint32_t at;

	switch (part) {
	case PART_TASK:
		at = state_task(st, id);
		if (at != NO_ID)
			put_task(out, st, &st->tasks[at]);
		return at != NO_ID;
	case PART_WORKSTREAM:
		at = state_ws(st, id);
		if (at != NO_ID)
			put_ws(out, &st->ws[at]);
		return at != NO_ID;
	case PART_WORKER:
		at = state_worker(st, id);
		if (at != NO_ID)
			put_worker(out, st, &st->workers[at]);
		return at != NO_ID;
	default:
		at = state_resource(st, id);
		if (at != NO_ID)
			put_resource(out, st, &st->resources[at]);
		return at != NO_ID;
	}
}

bool state_encode_thing(const struct state *st, enum state_part part, struct span id,
			struct buf *out)
{
	CLEANUP(buf_release) struct buf member = BUF_INIT, key = BUF_INIT;

	if (!put_thing(st, part, id, &member))
		return false;
	buf_put_json(&key, id);
	buf_put(out, member.p + key.len + 1, member.len - key.len - 1);
	return true;
}
