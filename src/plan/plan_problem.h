/*
 * What is wrong with the files of one run: each problem has its file, line and column. Reading goes
 * on behind a problem where that makes sense, so that a person sees all of them at once; the same
 * problem of the same place is kept once (a matrix reads its task many times).
 */
#ifndef SK_PLAN_PROBLEM_H
#define SK_PLAN_PROBLEM_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"

/* A file as the user knows it. `order` is its place among all files that were read. */
struct source {
	struct span path;
	uint32_t order;
};

struct place {
	uint32_t line, column; /* from 1, columns in characters; line 0 = the file as a whole */
};

struct problem {
	const struct source *source; /* NULL: the command line */
	struct place place;
	struct span text;
};

struct problems {
	struct arena text;
	struct problem v[PLAN_PROBLEMS_MAX];
	uint32_t count;
	uint32_t order; /* sources handed out so far */
	int code;       /* of the first problem */
	bool more;      /* there were more than fit */
};

void problems_release(struct problems *p);

/* No more room: whoever reads may stop. */
static inline bool problems_full(const struct problems *p)
{
	return p->more;
}

/* A new source for `path`, which is copied. Lives as long as the problems. */
const struct source *problems_source(struct problems *p, struct span path);

/* Adds one; returns -SK_EUSAGE. */
int problem_add(struct problems *p, const struct source *source, struct place place,
		const char *fmt, ...) PRINTF_LIKE(4, 5);

/* The same with a code of its own: a file that cannot be read. Returns `code`. */
int problem_add_code(struct problems *p, int code, const struct source *source, const char *fmt,
		     ...) PRINTF_LIKE(4, 5);

/* `text` in double quotes, escaped and cut, for a message; lives as long as the problems. */
const char *problem_quote(struct problems *p, struct span text);

/*
 * Sorts by file, line and column, appends one line each to *lines (which may be NULL) and writes
 * the first as the sentence of *e. Returns 0 when there are none, else the code of the first that
 * was found.
 */
int problems_report(struct problems *p, struct buf *lines, struct err *e);

#endif
