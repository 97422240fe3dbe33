/*
 * Plans, changes of plans, and what each attempt will do. A script depends on seed, task and
 * attempt alone, not on when it runs, so that the same work meets different accidents.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "world.h"

static void draw_needs(struct world *w, struct sim_plan *p, unsigned task)
{
	struct sim_task *t = &p->tasks[task];
	unsigned most = task < SIM_NEEDS_MAX ? task : SIM_NEEDS_MAX;

	t->needs_count = 0;
	for (unsigned i = below(w, 3); i > 0 && t->needs_count < most; i--) {
		unsigned need = below(w, task), at = 0;

		if (p->tasks[need].ws != t->ws && !p->crossing)
			continue;
		while (at < t->needs_count && t->needs[at] < need)
			at++;
		if (at < t->needs_count && t->needs[at] == need)
			continue;
		memmove(&t->needs[at + 1], &t->needs[at],
			(t->needs_count - at) * sizeof(t->needs[0]));
		t->needs[at] = need;
		t->needs_count++;
	}
}

static void draw_settings(struct world *w, const struct sim_plan *p, struct sim_task *t)
{
	t->retries = below(w, 3);
	t->backoff_ms = one_in(w, 2) ? 0 : 1 + below(w, 3000);
	t->timeout_ms = 1000 + 1000 * below(w, 10);
	t->priority = one_in(w, 3) ? (int)below(w, 7) - 3 : 0;
	t->jitter = one_in(w, 4);
	t->critical = one_in(w, 8);
	t->before = one_in(w, 5);
	t->after = one_in(w, 4);
	t->gpu = one_in(w, 12);
	for (unsigned r = 0; r < SIM_RESOURCES; r++) {
		t->amount[r] = 0;
		if (r >= p->resource_count || !one_in(w, 3))
			continue;
		t->amount[r] = one_in(w, 4) ? EXCLUSIVE : 1 + below(w, p->limits[r]);
	}
}

static void draw_task(struct world *w, struct sim_plan *p, unsigned task)
{
	struct sim_task *t = &p->tasks[task];
	unsigned number = 1;

	*t = (struct sim_task){ .ws = below(w, p->ws_count) };
	for (unsigned i = 0; i < task; i++)
		number += p->tasks[i].ws == t->ws;
	snprintf(t->name, sizeof(t->name), "t%u",
		 number); /* the same name in several workstreams */
	draw_settings(w, p, t);
	draw_needs(w, p, task);
}

void plan_draw(struct world *w)
{
	struct sim_plan *p = &w->plan;
	unsigned most = one_in(w, 4) ? SIM_TASKS_MAX : 8;

	*p = (struct sim_plan){ .ws_count = one_in(w, 2) ? 1 : 1 + below(w, SIM_WS_MAX) };
	p->task_count = 1 + below(w, most);
	if (p->task_count < p->ws_count)
		p->ws_count = 1;
	p->resource_count = below(w, SIM_RESOURCES + 1);
	p->crossing = one_in(w, 2);
	for (unsigned i = 0; i < SIM_RESOURCES; i++)
		p->limits[i] = 1 + below(w, 3);
	for (unsigned i = 0; i < SIM_WS_MAX; i++) {
		p->max_parallel[i] = one_in(w, 2) ? 0 : 1 + below(w, 4);
		p->max_duration_ms[i] = w->gentle || !one_in(w, 8) ? 0 : 60000;
	}
	for (unsigned i = 0; i < p->task_count; i++)
		draw_task(w, p, i);
	/* Each workstream of a plan has a task: an empty one says nothing. */
	for (unsigned i = 0; i < p->ws_count; i++) {
		unsigned have = 0;

		for (unsigned k = 0; k < p->task_count; k++)
			have += p->tasks[k].ws == i;
		if (!have)
			p->ws_count = i ? i : 1;
	}
	for (unsigned i = 0; i < p->task_count; i++)
		if (p->tasks[i].ws >= p->ws_count) {
			p->tasks[i].ws = 0;
			snprintf(p->tasks[i].name, sizeof(p->tasks[i].name), "s%u", i);
		}
}

