/* The user's own folder for commands: where it is, who asks, and which session they belong to. */
#ifndef SK_CMD_HOME_H
#define SK_CMD_HOME_H

#include "base/err.h"
#include "base/str.h"

/* Replaces *out by the path of .copilot, as SK_HOME or HOME say. Returns 0 or a negative code. */
int cmd_home(struct buf *out, struct err *e);

/* The session of the agent that runs us, as its environment tells; empty when it does not. */
struct span cmd_session(void);

/*
 * Replaces *out by the path of the knowledge database: `given` when it is not NULL, else as
 * SK_DB_PATH, SK_HOME and HOME say. With `make_folder`, the folder that the last two lead to is
 * made. Returns 0 or a negative code.
 */
int cmd_database(const char *given, bool make_folder, struct buf *out, struct err *e);

#endif
