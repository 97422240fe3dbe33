/*
 * A strict JSON reader in one pass, without allocation: the caller asks for what it expects and
 *gets spans into the text. It reads journal lines, snapshots, messages between processes and JSON
 *plans, and always knows where it is.
 *
 *	scan_init(&s, text);
 *	scan_object(&s);
 *	while (scan_key(&s, &key))
 *		if (span_is(key.raw, "seq")) scan_u64(&s, INTEGER_MAX, &seq);
 *		else scan_skip(&s, NULL);
 *	rc = scan_end(&s);
 *
 * The first error sticks: after it every call fails (scan_key and scan_item return false, which
 *ends loops), and scan_end tells. Nothing but RFC 8259 passes: no comments, no NaN, no trailing
 *comma, no lone surrogate, no NUL, no control character or invalid UTF-8 in a string, nesting up to
 *JSON_DEPTH_MAX.
 */
#ifndef SK_SCAN_H
#define SK_SCAN_H

#include "base/base.h"
#include "base/buf.h"
#include "base/str.h"

struct scan {
	const char *start, *p, *end;
	unsigned depth;
	bool fresh;        /* just behind an opening bracket */
	const char *error; /* what was wrong first, as part of a sentence; NULL while all is well */
	size_t error_at;   /* byte offset of it */
	uint64_t open;     /* bit d: nesting level d + 1 is an object */
};

struct scan_text {
	struct span raw; /* between the quotes */
	bool escaped;    /* raw holds backslashes: use scan_unescape */
};

void scan_init(struct scan *s, struct span text);

/* What comes next: '{' '[' '"' 't' 'f' 'n' '0' (a number) or 0 (nothing valid). */
char scan_peek(struct scan *s);

/* Bytes consumed so far: the offset of the next value after scan_peek. */
static inline size_t scan_offset(const struct scan *s)
{
	return (size_t)(s->p - s->start);
}

/* Passes over white space. */
static inline void scan_blank(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
		s->p++;
}

void scan_object(struct scan *s);
void scan_array(struct scan *s);

/* The next member's key, with its colon consumed; false behind the last member (bracket consumed)
 * or after an error. */
bool scan_key(struct scan *s, struct scan_text *key);

/* Whether another element follows; false behind the last (bracket consumed) or after an error. */
bool scan_item(struct scan *s);

/* After an error the text is empty, so it may be looked at before scan_end tells. */
void scan_string(struct scan *s, struct scan_text *out);
void scan_u64(struct scan *s, uint64_t max, uint64_t *out);
void scan_i64(struct scan *s, int64_t *out);
void scan_bool(struct scan *s, bool *out);
void scan_null(struct scan *s);
/* A number of any form, as text; likewise. */
void scan_number(struct scan *s, struct span *out);

/* Passes over any value; its text goes to *out when that is not NULL. */
void scan_skip(struct scan *s, struct span *out);

/* Records an error of the caller's own at the current place (the first sticks). */
void scan_fail(struct scan *s, const char *what);

/* 0 when the document was complete and nothing follows it, else -EINVAL. */
int scan_end(struct scan *s);

/* Appends the text of a scanned string, with escapes resolved. */
void scan_unescape(struct buf *out, struct scan_text text);

/* Line and column (both from 1, columns in bytes) of a byte offset. */
void scan_place(struct span text, size_t offset, unsigned *line, unsigned *column);

#endif
