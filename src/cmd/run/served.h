/*
 * Pages from memory. Reading the state of a hundred thousand tasks takes a tenth of a second; a
 * live orchestrator has it at hand. So where the state is large, a command that only looks lets
 * the orchestrator print its page. When that one does not answer, the state is read as always.
 */
#ifndef SK_SERVED_H
#define SK_SERVED_H

#include "cmd/cmd.h"
#include "core/state.h"
#include "ctl/control_msg.h"

struct store;

/* Who shows pages: context of served_show, borrowed by the orchestrator. */
struct served_by {
	const struct paths *paths;
	int state_fd;
};

/* For orchestrator_options.show. */
int served_show(void *ctx, const struct state *st, struct store *store,
		const struct control_request *request, struct buf *out, struct err *e);

/*
 * Asks for the page of c->cmd with its options as typed: the orchestrator itself, or a copy of it
 * when the two of us do not stand in the same folder. Returns 1 with *exit_code when it was
 * printed to c->out, 0 when the state has to be read, or the negative code of the command with *e.
 */
int served_ask(struct cmd_ctx *c, int *exit_code, struct err *e);

struct served_wish {
	const char *const *more; /* words behind those that were typed, ending in NULL; or NULL */
	bool quiet;              /* only whether it is refused counts */
	bool any_size;           /* also where reading the state takes no time */
};

/*
 * The same for rows that a copy of the orchestrator runs (CMD_ASIDE), from wherever it is typed.
 */
int served_aside(struct cmd_ctx *c, const struct served_wish *wish, int *exit_code, struct err *e);

#endif
