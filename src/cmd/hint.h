/* Commands and paths as a person types them: the parts of every "Next:" and "Try:". */
#ifndef SK_HINT_H
#define SK_HINT_H

#include "cmd/options.h"
#include "cmd/print.h"
#include "core/state.h"
#include "os/paths.h"

struct cmd;

/* Appends a word as a shell reads it: quoted when it must be. */
void put_shell_word(struct buf *out, struct span word);

/* Appends the command that continues a workstream: "sk run nightly.yaml"; of one that a cycle has
 * halted, the one that shows the way out. Typed as it is it must work, so it says --halt-on-cycle
 * where the plan still has the circle that was broken by hand. */
void put_run_command(const struct state *st, uint32_t ws, struct buf *out);

/* Appends a command as it was typed, options first in their long form, without the option named. */
void put_typed_command(const struct cmd *cmd, const struct options *o, const char *without,
		       struct buf *out);

/*
 * Appends the path of a task's log, relative to the current folder when it is below. Returns false,
 * and appends nothing, when there is none: it has not begun, or it had nothing to say.
 */
bool put_log_path(const struct paths *paths, struct span task_id, struct buf *out);

/*
 * Appends a command that is advised. Where `goal` was typed and the command takes --goal, it
 * carries that: typed as it stands it acts on the goal that the page was about.
 */
void put_advice(struct buf *out, struct span command, const char *goal);

/* Prints commands, one a line of the buffer, as the end of a page: "Next: sk ...". */
void out_next(struct out *o, const struct buf *commands);

/* The same as the member "next" of a document. */
void json_next(struct json *j, const struct buf *commands);

/* "no gates. Try: sk ...": a page that has nothing to show, with what would change that. */
void out_nothing(struct out *o, const char *what, const char *command);

#endif
