/* The names of pages about runs, and taking away old ones: nothing with another name is touched. */
#ifndef SK_CRON_REPORTS_H
#define SK_CRON_REPORTS_H

#include "base/buf.h"
#include "base/str.h"

#define CRON_REPORTS "cron-artifacts"

/* Appends "20261122T033000.123Z-<task>.md". */
void cron_report_name(int64_t started_ms, struct span task, struct buf *out);

/* Whether the name is one of ours; then *task is borrowed from it. A page that a kill left
 * unfinished is one as well, and *begun tells that. */
bool cron_report_decode(struct span name, int64_t *started_ms, struct span *task, bool *begun);

/*
 * Removes the pages of this task that were begun before `before_ms`, and its unfinished ones, at
 * most CRON_REPORTS_PRUNED_MAX. Returns how many; what cannot be removed stays.
 */
size_t cron_reports_prune(int folder_fd, struct span task, int64_t before_ms);

/* The same for every task that `is_known` does not know. */
size_t cron_reports_prune_unknown(int folder_fd, int64_t before_ms,
				  bool (*is_known)(void *ctx, struct span task), void *ctx);

#endif
