/*
 * The snapshot back into a state. What can be derived (queues, dependents, counts, ranks) is derived, not read, so that
 * it cannot contradict the rest. Members are expected in the order in which they are written, which makes the search for
 * each a single compare; any other order is read as well.
 */
#include "core/state_codec.h"

#include <errno.h>
#include <stdio.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/scan.h"
#include "base/when.h"
#include "core/apply.h"
#include "core/link.h"
#include "core/queue.h"
#include "core/task_define.h"

struct decoder {
	struct scan s;
	struct state *st;
	struct buf scratch;
	char *what;
	bool contradiction;
	struct { uint32_t task; struct span list; } *waived;
	size_t waived_count, waived_capacity;
};

struct member {
	const char *key;
	uint8_t len;
	char kind; /* s string, r raw, b bool, t time; numbers: n, w of 32 bits, h of 16, c of 8, i of 32 with a sign */
};

struct value {
	struct scan_text text; /* s; raw for r */
	int64_t number;        /* numbers, b, t */
};

#define M(key, kind) { key, sizeof(key) - 1, kind }

static void decoder_fail(struct decoder *d, const char *what, struct span subject)
{
	if (d->s.error)
		return;
	snprintf(d->what, 200, "%s \"%.*s\"", what, SPAN_ARG(subject));
	d->contradiction = true;
	scan_fail(&d->s, d->what);
}

/* A number that would be cut short is not one of ours. */
static void read_number(struct decoder *d, char kind, int64_t *out)
{
	uint64_t number = 0;

	if (kind == 'i') {
		scan_i64(&d->s, out);
		if (!d->s.error && *out != (int32_t)*out)
			scan_fail(&d->s, "number out of range");
		return;
	}
	scan_u64(&d->s, kind == 'w' ? UINT32_MAX : kind == 'h' ? UINT16_MAX : kind == 'c' ? UINT8_MAX : INTEGER_MAX, &number);
	*out = (int64_t)number;
}

static void read_value(struct decoder *d, char kind, struct value *v)
{
	bool flag = false;

	switch (kind) {
	case 's':
		scan_string(&d->s, &v->text);
		break;
	case 'r':
		scan_skip(&d->s, &v->text.raw);
		break;
	case 'b':
		scan_bool(&d->s, &flag);
		v->number = flag;
		break;
	case 't':
		scan_string(&d->s, &v->text);
		if (!d->s.error && when_decode(v->text.raw, &v->number) < 0)
			scan_fail(&d->s, "not an ISO-8601 UTC time");
		break;
	default:
		read_number(d, kind, &v->number);
	}
}

/* Reads one object; unknown members are passed over (a newer writer of the same format may add some). */
static void read_members(struct decoder *d, const struct member *members, size_t count, struct value *v)
{
	struct scan_text key;
	size_t next = 0;

	memset(v, 0, count * sizeof(*v));
	scan_object(&d->s);
	while (scan_key(&d->s, &key)) {
		size_t i = next;

		for (size_t tries = 0; tries < count; tries++, i = i + 1 < count ? i + 1 : 0)
			if (members[i].len == key.raw.len && memcmp(members[i].key, key.raw.p, key.raw.len) == 0)
				break;
			else if (tries + 1 == count)
				i = count - 1;
		if (members[i].len != key.raw.len || memcmp(members[i].key, key.raw.p, key.raw.len) != 0) {
			scan_skip(&d->s, NULL);
			continue;
		}
		read_value(d, members[i].kind, &v[i]);
		next = i + 1 < count ? i + 1 : 0;
	}
}

static struct span keep(struct decoder *d, struct scan_text text)
{
	if (!text.escaped)
		return arena_copy(&d->st->text, text.raw);
	buf_truncate(&d->scratch, 0);
	scan_unescape(&d->scratch, text);
	return arena_copy(&d->st->text, (struct span){ d->scratch.p, d->scratch.len });
}

static void read_resource(struct decoder *d, struct span id)
{
	static const struct member members[] = { M("max_holders", 'w'), M("exhausted_since", 't') };
	struct value v[ARRAY_LEN(members)];
	struct resource r = { .claim = NO_ID };
	struct state *st = d->st;

	read_members(d, members, ARRAY_LEN(members), v);
	if (st->resource_count == RESOURCES_MAX || !id_valid(id) || state_resource(st, id) != NO_ID) {
		decoder_fail(d, "one too many, unusable or second resource", id);
		return;
	}
	r.id = arena_copy(&st->text, id);
	r.limit = (uint32_t)v[0].number;
	r.exhausted_ms = v[1].number;
	mem_grow(&st->resources, &st->resource_capacity, st->resource_count + 1, sizeof(r));
	map_put(&st->resource_ids, r.id, (uint32_t)st->resource_count);
	st->resources[st->resource_count++] = r;
}

