/* What workers offer that somebody started by hand for this store. */
#ifndef SK_RUN_OFFERS_H
#define SK_RUN_OFFERS_H

#include "base/arena.h"
#include "os/paths.h"

/* Set the paths and leave the rest zero; it is looked up when first asked for. */
struct run_offers {
	const struct paths *paths;
	bool known;
	struct span *v; /* raw JSON arrays, one a worker */
	size_t count, capacity;
	struct arena text;
};

void run_offers_release(struct run_offers *o);

/* Whether a living worker other than the run's own offers all that the task wants. */
bool run_offers_cover(struct run_offers *o, struct span def);

#endif
