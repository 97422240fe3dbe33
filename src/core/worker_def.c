/* What stands here is made into the words of a command and the names of files, and it may have come
 * over a socket: so it is judged here and not by who uses it. */
#include "core/worker_def.h"

#include <errno.h>

#include "base/limits.h"
#include "base/scan.h"

static bool texts(struct span raw)
{
	struct scan_text text;
	unsigned count = 0;
	struct scan s;

	scan_init(&s, raw);
	scan_array(&s);
	while (scan_item(&s)) {
		scan_string(&s, &text);
		count++;
	}
	return scan_end(&s) == 0 && count <= WORKER_CAPABILITIES_MAX &&
	       raw.len <= WORKER_CAPABILITIES_BYTES_MAX;
}

static void read_worker(struct scan *s, struct worker_def *w)
{
	struct scan_text key, id = { SPAN_NONE, false };
	uint64_t slots = 1;

	scan_object(s);
	while (scan_key(s, &key)) {
		if (span_is(key.raw, "id"))
			scan_string(s, &id);
		else if (span_is(key.raw, "slots"))
			scan_u64(s, SLOTS_MAX, &slots);
		else if (span_is(key.raw, "capabilities"))
			scan_skip(s, &w->capabilities);
		else
			scan_skip(s, NULL);
	}
	w->id = id.raw;
	w->slots = (uint32_t)slots;
}

/* Empty when there is no such list, or nothing that can be read. */
static struct span workers_of(struct span def)
{
	struct span found = SPAN_NONE;
	struct scan_text key;
	struct scan s;

	if (!def.len)
		return SPAN_NONE;
	scan_init(&s, def);
	scan_object(&s);
	while (scan_key(&s, &key))
		scan_skip(&s, span_is(key.raw, "workers") ? &found : NULL);
	return scan_end(&s) < 0 ? SPAN_NONE : found;
}

bool ws_def_has_workers(struct span def)
{
	return workers_of(def).len > 0;
}

int ws_def_worker(struct span def, unsigned index, struct worker_def *out)
{
	struct worker_def w = { .slots = 1 };
	struct span all = workers_of(def);
	unsigned at = 0;
	struct scan s;

	if (!all.len)
		return 0;
	scan_init(&s, all);
	scan_array(&s);
	while (scan_item(&s)) {
		if (at++ == index)
			read_worker(&s, &w);
		else
			scan_skip(&s, NULL);
	}
	if (scan_end(&s) < 0 || at > PLAN_WORKERS_MAX)
		return -EINVAL;
	if (at <= index)
		return 0;
	if (name_problem(w.id) || span_is(w.id, LOCAL_WORKER) || !w.slots ||
	    (w.capabilities.len && !texts(w.capabilities)))
		return -EINVAL;
	*out = w;
	return 1;
}

bool ws_def_names_worker(struct span def, struct span id)
{
	struct worker_def worker;

	for (unsigned i = 0; ws_def_worker(def, i, &worker) == 1; i++)
		if (span_eq(worker.id, id))
			return true;
	return false;
}