static void read_ws(struct decoder *d, struct span id)
{
	enum { NAME, STATE, RUN, PARALLEL, DURATION, FLAGS, COUNT, CREATED, STARTED, ENDED, SERVED, SEQ, PLAN, REASON, DEF };
	static const struct member members[] = {
		M("name", 's'),        M("state", 's'),       M("run_no", 'w'),     M("max_parallel", 'w'),
		M("max_duration_ms", 'n'), M("flags", 'w'),   M("task_count", 'n'), M("created_at", 't'),
		M("started_at", 't'),  M("ended_at", 't'),    M("last_served", 'n'), M("seq", 'n'),
		M("plan", 's'),        M("reason", 's'),      M("def", 'r'),
	};
	struct value v[ARRAY_LEN(members)];
	struct workstream w = { .run_no = 1 };
	struct state *st = d->st;
	int state;

	read_members(d, members, ARRAY_LEN(members), v);
	state = ws_state_decode(v[STATE].text.raw);
	if (state < 0 || !id_valid(id) || state_ws(st, id) != NO_ID) {
		decoder_fail(d, "unusable, unknown state of, or second, workstream", id);
		return;
	}
	w.id = arena_copy(&st->text, id);
	w.name = v[NAME].text.raw.p ? keep(d, v[NAME].text) : w.id;
	w.state = (uint8_t)state;
	w.run_no = (uint32_t)v[RUN].number;
	w.max_parallel = (uint32_t)v[PARALLEL].number;
	w.max_duration_ms = v[DURATION].number;
	w.flags = (uint32_t)v[FLAGS].number & (WSF_KEEP_GOING | WSF_FAIL_FAST | WSF_HALTED);
	w.created_ms = v[CREATED].number;
	w.started_ms = v[STARTED].number;
	w.ended_ms = v[ENDED].number;
	w.last_served = (uint64_t)v[SERVED].number;
	w.last_seq = (uint64_t)v[SEQ].number;
	w.plan = keep(d, v[PLAN].text);
	w.reason = keep(d, v[REASON].text);
	w.def = arena_copy(&st->text, v[DEF].text.raw);
	mem_grow(&st->ws, &st->ws_capacity, st->ws_count + 1, sizeof(w));
	if (v[COUNT].number > 0 && v[COUNT].number <= TASKS_MAX) {
		size_t total = st->task_capacity + (size_t)v[COUNT].number;

		mem_grow(&w.tasks, &w.task_capacity, (size_t)v[COUNT].number, sizeof(*w.tasks));
		if (total <= TASKS_MAX && total * 16 <= (size_t)(d->s.end - d->s.start)) {
			mem_grow(&st->tasks, &st->task_capacity, total, sizeof(*st->tasks));
			map_reserve(&st->task_ids, total);
		}
	}
	map_put(&st->ws_ids, w.id, (uint32_t)st->ws_count);
	st->ws[st->ws_count++] = w;
}

static void read_worker(struct decoder *d, struct span id)
{
	enum { STATE, INCARNATION, SLOTS, PID, PID_START, BOOT, NONCE, VERSION, KILL, CAPABILITIES, REGISTERED, ENDED };
	static const struct member members[] = {
		M("state", 's'),     M("incarnation", 'w'), M("max_concurrent_tasks", 'h'), M("pid", 'n'),
		M("pid_start_time", 'n'), M("boot_id", 's'), M("nonce", 's'),              M("version", 's'),
		M("kill_mode", 's'), M("capabilities", 'r'), M("registered_at", 't'),      M("ended_at", 't'),
	};
	struct value v[ARRAY_LEN(members)];
	struct worker w = { .state = WORKER_SHUTDOWN };
	struct state *st = d->st;
	int state;

	read_members(d, members, ARRAY_LEN(members), v);
	state = worker_state_decode(v[STATE].text.raw);
	if (state < 0 || !id_valid(id) || state_worker(st, id) != NO_ID || st->worker_count == WORKERS_MAX) {
		decoder_fail(d, "unusable, unknown state of, or second, worker", id);
		return;
	}
	w.id = arena_copy(&st->text, id);
	w.state = (uint8_t)state;
	w.incarnation = (uint32_t)v[INCARNATION].number;
	w.slots = (uint32_t)v[SLOTS].number;
	w.pid = (uint64_t)v[PID].number;
	w.pid_start = (uint64_t)v[PID_START].number;
	w.boot_id = keep(d, v[BOOT].text);
	w.nonce = keep(d, v[NONCE].text);
	w.version = keep(d, v[VERSION].text);
	w.kill_mode = keep(d, v[KILL].text);
	w.capabilities = arena_copy(&st->text, v[CAPABILITIES].text.raw);
	w.registered_ms = v[REGISTERED].number;
	w.ended_ms = v[ENDED].number;
	mem_grow(&st->workers, &st->worker_capacity, st->worker_count + 1, sizeof(w));
	map_put(&st->worker_ids, w.id, (uint32_t)st->worker_count);
	st->workers[st->worker_count++] = w;
}

