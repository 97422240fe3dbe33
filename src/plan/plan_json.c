/*
 * The reader of the journal reads plans too: it is strict, knows its place and needs no recursion.
 * What it cannot say is line and column of each value; those are counted along the way, once over
 * the whole text.
 */
#include "plan/plan_json.h"

#include "base/scan.h"
#include "plan/plan_text.h"

struct json_reader {
	struct scan scan;
	struct text_cursor cursor;
	struct node_tree_builder build;
	uint64_t maps; /* bit d: the container at depth d + 1 is a map */
};

/* Escapes are resolved into the tree's arena; most strings have none and stay where they are. */
static struct span plain_text(struct node_tree *tree, struct scan_text text)
{
	CLEANUP(buf_release) struct buf plain = BUF_INIT;

	if (!text.escaped)
		return text.raw;
	scan_unescape(&plain, text);
	return arena_copy(&tree->arena, (struct span){ plain.p, plain.len });
}

static int read_scalar(struct json_reader *r, char kind, struct place at)
{
	struct scan_text text = { SPAN_NONE, false };
	struct span raw = SPAN_NONE;

	switch (kind) {
	case '"':
		scan_string(&r->scan, &text);
		if (r->scan.error)
			return 0;
		return node_tree_scalar(&r->build, NODE_TEXT, plain_text(r->build.tree, text), at);
	case '0':
		scan_number(&r->scan, &raw);
		return r->scan.error ? 0 : node_tree_scalar(&r->build, NODE_NUMBER, raw, at);
	default:
		scan_skip(&r->scan, &raw);
		if (r->scan.error)
			return 0;
		return node_tree_scalar(&r->build, span_is(raw, "null") ? NODE_NULL : NODE_BOOL,
					raw, at);
	}
}

static int read_value(struct json_reader *r)
{
	char kind = scan_peek(&r->scan);
	struct place at = text_place(&r->cursor, scan_offset(&r->scan));
	bool map = kind == '{';
	int rc;

	if (kind != '{' && kind != '[')
		return read_scalar(r, kind, at);
	if (map)
		scan_object(&r->scan);
	else
		scan_array(&r->scan);
	if (r->scan.error)
		return 0;
	rc = node_tree_open(&r->build, map ? NODE_MAP : NODE_LIST, at);
	if (rc == 0)
		r->maps = map ? r->maps | 1ULL << (r->build.depth - 1)
			      : r->maps & ~(1ULL << (r->build.depth - 1));
	return rc;
}

/* Steps to the next value of the innermost container, closing those that end here. Returns 1 when
 * there is a value. */
static int next_value(struct json_reader *r)
{
	while (r->build.depth > 0) {
		struct scan_text key = { SPAN_NONE, false };
		int rc;

		if (!(r->maps >> (r->build.depth - 1) & 1)) {
			if (scan_item(&r->scan))
				return 1;
		} else if (scan_key(&r->scan, &key)) {
			size_t at = (size_t)(key.raw.p - r->scan.start) - 1;

			rc = node_tree_key(&r->build, plain_text(r->build.tree, key),
					   text_place(&r->cursor, at));
			return rc < 0 ? rc : 1;
		}
		if (r->scan.error)
			return 0;
		rc = node_tree_close(&r->build);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* What to do about a problem of the scanner, which knows nothing of people. */
static const char *advice(const char *problem)
{
	static const struct {
		const char *part, *advice;
	} rows[] = {
		{ "unexpected \",\"", ". Try: take the comma out" },
		{ "key in double quotes", ". Try: \"KEY\": value" },
		{ "expected \",\"", ". Try: a comma between two members; JSON has no comments" },
		{ "unexpected end", ". Try: close what is open: \", ] or }" },
		{ "number", ". Try: a plain number such as 3, or quote it" },
		{ "digit", ". Try: a plain number such as 3, or quote it" },
		{ "expected a value",
		  ". Try: a number, true, false, null, or text in double quotes" },
		{ "control character inside", ". Try: write it as \\n, \\t or \\u001b" },
		{ "end of the document", ". Try: one plan a file" },
		{ "escape", ". Try: write a backslash as \\\\" },
		{ "nesting", ". Try: fewer levels" },
		{ "expected \":\"", ". Try: \"KEY\": value" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strstr(problem, rows[i].part))
			return rows[i].advice;
	return ". Try: take it out";
}

int json_read(struct problems *p, const struct source *source, struct span text,
	      struct node_tree *out)
{
	struct json_reader r = { .maps = 0 };
	int rc;

	scan_init(&r.scan, text);
	text_cursor_init(&r.cursor, text);
	node_tree_build(&r.build, out, p, source);
	do {
		rc = read_value(&r);
		if (rc == 0)
			rc = next_value(&r);
	} while (rc > 0 && !r.scan.error);
	if (rc < 0)
		return rc;
	if (scan_end(&r.scan) < 0)
		return problem_add(p, source, text_place(&r.cursor, r.scan.error_at), "%s%s",
				   r.scan.error, advice(r.scan.error));
	return 0;
}
