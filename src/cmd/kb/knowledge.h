/* The knowledge database for commands that write lessons. */
#ifndef SK_CMD_KNOWLEDGE_H
#define SK_CMD_KNOWLEDGE_H

#include "cmd/options.h"
#include "kb/kb.h"

#define DATABASE_OPTION                                                         \
	{                                                                       \
		.name = "db", .kind = OPTION_TEXT, .value = "FILE",             \
		.summary = "another knowledge database", .completes = ARG_FILE, \
	}

/*
 * Opens the database for writing: `given` or, where that is NULL, the usual one; makes it when
 * there is none. An older one is refused: bringing it up to date is a decision, and makes a backup.
 * Returns 0 or a negative code.
 */
int knowledge_open(const char *given, const char *who, int64_t now_ms, struct kb **out,
		   struct err *e);

#endif