enum task_key {
	K_WS, K_NAME, K_STATE, K_NEEDS, K_WAIVED, K_ATTEMPT, K_RETRIES, K_REASSIGNS, K_CREATED, K_QUEUED, K_STARTED,
	K_ENDED, K_RETRY_AT, K_WORKER, K_SKIPPED, K_BLOCKED, K_CANCELLING, K_WAIVES, K_DROPPED, K_FATAL, K_REASON,
	K_ERROR, K_EXIT, K_SIGNAL, K_DURATION, K_CPU, K_PEAK, K_OUTPUTS, K_SEQ, K_DEF, K_COUNT
};

static const struct member task_members[K_COUNT] = {
	M("workstream_id", 's'), M("name", 's'), M("state", 's'), M("dependencies", 'r'),
	M("waived_dependencies", 'r'), M("attempt", 'w'), M("retry_count", 'h'), M("reassign_count", 'h'),
	M("created_at", 't'), M("queued_at", 't'), M("started_at", 't'), M("ended_at", 't'), M("retry_at", 't'),
	M("assigned_worker", 's'), M("skipped", 'b'), M("blocked", 'b'), M("cancelling", 'b'), M("waives", 'b'),
	M("dropped", 'b'), M("fatal", 'b'), M("reason", 's'), M("last_error", 's'), M("last_exit_code", 'i'),
	M("last_signal", 'c'), M("duration_ms", 'w'), M("cpu_ms", 'w'), M("peak_kb", 'w'), M("outputs", 'r'),
	M("seq", 'n'), M("def", 'r'),
};

static uint16_t task_flag_bits(const struct value *v)
{
	return (uint16_t)((v[K_SKIPPED].number ? TASK_SKIPPED : 0) | (v[K_CANCELLING].number ? TASK_CANCELLING : 0) |
			  (v[K_WAIVES].number ? TASK_WAIVES : 0) | (v[K_DROPPED].number ? TASK_DROPPED : 0) |
			  (v[K_FATAL].number ? TASK_FATAL : 0));
}

static void put_numbers(struct task *t, const struct value *v)
{
	t->attempt = (uint32_t)v[K_ATTEMPT].number;
	t->retry_count = (uint16_t)v[K_RETRIES].number;
	t->reassign_count = (uint16_t)v[K_REASSIGNS].number;
	t->created_ms = v[K_CREATED].number;
	t->queued_ms = v[K_QUEUED].number;
	t->started_ms = v[K_STARTED].number;
	t->ended_ms = v[K_ENDED].number;
	t->retry_at_ms = v[K_RETRY_AT].number;
	t->exit_code = (int32_t)v[K_EXIT].number;
	t->signal = (uint8_t)v[K_SIGNAL].number;
	t->duration_ms = (uint32_t)v[K_DURATION].number;
	t->cpu_ms = (uint32_t)v[K_CPU].number;
	t->peak_kb = (uint32_t)v[K_PEAK].number;
	t->last_seq = (uint64_t)v[K_SEQ].number;
}

/* What no life can be: apply would trip over it later. Returns NULL, or what contradicts. */
static const char *task_contradiction(const struct state *st, const struct task *t, uint32_t worker)
{
	bool with_worker = t->state == TASK_QUEUED || t->state == TASK_RUNNING || t->state == TASK_VALIDATING;
	bool unlinked = st->ws[t->ws].state == WS_PLANNED;

	if (worker == NO_ID ? t->state == TASK_RUNNING : !with_worker || st->workers[worker].state == WORKER_SHUTDOWN)
		return "state and worker contradict each other for task";
	if (t->flags & TASK_CANCELLING && worker == NO_ID)
		return "nobody is left to end task";
	if (t->flags & TASK_WAIVES && t->state != TASK_CANCELLED && !(t->flags & TASK_CANCELLING))
		return "waives without being cancelled: task";
	if (t->flags & TASK_FATAL && t->state != TASK_FAILED)
		return "fatal without having failed: task";
	if (unlinked && t->state != TASK_PENDING && t->state != TASK_CANCELLED && t->state != TASK_COMPLETED)
		return "at work before its workstream is ready: task";
	return NULL;
}

