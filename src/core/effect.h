/* What the core asks the running program to do once the turn is on disk. Carrying one out twice
 * must be harmless. */
#ifndef SK_EFFECT_H
#define SK_EFFECT_H

#include "base/base.h"

enum effect_kind {
	FX_ASSIGN,   /* give the task's attempt to its worker: the before rules and the command */
	FX_VALIDATE, /* give the after rules of the attempt to its worker */
	FX_CANCEL,   /* tell the worker to end the attempt and all its processes */
	FX_ARCHIVE,  /* the workstream ended: copy its slice to archive/ */
	FX_DRAIN_WORKER, /* tell the worker to begin nothing more; it is to leave when it is done */
	FX_END_WORKER,   /* end its process at once; what follows comes when its lock is free */
};

struct effect {
	enum effect_kind kind;
	uint32_t task; /* index, or NO_ID */
	uint32_t ws;
	uint32_t worker;
	uint32_t attempt;
};

struct effects {
	struct effect *v;
	size_t count, capacity;
};

#define EFFECTS_INIT       \
	{                  \
		NULL, 0, 0 \
	}

void effects_release(struct effects *fx);
void effects_add(struct effects *fx, struct effect e);

#endif
