/*
 * Runs the command of a criterion through the shell, in the root of the repository, and looks at
 * all that it prints, standard output and standard error together. Nothing is recorded here.
 */
#ifndef SK_CRITERION_RUN_H
#define SK_CRITERION_RUN_H

#include "base/err.h"
#include "core/quota.h"
#include "core/volatile.h"

struct criterion_run {
	int64_t exit_code; /* -1: its time was over, and its whole tree was ended */
	struct output_digest output;
	struct buf evidence; /* the end of the output, as plain text */
	char digest[17], normal_digest[17];
	uint64_t duration_ms;
	struct quota_verdict limit; /* whether it met one, and when to come back */
	bool cancelled;
};

void criterion_run_release(struct criterion_run *r);

/*
 * Runs it to its end, for at most limit_ms; when something can be read from cancel_fd it is ended
 * at once with all it started, and r->cancelled is set. `now_ms` is the time on the wall, for what
 * the output says about when to come back. Returns 0, or -SK_EIO when it could not be started. *out
 * is to be released in any case.
 */
int criterion_run(const char *command, const char *root, int64_t limit_ms, int cancel_fd,
		  int64_t now_ms, struct criterion_run *out, struct err *e);

#endif
