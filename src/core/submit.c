/*
 * Is this plan what is recorded? The comparison works on definitions as bytes and on needs as ids,
 * and says in words what differs, because a plan that changed under a half-finished run must never
 * be guessed about.
 */
#include "core/submit.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/scan.h"
#include "core/link.h"
#include "core/state.h"
#include "core/submit_find.h"

void submit_report_release(struct submit_report *r)
{
	buf_release(&r->changes);
}

uint32_t submit_find_task(const struct state *st, uint32_t ws, struct span name)
{
	const struct workstream *w = &st->ws[ws];
	uint32_t task = state_task(st, name);
	char id[TASK_ID_BYTES_MAX + 1];

	if (task != NO_ID && st->tasks[task].ws == ws)
		return task;
	if (w->id.len + 1 + name.len >= sizeof(id))
		return NO_ID;
	memcpy(id, w->id.p, w->id.len);
	id[w->id.len] = '.';
	memcpy(id + w->id.len + 1, name.p, name.len);
	task = state_task(st, (struct span){ id, w->id.len + 1 + name.len });
	return task != NO_ID && st->tasks[task].ws == ws ? task : NO_ID;
}

uint32_t submit_find_spec(const struct state *st, const struct submission *s, uint32_t spec)
{
	uint32_t ws = state_ws(st, s->ws[s->tasks[spec].ws].name);

	return ws == NO_ID ? NO_ID : submit_find_task(st, ws, s->tasks[spec].name);
}

bool submit_runs_again(const struct task *t)
{
	if (t->state == TASK_CANCELLED)
		return !(t->flags & TASK_WAIVES) || t->flags & TASK_DROPPED;
	return t->state == TASK_FAILED;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static uint32_t count_needs(const struct state *st, const struct task *t)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < t->needs_count; i++)
		count += !task_gone(&st->tasks[t->needs[i] & ~WAIVED]);
	return count;
}

static bool same_needs(const struct state *st, const struct submission *s,
		       const struct submit_names *n, uint32_t spec)
{
	const struct task_spec *given = &s->tasks[spec];
	const struct task *t = &st->tasks[n->tasks[spec]];
	uint32_t count = given->needs_count, filled = 0;
	uint32_t *want, *have;
	bool same;

	if (count != count_needs(st, t))
		return false;
	want = mem_alloc(count * sizeof(*want));
	have = mem_alloc(count * sizeof(*have));
	for (uint32_t i = 0; i < count; i++)
		want[i] = n->tasks[s->needs[given->needs_at + i]];
	for (uint32_t i = 0; i < t->needs_count; i++)
		if (!task_gone(&st->tasks[t->needs[i] & ~WAIVED]))
			have[filled++] = t->needs[i] & ~WAIVED;
	qsort(want, count, sizeof(*want), by_number);
	qsort(have, count, sizeof(*have), by_number);
	same = count == 0 || memcmp(want, have, count * sizeof(*want)) == 0;
	mem_free(&want);
	mem_free(&have);
	return same;
}

bool submit_task_same(const struct state *st, const struct submission *s,
		      const struct submit_names *n, uint32_t spec)
{
	return span_eq(s->tasks[spec].def, st->tasks[n->tasks[spec]].def) &&
	       same_needs(st, s, n, spec);
}

bool submit_ws_same(const struct ws_spec *spec, const struct workstream *w)
{
	return spec->max_parallel == w->max_parallel &&
	       spec->max_duration_ms == w->max_duration_ms && span_eq(spec->def, w->def);
}

static struct span member_of(struct span object, struct span name)
{
	struct span value = SPAN_NONE, ignored;
	struct scan_text key;
	struct scan s;

	scan_init(&s, object);
	scan_object(&s);
	while (scan_key(&s, &key))
		scan_skip(&s, span_eq(key.raw, name) ? &value : &ignored);
	return value;
}

/* One line for each member of `a` whose value differs in `b`; `gone` lists those that b lacks
 * altogether. */
static void put_members(struct buf *out, const char *who, struct span id, struct span a,
			struct span b, bool gone)
{
	struct scan_text key;
	struct span value;
	struct scan s;

	scan_init(&s, a);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		struct span other = member_of(b, key.raw);

		scan_skip(&s, &value);
		if (s.error || span_eq(value, other) || (other.p == NULL) != gone)
			continue;
		buf_putf(out, "%s %.*s: %.*s ", who, SPAN_ARG(id), SPAN_ARG(key.raw));
		if (gone)
			buf_putf(out, "was %.*s, is gone\n", SPAN_ARG(value));
		else
			buf_putf(out, "%.*s -> %.*s\n", SPAN_ARG(value), SPAN_ARG(other));
	}
}

