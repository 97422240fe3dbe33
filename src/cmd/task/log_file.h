/* The output of one task, as the worker wrote it: attempts behind each other, each opened by a
 * header line. */
#ifndef SK_LOG_FILE_H
#define SK_LOG_FILE_H

#include "base/err.h"
#include "base/str.h"

/*
 * Opens logs/<task id>.log below the state folder `dir`, following no link. -> descriptor; -ENOENT
 * when there is none (no sentence), else a negative code with *e filled.
 */
int log_file_open(int dir, struct span task_id, struct err *e);

/* Whether the line looks like one of ours: a header, or how an attempt ended. */
bool log_is_mark(struct span line);

struct log_header {
	uint64_t run, attempt; /* both from 1 */
};

/* Whether this line opens an attempt (or one of its rules), and which one. */
bool log_is_header(struct span line, struct log_header *out);

/*
 * The part of the file that belongs to the attempt (0 = all of it): *from..*to; *to is UINT64_MAX
 * for the last one, which may still grow. When the plan was run anew, numbers begin again: the
 * newest run with an attempt of that number counts. Returns 1, 0 when the file has no such attempt,
 * or -errno.
 */
int log_find_attempt(int fd, uint64_t attempt, uint64_t *from, uint64_t *to);

/* Moves *from forward such that at most `lines` lines are between it and `to`. Returns 0 or -errno.
 */
int log_last_lines(int fd, uint64_t lines, uint64_t *from, uint64_t to);

#endif
