/*
 * A world for the core alone: plans as rows, inputs as one-liners, and the questions every test
 * asks afterwards. Whatever the core keeps as a count or as a line is counted here again from the
 * tasks, slowly.
 */
#ifndef SK_TEST_CORE_WORLD_H
#define SK_TEST_CORE_WORLD_H

#include "test.h"

#include "base/err.h"
#include "base/limits.h"
#include "core/apply.h"
#include "core/decide.h"
#include "core/edge.h"
#include "core/link.h"
#include "core/state_codec.h"

#define UNUSED __attribute__((unused))
#define WORLD_START_MS 1790000000000LL

/* One task of a plan. Tasks of one workstream need not stand together. */
struct row {
	const char *ws, *name;
	const char *needs; /* names of the same workstream, by blanks; NULL = none */
	const char *def;   /* NULL = {"run":"true"} */
	bool left_out;
};

struct world {
	struct state st;
	struct events batch; /* all that ever happened */
	struct effects fx;   /* of the last step */
	struct buf why;
	int64_t now_ms;
	/* of the next plans: */
	uint32_t max_parallel;
	int64_t max_duration_ms;
	const struct resource_spec *resources;
	uint32_t resource_count;
};

static inline void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	state_init(&w->st);
	w->batch = (struct events)EVENTS_INIT;
	w->fx = (struct effects)EFFECTS_INIT;
	w->now_ms = WORLD_START_MS;
}

static inline void world_release(struct world *w)
{
	state_release(&w->st);
	events_release(&w->batch);
	effects_release(&w->fx);
	buf_release(&w->why);
}

static inline int world_step(struct world *w, struct input in)
{
	w->fx.count = 0;
	buf_truncate(&w->why, 0);
	return core_step(&w->st, &in, w->now_ms, &w->batch, &w->fx, &w->why);
}

static uint32_t find_spec(const struct submission *s, uint32_t ws, struct span name)
{
	for (uint32_t i = 0; i < s->task_count; i++)
		if (s->tasks[i].ws == ws && span_eq(s->tasks[i].name, name))
			return i;
	return NO_ID;
}

static void put_needs(struct submission *s, uint32_t spec, const char *names)
{
	size_t capacity = s->needs_count;

	s->tasks[spec].needs_at = s->needs_count;
	while (names && *names) {
		size_t len = strcspn(names, " ");
		uint32_t need = find_spec(s, s->tasks[spec].ws, (struct span){ names, len });

		assert_int_not_equal(need, NO_ID);
		capacity = s->needs_count;
		mem_grow(&s->needs, &capacity, s->needs_count + 1u, sizeof(*s->needs));
		s->needs[s->needs_count++] = need;
		s->tasks[spec].needs_count++;
		names += len + strspn(names + len, " ");
	}
}

static inline void submission_of(struct submission *s, const struct world *w,
				 const struct row *rows, size_t count)
{
	memset(s, 0, sizeof(*s));
	s->ws = mem_zalloc((count + 1) * sizeof(*s->ws));
	s->tasks = mem_zalloc((count + 1) * sizeof(*s->tasks));
	for (size_t i = 0; i < count; i++) {
		uint32_t ws = 0;

		while (ws < s->ws_count && !span_is(s->ws[ws].name, rows[i].ws))
			ws++;
		if (ws == s->ws_count)
			s->ws[s->ws_count++] =
				(struct ws_spec){ .name = span_of(rows[i].ws),
						  .plan = SPAN_LIT("plan.yaml"),
						  .def = SPAN_LIT("{\"cwd\":\"/\"}"),
						  .max_parallel = w->max_parallel,
						  .max_duration_ms = w->max_duration_ms };
		s->tasks[s->task_count++] = (struct task_spec){
			.name = span_of(rows[i].name),
			.ws = ws,
			.selected = !rows[i].left_out,
			.def = span_of(rows[i].def ? rows[i].def : "{\"run\":\"true\"}"),
		};
	}
	for (size_t i = 0; i < count; i++)
		put_needs(s, (uint32_t)i, rows[i].needs);
	if (w->resource_count) {
		s->resources = mem_alloc(w->resource_count * sizeof(*s->resources));
		memcpy(s->resources, w->resources, w->resource_count * sizeof(*s->resources));
		s->resource_count = w->resource_count;
	}
}

/* As the program does it: asked first, then done. Returns what submit_check returned; differences
 * are in w->why. */
static UNUSED int world_submit(struct world *w, const struct row *rows, size_t count,
			       unsigned flags)
{
	CLEANUP(submission_release) struct submission s = SUBMISSION_INIT;
	CLEANUP(submit_report_release) struct submit_report report;
	int rc;

	submission_of(&s, w, rows, count);
	rc = submit_check(&w->st, &s, flags, &report);
	if (rc == 0)
		rc = world_step(w, (struct input){ .kind = IN_SUBMIT,
						   .submission = &s,
						   .submit_flags = flags,
						   .operator_name = SPAN_LIT("tester") });
	buf_truncate(&w->why, 0);
	if (report.changes.len)
		buf_put(&w->why, report.changes.p, report.changes.len);
	return rc;
}

