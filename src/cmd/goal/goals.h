/* What the commands on goals and tentacles share: opening their store, naming a goal, who acts. */
#ifndef SK_CMD_GOALS_H
#define SK_CMD_GOALS_H

#include "cmd/cmd.h"
#include "cmd/who.h"
#include "work/goal_store.h"

/* Rows for commands that work on one goal. */
#define GOAL_OPTION                                                                            \
	{                                                                                      \
		.name = "goal", .kind = OPTION_TEXT, .value = "ID", .completes = ARG_GOAL,     \
		.summary = "another goal than the chosen one (a beginning of its id will do)", \
	}
#define OPERATOR_OPTION                                                   \
	{                                                                 \
		.name = "operator", .kind = OPTION_TEXT, .value = "NAME", \
		.summary = "who decides, for the record (your login)",    \
	}

/*
 * Opens the store for a command with NEED_GOALS. A folder without one is -SK_ENOTFOUND with the
 * command that makes one, unless `flags` create it.
 */
int goals_open(struct cmd_ctx *c, unsigned flags, struct goal_store **out, struct err *e);
/* Fits CLEANUP. Tells before what goals_tell does. */
void goals_close(struct goal_store **s);

/* Says on stderr what the store found and nobody heard of yet. */
void goals_tell(struct goal_store *s);

/* Opens it and finds the goal that --goal names, or the chosen one. */
int goals_open_goal(struct cmd_ctx *c, unsigned flags, struct goal_store **out,
		    const struct goal **goal, struct err *e);

/*
 * Releases the parked tentacle that agent_due names, and no other, in a store that is open for
 * writing. Returns 1 once that is durable, with the name appended to *name; 0 when none is due, or
 * a negative code. *next_ms as agent_due.
 */
int goals_release_due(struct goal_store *s, int64_t now_ms, const struct goal_words *words,
		      struct buf *name, int64_t *next_ms, struct err *e);

/* Who acts, from --operator or the login, and why, from --reason where the command has one. Begin a
 * goal_words with it; the struct must live as long as those. */
struct goal_actor {
	char name[WHO_BYTES];
};
struct goal_words goals_words(const struct cmd_ctx *c, struct goal_actor *actor);

/* A UUID version 4 as text, NUL-terminated. Returns 0 or -SK_EIO. */
int uuid_make(char out[37], struct err *e);

/* Problems with files, one line each on stderr, for commands that show all there is. */
void goals_warn(const struct goal_store *s);

#endif
