/*
 * A compiled plan on its way to a live orchestrator. It is compiled where it was asked for, so that
 * files, variables and mistakes belong to the person who typed; the orchestrator never reads a
 * plan.
 */
#include "ctl/control_msg.h"

#include <errno.h>

#include "base/limits.h"
#include "base/scan.h"

static void put_ws(struct buf *out, const struct ws_spec *w)
{
	buf_puts(out, "{\"name\":");
	buf_put_json(out, w->name);
	buf_puts(out, ",\"plan\":");
	buf_put_json(out, w->plan);
	if (w->def.len) {
		buf_puts(out, ",\"def\":");
		buf_put(out, w->def.p, w->def.len);
	}
	buf_putf(out, ",\"max_parallel\":%u,\"max_duration_ms\":%lld}", (unsigned)w->max_parallel,
		 (long long)w->max_duration_ms);
}

static void put_task(struct buf *out, const struct submission *s, const struct task_spec *t)
{
	buf_puts(out, "{\"name\":");
	buf_put_json(out, t->name);
	buf_putf(out, ",\"ws\":%u,\"needs\":[", (unsigned)t->ws);
	for (uint32_t i = 0; i < t->needs_count; i++) {
		if (i)
			buf_putc(out, ',');
		buf_put_u64(out, s->needs[t->needs_at + i]);
	}
	buf_puts(out, t->selected ? "]" : "],\"left_out\":true");
	buf_puts(out, ",\"def\":");
	buf_put(out, t->def.p, t->def.len);
	buf_putc(out, '}');
}

void submission_encode(struct buf *out, const struct submission *s)
{
	buf_puts(out, "{\"workstreams\":[");
	for (uint32_t i = 0; i < s->ws_count; i++) {
		if (i)
			buf_putc(out, ',');
		put_ws(out, &s->ws[i]);
	}
	buf_puts(out, "],\"resources\":[");
	for (uint32_t i = 0; i < s->resource_count; i++) {
		buf_puts(out, i ? ",{\"name\":" : "{\"name\":");
		buf_put_json(out, s->resources[i].name);
		buf_putf(out, ",\"limit\":%u}", (unsigned)s->resources[i].limit);
	}
	buf_puts(out, "],\"tasks\":[");
	for (uint32_t i = 0; i < s->task_count; i++) {
		if (i)
			buf_putc(out, ',');
		put_task(out, s, &s->tasks[i]);
	}
	buf_puts(out, "]}");
}

struct reader {
	struct scan s;
	struct submission *out;
	struct buf scratch;
	size_t ws_capacity, task_capacity, resource_capacity, needs_capacity;
};

static struct span keep_text(struct reader *r)
{
	struct scan_text text = { SPAN_NONE, false };

	scan_string(&r->s, &text);
	if (!text.escaped)
		return arena_copy(&r->out->text, text.raw);
	buf_truncate(&r->scratch, 0);
	scan_unescape(&r->scratch, text);
	return arena_copy(&r->out->text, (struct span){ r->scratch.p, r->scratch.len });
}

static struct span keep_raw(struct reader *r)
{
	struct span raw = SPAN_NONE;

	scan_skip(&r->s, &raw);
	return arena_copy(&r->out->text, raw);
}

static uint32_t read_number(struct reader *r)
{
	uint64_t number = 0;

	scan_u64(&r->s, UINT32_MAX, &number);
	return (uint32_t)number;
}

static void read_ws(struct reader *r)
{
	struct submission *out = r->out;
	struct ws_spec w = { .name = SPAN_NONE };
	struct scan_text key;
	uint64_t duration = 0;

	scan_object(&r->s);
	while (scan_key(&r->s, &key)) {
		if (span_is(key.raw, "name"))
			w.name = keep_text(r);
		else if (span_is(key.raw, "plan"))
			w.plan = keep_text(r);
		else if (span_is(key.raw, "def"))
			w.def = keep_raw(r);
		else if (span_is(key.raw, "max_parallel"))
			w.max_parallel = read_number(r);
		else if (span_is(key.raw, "max_duration_ms"))
			scan_u64(&r->s, INTEGER_MAX, &duration);
		else
			scan_skip(&r->s, NULL);
	}
	if (name_problem(w.name))
		scan_fail(&r->s, "a workstream without a name");
	w.max_duration_ms = (int64_t)duration;
	mem_grow(&out->ws, &r->ws_capacity, out->ws_count + 1u, sizeof(w));
	out->ws[out->ws_count++] = w;
}