/* A worker of this name is born and registers; again = a new incarnation. */
static inline void world_worker(struct world *w, const char *id, uint64_t slots,
				const char *capabilities)
{
	struct input in = { .kind = IN_WORKER_SPAWNED, .worker_id = span_of(id) };

	assert_int_equal(world_step(w, in), 0);
	in.kind = IN_WORKER_REGISTERED;
	in.incarnation = w->st.workers[state_worker(&w->st, span_of(id))].incarnation;
	in.slots = slots;
	in.pid = 4711;
	in.capabilities = span_of(capabilities);
	in.nonce = SPAN_LIT("n\"once");
	in.boot_id = SPAN_LIT("boot");
	assert_int_equal(world_step(w, in), 0);
}

static inline void world_schedule(struct world *w)
{
	assert_int_equal(world_step(w, (struct input){ .kind = IN_SCHEDULE }), 0);
}

static inline void world_time(struct world *w, int64_t ms)
{
	w->now_ms += ms;
	assert_int_equal(world_step(w, (struct input){ .kind = IN_TIME }), 0);
}

static inline const struct task *task_of(const struct world *w, const char *id)
{
	uint32_t task = state_task(&w->st, span_of(id));

	if (task == NO_ID)
		fail_msg("there is no task %s", id);
	return &w->st.tasks[task];
}

static inline const struct workstream *ws_of(const struct world *w, const char *id)
{
	uint32_t ws = state_ws(&w->st, span_of(id));

	assert_int_not_equal(ws, NO_ID);
	return &w->st.ws[ws];
}

static inline const struct worker *worker_of(const struct world *w, const char *id)
{
	return &w->st.workers[state_worker(&w->st, span_of(id))];
}

/* A report about the task's present attempt from the worker that has it. */
static inline struct input report_of(const struct world *w, const char *id, enum input_kind kind)
{
	const struct task *t = task_of(w, id);
	struct input in = { .kind = kind, .task_id = t->id, .attempt = t->attempt, .pid = 99 };

	if (t->worker != NO_ID) {
		in.worker_id = w->st.workers[t->worker].id;
		in.incarnation = w->st.workers[t->worker].incarnation;
	}
	return in;
}

static UNUSED void world_started(struct world *w, const char *id)
{
	assert_int_equal(world_step(w, report_of(w, id, IN_STARTED)), 0);
}

static UNUSED void world_finished(struct world *w, const char *id, enum outcome outcome,
				  int64_t exit_code)
{
	struct input in = report_of(w, id, IN_FINISHED);

	in.result.outcome = outcome;
	in.result.exit_code = exit_code;
	assert_int_equal(world_step(w, in), 0);
}

static UNUSED void world_validated(struct world *w, const char *id, int64_t exit_code)
{
	struct input in = report_of(w, id, IN_FINISHED);

	in.result.outcome = OUTCOME_EXIT;
	in.result.validation = true;
	in.result.exit_code = exit_code;
	assert_int_equal(world_step(w, in), 0);
}

static UNUSED int world_cancel(struct world *w, const char *id, bool waive)
{
	return world_step(w, (struct input){ .kind = IN_CANCEL_TASK,
					     .task_id = span_of(id),
					     .waive = waive,
					     .operator_name = SPAN_LIT("tester"),
					     .reason = SPAN_LIT("no \"need\"") });
}

static UNUSED void world_lost(struct world *w, const char *worker, enum input_kind kind)
{
	assert_int_equal(
		world_step(w, (struct input){ .kind = kind,
					      .worker_id = span_of(worker),
					      .incarnation = worker_of(w, worker)->incarnation }),
		0);
}

static inline void expect_state(const struct world *w, const char *id, enum task_state want)
{
	if (task_of(w, id)->state != want)
		fail_msg("task %s is %s, not %s", id, task_state_word(task_of(w, id)->state),
			 task_state_word(want));
}

static inline void expect_ws(const struct world *w, const char *id, enum ws_state want)
{
	if (ws_of(w, id)->state != want)
		fail_msg("workstream %s is %s, not %s", id, ws_state_word(ws_of(w, id)->state),
			 ws_state_word(want));
}

/* How often this row (its id) was recorded so far; of one subject when `id` is given. */
static inline unsigned edges_seen(const struct world *w, const char *edge, const char *id)
{
	unsigned count = 0;

	for (size_t i = 0; i < w->batch.count; i++) {
		const struct event *ev = &w->batch.v[i];

		count += span_is(ev->edge, edge) &&
			 (!id || span_is(ev->task_id, id) || span_is(ev->workstream_id, id) ||
			  span_is(ev->worker_id, id));
	}
	return count;
}

static inline unsigned events_seen(const struct world *w, enum event_kind kind)
{
	unsigned count = 0;

	for (size_t i = 0; i < w->batch.count; i++)
		count += w->batch.v[i].kind == kind;
	return count;
}

