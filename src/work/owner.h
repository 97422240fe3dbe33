/*
 * Who works on a tentacle, as proof of life: the process with this boot, pid and start time. What
 * it leaves behind when it is killed is seen by whoever opens the store next, not after some time.
 */
#ifndef SK_OWNER_H
#define SK_OWNER_H

#include "core/goal_turn.h"
#include "os/proc.h"

/* Keeps the texts of an owner. */
struct owner_texts {
	struct proc_identity who;
};

/* Fills *out with this process; the texts live in *texts and in `nonce`. Returns 0 or -errno. */
int owner_self(struct tentacle_owner *out, struct owner_texts *texts, struct span nonce);

enum owner_life { OWNER_UNKNOWN, OWNER_ALIVE, OWNER_DEAD };

/* UNKNOWN: there is none, or it cannot be asked. */
enum owner_life owner_life(const struct tentacle_owner *o);
const char *owner_life_word(enum owner_life life);

#endif
