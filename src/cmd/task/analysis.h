/* Why a workstream failed, worked out once for `sk workstream analyze` and `sk recommend`. */
#ifndef SK_ANALYSIS_H
#define SK_ANALYSIS_H

#include "cmd/cmd.h"
#include "cmd/task/fault.h"
#include "cmd/view.h"

/* name, word in JSON, what it means and what to do */
#define VERDICTS(X)                                                                               \
	X(FINE, "not_failed", "Nothing in it has failed.")                                        \
	X(CYCLE, "dependency_cycle",                                                              \
	  "Its tasks wait for each other in a circle: remove one dependency or cancel one task.") \
	X(WORKERS, "all_failed_workers",                                                          \
	  "Everything that ran failed, and workers were lost: look at the workers.")              \
	X(RESOURCES, "all_failed_resources",                                                      \
	  "Everything that ran failed, and a resource is exhausted: look at the resources.")      \
	X(CONFIGURATION, "all_failed_configuration",                                              \
	  "Everything that ran failed: review the plan and what it expects to find here.")        \
	X(CRITICAL, "partial_critical",                                                           \
	  "A critical task failed: mend it, then retry the workstream.")                          \
	X(PARTIAL, "partial", "No critical task failed: mend and retry the failed tasks only.")   \
	X(LIMIT, "time_limit", "It took longer than it may: raise the limit, then run it again.")

#define X(name, word, text) VERDICT_##name,
enum verdict { VERDICTS(X) VERDICT_COUNT };
#undef X

struct analysis {
	enum verdict verdict;
	bool all_failed;              /* two or more failed, nothing completed */
	uint32_t first;               /* task that failed first, or NO_ID */
	uint32_t guilty;              /* the critical one that failed first, else first */
	uint32_t faults[FAULT_COUNT]; /* failed tasks by class */
	uint32_t lost;                /* attempts that were lost with their worker */
};

void analysis_make(const struct view *v, uint32_t ws, struct analysis *out);

const char *verdict_word(enum verdict verdict);
const char *verdict_text(enum verdict verdict);

/* Appends the commands that follow, the first one first. */
void analysis_put_next(const struct view *v, uint32_t ws, const struct analysis *a,
		       struct buf *commands);

#endif
