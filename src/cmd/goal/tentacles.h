/* What the commands on tentacles share. */
#ifndef SK_CMD_TENTACLES_H
#define SK_CMD_TENTACLES_H

#include "cmd/goal/goals.h"
#include "work/owner.h"
#include "work/tentacle_dir.h"

/* goals_open, with words about tentacles when there is no store. */
int tentacles_open_store(struct cmd_ctx *c, unsigned flags, struct goal_store **out, struct err *e);

/* Opens the store and finds the tentacle that the first plain word names. */
int tentacles_open(struct cmd_ctx *c, unsigned flags, struct goal_store **out,
		   const struct tentacle **t, struct err *e);

/* Appends what a person has to do about its work, without an end of line: that it is not merged,
 * or cannot be, and that files outside of its scope were changed. Nothing when there is nothing. */
void tentacle_put_left(const struct tentacle *t, struct buf *out);

/* What the first plain word is: the name, as it stays valid. */
struct span tentacles_name(const struct cmd_ctx *c);

/* Refuses what can be no name, before a store is made for it: 0 or -SK_EUSAGE. */
int tentacles_check_name(struct span name, struct err *e);

/* Commits, finds the tentacle as it is now, and returns 0 or the failure. */
int tentacles_commit(struct goal_store *s, struct span name, const struct tentacle **t,
		     struct err *e);

/* "none", "alive", "dead", "unknown": the process that works on it. */
const char *tentacle_owner_word(const struct tentacle *t);

/* All members, and what is worked out: to-dos, whether there is a hand-off, its owner, its age. */
void tentacle_put_json(struct json *j, const struct tentacle *t, int64_t now_ms);

/* One document of it on stdout. */
void tentacle_print_json(struct cmd_ctx *c, const struct tentacle *t);

/* Adds the parts of "a,b", blanks around them left out, empty ones too. */
void texts_add_list(struct arena *arena, struct texts *out, const char *list);

/* Adds all values of a repeatable option. */
void texts_add_options(struct arena *arena, struct texts *out, const struct cmd_ctx *c,
		       const char *option, bool lists);

#endif
