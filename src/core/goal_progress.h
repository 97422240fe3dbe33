/* How far the tentacles of a goal are: what everybody asks who decides about an iteration. */
#ifndef SK_GOAL_PROGRESS_H
#define SK_GOAL_PROGRESS_H

#include "core/goal.h"

/* word, whether an iteration may be closed with it, meaning */
#define STANDINGS(X)                                                                              \
	X(READY, "ready", false, "nobody has begun it")                                           \
	X(ACTIVE, "active", false, "somebody works on it")                                        \
	X(DISPATCHED, "dispatched", false, "handed to an agent that nobody here watches")         \
	X(RUNNING, "running", false, "its agent runs")                                            \
	X(WAITING, "waiting_dependencies", false, "waits for what it depends on")                 \
	X(FAILED_NEEDS, "failed_dependencies", false, "what it depends on did not succeed")       \
	X(AWAITING_HANDOFF, "awaiting_handoff", false, "its agent ended without a hand-off")      \
	X(FAILED, "failed", false, "its agent failed")                                            \
	X(STOPPED, "stopped", false, "its agent was told to end")                                 \
	X(LOST, "lost", false, "its agent is gone without a word")                                \
	X(PARKED, "parked", false, "it is parked")                                                \
	X(JUDGE, "needs_decision", false, "handed off, and somebody has to judge it")             \
	X(RESOLVED, "resolved", true, "done")                                                     \
	X(TRIAGE, "resolved_error", true, "handed off with a problem that somebody has to judge") \
	X(DELETED, "deleted", true, "deleted")

#define X(name, word, closes, meaning) STANDING_##name,
enum standing { STANDINGS(X) STANDING_COUNT };
#undef X

const char *standing_word(enum standing s);
const char *standing_text(enum standing s);

/* Whether an iteration may be closed with a tentacle that stands so. */
bool standing_closes(enum standing s);

enum standing tentacle_standing(const struct goals *all, struct span name);

/* Whether it was divided, its own to-dos were given away, and a part is there. */
bool tentacle_divided(const struct goals *all, const struct tentacle *t);

/* Whether what it was for is reached. */
bool tentacle_succeeded(const struct tentacle *t);

/* The tentacles of an iteration, counted by standing. */
void goal_progress(const struct goals *all, const struct goal *g, uint64_t iteration,
		   size_t out[STANDING_COUNT]);

/* Whether a criterion was judged on another state of the repository than `tree` ("" when nobody
 * knows: then nothing is outdated). Such a text is FILES@PLACE; what agrees in one of the two is
 * the same. */
bool criterion_outdated(const struct criterion *c, struct span tree);

#endif
