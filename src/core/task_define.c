/* A definition's bytes into the few numbers that decisions need; used at birth, at a change and by
 * the snapshot. */
#include "core/task_define.h"

#include <errno.h>
#include <stdio.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/scan.h"
#include "core/task_def.h"

static int refuse(char why[200], const char *what, const struct task *t)
{
	snprintf(why, 200, "%s for task \"%.*s\"", what, SPAN_ARG(t->id));
	return -SK_ECORRUPT;
}

static int parse_resources(struct state *st, struct span raw, struct task_need_resource *out,
			   uint8_t *count)
{
	struct scan_text name;
	struct scan s;

	*count = 0;
	if (!raw.p)
		return 0;
	scan_init(&s, raw);
	scan_object(&s);
	while (scan_key(&s, &name)) {
		uint32_t resource = state_resource(st, name.raw);
		uint64_t amount = 0;

		scan_u64(&s, UINT32_MAX, &amount);
		if (resource == NO_ID || *count == TASK_RESOURCES_MAX)
			return -EINVAL;
		for (uint8_t i = 0; i < *count; i++)
			if (out[i].resource == resource)
				return -EINVAL;
		out[(*count)++] =
			(struct task_need_resource){ (uint16_t)resource, (uint32_t)amount };
	}
	return scan_end(&s);
}

/* Few are compared with each other, many are looked up. */
#define NEEDS_FEW 8

int needs_check(struct span raw)
{
	CLEANUP(map_release) struct map many = MAP_INIT;
	struct span few[NEEDS_FEW];
	struct scan_text id;
	uint32_t count = 0;
	struct scan s;

	if (!raw.len)
		return 0;
	scan_init(&s, raw);
	scan_array(&s);
	while (scan_item(&s)) {
		scan_string(&s, &id);
		if (s.error || !id_valid(id.raw) || count == NEEDS_MAX)
			return -EINVAL;
		for (uint32_t i = 0; i < count && i < NEEDS_FEW; i++)
			if (span_eq(few[i], id.raw))
				return -EINVAL;
		if (count >= NEEDS_FEW && map_find(&many, id.raw) != MAP_NONE)
			return -EINVAL;
		if (count >= NEEDS_FEW)
			map_put(&many, id.raw, count);
		else
			few[count] = id.raw;
		count++;
	}
	return scan_end(&s);
}

int task_define(struct state *st, struct task *t, struct span bytes, char why[200])
{
	struct task_need_resource wanted[TASK_RESOURCES_MAX];
	struct task_def def;
	uint8_t count;

	if (task_def_decode(bytes, &def) < 0)
		return refuse(why, "unreadable definition", t);
	if (!task_def_fits(&def))
		return refuse(why, "number out of range in the definition", t);
	if (parse_resources(st, def.resources, wanted, &count) < 0)
		return refuse(why, "unknown resource or too many", t);
	if (!span_eq(t->def, bytes))
		t->def = arena_copy(&st->text, bytes);
	t->resource_count = count;
	t->resources = count ? arena_alloc(&st->text, count * sizeof(*wanted)) : NULL;
	if (count)
		memcpy(t->resources, wanted, count * sizeof(*wanted));
	t->timeout_ms = (uint32_t)def.timeout_ms;
	t->backoff_ms = (uint32_t)def.backoff_ms;
	t->estimate_ms = (uint32_t)def.estimate_ms;
	t->priority = (int32_t)def.priority;
	t->retries = (uint16_t)def.retries;
	t->flags &= (uint16_t) ~(TASK_CRITICAL | TASK_JITTER | TASK_HAS_BEFORE | TASK_HAS_AFTER |
				 TASK_NEEDS_CAPABILITY | TASK_TIMEOUT_SET);
	t->flags |= (uint16_t)((def.critical ? TASK_CRITICAL : 0) | (def.jitter ? TASK_JITTER : 0) |
			       (def.capabilities.len ? TASK_NEEDS_CAPABILITY : 0) |
			       (def.has_before ? TASK_HAS_BEFORE : 0) |
			       (def.has_after ? TASK_HAS_AFTER : 0));
	return 0;
}
