/* The power goes at every call of a script on a store of goals, in every way to tear: shared by the
 * crash tests of what lies in that store. */
#ifndef SK_GOAL_SWEEP_H
#define SK_GOAL_SWEEP_H

#include "base/err.h"
#include "faulty.h"
#include "simdisk.h"

/* Turns, counted by the script in whatever way its look understands. */
struct promise {
	unsigned acked, attempted;
};

struct goal_sweep {
	/* Works on the disk until something fails. */
	void (*script)(const struct vfs *vfs, struct promise *p);
	/* What is wrong after power came back, as a text that lives in `text` or for ever; NULL
	   when nothing is. */
	const char *(*look)(const struct vfs *vfs, struct promise p, char text[ERR_TEXT_MAX]);
};

/*
 * Every cut there is, each with every `step`th way to tear. Returns in how many worlds something
 * was wrong, with the first of them told in `first`, and in *cuts how many calls were cut.
 */
unsigned goal_sweep(const struct goal_sweep *s, enum fault fault, unsigned step, unsigned *cuts,
		    char first[ERR_TEXT_MAX]);

#endif
