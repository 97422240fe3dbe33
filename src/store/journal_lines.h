/* A journal file as lines, through one reused buffer: the file is never in memory as a whole. */
#ifndef SK_JOURNAL_LINES_H
#define SK_JOURNAL_LINES_H

#include "os/vfs.h"

enum line_kind {
	LINE_NONE, /* nothing more up to the limit */
	LINE_WHOLE,
	LINE_CUT,  /* the last bytes, without a newline */
	LINE_LONG, /* longer than RECORD_BYTES_MAX: the span is its beginning; reading cannot go on
		    */
};

struct journal_lines {
	const struct vfs *vfs;
	int handle;     /* borrowed */
	struct buf raw; /* bytes of the file from `base` on */
	uint64_t base;
	size_t next;    /* in raw: where the next line begins */
	uint64_t limit; /* bytes of the file that count */
};

/* Starts at byte `offset`, which begins a line. The handle stays the caller's. */
void journal_lines_init(struct journal_lines *j, const struct vfs *vfs, int handle, uint64_t offset,
			uint64_t limit);
void journal_lines_release(struct journal_lines *j);

/*
 * The next line without its newline; the span is borrowed until the next call. Only the first line
 * of a file may be longer than RECORD_BYTES_MAX, and only when it is a snapshot. Returns an enum
 * line_kind, or -errno.
 */
int journal_lines_next(struct journal_lines *j, struct span *line);

/* Byte of the file at which the next line begins. */
static inline uint64_t journal_lines_offset(const struct journal_lines *j)
{
	return j->base + j->next;
}

#endif