static void remove_task(struct sim_plan *p, unsigned gone)
{
	memmove(&p->tasks[gone], &p->tasks[gone + 1],
		(p->task_count - gone - 1) * sizeof(p->tasks[0]));
	p->task_count--;
	for (unsigned i = 0; i < p->task_count; i++) {
		struct sim_task *t = &p->tasks[i];
		unsigned kept = 0;

		for (unsigned k = 0; k < t->needs_count; k++)
			if (t->needs[k] != gone)
				t->needs[kept++] = t->needs[k] - (t->needs[k] > gone);
		t->needs_count = kept;
	}
}

static bool only_one_left(const struct sim_plan *p, unsigned ws)
{
	unsigned have = 0;

	for (unsigned i = 0; i < p->task_count; i++)
		have += p->tasks[i].ws == ws;
	return have < 2;
}

void plan_change(struct world *w)
{
	struct sim_plan *p = &w->plan;
	unsigned task = below(w, p->task_count);

	switch (below(w, 5)) {
	case 0:
		draw_settings(w, p, &p->tasks[task]);
		break;
	case 1:
		if (!only_one_left(p, p->tasks[task].ws))
			remove_task(p, task);
		break;
	case 2:
		if (p->task_count < SIM_TASKS_MAX) {
			draw_task(w, p, p->task_count);
			snprintf(p->tasks[p->task_count].name, sizeof(p->tasks[0].name), "n%u",
				 below(w, 4));
			for (unsigned i = 0; i < p->task_count; i++)
				if (strcmp(p->tasks[i].name, p->tasks[p->task_count].name) == 0)
					return; /* taken already */
			p->task_count++;
		}
		break;
	case 3:
		draw_needs(w, p, task);
		break;
	default:
		p->max_parallel[p->tasks[task].ws] = below(w, 4);
	}
}

static void put_resources(const struct sim_plan *p, const struct sim_task *t, struct buf *def)
{
	bool any = false;

	for (unsigned r = 0; r < p->resource_count; r++) {
		if (!t->amount[r])
			continue;
		buf_putf(def, "%s\"r%u\":%u", any ? "," : ",\"resources\":{", r,
			 t->amount[r] == EXCLUSIVE ? 0 : t->amount[r]);
		any = true;
	}
	if (any)
		buf_putc(def, '}');
}

static struct span task_def(struct arena *text, const struct sim_plan *p, const struct sim_task *t)
{
	CLEANUP(buf_release) struct buf def = BUF_INIT;

	buf_putf(&def, "{\"run\":\"work\",\"timeout_ms\":%u", t->timeout_ms);
	if (t->retries)
		buf_putf(&def, ",\"retries\":%u", t->retries);
	if (t->backoff_ms)
		buf_putf(&def, ",\"backoff_ms\":%u", t->backoff_ms);
	buf_puts(&def, t->jitter ? ",\"jitter\":true" : "");
	buf_puts(&def, t->critical ? ",\"critical\":true" : "");
	if (t->priority)
		buf_putf(&def, ",\"priority\":%d", t->priority);
	put_resources(p, t, &def);
	buf_puts(&def, t->gpu ? ",\"capabilities\":[\"gpu\"]" : "");
	buf_puts(&def, t->before ? ",\"before\":[{\"name\":\"clean\",\"run\":\"look\"}]" : "");
	buf_puts(&def, t->after ? ",\"after\":[{\"name\":\"right\",\"run\":\"look\"}]" : "");
	buf_putc(&def, '}');
	return arena_copy(text, (struct span){ def.p, def.len });
}

static void put_ws(const struct sim_plan *p, unsigned wanted, struct submission *out,
		   unsigned place[SIM_WS_MAX])
{
	char name[16];

	for (unsigned i = 0; i < p->ws_count; i++) {
		struct ws_spec *spec = &out->ws[out->ws_count];

		place[i] = NO_ID;
		if (!(wanted & 1U << i))
			continue;
		snprintf(name, sizeof(name), "w%u", i);
		*spec = (struct ws_spec){ .name = arena_copy(&out->text, span_of(name)),
					  .plan = SPAN_LIT("plan.yaml"),
					  .def = SPAN_LIT("{\"cwd\":\"/\"}"),
					  .max_parallel = p->max_parallel[i],
					  .max_duration_ms = p->max_duration_ms[i] };
		place[i] = out->ws_count++;
	}
}

