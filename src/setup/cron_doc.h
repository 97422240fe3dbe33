/* Which members cron-config.json has, and whether they make sense together. */
#ifndef SK_CRON_DOC_H
#define SK_CRON_DOC_H

#include "setup/cron.h"

/* The document: the members `tasks` and `rest` of struct cron. */
struct cron_doc {
	struct doc_list tasks;
	struct span rest;
};

extern const struct doc_type cron_doc_type;
extern const struct doc_type cron_task_type;

/*
 * Works out the plan of each schedule and refuses what no schedule can be, ids that are none or
 * that two have. `path` names the file. Returns 0 or -SK_EUSAGE.
 */
int cron_doc_check(const struct cron_doc *doc, const char *path, struct err *e);

#endif
