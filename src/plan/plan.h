/*
 * Files people write -> one submission. YAML, JSON, or a folder tasks/<workstream>/ with JSON
 * files; strict, with file, line and column in every refusal. Grammar: docs/plans.md.
 */
#ifndef SK_PLAN_H
#define SK_PLAN_H

#include "base/err.h"
#include "core/submit.h"

struct plan_param {
	const char *key, *value; /* from -p key=value */
};

struct plan_options {
	const char *const *files; /* paths as the user gave them */
	size_t file_count;
	const struct plan_param *params;
	size_t param_count;
	const char *cwd;         /* absolute: where tasks run unless the plan says otherwise */
	const char *const *only; /* --only: these tasks and what they need; names or globs with * */
	size_t only_count;
	bool halt_on_cycle; /* a circle within one workstream is no problem: the core halts it */
	const char *
		from; /* --from: this task and all that depend on it, directly or not; NULL = all */
};

/* What is wrong, for who repairs all of it at once. Empty when nothing is. */
struct plan_problems {
	/* One line each in the order of the files, with place and what to do:
	 * "release.yaml:12:7: unknown key \"neds\" in a task; did you mean \"needs\"?". */
	struct buf lines;
	uint32_t count;
	bool more;   /* there were more, which are not told */
	bool placed; /* the first one has a line and a column */
};

void plan_problems_release(struct plan_problems *p);

/*
 * Reads, expands and checks all files into *out (after SUBMISSION_INIT; the caller releases it also
 * on failure). Returns 0, -SK_EUSAGE with the place and the problem, or -errno when a file cannot
 * be read; then the first problems are in *problems (which may be NULL), and *e holds the first one
 * and how many follow.
 */
int plan_load_all(const struct plan_options *options, struct submission *out,
		  struct plan_problems *problems, struct err *e);

#endif
