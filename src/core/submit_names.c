/*
 * Looking a name up costs as much as everything else about a task, so it is done once for the whole
 * submission, by the comparison and by what makes events of it alike: both must agree on who is
 * who.
 */
#include "core/submit_find.h"

#include "base/limits.h"

/* Whether some task keeps this id: those of a workstream that begins anew give theirs back. */
static bool id_taken(const struct state *st, const bool *replaced, const struct map *used,
		     struct span id)
{
	uint32_t task = state_task(st, id);

	return (task != NO_ID && !replaced[st->tasks[task].ws]) || map_find(used, id) != MAP_NONE;
}

/* The id of a task that is to be created, or SPAN_NONE when both that it could have are taken. */
static struct span new_id(struct submit_names *n, const struct state *st,
			  const struct submission *s, uint32_t spec, const bool *replaced,
			  const struct map *used)
{
	struct span ws = s->ws[s->tasks[spec].ws].name, name = s->tasks[spec].name, id;
	char text[TASK_ID_BYTES_MAX];

	if (!id_taken(st, replaced, used, name))
		return name;
	if (ws.len + 1 + name.len > sizeof(text))
		return SPAN_NONE;
	memcpy(text, ws.p, ws.len);
	text[ws.len] = '.';
	memcpy(text + ws.len + 1, name.p, name.len);
	id = (struct span){ text, ws.len + 1 + name.len };
	return id_taken(st, replaced, used, id) ? SPAN_NONE : arena_copy(&n->text, id);
}

void submit_names_init(struct submit_names *n, const struct state *st, const struct submission *s,
		       unsigned flags)
{
	bool *replaced = mem_zalloc(st->ws_count + 1);
	CLEANUP(map_release) struct map used = MAP_INIT;

	*n = (struct submit_names)SUBMIT_NAMES_INIT;
	n->ws = mem_alloc((s->ws_count + 1) * sizeof(*n->ws));
	n->tasks = mem_alloc((s->task_count + 1) * sizeof(*n->tasks));
	n->ids = mem_alloc((s->task_count + 1) * sizeof(*n->ids));
	for (uint32_t i = 0; i < s->ws_count; i++) {
		n->ws[i] = state_ws(st, s->ws[i].name);
		if (n->ws[i] != NO_ID && flags & SUBMIT_NEW_RUN)
			replaced[n->ws[i]] = true;
	}
	for (uint32_t i = 0; i < s->task_count; i++) {
		uint32_t ws = n->ws[s->tasks[i].ws];

		n->tasks[i] = ws == NO_ID || replaced[ws]
				      ? NO_ID
				      : submit_find_task(st, ws, s->tasks[i].name);
		if (n->tasks[i] != NO_ID) {
			n->ids[i] = st->tasks[n->tasks[i]].id;
			continue;
		}
		n->ids[i] = new_id(n, st, s, i, replaced, &used);
		if (n->ids[i].p)
			map_put(&used, n->ids[i], i);
		else if (n->clash == NO_ID)
			n->clash = i;
	}
	mem_free(&replaced);
}

void submit_names_release(struct submit_names *n)
{
	mem_free(&n->ws);
	mem_free(&n->tasks);
	mem_free(&n->ids);
	arena_release(&n->text);
	*n = (struct submit_names)SUBMIT_NAMES_INIT;
}
