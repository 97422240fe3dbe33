/*
 * Words typed -> checked values. No option is ever ignored: what is not in the command's table is
 * refused with the nearest one that is. Accepted forms: --name value, --name=value, -n value,
 * -nvalue, -ab for two flags; "--" ends them.
 */
#ifndef SK_OPTIONS_H
#define SK_OPTIONS_H

#include "base/err.h"

struct cmd;

enum option_kind {
	OPTION_FLAG,
	OPTION_TEXT,     /* anything but the empty text */
	OPTION_NUMBER,   /* digits only, min..max */
	OPTION_DURATION, /* 90, 90s, 10m, 2h, 250ms; number is in milliseconds */
	OPTION_CHOICE,   /* one of the words of `value`, separated by | */
};

/* What a value or a plain argument names, so that a shell can complete it. */
enum arg_kind {
	ARG_NONE,
	ARG_TASK,
	ARG_WORKSTREAM,
	ARG_WORKER,
	ARG_RESOURCE,
	ARG_ANY_ID,
	ARG_FILE,
	ARG_DIRECTORY,
	ARG_SHELL,
	ARG_COMMAND,
	ARG_TENTACLE,
	ARG_GOAL,
	ARG_GATE,
	ARG_CRITERION,
	ARG_WORDS, /* one of the row's arg_words */
	ARG_TEXT
};

struct option_row {
	const char *name; /* without dashes */
	char letter;      /* short form, or 0 */
	bool repeats;     /* may be given more than once */
	enum option_kind kind;
	const char *value;   /* the word in the help ("N"), or the choices */
	const char *summary; /* one line, lower case, no full stop */
	uint64_t min, max;   /* of OPTION_NUMBER; max 0 = INTEGER_MAX */
	enum arg_kind completes;
};

struct option_given {
	const struct option_row *row;
	const char *text;
	uint64_t number;
};

struct options {
	const struct cmd *cmd;
	struct option_given *given;
	size_t given_count, given_capacity;
	const char **args; /* plain arguments in order, borrowed from argv */
	size_t arg_count, arg_capacity;
};

#define OPTIONS_INIT                         \
	{                                    \
		NULL, NULL, 0, 0, NULL, 0, 0 \
	}

/* The options that every command takes; ends with a row without name. */
extern const struct option_row common_options[];

void options_release(struct options *o);

/*
 * Parses `words` for the command (NULL: only the common options, in front of a command; stops at
 * the first plain word and tells in *used how many words were read). Returns 0 or -SK_EUSAGE.
 */
int options_parse(struct options *o, const struct cmd *cmd, char *const *words, size_t count,
		  size_t *used, struct err *e);

/* Refuses too few or too many plain arguments, each against the row's bounds. Returns 0 or
 * -SK_EUSAGE. */
int options_check_args(const struct options *o, struct err *e);

/* Whether the command has such an option at all, for what several commands share. */
bool options_take(const struct options *o, const char *name);

/* Each asks for an option of the table; another name is our own mistake. */
bool options_has(const struct options *o, const char *name);
const char *options_text(const struct options *o, const char *name); /* NULL when not given */
uint64_t options_number(const struct options *o, const char *name, uint64_t otherwise);

/* The values of a repeatable option, in order: number `index` of them, or NULL behind the last. */
const char *options_each(const struct options *o, const char *name, size_t index);

/*
 * Refuses what no command can use: no argv[0], more than ARGUMENTS_MAX words, one longer than
 * ARGUMENT_BYTES_MAX. Returns 0 or -SK_EUSAGE.
 */
int options_check_argv(int argc, char *const *argv, struct err *e);

#endif
