/*
 * Finding entries by words. What people type is text and never a query language: operators and
 * quotes in it mean nothing. How closely it is taken depends on it:
 *
 *   strict  one or two words, or words that look like a path or a name in code: all of them, as
 * they stand (up to their stem); when nothing is found, as `prefix` broad   six words or more with
 * two or more that every sentence has: any of the other words prefix  everything else: all of them,
 * also as beginnings of words
 *
 * When nothing is found that way, entries that hold the text as it stands are.
 */
#ifndef SK_KB_SEARCH_H
#define SK_KB_SEARCH_H

#include "kb/kb_entry.h"

enum kb_strictness { KB_STRICT, KB_PREFIX, KB_BROAD, KB_LITERAL, KB_NEWEST, KB_STRICTNESS_COUNT };

/* "strict", "prefix", "broad", "literal", "newest". */
const char *kb_strictness_word(enum kb_strictness strictness);

/* Spans that are empty do not narrow anything. */
struct kb_wanted {
	struct span text; /* empty: the newest ones */
	struct span category, session_id, task_id, file;
	double confidence_min; /* strict words ask for 0.2 more, broad ones for 0.2 less, unless 0
				*/
	size_t limit;          /* 1..KB_HITS_MAX */
};

struct kb_hits {
	struct kb_entry *v;
	size_t count, capacity;
	enum kb_strictness strictness; /* that found them, or the last that was tried */
};

#define KB_HITS_INIT                  \
	{                             \
		NULL, 0, 0, KB_STRICT \
	}

void kb_hits_release(struct kb_hits *h);

/* Appends what the text becomes in the index's language; empty when no word is left of it. Pure. */
void kb_search_terms(struct span text, enum kb_strictness strictness, struct buf *out);

/* How the text is taken first. Pure. */
enum kb_strictness kb_search_strictness(struct span text);

/* Finds entries that are not deleted, best first. -SK_EUSAGE for a text longer than
 * KB_QUERY_BYTES_MAX. Returns 0, also when nothing is found, or a negative code. */
int kb_search(struct kb *kb, const struct kb_wanted *wanted, struct kb_hits *out, struct err *e);

#endif
