/*
 * Criteria run in the main checkout, so what agents handed off has to be there before. Each merge
 * is the command that people type, with the store closed: what it recorded is all that the loop
 * knows of it. A conflict goes to a person and not back to the agent, whose cage does not let it
 * write what came from others; the rest of the wave goes on to its end.
 */
#include "cmd/goal/goal_loop_impl.h"

#include <unistd.h>

#include "base/limits.h"
#include "core/goal_progress.h"
#include "core/tentacle_work.h"
#include "os/capture.h"

static bool among(const struct buf *names, struct span name)
{
	for (size_t at = 0; at < names->len; at += strlen(names->p + at) + 1)
		if (span_is(name, names->p + at))
			return true;
	return false;
}

bool goal_loop_may_merge(const struct goal_loop *l, const struct tentacle *t)
{
	return tentacle_unmerged(t) && tentacle_succeeded(t) && !t->outside_scope.count &&
	       !t->owner.nonce.len && !among(&l->stuck, t->name);
}

/* Names of what waits to be merged in all iterations, each with a NUL; with `all` also what this
 * loop would not merge. */
static int find(struct goal_loop *l, bool all, struct buf *names, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct iteration *its;
	const struct goal *g;
	int rc = goal_loop_open(l, 0, &s, &g, e);

	if (rc < 0)
		return rc;
	its = g->iterations.v;
	for (size_t i = 0; i < g->iterations.count; i++)
		for (size_t k = 0; k < its[i].tentacles.count; k++) {
			const struct tentacle *t =
				goals_tentacle(goal_store_goals(s), its[i].tentacles.v[k]);

			if (t && tentacle_unmerged(t) && !among(names, t->name) &&
			    (all || goal_loop_may_merge(l, t)))
				buf_putf(names, "%.*s%c", SPAN_ARG(t->name), 0);
		}
	return 0;
}

static int merge_one(struct goal_loop *l, char *name, struct err *e)
{
	CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
	char *argv[] = { (char *)"sk", (char *)"tentacle", (char *)"worktree",
			 name,         (char *)"merge",    (char *)"--commit",
			 NULL };
	struct span line;
	int rc = capture_run(&(struct capture){ .path = "/proc/self/exe",
						.argv = argv,
						.envp = environ,
						.output_bytes_max = GOAL_FILE_BYTES_MAX,
						.limit_ms = GOAL_PROOF_LIMIT_MS },
			     &said);

	if (rc < 0)
		return err_set(e, -SK_EIO, "%s: it could not be merged: %s", name, strerror(-rc));
	if (said.exit == EXIT_DONE)
		goal_loop_say("%s: merged", name);
	if (said.exit == EXIT_DONE || said.exit == EXIT_BUSY)
		return 0; /* who is busy will have ended at the next step */
	line = captured_last_line(&said);
	if (span_starts(line, "sk: "))
		line = (struct span){ line.p + 4, line.len - 4 };
	buf_putf(&l->stuck, "%s%c", name, 0);
	buf_putf(&l->stuck_why, "tentacle \"%s\": not merged: %.*s%c", name, SPAN_ARG(line), 0);
	return 0;
}

int goal_loop_merge(struct goal_loop *l, struct err *e)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	int rc = find(l, false, &names, e);

	for (size_t at = 0; rc == 0 && at < names.len; at += strlen(names.p + at) + 1)
		rc = merge_one(l, names.p + at, e);
	return rc;
}

void goal_loop_say_unmerged(struct goal_loop *l, struct buf *names)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	struct err ignored = ERR_INIT; /* the loop's own end was said */

	if (find(l, true, names, &ignored) < 0 || !names->len)
		return;
	for (size_t at = 0; at < names->len; at += strlen(names->p + at) + 1)
		buf_putf(&line, "%ssk/%s", at ? ", " : "", names->p + at);
	goal_loop_say("handed off and not merged: %s. Try: sk tentacle worktree %s merge --commit",
		      line.p, names->p);
}
