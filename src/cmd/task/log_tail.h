/* The last lines of a log, for pages that quote it. */
#ifndef SK_LOG_TAIL_H
#define SK_LOG_TAIL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define LOG_TAIL_BYTES_MAX 65536 /* quoted at most: the last ones; the rest is for sk logs */

/*
 * Appends the last `lines` lines of logs/<name>.log below the state folder `dir`, as bytes, each
 * ending with a newline. Returns 1, 0 when there is no such log or nothing in it, or a negative
 * code with *e filled.
 */
int log_tail(int dir, struct span name, uint64_t lines, struct buf *out, struct err *e);

/* The first of the lines of such a text, without its newline; *rest moves behind it. */
struct span log_tail_line(struct span *rest);

#endif