static inline unsigned effects_seen(const struct world *w, enum effect_kind kind)
{
	unsigned count = 0;

	for (size_t i = 0; i < w->fx.count; i++)
		count += w->fx.v[i].kind == kind;
	return count;
}

static inline void encode(const struct state *st, struct buf *out)
{
	const struct snapshot_place place = { 3, 4711, 0xfeedULL };

	buf_truncate(out, 0);
	state_encode(st, &place, WORLD_START_MS, out);
}

/* Two documents are the same; otherwise shows where they part. */
static inline void expect_same(const struct buf *a, const struct buf *b)
{
	size_t at = 0;

	while (at < a->len && at < b->len && a->p[at] == b->p[at])
		at++;
	if (at < a->len || at < b->len)
		fail_msg("at %zu: ...%.*s, not ...%.*s", at, 200, a->p + (at < 90 ? 0 : at - 90),
			 200, b->p + (at < 90 ? 0 : at - 90));
}

/* The counts and marks of one task, from its needs alone. */
static inline void check_task(const struct state *st, uint32_t task)
{
	const struct task *t = &st->tasks[task];
	uint32_t unmet = 0, holds = 0;
	bool hopeless = false;

	if (task_gone(t) || !(t->flags & TASK_LINKED))
		return;
	for (uint32_t i = 0; i < t->needs_count; i++) {
		const struct task *n = &st->tasks[t->needs[i] & ~WAIVED];

		unmet += !need_met(st, t->needs[i]);
		if (!(t->needs[i] & WAIVED))
			hopeless |= n->state == TASK_FAILED ||
				    (n->state == TASK_PENDING && n->flags & TASK_BLOCKED);
	}
	assert_int_equal(t->unmet, unmet);
	assert_int_equal(!!(t->flags & TASK_BLOCKED), t->state == TASK_PENDING && hopeless);
	if (t->worker != NO_ID)
		assert_true(t->state == TASK_QUEUED || t->state == TASK_RUNNING ||
			    t->state == TASK_VALIDATING);
	for (size_t r = 0; r < st->resource_count; r++)
		for (size_t h = 0; h < st->resources[r].holder_count; h++)
			holds += st->resources[r].holders[h] == task;
	assert_int_equal(holds,
			 t->worker != NO_ID || t->state == TASK_VALIDATING ? t->resource_count : 0);
}

static inline void check_ws(const struct state *st, const struct workstream *w)
{
	uint32_t by_state[TASK_STATE_COUNT] = { 0 }, blocked = 0, waived = 0, fatal = 0,
		 assigned = 0, waiting = 0;

	for (size_t i = 0; i < w->task_count; i++) {
		const struct task *t = &st->tasks[w->tasks[i]];

		by_state[t->state]++;
		blocked += (t->flags & TASK_BLOCKED) != 0;
		waived += t->state == TASK_CANCELLED && t->flags & TASK_WAIVES;
		fatal += (t->flags & TASK_FATAL) != 0;
		assigned += t->worker != NO_ID;
		waiting += t->heap_at != NO_ID;
		if (task_state_final(t->state))
			assert_true(t->worker == NO_ID && t->heap_at == NO_ID &&
				    !(t->flags & TASK_CANCELLING));
	}
	assert_memory_equal(by_state, w->by_state, sizeof(by_state));
	assert_int_equal(blocked, w->blocked);
	assert_int_equal(waived, w->waived);
	assert_int_equal(fatal, w->critical_failed);
	assert_int_equal(assigned, w->assigned);
	assert_int_equal(waiting, w->waiting);
}

/* Whatever the core keeps up to date by differences, counted anew. */
static inline void check_counts(const struct state *st)
{
	for (size_t i = 0; i < st->task_count; i++)
		check_task(st, (uint32_t)i);
	for (size_t i = 0; i < st->ws_count; i++)
		check_ws(st, &st->ws[i]);
	for (size_t i = 0; i < st->resource_count; i++) {
		const struct resource *r = &st->resources[i];
		uint64_t held = 0;

		for (size_t h = 0; h < r->holder_count; h++) {
			const struct task *t = &st->tasks[r->holders[h]];

			for (uint8_t k = 0; k < t->resource_count; k++)
				if (t->resources[k].resource == i)
					held += resource_amount(r, t->resources[k].amount);
		}
		assert_true(r->held == held);
	}
}

/* All events once more into an empty state: the same document comes out. */
static inline void check_replay(const struct world *w)
{
	CLEANUP(state_release) struct state again;
	CLEANUP(buf_release) struct buf a = BUF_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	char why[200] = "";

	state_init(&again);
	for (size_t i = 0; i < w->batch.count; i++)
		if (core_apply(&again, &w->batch.v[i], NULL, why) < 0)
			fail_msg("event %zu is refused: %s", i, why);
	encode(&w->st, &a);
	encode(&again, &b);
	expect_same(&a, &b);
	check_counts(&again);
}

static UNUSED void world_check(const struct world *w)
{
	check_counts(&w->st);
	check_replay(w);
}

#endif
