/*
 * An operator's acts on workers record a wish and nothing else. Its process and all that it runs
 * are ended by whoever carries out the effect, or by the next start if that was killed first; only
 * when its lock is free, its last word read and its processes gone does the core hear that the
 * worker is gone (turn_worker_gone), and what it had goes the way the wish says. So no attempt
 * meets its predecessor, and a result that was on its way is not lost.
 */
#include "core/act_impl.h"

#include "base/err.h"
#include "core/find.h"

static int act_find_worker(struct turn *t, const struct act *act, uint32_t *out)
{
	return find_worker(t->st, act->worker_id, out, t->why);
}

static void ask_to_leave(struct turn *t, uint32_t worker, uint32_t wish, const struct act *act)
{
	const struct worker *w = &t->st->workers[worker];
	struct event *ev;

	if ((w->leave & wish) == wish && !(wish & LEAVE_FORCED))
		return; /* wanted already */
	ev = turn_event(t, EV_WORKER_LEAVE);
	ev->worker_id = w->id;
	ev->incarnation = w->incarnation;
	ev->flags = wish;
	act_sign(t, ev, act);
	turn_apply(t);
}

int act_worker_shutdown(struct turn *t, const struct act *act)
{
	const struct worker *w;
	uint32_t worker;
	int rc = act_find_worker(t, act, &worker);

	if (rc < 0)
		return rc;
	w = &t->st->workers[worker];
	if (w->state == WORKER_SHUTDOWN)
		return act_refuse(t, -SK_EREFUSED,
				  "worker \"%.*s\": it is shut down already: nothing was changed. "
				  "Try: sk worker restart %.*s",
				  SPAN_ARG(w->id), SPAN_ARG(w->id));
	if (act->reassign && !act->force)
		return act_refuse(
			t, -SK_EUSAGE,
			"worker \"%.*s\": without force its tasks go to their end, and "
			"there is nothing to reassign: nothing was changed. Try: the same "
			"with --force",
			SPAN_ARG(w->id));
	if (w->state == WORKER_UNRESPONSIVE && !act->force)
		return act_refuse(
			t, -SK_EREFUSED,
			"worker \"%.*s\": it does not answer, so it cannot be asked to "
			"leave: nothing was changed. Try: sk worker shutdown %.*s --force "
			"--reassign",
			SPAN_ARG(w->id), SPAN_ARG(w->id));
	ask_to_leave(t, worker,
		     LEAVE_ASKED | (act->force ? LEAVE_FORCED : 0) |
			     (act->reassign ? LEAVE_REASSIGN : 0),
		     act);
	return 0;
}

int act_worker_restart(struct turn *t, const struct act *act)
{
	const struct worker *w;
	uint32_t worker;
	int rc = act_find_worker(t, act, &worker);

	if (rc < 0)
		return rc;
	w = &t->st->workers[worker];
	if (w->state == WORKER_SHUTDOWN) /* it has left already: the second half is missing */
		ask_to_leave(t, worker, LEAVE_RESTART, act);
	else if (act->force || w->state == WORKER_UNRESPONSIVE)
		ask_to_leave(t, worker, LEAVE_ALL, act);
	else
		ask_to_leave(t, worker, LEAVE_ASKED | LEAVE_RESTART, act);
	return 0;
}
