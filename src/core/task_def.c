/*
 * The definition stays one string of bytes from the plan to the worker: journal, comparison of
 * plans and assignment all use the same text, and the state keeps only the few numbers that
 * decisions need.
 */
#include "core/task_def.h"

#include <errno.h>

#include "base/limits.h"

int task_def_decode(struct span def, struct task_def *out)
{
	struct task_def d = { .timeout_ms = TIMEOUT_S_DEFAULT * 1000LL };
	struct scan_text key, text = { SPAN_NONE, false };
	struct span ignored;
	struct scan s;

	scan_init(&s, def);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		if (span_is(key.raw, "timeout_ms"))
			scan_i64(&s, &d.timeout_ms);
		else if (span_is(key.raw, "retries"))
			scan_u64(&s, RETRIES_MAX, &d.retries);
		else if (span_is(key.raw, "backoff_ms"))
			scan_i64(&s, &d.backoff_ms);
		else if (span_is(key.raw, "jitter"))
			scan_bool(&s, &d.jitter);
		else if (span_is(key.raw, "critical"))
			scan_bool(&s, &d.critical);
		else if (span_is(key.raw, "priority"))
			scan_i64(&s, &d.priority);
		else if (span_is(key.raw, "estimate_ms"))
			scan_i64(&s, &d.estimate_ms);
		else if (span_is(key.raw, "type"))
			scan_string(&s, &text), d.type = text.raw;
		else if (span_is(key.raw, "resources"))
			scan_skip(&s, &d.resources);
		else if (span_is(key.raw, "capabilities"))
			scan_skip(&s, &d.capabilities);
		else {
			d.has_before |= span_is(key.raw, "before");
			d.has_after |= span_is(key.raw, "after");
			scan_skip(&s, &ignored);
		}
	}
	if (scan_end(&s) < 0)
		return -EINVAL;
	*out = d;
	return 0;
}

/* The numbers of a definition have limits of their own in a plan; here it is enough that none is
 * cut short. */
bool task_def_fits(const struct task_def *def)
{
	return def->timeout_ms >= 0 && def->timeout_ms <= UINT32_MAX && def->backoff_ms >= 0 &&
	       def->backoff_ms <= UINT32_MAX && def->estimate_ms >= 0 &&
	       def->estimate_ms <= UINT32_MAX && def->priority == (int32_t)def->priority &&
	       def->retries <= UINT16_MAX;
}

/* Members of a rule or of the task itself, up to the closing bracket. */
static void read_command(struct scan *s, struct command_def *c)
{
	struct scan_text key, text = { SPAN_NONE, false };
	struct span ignored;

	scan_object(s);
	while (scan_key(s, &key)) {
		if (span_is(key.raw, "name"))
			scan_string(s, &text), c->name = text.raw;
		else if (span_is(key.raw, "run"))
			scan_string(s, &c->run);
		else if (span_is(key.raw, "argv"))
			scan_skip(s, &c->argv);
		else if (span_is(key.raw, "timeout_ms"))
			scan_i64(s, &c->timeout_ms);
		else if (span_is(key.raw, "fix"))
			scan_skip(s, &c->fix);
		else
			scan_skip(s, &ignored);
	}
}

int ws_def_notify(struct span def, struct command_def *out)
{
	struct command_def c = { .timeout_ms = NOTIFY_TIMEOUT_S_DEFAULT * 1000LL };
	struct span notify = SPAN_NONE, ignored;
	struct scan_text key;
	struct scan s;

	if (!def.len)
		return 0;
	scan_init(&s, def);
	scan_object(&s);
	while (scan_key(&s, &key))
		scan_skip(&s, span_is(key.raw, "notify") ? &notify : &ignored);
	if (scan_end(&s) < 0)
		return -EINVAL;
	if (!notify.p)
		return 0;
	scan_init(&s, notify);
	read_command(&s, &c);
	if (scan_end(&s) < 0)
		return -EINVAL;
	*out = c;
	return 1;
}

int task_def_fix(const struct command_def *rule, struct command_def *out)
{
	struct command_def c = { .timeout_ms = TIMEOUT_S_DEFAULT * 1000LL };
	struct scan s;

	if (!rule->fix.len)
		return 0;
	scan_init(&s, rule->fix);
	read_command(&s, &c);
	if (scan_end(&s) < 0)
		return -EINVAL;
	c.name = rule->name;
	*out = c;
	return 1;
}

int task_def_command(struct span def, const char *phase, unsigned index, struct command_def *out)
{
	struct command_def c = { .timeout_ms = TIMEOUT_S_DEFAULT * 1000LL };
	struct span rules = SPAN_NONE, ignored;
	struct scan_text key;
	unsigned at = 0;
	struct scan s;

	scan_init(&s, def);
	if (strcmp(phase, "main") == 0) {
		read_command(&s, &c);
		if (scan_end(&s) < 0)
			return -EINVAL;
		*out = c;
		return 1;
	}
	scan_object(&s);
	while (scan_key(&s, &key))
		scan_skip(&s, span_is(key.raw, phase) ? &rules : &ignored);
	if (scan_end(&s) < 0)
		return -EINVAL;
	if (!rules.p)
		return 0;
	scan_init(&s, rules);
	scan_array(&s);
	while (scan_item(&s)) {
		if (at++ == index)
			read_command(&s, &c);
		else
			scan_skip(&s, &ignored);
	}
	if (scan_end(&s) < 0)
		return -EINVAL;
	if (at <= index)
		return 0;
	*out = c;
	return 1;
}