static void read_resource(struct reader *r)
{
	struct submission *out = r->out;
	struct resource_spec one = { .name = SPAN_NONE };
	struct scan_text key;

	scan_object(&r->s);
	while (scan_key(&r->s, &key)) {
		if (span_is(key.raw, "name"))
			one.name = keep_text(r);
		else if (span_is(key.raw, "limit"))
			one.limit = read_number(r);
		else
			scan_skip(&r->s, NULL);
	}
	if (name_problem(one.name))
		scan_fail(&r->s, "a resource without a name");
	mem_grow(&out->resources, &r->resource_capacity, out->resource_count + 1u, sizeof(one));
	out->resources[out->resource_count++] = one;
}

static void read_needs(struct reader *r, struct task_spec *t)
{
	struct submission *out = r->out;

	t->needs_at = out->needs_count;
	scan_array(&r->s);
	while (scan_item(&r->s)) {
		uint32_t need = read_number(r);

		if (t->needs_count && out->needs[out->needs_count - 1] >= need)
			scan_fail(&r->s, "needs that are not sorted");
		mem_grow(&out->needs, &r->needs_capacity, out->needs_count + 1u, sizeof(need));
		out->needs[out->needs_count++] = need;
		t->needs_count++;
	}
}

static void read_task(struct reader *r)
{
	struct submission *out = r->out;
	struct task_spec t = { .name = SPAN_NONE };
	struct scan_text key;
	bool left_out = false;

	scan_object(&r->s);
	while (scan_key(&r->s, &key)) {
		if (span_is(key.raw, "name"))
			t.name = keep_text(r);
		else if (span_is(key.raw, "def"))
			t.def = keep_raw(r);
		else if (span_is(key.raw, "ws"))
			t.ws = read_number(r);
		else if (span_is(key.raw, "needs"))
			read_needs(r, &t);
		else if (span_is(key.raw, "left_out"))
			scan_bool(&r->s, &left_out);
		else
			scan_skip(&r->s, NULL);
	}
	if (name_problem(t.name) || t.ws >= out->ws_count || !t.def.len ||
	    out->task_count == TASKS_MAX)
		scan_fail(&r->s, "a task without a name, a workstream or a definition");
	t.selected = !left_out;
	mem_grow(&out->tasks, &r->task_capacity, out->task_count + 1u, sizeof(t));
	out->tasks[out->task_count++] = t;
}

static void read_list(struct reader *r, void (*read_one)(struct reader *r))
{
	scan_array(&r->s);
	while (scan_item(&r->s))
		read_one(r);
}

int submission_decode(struct span text, struct submission *out)
{
	struct reader r = { .out = out, .scratch = BUF_INIT };
	struct scan_text key;
	int rc;

	*out = (struct submission)SUBMISSION_INIT;
	scan_init(&r.s, text);
	scan_object(&r.s);
	while (scan_key(&r.s, &key)) {
		if (span_is(key.raw, "workstreams"))
			read_list(&r, read_ws);
		else if (span_is(key.raw, "resources"))
			read_list(&r, read_resource);
		else if (span_is(key.raw, "tasks"))
			read_list(&r, read_task);
		else
			scan_skip(&r.s, NULL);
	}
	rc = scan_end(&r.s);
	for (uint32_t i = 0; rc == 0 && i < out->needs_count; i++)
		if (out->needs[i] >= out->task_count)
			rc = -EINVAL;
	if (rc == 0 && !out->ws_count)
		rc = -EINVAL;
	buf_release(&r.scratch);
	if (rc < 0)
		submission_release(out);
	return rc;
}
