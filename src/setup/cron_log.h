/*
 * What was run: a line of cron-executions.jsonl for each run, and a page of cron-artifacts/ for
 * each that was not busy. Both are for people and other programs; nothing is decided from them, so
 * they may be removed at any time.
 */
#ifndef SK_CRON_LOG_H
#define SK_CRON_LOG_H

#include "base/err.h"
#include "base/str.h"
#include "setup/cron.h"
#include "setup/cron_template.h"

#define CRON_LOG "cron-executions.jsonl"

struct cron_run {
	struct span task_id; /* empty: it is in no configuration */
	struct span name, template;
	int64_t started_ms, ended_ms;
	enum cron_status status;
	struct span said;
	struct span facts; /* members of a JSON object */
	uint64_t pid;
};

/*
 * Appends the run to the list in the folder `dir_fd`, synced; `report` is the path of its page, or
 * NULL. A line that a kill tore is ended first, so that it is one bad line and not two. Beyond
 * CRON_LOG_BYTES_MAX the file becomes cron-executions.jsonl.1, in place of an older one. Returns 0
 * or a negative code.
 */
int cron_log_append(int dir_fd, const struct cron_run *run, const char *report, struct err *e);

/*
 * Writes the page of a run, named by time and task, then removes those of the same task that are
 * older than retention_days. Appends its path below the folder to *name. Returns 0 or a negative
 * code. Not synced: a power cut may take it.
 */
int cron_report_write(int dir_fd, const struct cron_run *run, uint64_t retention_days,
		      struct buf *name, struct err *e);

#endif
