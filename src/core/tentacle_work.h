/*
 * What happens to a tentacle between its beginning and its end, as decisions. `name` is always one
 * that is there. A refusal is -SK_EREFUSED with a sentence in t->why.
 */
#ifndef SK_TENTACLE_WORK_H
#define SK_TENTACLE_WORK_H

#include "core/goal_turn.h"

/* Gives a draft another todo.md and remembers which version was before it. */
void tentacle_put_todo(struct turn *t, struct tentacle *draft, struct span text);

/* Records another todo.md. */
int tentacle_set_todo(struct turn *t, struct span name, struct span text,
		      const struct goal_words *words);

/* Somebody takes the work up: active, and what its last end left is forgotten. */
int tentacle_take_up(struct turn *t, struct span name, const struct goal_words *words);

/* What the main checkout is when work begins there. */
struct tentacle_begin {
	struct span commit;   /* empty = nobody knows */
	struct texts changed; /* files that differ from it already */
};

/* Notes in a draft where work is going to be done, which forgets where handed off work began. */
void tentacle_begins_at(struct tentacle *draft, bool here);

/* Notes from what it began; what earlier work began from, which was not handed off, stays. */
void tentacle_begins_from(struct turn *t, struct tentacle *draft,
			  const struct tentacle_begin *from);

/* Its prompt was handed to an agent that nobody here supervises, which works in the main checkout
 * when it has no worktree: then `from` is what that is (NULL = nobody knows). Refused for one that
 * is parked (-SK_EPARKED), at work or completed, and for one with unfinished dependencies unless
 * `anyway`. */
int tentacle_dispatch(struct turn *t, struct span name, bool anyway,
		      const struct tentacle_begin *from, const struct goal_words *words);

/* Records the result of a verification. A failure keeps the highest severity of those of the same
 * command that are open, whatever this one was given. */
void tentacle_verified(struct turn *t, struct span name, const struct verification *v,
		       const struct goal_words *words);

/*
 * The next failure that is open, at or behind *at (which begins with 0 and is moved on), or NULL.
 * One is settled by a later result that passed, of the same command or the same label, and by a
 * later failure of the same command that keeps the tentacle from being completed as much as it
 * does.
 */
const struct verification *tentacle_failing(const struct tentacle *tentacle, size_t *at);

enum tentacle_complete_flags {
	COMPLETE_STRICT = 1 << 0, /* to-dos that are open stay open */
};

/*
 * Completes it, and its parents as far as all their children have succeeded. `outside` are changed
 * files outside of its scope. Returns 0; -SK_EWORK when a verification of severity CRITICAL or HIGH
 * fails (those of --auto-verify do not count); -SK_EPARKED while it is parked, -SK_EREFUSED while
 * it is at work.
 */
int tentacle_complete(struct turn *t, struct span name, unsigned flags, const struct texts *outside,
		      const struct goal_words *words);

/* Whether its worktree holds work that was handed off and is not merged. */
bool tentacle_unmerged(const struct tentacle *tentacle);

/* The checks of tentacle_complete alone. */
int tentacle_may_complete(struct turn *t, const struct tentacle *which);

/* Refuses to start one that was divided into parts: -SK_EREFUSED, or 0. */
int tentacle_check_parts(struct turn *t, const struct tentacle *which);

/* The first dependency that has not succeeded, or an empty span. */
struct span tentacle_waits_for(const struct goals *all, const struct tentacle *tentacle);

/* Forgets it, also in its parent's list. Refused while it is at work. */
int tentacle_delete(struct turn *t, struct span name, const struct goal_words *words);

#endif
