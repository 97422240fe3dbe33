/* Removes what this program put aside and nobody has asked for since. */
#ifndef SK_CRON_CLEANUP_H
#define SK_CRON_CLEANUP_H

#include "setup/cron_template.h"

/*
 * A template's run: dispatch markers that were put aside as damaged, pages about runs of schedules
 * that are gone, and copies beside the knowledge database (setup/cron_aside.h), when they are older
 * than the retention. At most CRON_REPORTS_PRUNED_MAX of each. Only names that this program makes,
 * told by their form; a link is removed as such, a folder never.
 */
void cron_cleanup(const struct cron_place *place, struct cron_outcome *out);

#endif
