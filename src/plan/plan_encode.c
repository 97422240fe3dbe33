/*
 * Two plans are the same when these bytes are the same, so they are written in one order, without
 * what is default, and with variables and resources sorted: moving a line in the file is no change.
 */
#include <stdlib.h>

#include "plan/plan_task.h"

/* Opens the object with the first member and puts commas between the others. */
static void put_key(struct buf *out, size_t start, const char *key)
{
	buf_putc(out, out->len == start ? '{' : ',');
	buf_putf(out, "\"%s\":", key);
}

static void put_command(struct buf *out, size_t start, const struct command_value *c)
{
	if (!c->argv) {
		put_key(out, start, "run");
		buf_put_json(out, c->run);
		return;
	}
	put_key(out, start, "argv");
	for (uint32_t i = 0; i < c->argc; i++) {
		buf_putc(out, i ? ',' : '[');
		buf_put_json(out, c->argv[i]);
	}
	buf_putc(out, ']');
}

static void put_number(struct buf *out, size_t start, const char *key, int64_t value,
		       int64_t normal)
{
	if (value == normal)
		return;
	put_key(out, start, key);
	buf_put_i64(out, value);
}

static void put_flag(struct buf *out, size_t start, const char *key, bool value)
{
	if (!value)
		return;
	put_key(out, start, key);
	buf_puts(out, "true");
}

static void put_text(struct buf *out, size_t start, const char *key, struct span text)
{
	if (!text.len)
		return;
	put_key(out, start, key);
	buf_put_json(out, text);
}

static int by_resource(const void *a, const void *b)
{
	return span_compare(((const struct amount_value *)a)->resource,
			    ((const struct amount_value *)b)->resource);
}

static void put_resources(struct buf *out, size_t start, struct task_values *v)
{
	if (v->resource_count == 0)
		return;
	qsort(v->resources, v->resource_count, sizeof(v->resources[0]), by_resource);
	put_key(out, start, "resources");
	for (uint32_t i = 0; i < v->resource_count; i++) {
		buf_putc(out, i ? ',' : '{');
		buf_put_json(out, v->resources[i].resource);
		buf_putc(out, ':');
		buf_put_u64(out, v->resources[i].amount);
	}
	buf_putc(out, '}');
}

static void put_capabilities(struct buf *out, size_t start, const struct task_values *v)
{
	if (v->capability_count == 0)
		return;
	put_key(out, start, "capabilities");
	for (uint32_t i = 0; i < v->capability_count; i++) {
		buf_putc(out, i ? ',' : '[');
		buf_put_json(out, v->capabilities[i]);
	}
	buf_putc(out, ']');
}

static void put_rules(struct buf *out, size_t start, const char *key, const struct rule_value *v,
		      uint32_t count)
{
	if (count == 0)
		return;
	put_key(out, start, key);
	for (uint32_t i = 0; i < count; i++) {
		size_t rule;

		buf_putc(out, i ? ',' : '[');
		rule = out->len;
		put_text(out, rule, "name", v[i].name);
		put_command(out, rule, &v[i].command);
		put_number(out, rule, "timeout_ms", v[i].timeout_ms, TIMEOUT_S_DEFAULT * 1000LL);
		if (v[i].fix.run.len || v[i].fix.argc) {
			put_key(out, rule, "fix");
			put_command(out, out->len, &v[i].fix);
			buf_putc(out, '}');
		}
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
}

void notify_encode(const struct rule_value *v, struct buf *out)
{
	size_t start = out->len;

	put_command(out, start, &v->command);
	put_number(out, start, "timeout_ms", v->timeout_ms, NOTIFY_TIMEOUT_S_DEFAULT * 1000LL);
	buf_putc(out, '}');
}

static int by_name(const void *a, const void *b)
{
	return span_compare(((const struct env_value *)a)->name,
			    ((const struct env_value *)b)->name);
}

void env_encode(struct task_values *v, struct buf *out)
{
	if (v->env_count > 1)
		qsort(v->env, v->env_count, sizeof(v->env[0]), by_name);
	buf_putc(out, '{');
	for (size_t i = 0; i < v->env_count; i++) {
		if (i)
			buf_putc(out, ',');
		buf_put_json(out, v->env[i].name);
		buf_putc(out, ':');
		buf_put_json(out, v->env[i].value);
	}
	buf_putc(out, '}');
}

static void put_limits(struct buf *out, size_t start, const struct task_values *v)
{
	size_t limits;

	if (!v->memory_bytes && !v->open_files && !v->cpu_s && !v->processes)
		return;
	put_key(out, start, "limits");
	limits = out->len;
	put_number(out, limits, "memory", v->memory_bytes, 0);
	put_number(out, limits, "open_files", v->open_files, 0);
	put_number(out, limits, "cpu_s", v->cpu_s, 0);
	put_number(out, limits, "processes", v->processes, 0);
	buf_putc(out, '}');
}

void task_encode(struct task_values *v, struct buf *out)
{
	size_t start = out->len;

	put_command(out, start, &v->command);
	put_text(out, start, "type", v->type);
	put_number(out, start, "timeout_ms", v->timeout_ms, TIMEOUT_S_DEFAULT * 1000LL);
	put_number(out, start, "retries", v->retries, 0);
	put_number(out, start, "backoff_ms", v->backoff_ms, 0);
	put_flag(out, start, "jitter", v->jitter);
	put_flag(out, start, "critical", v->critical);
	put_number(out, start, "priority", v->priority, 0);
	put_number(out, start, "estimate_ms", v->estimate_ms, 0);
	put_resources(out, start, v);
	put_capabilities(out, start, v);
	put_rules(out, start, "before", v->before, v->before_count);
	put_rules(out, start, "after", v->after, v->after_count);
	if (v->env_count > 0) {
		put_key(out, start, "env");
		env_encode(v, out);
	}
	put_text(out, start, "cwd", v->working_directory);
	put_limits(out, start, v);
	buf_putc(out, '}');
}
