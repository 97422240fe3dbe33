/*
 * Here and not with the commands, because whoever decides must look up as well: a live orchestrator
 * gets the word as it was typed, and the command that sent it never reads the state.
 */
#include "core/find.h"

#include "base/err.h"
#include "base/limits.h"
#include "core/submit_find.h"

#define NEAREST_MAX 3

struct near {
	struct span id;
	unsigned distance;
};

/* Keeps the few nearest ids, nearest first. */
static void near_add(struct near *best, struct span typed, struct span id)
{
	unsigned limit = typed.len < 4 ? 1 : typed.len < 8 ? 2 : 3;
	unsigned distance = word_distance(typed, id, limit);
	struct near item = { id, distance };
	bool inside = typed.len >= 2 && id.len > typed.len && span_contains(id, typed);

	if (distance > limit && !inside)
		return;
	for (int i = 0; i < NEAREST_MAX; i++) {
		struct near other = best[i];

		if (other.id.len && other.distance <= item.distance)
			continue;
		best[i] = item;
		item = other;
	}
}

static int not_found(const char *what, struct span typed, const struct near *best, const char *list,
		     struct buf *why)
{
	if (!why)
		return -SK_ENOTFOUND;
	buf_putf(why, "%s ", what);
	buf_put_quoted(why, typed, NAME_BYTES_MAX);
	buf_puts(why, " does not exist");
	for (int i = 0; i < NEAREST_MAX && best[i].id.len; i++) {
		buf_puts(why, i ? ", " : "; near: ");
		buf_put_visible(why, best[i].id);
	}
	buf_putf(why, ". Try: %s", list);
	return -SK_ENOTFOUND;
}

/* "nightly/unit": a name and the workstream that has it. *ws is NO_ID when there is no such one. */
static uint32_t find_qualified(const struct state *st, struct span word, uint32_t *ws,
			       struct span *name)
{
	const char *slash = word.len ? memchr(word.p, '/', word.len) : NULL;

	*ws = NO_ID;
	if (!slash || word.len > 2 * NAME_BYTES_MAX + 1)
		return NO_ID;
	*name = (struct span){ slash + 1, word.len - (size_t)(slash + 1 - word.p) };
	*ws = state_ws(st, (struct span){ word.p, (size_t)(slash - word.p) });
	return *ws == NO_ID ? NO_ID : submit_find_task(st, *ws, *name);
}

/* A task of the workstream that was named is not there: which ones are. */
static int not_in_workstream(const struct state *st, uint32_t ws, struct span name,
			     struct span typed, struct buf *why)
{
	CLEANUP(buf_release) struct buf list = BUF_INIT;
	struct near best[NEAREST_MAX] = { 0 };

	for (size_t i = 0; i < st->task_count; i++)
		if (st->tasks[i].ws == ws)
			near_add(best, name, st->tasks[i].name);
	buf_putf(&list, "sk status %.*s", SPAN_ARG(st->ws[ws].id));
	return not_found("task", typed, best, list.p, why);
}

static int in_several(const struct state *st, struct span name, struct buf *why)
{
	if (!why)
		return -SK_ENOTFOUND;
	buf_puts(why, "task ");
	buf_put_quoted(why, name, NAME_BYTES_MAX);
	buf_puts(why, " exists in several workstreams: ");
	for (size_t i = 0, shown = 0; i < st->task_count && shown < NEAREST_MAX; i++)
		if (!task_gone(&st->tasks[i]) && span_eq(st->tasks[i].name, name))
			buf_putf(why, "%s%.*s", shown++ ? ", " : "", SPAN_ARG(st->tasks[i].id));
	buf_puts(why, ". Try: one of these ids");
	return -SK_ENOTFOUND;
}

/* How many tasks have this plain name (counting ends at two); *out is one of them. */
static unsigned find_named(const struct state *st, struct span name, uint32_t *out)
{
	unsigned count = 0;

	for (size_t i = 0; count < 2 && i < st->task_count; i++) {
		if (task_gone(&st->tasks[i]) || !span_eq(st->tasks[i].name, name))
			continue;
		count++;
		*out = (uint32_t)i;
	}
	return count;
}

int find_task(const struct state *st, struct span typed, uint32_t *out, struct buf *why)
{
	struct near best[NEAREST_MAX] = { 0 };
	struct span name;
	uint32_t found = typed.len <= TASK_ID_BYTES_MAX ? state_task(st, typed) : NO_ID, ws = NO_ID;

	if (found == NO_ID)
		found = find_qualified(st, typed, &ws, &name);
	if (found == NO_ID && ws != NO_ID)
		return not_in_workstream(st, ws, name, typed, why);
	if (found == NO_ID && find_named(st, typed, &found) > 1)
		return in_several(st, typed, why);
	if (found != NO_ID) {
		*out = found;
		return 0;
	}
	for (size_t i = 0; i < st->task_count; i++)
		near_add(best, typed, st->tasks[i].id);
	return not_found("task", typed, best, "sk status --all", why);
}

/* What is found by its id and by nothing else. */
struct shelf {
	const char *what,
		*list; /* in messages: the kind of thing, and the command that shows all */
	uint32_t (*by_id)(const struct state *st, struct span id);
	struct span (*id_of)(const struct state *st, size_t index);
};

static int find_on(const struct shelf *shelf, const struct state *st, size_t count,
		   struct span typed, uint32_t *out, struct buf *why)
{
	struct near best[NEAREST_MAX] = { 0 };
	uint32_t found = typed.len <= NAME_BYTES_MAX ? shelf->by_id(st, typed) : NO_ID;

	if (found != NO_ID) {
		*out = found;
		return 0;
	}
	for (size_t i = 0; i < count; i++)
		near_add(best, typed, shelf->id_of(st, i));
	return not_found(shelf->what, typed, best, shelf->list, why);
}

static struct span ws_id(const struct state *st, size_t index)
{
	return st->ws[index].id;
}

static struct span worker_id(const struct state *st, size_t index)
{
	return st->workers[index].id;
}

static struct span resource_id(const struct state *st, size_t index)
{
	return st->resources[index].id;
}

int find_workstream(const struct state *st, struct span typed, uint32_t *out, struct buf *why)
{
	static const struct shelf shelf = { "workstream", "sk status", state_ws, ws_id };

	return find_on(&shelf, st, st->ws_count, typed, out, why);
}

int find_worker(const struct state *st, struct span typed, uint32_t *out, struct buf *why)
{
	static const struct shelf shelf = { "worker", "sk worker list", state_worker, worker_id };

	return find_on(&shelf, st, st->worker_count, typed, out, why);
}

int find_resource(const struct state *st, struct span typed, uint32_t *out, struct buf *why)
{
	static const struct shelf shelf = { "resource", "sk resource list", state_resource,
					    resource_id };

	return find_on(&shelf, st, st->resource_count, typed, out, why);
}