static void put_added(struct buf *out, const char *who, struct span id, struct span old,
		      struct span new)
{
	struct scan_text key;
	struct span value;
	struct scan s;

	scan_init(&s, new);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		scan_skip(&s, &value);
		if (!s.error && !member_of(old, key.raw).p)
			buf_putf(out, "%s %.*s: %.*s is new: %.*s\n", who, SPAN_ARG(id),
				 SPAN_ARG(key.raw), SPAN_ARG(value));
	}
}

static void put_def_changes(struct buf *out, const char *who, struct span id, struct span old,
			    struct span new)
{
	put_members(out, who, id, old, new, false);
	put_members(out, who, id, old, new, true);
	put_added(out, who, id, old, new);
}

static void count_task(const struct task *t, bool selected, struct submit_report *r)
{
	if (t->state == TASK_COMPLETED)
		r->kept_completed++;
	else if (t->worker != NO_ID)
		r->live++;
	else if (selected && submit_runs_again(t))
		r->retried++;
}

static void compare_task(const struct state *st, const struct submission *s,
			 const struct submit_names *n, uint32_t spec, struct submit_report *r)
{
	const struct task_spec *given = &s->tasks[spec];
	const struct task *t = n->tasks[spec] == NO_ID ? NULL : &st->tasks[n->tasks[spec]];

	/* What was done before it was dropped is done. */
	if (!t || (t->flags & TASK_DROPPED && t->state != TASK_COMPLETED)) {
		r->created++;
		buf_putf(&r->changes, "task %.*s: is new\n", SPAN_ARG(given->name));
		return;
	}
	count_task(t, given->selected, r);
	if (submit_task_same(st, s, n, spec))
		return;
	r->changed++;
	put_def_changes(&r->changes, "task", given->name, t->def, given->def);
	if (!same_needs(st, s, n, spec))
		buf_putf(&r->changes, "task %.*s: needs differ\n", SPAN_ARG(given->name));
}

/* The tasks of all workstreams that go on (`goes_on`, by place in the submission). */
static void compare_tasks(const struct state *st, const struct submission *s,
			  const struct submit_names *n, const bool *goes_on,
			  struct submit_report *r)
{
	bool *seen = mem_zalloc(st->task_count + 1);

	for (uint32_t i = 0; i < s->task_count; i++) {
		if (!goes_on[s->tasks[i].ws]) {
			r->created++;
			continue;
		}
		compare_task(st, s, n, i, r);
		if (n->tasks[i] != NO_ID)
			seen[n->tasks[i]] = true;
	}
	for (uint32_t i = 0; i < s->ws_count; i++) {
		const struct workstream *w = goes_on[i] ? &st->ws[n->ws[i]] : NULL;

		for (size_t k = 0; w && k < w->task_count; k++) {
			const struct task *t = &st->tasks[w->tasks[k]];

			if (seen[w->tasks[k]] || t->flags & TASK_DROPPED)
				continue;
			r->removed++;
			buf_putf(&r->changes, "task %.*s: is gone from the plan\n",
				 SPAN_ARG(t->name));
		}
	}
	mem_free(&seen);
}

/* Returns 1 when the workstream goes on with what is recorded, 0 when it begins, or -SK_EREFUSED.
 */
static int check_ws(const struct state *st, const struct ws_spec *spec, uint32_t ws, unsigned flags,
		    struct submit_report *r)
{
	const struct workstream *w;
	char why[200];

