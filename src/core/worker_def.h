/* The workers that a plan names, out of the definition of its workstream: who starts them needs no
 * more. */
#ifndef SK_WORKER_DEF_H
#define SK_WORKER_DEF_H

#include "base/str.h"

#define LOCAL_WORKER "local" /* the orchestrator's own, which no plan names */

struct worker_def {
	struct span id;           /* a name as of name_problem, not LOCAL_WORKER */
	struct span capabilities; /* raw JSON array of texts, or empty */
	uint32_t slots;           /* 1..SLOTS_MAX */
};

/* Whether this definition names any. Costs one look at its members. */
bool ws_def_has_workers(struct span def);

/* Number `index` of them. Returns 1, 0 when there are no more, or -EINVAL when what stands there is
 * no worker that a plan can name. */
int ws_def_worker(struct span def, unsigned index, struct worker_def *out);

/* Whether one of them has this id. */
bool ws_def_names_worker(struct span def, struct span id);

#endif
