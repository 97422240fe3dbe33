/*
 * The snapshot back into a state. What can be derived (queues, dependents, counts, ranks) is
 * derived, not read, so that it cannot contradict the rest.
 */
#include "core/state_codec.h"

#include <errno.h>
#include <stdio.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/when.h"
#include "core/apply.h"
#include "core/link.h"
#include "core/state_read.h"
#include "core/worker_def.h"

static void read_resource(struct decoder *d, struct span id)
{
	static const struct member members[] = { MEMBER("max_holders", U32),
						 MEMBER("exhausted_since", TIME),
						 MEMBER("set_by_operator", BOOL),
						 MEMBER("planned_max_holders", U32) };
	struct value v[ARRAY_LEN(members)];
	struct resource r = { .claim = NO_ID };
	struct state *st = d->st;

	read_members(d, members, ARRAY_LEN(members), v);
	if (st->resource_count == RESOURCES_MAX || !id_valid(id) ||
	    state_resource(st, id) != NO_ID) {
		decoder_fail(d, "one too many, unusable or second resource", id);
		return;
	}
	r.id = arena_copy(&st->text, id);
	r.limit = (uint32_t)v[0].number;
	r.exhausted_ms = v[1].number;
	r.planned = v[2].number ? (uint32_t)v[3].number : r.limit;
	mem_grow(&st->resources, &st->resource_capacity, st->resource_count + 1, sizeof(r));
	map_put(&st->resource_ids, r.id, (uint32_t)st->resource_count);
	st->resources[st->resource_count++] = r;
}