/* Where the task stands with a worker and with resources. */
static void place_task(struct decoder *d, uint32_t task, struct span worker_id)
{
	struct state *st = d->st;
	struct task *t = &st->tasks[task];
	uint32_t worker = state_worker(st, worker_id);
	const char *problem = task_contradiction(st, t, worker);
	struct worker *w;

	if (worker_id.len && worker == NO_ID)
		problem = "unknown worker of task";
	if (problem) {
		decoder_fail(d, problem, t->id);
		return;
	}
	if (worker == NO_ID && t->state != TASK_VALIDATING)
		return;
	for (uint8_t i = 0; i < t->resource_count; i++) {
		struct resource *r = &st->resources[t->resources[i].resource];

		mem_grow(&r->holders, &r->holder_capacity, r->holder_count + 1, sizeof(*r->holders));
		r->holders[r->holder_count++] = task;
		r->held += resource_amount(r, t->resources[i].amount);
	}
	if (worker == NO_ID)
		return;
	w = &st->workers[worker];
	mem_grow(&w->tasks, &w->task_capacity, w->assigned + 1u, sizeof(*w->tasks));
	w->tasks[w->assigned++] = task;
	t->worker = worker;
	st->ws[t->ws].assigned++;
}

static void read_task(struct decoder *d, struct span id)
{
	struct task t = { .worker = NO_ID, .heap_at = NO_ID, .waits_for = NO_RESOURCE };
	struct value v[K_COUNT];
	struct state *st = d->st;
	struct workstream *w;
	char why[200] = "";
	uint32_t index = (uint32_t)st->task_count;
	int state;

	map_prefetch(&st->task_ids, id); /* needed after the members, which take longer to read */
	read_members(d, task_members, K_COUNT, v);
	if (d->s.error)
		return;
	t.ws = state_ws(st, v[K_WS].text.raw);
	state = task_state_decode(v[K_STATE].text.raw);
	if (t.ws == NO_ID || state < 0 || !id_valid(id) || state_task(st, id) != NO_ID || index == TASKS_MAX) {
		decoder_fail(d, "unusable, unknown workstream or state of, or second, task", id);
		return;
	}
	t.id = arena_copy(&st->text, id);
	if (task_define(st, &t, v[K_DEF].text.raw, why) < 0) {
		decoder_fail(d, why, id);
		return;
	}
	if (needs_check(v[K_NEEDS].text.raw) < 0) {
		decoder_fail(d, "unreadable or repeated needs of task", id);
		return;
	}
	t.state = (uint8_t)state;
	t.name = v[K_NAME].text.raw.p ? keep(d, v[K_NAME].text) : t.id;
	t.needs_raw = arena_copy(&st->text, v[K_NEEDS].text.raw.p ? v[K_NEEDS].text.raw : SPAN_LIT("[]"));
	t.flags |= task_flag_bits(v);
	put_numbers(&t, v);
	t.reason = keep(d, v[K_REASON].text);
	t.error = keep(d, v[K_ERROR].text);
	t.outputs = arena_copy(&st->text, v[K_OUTPUTS].text.raw);
	st->outputs_bytes += t.outputs.len;
	mem_grow(&st->tasks, &st->task_capacity, st->task_count + 1, sizeof(t));
	st->tasks[st->task_count++] = t;
	map_put(&st->task_ids, t.id, index);
	w = &st->ws[t.ws];
	mem_grow(&w->tasks, &w->task_capacity, w->task_count + 1, sizeof(*w->tasks));
	w->tasks[w->task_count++] = index;
	w->by_state[t.state]++;
	w->critical_failed += (t.flags & TASK_FATAL) != 0;
	w->waived += t.state == TASK_CANCELLED && t.flags & TASK_WAIVES;
	place_task(d, index, v[K_WORKER].text.raw);
	if (v[K_WAIVED].text.raw.p) {
		mem_grow(&d->waived, &d->waived_capacity, d->waived_count + 1, sizeof(*d->waived));
		d->waived[d->waived_count].task = index;
		d->waived[d->waived_count++].list = v[K_WAIVED].text.raw;
	}
}

