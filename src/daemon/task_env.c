/*
 * A value that an earlier task left is copied as it was escaped, so that no text is decoded and
 * encoded again for every task behind it.
 */
#include "daemon/task_env.h"

#include "base/scan.h"

/* Upper case, and everything that a variable's name cannot hold as _. */
static void put_variable(struct buf *out, struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
			c = '_';
		buf_putc(out, c);
	}
}

static void put_outputs(struct buf *env, const struct task *t)
{
	struct scan_text key, value;
	struct scan s;

	scan_init(&s, t->outputs);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		scan_string(&s, &value);
		if (s.error)
			return;
		buf_puts(env, env->len > 1 ? ",\"SK_OUT_" : "\"SK_OUT_");
		put_variable(env, t->name);
		buf_putc(env, '_');
		put_variable(env, key.raw);
		buf_puts(env, "\":\"");
		buf_put(env, value.raw.p, value.raw.len); /* escaped as it came: it stays JSON */
		buf_putc(env, '"');
	}
}

/* The outputs of everything the task depends on, directly or not. */
static void put_ancestors(struct buf *env, const struct state *st, uint32_t task)
{
	bool *seen = mem_zalloc(st->task_count);
	uint32_t *stack = NULL;
	size_t count = 0, capacity = 0;

	mem_grow(&stack, &capacity, 1, sizeof(*stack));
	stack[count++] = task;
	while (count) {
		const struct task *t = &st->tasks[stack[--count]];

		for (uint32_t i = 0; i < t->needs_count; i++) {
			uint32_t need = t->needs[i] & ~WAIVED;

			if (seen[need])
				continue;
			seen[need] = true;
			if (st->tasks[need].outputs.len)
				put_outputs(env, &st->tasks[need]);
			mem_grow(&stack, &capacity, count + 1, sizeof(*stack));
			stack[count++] = need;
		}
	}
	mem_free(&stack);
	mem_free(&seen);
}

struct ws_settings {
	struct scan_text cwd;
	struct span env; /* raw object, or empty */
};

static struct ws_settings read_ws_def(struct span def)
{
	struct ws_settings out = { { SPAN_NONE, false }, SPAN_NONE };
	struct scan_text key;
	struct scan s;

	if (!def.len)
		return out;
	scan_init(&s, def);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		if (span_is(key.raw, "cwd"))
			scan_string(&s, &out.cwd);
		else if (span_is(key.raw, "env"))
			scan_skip(&s, &out.env);
		else
			scan_skip(&s, NULL);
	}
	return out;
}

void task_surroundings(const struct state *st, uint32_t task, struct buf *env, struct buf *cwd)
{
	struct ws_settings settings = read_ws_def(st->ws[st->tasks[task].ws].def);

	buf_putc(env, '{');
	if (settings.env.len > 2)
		buf_put(env, settings.env.p + 1, settings.env.len - 2);
	if (st->outputs_bytes)
		put_ancestors(env, st, task);
	buf_putc(env, '}');
	scan_unescape(cwd, settings.cwd);
}
