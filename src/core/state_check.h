/*
 * What must be true of every state between two turns, looked at as a whole: apply checks each
 * change, this checks what all changes together came to. A violation means a damaged file that no
 * checksum covers, or our own mistake; nothing repairs it by itself.
 */
#ifndef SK_STATE_CHECK_H
#define SK_STATE_CHECK_H

#include "core/state.h"

/* name, word for people and JSON */
#define STATE_RULES(X)                     \
	X(TASKS, "invariants")             \
	X(WORKSTREAMS, "workstream-state") \
	X(RESOURCES, "resources")          \
	X(WORKERS, "worker-tasks")

#define X(name, word) RULE_##name,
enum state_rule { STATE_RULES(X) RULE_COUNT };
#undef X

const char *state_rule_word(enum state_rule rule);

/* Calls fn for every violation: whom it is about, and a sentence fragment about it. */
void state_check(const struct state *st,
		 void (*fn)(void *ctx, enum state_rule rule, struct span id, const char *what),
		 void *ctx);

/*
 * What the workstream's state should be by its tasks, or the state it is in when that is right:
 * the first rule that fits of the derivation. The trigger that leads there goes to *on (ON_NONE:
 * nothing is to be done).
 */
enum ws_state ws_derived(const struct workstream *w, enum trigger *on);

#endif
