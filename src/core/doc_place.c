/*
 * Where something stands in a document, for whoever has to mend it by hand: a rule is broken by a
 * value, and the value has a line and a column. Looked for only when there is something to tell.
 */
#include <stdio.h>

#include "base/limits.h"
#include "base/scan.h"
#include "core/doc_impl.h"

/* Goes to the value of that key; false when the object has none. */
static bool enter_key(struct scan *s, struct span name)
{
	struct scan_text key;

	if (scan_peek(s) != '{')
		return false;
	scan_object(s);
	while (scan_key(s, &key)) {
		if (span_eq(key.raw, name))
			return true;
		scan_skip(s, NULL);
	}
	return false;
}

static bool enter_item(struct scan *s, struct span digits)
{
	uint64_t left;

	if (scan_peek(s) != '[' || span_to_u64(digits, INTEGER_MAX, &left) < 0)
		return false;
	scan_array(s);
	while (scan_item(s)) {
		if (left-- == 0)
			return true;
		scan_skip(s, NULL);
	}
	return false;
}

/* The next part of a path: a key, or with a bracket in front an index. */
static struct span next_part(struct span *path, bool *index)
{
	struct span part;
	size_t len = 0;

	*index = path->p[0] == '[';
	if (*index || path->p[0] == '.')
		*path = (struct span){ path->p + 1, path->len - 1 };
	while (len < path->len && !memchr(".[]", path->p[len], 3))
		len++;
	part = (struct span){ path->p, len };
	len += *index && len < path->len;
	*path = (struct span){ path->p + len, path->len - len };
	return part;
}

bool doc_place(struct span json, struct span path, size_t *at)
{
	bool index;
	struct scan s;

	scan_init(&s, json);
	scan_peek(&s);
	*at = scan_offset(&s);
	while (path.len) {
		struct span part = next_part(&path, &index);

		if (!(index ? enter_item(&s, part) : enter_key(&s, part)))
			return false;
		scan_peek(&s);
		*at = scan_offset(&s);
	}
	return true;
}

bool doc_touched(const struct doc_type *type, struct span json, const char *but, const void *was,
		 struct doc_problem *problem)
{
	void *told = mem_zalloc(type->bytes);
	struct arena arena = ARENA_INIT;
	bool touched;

	doc_clear(type, told);
	touched = doc_merge(type, json, DOC_IMPORT, &arena, told, problem) < 0;
	for (size_t i = 0; i < type->count && !touched; i++) {
		const struct doc_member *m = &type->members[i];
		size_t at;

		if (!(m->flags & (DOC_OURS | DOC_APART)) || strcmp(m->key, but) == 0)
			continue;
		if (!doc_place(json, span_of(m->key), &at) || doc_same_value(m, was, told))
			continue;
		*problem = (struct doc_problem){ .at = at };
		snprintf(problem->what, sizeof(problem->what), "%s: is not for people to change",
			 m->key);
		touched = true;
	}
	arena_release(&arena);
	mem_free(&told);
	return touched;
}