static void put_tasks(const struct sim_plan *p, struct submission *out,
		      const unsigned place[SIM_WS_MAX])
{
	unsigned at[SIM_TASKS_MAX];

	for (unsigned i = 0; i < p->task_count; i++) {
		const struct sim_task *t = &p->tasks[i];
		struct task_spec *spec = &out->tasks[out->task_count];

		at[i] = NO_ID;
		if (place[t->ws] == NO_ID)
			continue;
		*spec = (struct task_spec){ .name = arena_copy(&out->text, span_of(t->name)),
					    .def = task_def(&out->text, p, t),
					    .ws = place[t->ws],
					    .needs_at = out->needs_count,
					    .line = i + 1,
					    .selected = true };
		for (unsigned k = 0; k < t->needs_count; k++)
			if (at[t->needs[k]] != NO_ID)
				out->needs[out->needs_count++] = at[t->needs[k]];
		spec->needs_count = out->needs_count - spec->needs_at;
		at[i] = out->task_count++;
	}
}

void plan_submission(struct world *w, unsigned wanted, struct submission *out)
{
	const struct sim_plan *p = &w->plan;
	unsigned place[SIM_WS_MAX];
	char name[16];

	*out = (struct submission)SUBMISSION_INIT;
	out->ws = mem_zalloc(SIM_WS_MAX * sizeof(*out->ws));
	out->tasks = mem_zalloc(SIM_TASKS_MAX * sizeof(*out->tasks));
	out->resources = mem_zalloc(SIM_RESOURCES * sizeof(*out->resources));
	out->needs = mem_zalloc(SIM_TASKS_MAX * SIM_NEEDS_MAX * sizeof(*out->needs));
	put_ws(p, wanted, out, place);
	put_tasks(p, out, place);
	for (unsigned r = 0; r < p->resource_count; r++) {
		snprintf(name, sizeof(name), "r%u", r);
		out->resources[out->resource_count++] =
			(struct resource_spec){ .name = arena_copy(&out->text, span_of(name)),
						.limit = p->limits[r] };
	}
}

/* As --only: the task and all it needs; or as --from: the task and all behind it. */
void plan_select(struct world *w, struct submission *s)
{
	uint32_t chosen = below(w, s->task_count);
	bool from = one_in(w, 2);

	for (uint32_t i = 0; i < s->task_count; i++)
		s->tasks[i].selected = i == chosen;
	for (uint32_t i = 0; i < s->task_count; i++) {
		uint32_t task = from ? i : s->task_count - 1 - i;
		struct task_spec *t = &s->tasks[task];

		for (uint32_t k = 0; k < t->needs_count; k++) {
			struct task_spec *need = &s->tasks[s->needs[t->needs_at + k]];

			if (from && need->selected)
				t->selected = true;
			else if (!from && t->selected)
				need->selected = true;
		}
	}
}

struct sim_script script_of(const struct world *w, const char *id, uint64_t run_no,
			    uint64_t attempt, int64_t timeout_ms)
{
	uint64_t h = hash64(id, strlen(id), w->seed ^ run_no << 32 ^ attempt << 40);
	struct sim_script s = { .before_good = true, .starts = true, .after_good = true };

	s.before_ms = (unsigned)(h % 50);
	s.after_ms = (unsigned)(h >> 8) % 80;
	s.run_ms = (unsigned)(h >> 16) % 5 == 0 ? 900 : (unsigned)(h >> 20) % 200;
	s.outputs = (h >> 28) % 6 == 0;
	s.outcome = OUTCOME_EXIT;
	if (w->gentle)
		return s;
	h = hash64(id, strlen(id), h);
	switch (h % 16) {
	case 0:
	case 1:
		s.exit_code = 1 + (int)(h >> 8) % 100;
		break;
	case 2:
		s.outcome = OUTCOME_SIGNAL;
		break;
	case 3:
		s.run_ms = (unsigned)timeout_ms + 1000;
		break;
	case 4:
		s.before_good = false;
		break;
	case 5:
		s.starts = false;
		break;
	case 6:
		s.after_good = false;
		break;
	case 7:
		s.run_ms += 20000; /* times out, or is only slow */
		break;
	default:
		break;
	}
	return s;
}
