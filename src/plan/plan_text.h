/* The bytes of a plan file: read without ever hanging, bounded, and checked for what no reader
 * should have to expect. */
#ifndef SK_PLAN_TEXT_H
#define SK_PLAN_TEXT_H

#include "base/buf.h"
#include "plan/plan_problem.h"

/*
 * Appends the bytes of the regular file `path` to *out. A file of more than `max` bytes, a
 * directory, a FIFO or device is refused, the latter without blocking. Returns 0, -SK_EUSAGE or
 * -errno, with the problem added.
 */
int text_read(struct problems *p, const struct source *source, const char *path, size_t max,
	      struct buf *out);

/*
 * Refuses an empty text, a byte-order mark, NUL bytes, invalid UTF-8 and the markers of an
 * unresolved merge. Returns 0 or -SK_EUSAGE with the problem added.
 */
int text_check(struct problems *p, const struct source *source, struct span text);

/*
 * Turns byte offsets into places, cheaply as long as they grow: the work is linear in the text as a
 * whole.
 */
struct text_cursor {
	struct span text;
	size_t offset;
	struct place place;
};

void text_cursor_init(struct text_cursor *c, struct span text);
struct place text_place(struct text_cursor *c, size_t offset);

#endif
