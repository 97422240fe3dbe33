/* The knowledge database for commands that write lessons. */
#ifndef SK_CMD_KNOWLEDGE_H
#define SK_CMD_KNOWLEDGE_H

#include "kb/kb.h"

/*
 * Opens the database for writing: `given` or, where that is NULL, the usual one; makes it when
 * there is none. An older one is refused: bringing it up to date is a decision, and makes a backup.
 * Returns 0 or a negative code.
 */
int knowledge_open(const char *given, const char *who, int64_t now_ms, struct kb **out,
		   struct err *e);

#endif