static void read_ws(struct decoder *d, struct span id)
{
	enum {
		NAME,
		STATE,
		RUN,
		PARALLEL,
		DURATION,
		FLAGS,
		COUNT,
		CREATED,
		STARTED,
		ENDED,
		SERVED,
		SEQ,
		PLAN,
		REASON,
		DEF
	};
	static const struct member members[] = {
		MEMBER("name", TEXT),
		MEMBER("state", TEXT),
		MEMBER("run_no", U32),
		MEMBER("max_parallel", U32),
		MEMBER("max_duration_ms", NUMBER),
		MEMBER("flags", U32),
		MEMBER("task_count", NUMBER),
		MEMBER("created_at", TIME),
		MEMBER("started_at", TIME),
		MEMBER("ended_at", TIME),
		MEMBER("last_served", NUMBER),
		MEMBER("seq", NUMBER),
		MEMBER("plan", TEXT),
		MEMBER("reason", TEXT),
		MEMBER("def", RAW),
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
	w.name = v[NAME].text.raw.p ? keep_text(d, v[NAME].text) : w.id;
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
	w.plan = keep_text(d, v[PLAN].text);
	w.reason = keep_text(d, v[REASON].text);
	w.def = arena_copy(&st->text, v[DEF].text.raw);
	w.has_workers = ws_def_has_workers(w.def);
	mem_grow(&st->ws, &st->ws_capacity, st->ws_count + 1, sizeof(w));
	if (v[COUNT].number > 0 && v[COUNT].number <= TASKS_MAX) {
		size_t total = st->task_capacity + (size_t)v[COUNT].number;

		mem_grow(&w.tasks, &w.task_capacity, (size_t)v[COUNT].number, sizeof(*w.tasks));
		if (total <= TASKS_MAX && total * 16 <= (size_t)(d->s.end - d->s.start)) {
			mem_grow(&st->tasks, &st->task_capacity, total, sizeof(*st->tasks));
			mem_expect(st->tasks + st->task_count,
				   (size_t)v[COUNT].number * sizeof(*st->tasks));
			map_reserve(&st->task_ids, total);
		}
	}
	map_put(&st->ws_ids, w.id, (uint32_t)st->ws_count);
	st->ws[st->ws_count++] = w;
}

static void read_worker(struct decoder *d, struct span id)
{
	enum {
		STATE,
		INCARNATION,
		SLOTS,
		PID,
		PID_START,
		BOOT,
		NONCE,
		VERSION,
		KILL,
		CAPABILITIES,
		REGISTERED,
		ENDED,
		WATCHED,
		DRAINING,
		RESTART,
		FORCED,
		REASSIGN
	};
	static const struct member members[] = {
		MEMBER("state", TEXT),
		MEMBER("incarnation", U32),
		MEMBER("max_concurrent_tasks", U16),
		MEMBER("pid", NUMBER),
		MEMBER("pid_start_time", NUMBER),
		MEMBER("boot_id", TEXT),
		MEMBER("nonce", TEXT),
		MEMBER("version", TEXT),
		MEMBER("kill_mode", TEXT),
		MEMBER("capabilities", RAW),
		MEMBER("registered_at", TIME),
		MEMBER("ended_at", TIME),
		MEMBER("watch_closely", BOOL),
		MEMBER("draining", BOOL),
		MEMBER("restart", BOOL),
		MEMBER("forced", BOOL),
		MEMBER("reassign", BOOL),
	};
	struct value v[ARRAY_LEN(members)];
	struct worker w = { .state = WORKER_SHUTDOWN };
	struct state *st = d->st;
	int state;

	read_members(d, members, ARRAY_LEN(members), v);
	state = worker_state_decode(v[STATE].text.raw);
	if (state < 0 || !id_valid(id) || state_worker(st, id) != NO_ID ||
	    st->worker_count == WORKERS_MAX) {
		decoder_fail(d, "unusable, unknown state of, or second, worker", id);
		return;
	}
	w.id = arena_copy(&st->text, id);
	w.state = (uint8_t)state;
	w.incarnation = (uint32_t)v[INCARNATION].number;
	w.slots = (uint32_t)v[SLOTS].number;
	w.pid = (uint64_t)v[PID].number;
	w.pid_start = (uint64_t)v[PID_START].number;
	w.boot_id = keep_text(d, v[BOOT].text);
	w.nonce = keep_text(d, v[NONCE].text);
	w.version = keep_text(d, v[VERSION].text);
	w.kill_mode = keep_text(d, v[KILL].text);
	w.capabilities = arena_copy(&st->text, v[CAPABILITIES].text.raw);
	w.registered_ms = v[REGISTERED].number;
	w.ended_ms = v[ENDED].number;
	w.watched = v[WATCHED].number;
	w.leave = (v[DRAINING].number ? LEAVE_ASKED : 0) | (v[RESTART].number ? LEAVE_RESTART : 0) |
		  (v[FORCED].number ? LEAVE_FORCED : 0) | (v[REASSIGN].number ? LEAVE_REASSIGN : 0);
	mem_grow(&st->workers, &st->worker_capacity, st->worker_count + 1, sizeof(w));
	map_put(&st->worker_ids, w.id, (uint32_t)st->worker_count);
	st->workers[st->worker_count++] = w;
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
	static const struct member members[] = { MEMBER("segment", NUMBER),
						 MEMBER("offset", NUMBER), MEMBER("sum", TEXT) };
	struct value v[ARRAY_LEN(members)];
	uint64_t sum = 0;

	read_members(d, members, ARRAY_LEN(members), v);
	for (size_t i = 0; i < v[2].text.raw.len; i++) {
		char c = v[2].text.raw.p[i];

		if (v[2].text.raw.len != 16 ||
		    !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
			scan_fail(&d->s, "sum is not 16 hex digits");
			return;
		}
		sum = sum << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*place = (struct snapshot_place){ (uint64_t)v[0].number, (uint64_t)v[1].number, sum };
}

static void read_orchestrator(struct decoder *d)
{
	static const struct member members[] = { MEMBER("incarnation", NUMBER),
						 MEMBER("pid", NUMBER),
						 MEMBER("pid_start_time", NUMBER),
						 MEMBER("boot_id", TEXT), MEMBER("running", BOOL) };
	struct value v[ARRAY_LEN(members)];

	read_members(d, members, ARRAY_LEN(members), v);
	d->st->epoch = (uint64_t)v[0].number;
	d->st->orchestrator_pid = (uint64_t)v[1].number;
	d->st->orchestrator_start = (uint64_t)v[2].number;
	d->st->orchestrator_boot = keep_text(d, v[3].text);
	d->st->orchestrator_running = v[4].number != 0;
}

/* Kinds that this program does not know were told by a newer one, and are its business. */
static void read_happened(struct decoder *d)
{
	struct scan_text key;

	scan_object(&d->s);
	while (scan_key(&d->s, &key)) {
		int kind = event_kind_decode(key.raw);
		uint64_t count = 0;

		scan_u64(&d->s, INTEGER_MAX, &count);
		if (kind >= 0)
			d->st->happened[kind] = count;
	}
}

/* One document of a goal store. */
static void read_doc(struct decoder *d, const struct doc_type *type, struct span id, void *doc)
{
	struct doc_problem problem = { "", 0 };

	doc_clear(type, doc);
	if (!id_valid(id))
		decoder_fail(d, "not an id:", id);
	else if (doc_scan(type, &d->s, &d->st->text, doc, &problem) < 0)
		decoder_fail(d, problem.what, id);
}

static void read_goal(struct decoder *d, struct span id)
{
	struct goals *all = &d->st->goals;
	struct goal g;

	read_doc(d, &goal_type, id, &g);
	if (all->count == GOALS_MAX || goals_find(all, id))
		decoder_fail(d, "second or too many of goal", id);
	if (d->s.error)
		return;
	g.id = arena_copy(&d->st->text, id);
	mem_grow(&all->v, &all->capacity, all->count + 1, sizeof(g));
	all->v[all->count++] = g;
}

static void read_tentacle(struct decoder *d, struct span id)
{
	struct goals *all = &d->st->goals;
	struct tentacle t;

	read_doc(d, &tentacle_type, id, &t);
	if (all->tentacle_count == TENTACLES_MAX || goals_tentacle(all, id))
		decoder_fail(d, "second or too many of tentacle", id);
	if (d->s.error)
		return;
	t.name = arena_copy(&d->st->text, id);
	goals_add_tentacle(all, &t);
}

static void read_provider(struct decoder *d, struct span id)
{
	struct goals *all = &d->st->goals;
	struct provider p;

	read_doc(d, &provider_type, id, &p);
	if (all->provider_count == GOALS_MAX || goals_provider(all, id))
		decoder_fail(d, "second or too many of provider", id);
	if (d->s.error)
		return;
	p.id = arena_copy(&d->st->text, id);
	mem_grow(&all->providers, &all->provider_capacity, all->provider_count + 1, sizeof(p));
	all->providers[all->provider_count++] = p;
}

static void read_document(struct decoder *d, struct snapshot_place *place, uint64_t *last_seq,
			  int64_t *last_at)
{
	struct value v = { { SPAN_NONE, false }, 0 };
	struct scan_text key;

	scan_object(&d->s);
	while (scan_key(&d->s, &key)) {
		if (span_is(key.raw, "workspace")) {
			read_value(d, MEMBER_TEXT, &v);
			d->st->workspace = keep_text(d, v.text);
		} else if (span_is(key.raw, "last_seq")) {
			scan_u64(&d->s, INTEGER_MAX, last_seq);
		} else if (span_is(key.raw, "last_at")) {
			read_value(d, MEMBER_TIME, &v);
			*last_at = v.number;
		} else if (span_is(key.raw, "journal")) {
			read_journal(d, place);
		} else if (span_is(key.raw, "orchestrator")) {
			read_orchestrator(d);
		} else if (span_is(key.raw, "events")) {
			read_happened(d);
		} else if (span_is(key.raw, "resources")) {
			read_map(d, read_resource);
		} else if (span_is(key.raw, "workstreams")) {
			read_map(d, read_ws);
		} else if (span_is(key.raw, "workers")) {
			read_map(d, read_worker);
		} else if (span_is(key.raw, "tasks")) {
			read_map(d, read_task);
		} else if (span_is(key.raw, "goals")) {
			read_map(d, read_goal);
		} else if (span_is(key.raw, "tentacles")) {
			read_map(d, read_tentacle);
		} else if (span_is(key.raw, "providers")) {
			read_map(d, read_provider);
		} else if (span_is(key.raw, "chosen_goal")) {
			read_value(d, MEMBER_TEXT, &v);
			d->st->goals.chosen = keep_text(d, v.text);
		} else {
			scan_skip(&d->s, NULL);
		}
	}
}

/* Queues, dependents, ranks, waivers: everything that follows from what was read. */
static int derive(struct decoder *d)
{
	struct state *st = d->st;
	uint64_t waived = st->happened[EV_DEPENDENCY_WAIVED]; /* told once, not again below */
	char why[200] = "";

	for (size_t i = 0; i < st->ws_count; i++)
		if (st->ws[i].state != WS_PLANNED && link_ws(st, (uint32_t)i, d->what) < 0)
			return -SK_ECORRUPT;
	for (size_t i = 0; i < d->waived_count; i++) {
		struct event ev = { .kind = EV_DEPENDENCY_WAIVED,
				    .task_id = st->tasks[d->waived[i].task].id,
				    .needs = d->waived[i].needs };

		if (core_apply(st, &ev, NULL, why) < 0) {
			snprintf(d->what, 200, "%s", why);
			return -SK_ECORRUPT;
		}
	}
	st->happened[EV_DEPENDENCY_WAIVED] = waived;
	return 0;
}

int state_decode(struct span text, struct state *st, struct snapshot_place *place, char what[200],
		 size_t *at)
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
