/*
 * `.state/interventions.log`: what people did by hand, one JSON object a line, appended and never
 * changed. Every mutating command adds exactly one line, whether it acted, was refused or failed.
 * It is a diary for people: the journal stays the truth, nothing is ever decided from this file.
 *
 * How a command uses it, at its very end:
 *
 *	struct intervention done = {
 *		.at_ms = c->now_ms,
 *		.operator_name = span_of(operator), .script = SPAN_LIT("task retry"),
 *		.args = words, .arg_count = count,
 *		.reason = span_of(reason), .entity_type = SPAN_LIT("task"), .entity_id = t->id,
 *		.confirmed = true, .result = INTERVENTION_OK, .message = SPAN_LIT("will run again"),
 *	};
 *
 *	rc = interventions_add(state_dir_fd, &done, e);
 */
#ifndef SK_INTERVENTIONS_H
#define SK_INTERVENTIONS_H

#include "base/err.h"
#include "base/str.h"

#define INTERVENTIONS_FILE "interventions.log"

enum intervention_result {
	INTERVENTION_OK,      /* done, or with dry_run: would have been */
	INTERVENTION_REFUSED, /* nothing was done: the state forbids it, no --yes, bad words */
	INTERVENTION_FAILED,  /* something stood in the way: disk, lock, damage */
	INTERVENTION_RESULT_COUNT
};

/* One line. All spans are borrowed; texts longer than INTERVENTION_TEXT_BYTES_MAX and words beyond
 * INTERVENTION_ARGS_MAX are cut, which shows as "..." at their end. */
struct intervention {
	int64_t at_ms;
	struct span operator_name; /* --operator, else $USER, else the uid */
	struct span script;        /* the path of the command: "task retry" */
	const struct span *args;   /* the words behind it, as typed */
	size_t arg_count;
	struct span reason; /* empty = null */
	struct span entity_type,
		entity_id;       /* "task", "t1"; "system" when it concerns no one thing */
	bool dry_run, confirmed; /* --dry-run, --yes */
	enum intervention_result result;
	struct span message;          /* what was done, or the refusal, as a person read it */
	const struct span *event_ids; /* of the records it made, as event_id() writes them */
	size_t event_id_count;
};

const char *intervention_result_word(enum intervention_result result);

/* What became of a command that returned this code: 0 or more, or a negative code of err.h. */
enum intervention_result intervention_result_of(int code);

/*
 * Appends the line with one write below the state folder and syncs it; the file is made with mode
 * 0600. When it returns 0 the line survives anything; after a crash in between it is there whole,
 * torn (the next line begins behind a newline of its own, readers pass over it) or not at all. Any
 * number of processes may add at once. Returns 0, -SK_EREFUSED when the file is a symbolic link or
 * no regular file, -SK_EIO.
 */
int interventions_add(int state_fd, const struct intervention *in, struct err *e);

/*
 * Hands the newest `newest` lines (0 = all that INTERVENTIONS_READ_BYTES_MAX hold) to fn, oldest
 * first, each decoded and as it stands in the file; one among them that is no such line is counted
 * in *unreadable (may be NULL) instead. What fn is given is borrowed for the call. fn returns
 * nonzero to stop.
 * Returns 0, also when there is no file yet; -SK_EREFUSED, -SK_EIO.
 */
int interventions_read(int state_fd, size_t newest,
		       int (*fn)(void *ctx, const struct intervention *in, struct span line),
		       void *ctx, uint64_t *unreadable, struct err *e);

#endif
