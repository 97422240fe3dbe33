/* Approvals that a goal waits for. */
#ifndef SK_GOAL_GATES_H
#define SK_GOAL_GATES_H

#include "core/goal_turn.h"

#define GATE_ACTS(X)          \
	X(ADD, "add")         \
	X(APPROVE, "approve") \
	X(REJECT, "reject")   \
	X(PASS, "pass")       \
	X(FAIL, "fail")

#define X(name, word) GATE_ACT_##name,
enum gate_act { GATE_ACTS(X) GATE_ACT_COUNT };
#undef X

struct gate_ask {
	enum gate_act act;
	struct span id;
	struct span description; /* of GATE_ACT_ADD; empty leaves what is there */
	struct span reason;
};

struct gate_done {
	bool changed; /* the gate is not as it was */
	bool moved;   /* and the goal changed its status */
};

/*
 * Does it, and what follows for the goal: a rejected gate makes an active goal wait, the last one
 * that blocked lets it go on. Adding one that is there changes its description; passing and failing
 * one that is not makes it. Returns 0; -SK_EUSAGE for an unusable name, or one that differs from
 * another only in case; -SK_ENOTFOUND with the nearest; -SK_EREFUSED at the goal's end and for
 * rejecting what was approved.
 */
int goal_gate_act(struct turn *t, const struct goal *g, const struct gate_ask *ask,
		  const struct goal_words *words, struct gate_done *out);

/*
 * Whether `id` may be the name of a new gate or criterion ("what") beside those in the list, whose
 * elements begin with their id. Returns 0, or -SK_EUSAGE with the sentence.
 */
int goal_check_name(struct turn *t, const char *what, struct span id, const struct doc_type *of,
		    const struct doc_list *list);

/* The refusal for one that is not there: -SK_ENOTFOUND with the nearest name. */
int goal_no_such(struct turn *t, const char *what, struct span id, const struct doc_type *of,
		 const struct doc_list *list);

#endif
