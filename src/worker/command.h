/* From what a plan says to the words that are executed. Pure: no file is looked at. */
#ifndef SK_COMMAND_H
#define SK_COMMAND_H

#include "base/buf.h"
#include "core/task_def.h"

/* The words, NULL-terminated; they and the text they point to are owned by the command. */
struct command {
	char **argv;
	size_t argc, capacity;
	struct buf text;
	bool shell; /* sh -c was put before it */
};

#define COMMAND_INIT                        \
	{                                   \
		NULL, 0, 0, BUF_INIT, false \
	}

void command_release(struct command *c);

/*
 * Makes the words of a definition, replacing what was there. A command line that holds nothing a
 * shell must see is split at blanks; any other becomes sh -c. Returns 0, or -EINVAL with the end of
 * a sentence in *why.
 */
int command_prepare(struct command *c, const struct command_def *def, const char **why);

/* Puts /bin/sh before the words: for a script that has no #! line, as execvp would. */
void command_through_shell(struct command *c);

/* Appends the command as a person would type it, safe for a terminal, cut at `max` bytes. */
void command_put_shown(struct buf *out, const struct command_def *def, size_t max);

#endif
