/* Tells when a task is not called as its plan calls it. */
#ifndef SK_RUN_NAMES_H
#define SK_RUN_NAMES_H

#include "cmd/run/live.h"
#include "core/submit.h"

/*
 * One line for each workstream of the submission with tasks that were created at or after
 * `since_ms` under the id <workstream>.<name>, because their plain name was taken.
 */
void run_say_names(struct live *l, const struct state *st, const struct submission *s,
		   int64_t since_ms);

#endif
