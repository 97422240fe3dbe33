/* Borrowed text: a view of someone else's bytes, never freed. Numbers are parsed strictly: all of
 * the text or nothing. */
#ifndef SK_STR_H
#define SK_STR_H

#include <string.h>

#include "base/base.h"
#include "base/buf.h"

struct span {
	const char *p;
	size_t len;
};

#define SPAN_NONE ((struct span){ NULL, 0 })
/* For printf: printf("%.*s", SPAN_ARG(s)). */
#define SPAN_ARG(s) (int)(s).len, (s).p ? (s).p : ""
#define SPAN_LIT(text) ((struct span){ (text), sizeof(text) - 1 })

static inline struct span span_of(const char *text)
{
	return (struct span){ text, text ? strlen(text) : 0 };
}

static inline bool span_eq(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline bool span_is(struct span a, const char *text)
{
	return span_eq(a, span_of(text));
}

bool span_starts(struct span a, const char *prefix);

/* Whether they are the same but for capital letters, of ASCII: two names that some file systems
 * take for one. */
bool span_same_letters(struct span a, struct span b);

/* Where `part` stands in it first: the text in front of it, or all of it when it does not. */
struct span span_before(struct span a, const char *part);

/* Whether `part` stands anywhere in it. */
bool span_contains(struct span a, struct span part);

/* memcmp order, shorter first among equals. */
int span_compare(struct span a, struct span b);

/* An owned, NUL-terminated copy; freed with mem_free. */
char *span_dup(struct span a);

/* All of `a` as decimal digits without sign, leading zero or blank; at most `max`. Returns 0 or
 * -EINVAL / -ERANGE. */
int span_to_u64(struct span a, uint64_t max, uint64_t *out);

/*
 * A name of a task, workstream, worker or resource: 1..64 of a-z A-Z 0-9 . _ -, starting with a
 * letter or digit, no trailing dot, not a reserved word. Returns NULL if it is one, else what is
 * wrong with it, as the end of a sentence.
 */
const char *name_problem(struct span name);

/* Appends untrusted text in double quotes with everything a terminal could act on escaped; cut with
 * "..." at `max` bytes. */
void buf_put_quoted(struct buf *b, struct span text, size_t max);

/* Appends text for a terminal or a log: control bytes as ^X, C1 and bidi controls as U+XXXX; valid
 * UTF-8 passes. */
void buf_put_visible(struct buf *b, struct span text);

/* Appends text as a JSON string with quotes. Bytes that are not UTF-8 become U+FFFD. */
void buf_put_json(struct buf *b, struct span text);

/* Whether it is valid UTF-8 without NUL: what a text file of people may hold. */
bool text_plain(struct span text);

/* Length of the valid UTF-8 sequence at p (1..4), or 0. */
size_t utf8_len(const char *p, size_t left);

/* Edit distance of two short words, for "did you mean"; at most `max`, then max + 1. */
unsigned word_distance(struct span a, struct span b, unsigned max);

#endif
