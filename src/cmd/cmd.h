/*
 * A command is one row: its words, its options, what it needs and the function that runs it. Help,
 * completions, the manual page and docs/commands.md are printed from these rows, so a command
 * cannot exist without its description.
 *
 * To add one: write <room>/<name>.c with `const struct cmd cmd_<name>`, add CMD(<name>) to
 * cmd_list.h and the file to meson.build, and write tests/cli/test_<name>.py. task/status.c is a
 * good row to copy.
 */
#ifndef SK_CMD_H
#define SK_CMD_H

#include "base/err.h"
#include "cmd/options.h"
#include "cmd/print.h"
#include "cmd/done.h"
#include "os/paths.h"

/* name, number, word in JSON errors, meaning. The numbers are a promise to scripts. */
#define EXIT_CODES(X)                                                                 \
	X(DONE, 0, "done", "done")                                                    \
	X(WORK_FAILED, 1, "work_failed", "the work itself failed")                    \
	X(USAGE, 2, "usage", "usage, or a plan or configuration that cannot be used") \
	X(NOT_FOUND, 3, "not_found", "no such task, workstream, ...")                 \
	X(REFUSED, 4, "refused", "the state forbids it")                              \
	X(CONFIRM, 5, "confirmation_needed", "confirmation needed: add --yes")        \
	X(BUSY, 6, "busy", "someone else holds what is needed")                       \
	X(DAMAGED, 7, "damaged", "the state is damaged")                              \
	X(IO, 8, "io", "input or output failed")                                      \
	X(AWAITING_GATE, 10, "awaiting_gate", "waits for a gate")                     \
	X(NEEDS_HUMAN, 11, "needs_human", "needs a human")                            \
	X(OVER_BUDGET, 12, "over_budget", "over budget")                              \
	X(PARKED, 75, "parked", "parked: try later")                                  \
	X(TIMED_OUT, 124, "timed_out", "timed out")                                   \
	X(INTERRUPTED, 130, "interrupted", "interrupted (Ctrl-C)")                    \
	X(TERMINATED, 143, "terminated", "ended by SIGTERM")

#define X(name, number, word, meaning) EXIT_##name = number,
enum exit_code { EXIT_CODES(X) };
#undef X

/* The exit code of a negative code of ours or of errno. */
enum exit_code exit_of(int code);

/* The stable word of an exit code for JSON errors. */
const char *exit_word(enum exit_code code);

enum cmd_needs {
	NEED_STATE = 1 << 0, /* c->paths tells where the state lives; it may not exist yet */
	NEED_VIEW = 1 << 1, /* NEED_STATE, and c->view is the state read without any lock; NULL when
			       there is none yet */
	/* NEED_VIEW, and nothing but looks at the state and prints, in a few milliseconds: where
	   the state is large, a live orchestrator runs it on the state it has in memory. What reads
	   the journal as well is for CMD_ASIDE. */
	CMD_SERVED = 1 << 3,
	/* Has a form that changes nothing, which a copy of a live orchestrator may run, however
	   long it takes. With NEED_VIEW that is all of it, and it is asked for like CMD_SERVED;
	   else the row asks by served_aside. There c->view is set, and lent. */
	CMD_ASIDE = 1 << 4,
	NEED_GOALS = 1 << 5, /* c->goal_paths tells where goals live; there may be none yet */
	CMD_SCRIPT = 1 << 2, /* prints something that is read by a program as it is: there is no
				--format json */
};

struct view;

/* What a command is given. All of it is borrowed for the call. */
struct cmd_ctx {
	const struct cmd *cmd;
	const struct options *options;
	struct out *out;           /* stdout */
	bool json;                 /* one JSON document (or one object a line) is wanted */
	int64_t now_ms;            /* wall clock, asked once */
	const struct paths *paths; /* with NEED_STATE */
	struct view *view;         /* with NEED_VIEW, or lent: see CMD_ASIDE */
	char *const *words;        /* as typed behind the path */
	size_t word_count;
	const struct paths *goal_paths; /* with NEED_GOALS */
	struct done *done;              /* what it changes is noted there */
};

struct cmd {
	const char
		*path; /* "task retry"; a row whose path starts with "__" is not shown to people */
	const char *summary; /* one line, lower case, no full stop */
	const char *usage; /* what follows the path, without the options that every command takes */
	const char *about; /* paragraphs for help and manual, or NULL */
	const char *example;              /* command lines, one a line, or NULL */
	const struct option_row *options; /* ends with a row without name; NULL = none of its own */
	unsigned needs;
	enum arg_kind args;      /* what plain arguments are, for completion */
	enum arg_kind args_then; /* those behind the first, ARG_NONE = the same */
	const char *arg_words;   /* for ARG_WORDS: the words, | between */
	size_t args_min, args_max;
	const char *alias; /* other names, as those of the scripts in the runbooks, | between; or
			      NULL */
	/* The exit code, or a negative code with *e filled: the caller prints it. */
	int (*run)(struct cmd_ctx *c, struct err *e);
};

/* All rows, in the order of cmd_list.h, and their number. */
extern const struct cmd *const cmd_table[];
extern const size_t cmd_count;

/* The heading of the section that begins with this row, NULL when none begins here. The first row
 * begins one. */
const char *cmd_heading(const struct cmd *cmd);

/* Whether people are told about this row. */
bool cmd_shown(const struct cmd *cmd);

/*
 * The row whose path, or another name of it, is the longest prefix of the words; *used = words of
 * it. "goal ..." stands for "tentacle goal ...". NULL when there is none.
 */
const struct cmd *cmd_find(char *const *words, size_t count, size_t *used);

/* The shown command nearest to what was typed, or NULL. */
const struct cmd *cmd_nearest(const char *word);

/* Everything from argv to the exit code: prepares the streams, parses, makes ready what is needed,
 * runs, reports. */
int cmd_main(int argc, char **argv);

#endif
