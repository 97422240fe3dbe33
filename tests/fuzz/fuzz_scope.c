/*
 * A scope is typed by people and a path is chosen by an agent. The first line is the scope, the
 * rest the path: whatever they are, nothing that climbs, is absolute or belongs to git is inside,
 * one path has one answer in all its forms, and an entry that was understood means the same when it
 * is read again.
 */
#include "fuzz/fuzz.h"

#include "base/limits.h"
#include "core/scope.h"

static bool climbs(struct span path)
{
	for (size_t i = 0; i + 1 < path.len; i++)
		if (path.p[i] == '.' && path.p[i + 1] == '.' && (i == 0 || path.p[i - 1] == '/') &&
		    (i + 2 == path.len || path.p[i + 2] == '/'))
			return true;
	return false;
}

/* The same entries, from what they were understood as. */
static void read_again(const struct scope *s, struct span path, bool inside)
{
	CLEANUP(scope_release) struct scope again = SCOPE_INIT;

	for (size_t i = 0; i < s->count; i++) {
		CLEANUP(buf_release) struct buf text = BUF_INIT;
		struct span entry = scope_entry_text(s, i);

		buf_put(&text, entry.p, entry.len);
		if (s->v[i].folder)
			buf_putc(&text, '/');
		if (text.len <= SCOPE_ENTRY_BYTES_MAX)
			INVARIANT(!scope_add(&again, (struct span){ text.p, text.len }));
	}
	if (again.count == s->count)
		INVARIANT(scope_has(&again, path) == inside);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(scope_release) struct scope s = SCOPE_INIT;
	CLEANUP(buf_release) struct buf normal = BUF_INIT;
	const char *newline = len ? memchr(data, '\n', len) : NULL;
	size_t first = newline ? (size_t)(newline - (const char *)data) : len;
	struct span list = { (const char *)data, first }, path = SPAN_NONE, wrong;
	bool inside;

	if (newline)
		path = (struct span){ newline + 1, len - first - 1 };
	scope_add_list(&s, list, &wrong);
	INVARIANT(s.count <= SCOPE_ENTRIES_MAX);
	inside = scope_has(&s, path);
	if (scope_path(path, &normal)) {
		INVARIANT(!inside);
		INVARIANT(normal.len == 0);
		return 0;
	}
	INVARIANT(!climbs(path));
	INVARIANT(normal.len <= path.len);
	INVARIANT(normal.len == 0 ||
		  scope_has(&s, (struct span){ normal.p, normal.len }) == inside);
	if (normal.len >= 5 && memcmp(normal.p, ".git/", 5) == 0)
		INVARIANT(!inside);
	read_again(&s, path, inside);
	return 0;
}
