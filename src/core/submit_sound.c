/*
 * Memory runs ahead of the disk within a turn, so what is recorded cannot be taken back: an event
 * that apply refuses, or a record that the journal does not take, ends the orchestrator. A plan
 * that was compiled in this process cannot bring that about; one that came over the socket can.
 */
#include <errno.h>

#include "base/limits.h"
#include "base/scan.h"
#include "core/submit_find.h"
#include "core/task_def.h"
#include "core/worker_def.h"

#define RECORD_REST_BYTES 4096 /* of a record: everything that has a small limit of its own */

bool submit_record_fits(const struct submission *s, const struct submit_names *n, uint32_t spec)
{
	const struct task_spec *t = &s->tasks[spec];
	size_t bytes = t->def.len + RECORD_REST_BYTES;

	for (uint32_t i = 0; i < t->needs_count; i++)
		bytes += n->ids[s->needs[t->needs_at + i]].len + sizeof("\"\",") - 1;
	return bytes <= RECORD_BYTES_MAX;
}

static bool resource_known(const struct state *st, const struct submission *s, struct span name)
{
	if (state_resource(st, name) != NO_ID)
		return true;
	for (uint32_t i = 0; i < s->resource_count; i++)
		if (span_eq(s->resources[i].name, name))
			return true;
	return false;
}

static bool resources_sound(const struct state *st, const struct submission *s, struct span raw)
{
	struct span names[TASK_RESOURCES_MAX];
	struct scan_text name;
	uint64_t amount;
	size_t count = 0;
	struct scan scan;

	if (!raw.p)
		return true;
	scan_init(&scan, raw);
	scan_object(&scan);
	while (scan_key(&scan, &name)) {
		scan_u64(&scan, UINT32_MAX, &amount);
		if (scan.error || count == TASK_RESOURCES_MAX || !resource_known(st, s, name.raw))
			return false;
		for (size_t i = 0; i < count; i++)
			if (span_eq(names[i], name.raw))
				return false;
		names[count++] = name.raw;
	}
	return scan_end(&scan) == 0;
}

static bool texts_sound(struct span raw)
{
	struct scan_text text;
	struct scan scan;

	if (!raw.p)
		return true;
	scan_init(&scan, raw);
	scan_array(&scan);
	while (scan_item(&scan))
		scan_string(&scan, &text);
	return scan_end(&scan) == 0;
}

static bool ws_sound(const struct ws_spec *w)
{
	struct worker_def worker;
	struct scan_text key;
	struct scan scan;
	unsigned count = 0;
	int rc;

	if (w->plan.len > PLAN_PATH_BYTES_MAX || w->def.len > TASK_DEF_BYTES_MAX)
		return false;
	if (!w->def.len)
		return true;
	scan_init(&scan, w->def);
	scan_object(&scan);
	while (scan_key(&scan, &key))
		scan_skip(&scan, NULL);
	while ((rc = ws_def_worker(w->def, count, &worker)) == 1)
		count++;
	return rc == 0 && scan_end(&scan) == 0;
}

static bool task_sound(const struct state *st, const struct submission *s,
		       const struct task_spec *t)
{
	struct task_def def;

	return t->needs_count <= NEEDS_MAX && t->def.len <= TASK_DEF_BYTES_MAX &&
	       task_def_decode(t->def, &def) == 0 && task_def_fits(&def) &&
	       resources_sound(st, s, def.resources) && texts_sound(def.capabilities);
}

int submit_sound(const struct state *st, const struct submission *s)
{
	if (s->resource_count > RESOURCES_MAX || s->ws_count > PLAN_FILES_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < s->ws_count; i++)
		if (!ws_sound(&s->ws[i]))
			return -EINVAL;
	for (uint32_t i = 0; i < s->task_count; i++)
		if (!task_sound(st, s, &s->tasks[i]))
			return -EINVAL;
	return 0;
}