	if (ws == NO_ID || flags & SUBMIT_NEW_RUN) {
		r->all_completed = false;
		if (ws == NO_ID || !st->ws[ws].assigned)
			return 0;
		buf_putf(&r->changes,
			 "workstream %.*s: %u tasks of its earlier run are still at work\n",
			 SPAN_ARG(spec->name), (unsigned)st->ws[ws].assigned);
		return -SK_EREFUSED;
	}
	if (link_check(st, ws, why) < 0) {
		buf_putf(&r->changes, "workstream %.*s: %s\n", SPAN_ARG(spec->name), why);
		return -SK_EREFUSED;
	}
	r->fresh = false;
	w = &st->ws[ws];
	if (w->state != WS_COMPLETED)
		r->all_completed = false;
	if (w->state == WS_CANCELLED) {
		buf_putf(&r->changes, "workstream %.*s: was cancelled\n", SPAN_ARG(spec->name));
		return -SK_EREFUSED;
	}
	if (spec->max_parallel != w->max_parallel)
		buf_putf(&r->changes, "workstream %.*s: max_parallel %u -> %u\n",
			 SPAN_ARG(spec->name), (unsigned)w->max_parallel,
			 (unsigned)spec->max_parallel);
	if (spec->max_duration_ms != w->max_duration_ms)
		buf_putf(&r->changes, "workstream %.*s: timeout %lld s -> %lld s\n",
			 SPAN_ARG(spec->name), (long long)w->max_duration_ms / 1000,
			 (long long)spec->max_duration_ms / 1000);
	put_def_changes(&r->changes, "workstream", spec->name, w->def, spec->def);
	return 1;
}

/* What apply would refuse is refused here, before anything is recorded. */
static int check_room(const struct state *st, const struct submission *s,
		      const struct submit_names *n, struct submit_report *r)
{
	size_t resources = st->resource_count, tasks = st->task_count;

	for (uint32_t i = 0; i < s->resource_count; i++)
		resources += state_resource(st, s->resources[i].name) == NO_ID;
	for (uint32_t i = 0; i < s->task_count; i++)
		tasks += n->tasks[i] == NO_ID;
	if (resources > RESOURCES_MAX)
		buf_putf(&r->changes, "%zu resources would be known here, but only %d can be\n",
			 resources, RESOURCES_MAX);
	if (tasks > TASKS_MAX)
		buf_putf(&r->changes, "%zu tasks would be known here, but only %d can be\n", tasks,
			 TASKS_MAX);
	if (n->clash != NO_ID)
		buf_putf(
			&r->changes,
			"task %.*s: its id and %.*s.%.*s are taken by tasks of other workstreams\n",
			SPAN_ARG(s->tasks[n->clash].name),
			SPAN_ARG(s->ws[s->tasks[n->clash].ws].name),
			SPAN_ARG(s->tasks[n->clash].name));
	if (resources > RESOURCES_MAX || tasks > TASKS_MAX || n->clash != NO_ID)
		return -SK_EREFUSED;
	for (uint32_t i = 0; i < s->task_count; i++)
		if (!submit_record_fits(s, n, i)) {
			buf_putf(&r->changes,
				 "task %.*s: its definition and the ids of what it needs take more "
				 "than %d KiB together\n",
				 SPAN_ARG(s->tasks[i].name), RECORD_BYTES_MAX / 1024);
			return -SK_EREFUSED;
		}
	return 0;
}

/* A limit belongs to all workstreams, so it changes only when somebody wants it to. One that an
 * operator has set goes on to count: the plan is compared with what plans said. */
static void compare_resources(const struct state *st, const struct submission *s,
			      struct submit_report *r)
{
	for (uint32_t i = 0; i < s->resource_count; i++) {
		uint32_t known = state_resource(st, s->resources[i].name);

		if (known != NO_ID && st->resources[known].planned != s->resources[i].limit)
			buf_putf(&r->changes, "resource %.*s: limit %u -> %u\n",
				 SPAN_ARG(s->resources[i].name),
				 (unsigned)st->resources[known].planned,
				 (unsigned)s->resources[i].limit);
	}
}

int submit_check(const struct state *st, const struct submission *s, unsigned flags,
		 struct submit_report *out)
{
	CLEANUP(submit_names_release) struct submit_names names = SUBMIT_NAMES_INIT;
	bool *goes_on = mem_zalloc(s->ws_count + 1);
	int rc;

	*out = (struct submit_report){ .fresh = true, .all_completed = true, .changes = BUF_INIT };
	submit_names_init(&names, st, s, flags);
	rc = check_room(st, s, &names, out);
	for (uint32_t i = 0; i < s->ws_count; i++) {
		int verdict = check_ws(st, &s->ws[i], names.ws[i], flags, out);

		goes_on[i] = verdict == 1;
		if (verdict < 0)
			rc = verdict;
	}
	if (!(flags & SUBMIT_NEW_RUN))
		compare_resources(st, s, out);
	if (rc == 0)
		compare_tasks(st, s, &names, goes_on, out);
	mem_free(&goes_on);
	if (out->changes.len) {
		out->all_completed = false;
		if (!(flags & SUBMIT_ACCEPT_CHANGES))
			rc = -SK_EREFUSED;
	}
	return rc;
}