static void read_map(struct decoder *d, void (*read_one)(struct decoder *d, struct span id))
{
	struct scan_text key;

	scan_object(&d->s);
	while (scan_key(&d->s, &key))
		read_one(d, key.raw);
}

static void read_journal(struct decoder *d, struct snapshot_place *place)
{
	static const struct member members[] = { M("segment", 'n'), M("offset", 'n'), M("sum", 's') };
	struct value v[ARRAY_LEN(members)];
	uint64_t sum = 0;

	read_members(d, members, ARRAY_LEN(members), v);
	for (size_t i = 0; i < v[2].text.raw.len; i++) {
		char c = v[2].text.raw.p[i];

		if (v[2].text.raw.len != 16 || !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
			scan_fail(&d->s, "sum is not 16 hex digits");
			return;
		}
		sum = sum << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*place = (struct snapshot_place){ (uint64_t)v[0].number, (uint64_t)v[1].number, sum };
}

static void read_orchestrator(struct decoder *d)
{
	static const struct member members[] = { M("incarnation", 'n'), M("pid", 'n'), M("pid_start_time", 'n'),
						 M("boot_id", 's'), M("running", 'b') };
	struct value v[ARRAY_LEN(members)];

	read_members(d, members, ARRAY_LEN(members), v);
	d->st->epoch = (uint64_t)v[0].number;
	d->st->orchestrator_pid = (uint64_t)v[1].number;
	d->st->orchestrator_start = (uint64_t)v[2].number;
	d->st->orchestrator_boot = keep(d, v[3].text);
	d->st->orchestrator_running = v[4].number != 0;
}

static void read_document(struct decoder *d, struct snapshot_place *place, uint64_t *last_seq, int64_t *last_at)
{
	struct value v = { { SPAN_NONE, false }, 0 };
	struct scan_text key;

	scan_object(&d->s);
	while (scan_key(&d->s, &key)) {
		if (span_is(key.raw, "workspace")) {
			read_value(d, 's', &v);
			d->st->workspace = keep(d, v.text);
		} else if (span_is(key.raw, "last_seq")) {
			scan_u64(&d->s, INTEGER_MAX, last_seq);
		} else if (span_is(key.raw, "last_at")) {
			read_value(d, 't', &v);
			*last_at = v.number;
		} else if (span_is(key.raw, "journal")) {
			read_journal(d, place);
		} else if (span_is(key.raw, "orchestrator")) {
			read_orchestrator(d);
		} else if (span_is(key.raw, "resources")) {
			read_map(d, read_resource);
		} else if (span_is(key.raw, "workstreams")) {
			read_map(d, read_ws);
		} else if (span_is(key.raw, "workers")) {
			read_map(d, read_worker);
		} else if (span_is(key.raw, "tasks")) {
			read_map(d, read_task);
		} else {
			scan_skip(&d->s, NULL);
		}
	}
}

/* Queues, dependents, ranks, waivers: everything that follows from what was read. */
static int derive(struct decoder *d)
{
	struct state *st = d->st;
	char why[200] = "";

	for (size_t i = 0; i < st->ws_count; i++)
		if (st->ws[i].state != WS_PLANNED && link_ws(st, (uint32_t)i, d->what) < 0)
			return -SK_ECORRUPT;
	for (size_t i = 0; i < d->waived_count; i++) {
		struct event ev = { .kind = EV_DEPENDENCY_WAIVED, .task_id = st->tasks[d->waived[i].task].id,
				    .needs = d->waived[i].list };

		if (core_apply(st, &ev, NULL, why) < 0) {
			snprintf(d->what, 200, "%s", why);
			return -SK_ECORRUPT;
		}
	}
	return 0;
}

int state_decode(struct span text, struct state *st, struct snapshot_place *place, char what[200], size_t *at)
{
	struct decoder d = { .st = st, .what = what, .scratch = BUF_INIT };
	struct snapshot_place found = { 0, 0, 0 };
	uint64_t last_seq = 0;
	int64_t last_at = 0;
	int rc;

	scan_init(&d.s, text);
	read_document(&d, &found, &last_seq, &last_at);
	rc = scan_end(&d.s);
	if (rc < 0) {
		if (!d.contradiction)
			snprintf(what, 200, "%s", d.s.error);
		*at = d.s.error_at;
		rc = d.contradiction ? -SK_ECORRUPT : -EINVAL;
	} else {
		*at = 0;
		rc = derive(&d);
	}
	buf_release(&d.scratch);
	mem_free(&d.waived);
	if (rc < 0)
		return rc;
	st->last_seq = last_seq;
	st->last_at_ms = last_at;
	*place = found;
	return 0;
}
