/*
 * Looking on while an orchestrator works: for `sk run` and `sk submit` beside one, and `sk wait`.
 * The journal is the only source, so what is shown has happened.
 */
#ifndef SK_FOLLOW_H
#define SK_FOLLOW_H

#include "cmd/cmd.h"
#include "cmd/view.h"
#include "os/loop.h"

struct follow {
	const struct cmd_ctx *c;
	struct view *v; /* kept up to date; v->alive: somebody is at work */
	struct loop loop;
	int watch;
	int64_t probe_ms; /* monotonic: when to ask again who lives */
	int64_t gone_ms;  /* monotonic: since when nobody does, or 0 */
	int64_t alive_ms; /* monotonic: since when somebody does, as far as we saw, or 0 */
};

#define FOLLOW_INIT                                \
	{                                          \
		NULL, NULL, LOOP_INIT, -1, 0, 0, 0 \
	}

/* Reads the state and begins to watch. SIGINT and SIGTERM come through follow_turn from now on.
 * -SK_ENOTFOUND when there is no state. */
int follow_open(const struct cmd_ctx *c, struct follow *out, struct err *e);
void follow_release(struct follow *f);

/*
 * Waits at most timeout_ms (-1 = for ever) for something to be recorded and tells fn each event.
 * Returns the number of a signal that arrived, 0, or a negative code.
 */
int follow_turn(struct follow *f, int timeout_ms, store_follower *fn, void *ctx, struct err *e);

/* Whether nobody has been at work for so long that no restart explains it. */
bool follow_is_lost(const struct follow *f);

/* Whether something of it is at work, or will be without a person. */
bool follow_goes_on(const struct workstream *w);

/*
 * Whether something of it could begin that whoever is at work has not taken up yet: a command
 * recorded a retry while nobody was there, and an orchestrator begins. After a while it is clear
 * that it was left out on purpose (--only).
 */
bool follow_may_begin(const struct follow *f, const struct workstream *w);

#endif
