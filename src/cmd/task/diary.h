/* The line in interventions.log of a command that does something by hand, but asks nothing of the
 * state. */
#ifndef SK_DIARY_H
#define SK_DIARY_H

#include "cmd/cmd.h"
#include "cmd/view.h"

/* Rows of such a command's option table. */
#define DIARY_OPTIONS                                                   \
	{ .name = "operator",                                           \
	  .kind = OPTION_TEXT,                                          \
	  .value = "NAME",                                              \
	  .summary = "who does this (default: $USER)" },                \
	{                                                               \
		.name = "reason", .kind = OPTION_TEXT, .value = "TEXT", \
		.summary = "why, for the record"                        \
	}

/* Rows of the commands that change what is recorded. `tried` = what a dry run shows. */
#define CHANGE_OPTIONS(tried)                                              \
	{ .name = "dry-run",                                               \
	  .letter = 'n',                                                   \
	  .kind = OPTION_FLAG,                                             \
	  .summary = "show what would be " tried "; change nothing" },     \
		{ .name = "yes",                                           \
		  .letter = 'y',                                           \
		  .kind = OPTION_FLAG,                                     \
		  .summary = "it is meant: do not ask for confirmation" }, \
		DIARY_OPTIONS

/*
 * The words as typed for the line: options in their long form, then the plain ones. --dry-run,
 * --yes, --reason and --operator are left out: they have members of their own. Fills
 * out[0..INTERVENTION_ARGS_MAX), borrowed from `o` and from `text`, which must not be touched while
 * they are used. Returns their number.
 */
size_t diary_words(const struct options *o, struct buf *text, struct span *out);

/*
 * Adds one line about a task: what was done (message), or with a negative result why not. Returns 0
 * or a negative code with *e filled.
 */
int diary_task(const struct cmd_ctx *c, struct span task_id, int result, const char *message,
	       struct err *e);

#endif
