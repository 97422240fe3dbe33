/*
 * goal.json and meta.json are edited by people and agents, and every change of them travels through
 * the journal. Whatever is accepted means the same after it was written for the journal, as a
 * difference, and for people, and read again.
 */
#include "fuzz/fuzz.h"

#include "core/goal.h"
#include "work/doc_file.h"

union any {
	struct goal goal;
	struct tentacle tentacle;
};

static void assert_same(const struct doc_type *type, const union any *a, const union any *b)
{
	CLEANUP(buf_release) struct buf x = BUF_INIT, y = BUF_INIT;

	doc_encode(type, a, DOC_COMPACT, &x);
	doc_encode(type, b, DOC_COMPACT, &y);
	INVARIANT(x.len == y.len);
	INVARIANT(memcmp(x.p, y.p, x.len) == 0);
	INVARIANT(!memchr(x.p, '\n', x.len));
}

static void read_again(const struct doc_type *type, struct span text, enum doc_reading reading,
		       const union any *want, struct arena *arena)
{
	struct doc_problem problem = { "", 0 };
	union any got;

	doc_clear(type, &got);
	INVARIANT(doc_merge(type, text, reading, arena, &got, &problem) == 0);
	assert_same(type, want, &got);
}

static void check(const struct doc_type *type, struct span text)
{
	CLEANUP(buf_release) struct buf whole = BUF_INIT, diff = BUF_INIT, people = BUF_INIT;
	struct arena arena = ARENA_INIT;
	struct err e = ERR_INIT;
	union any doc, none;

	doc_clear(type, &doc);
	doc_clear(type, &none);
	if (doc_file_decode("f", text, type, DOC_IMPORT, &arena, &doc, &e) == 0) {
		doc_encode(type, &doc, DOC_COMPACT, &whole);
		read_again(type, (struct span){ whole.p, whole.len }, DOC_MERGE, &doc, &arena);
		if (doc_diff(type, &none, &doc, &diff)) {
			INVARIANT(!memchr(diff.p, '\n', diff.len));
			read_again(type, (struct span){ diff.p, diff.len }, DOC_MERGE, &doc,
				   &arena);
		}
		doc_encode(type, &doc, DOC_PEOPLE, &people);
		read_again(type, (struct span){ people.p, people.len }, DOC_IMPORT, &doc, &arena);
	} else {
		INVARIANT(e.text[0]);
	}
	arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, size };

	check(&goal_type, text);
	check(&tentacle_type, text);
	return 0;
}
