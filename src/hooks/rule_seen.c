/*
 * A goal is paused when the last session ends, not the first: two terminals in one repository are
 * everyday life. So it is kept which sessions are at work; where there is no goal, nothing is kept.
 */
#include "hooks/goal_hook.h"
#include "work/sessions.h"

int rule_seen(struct hook *h, struct err *e)
{
	CLEANUP(fd_close) int octogent = goal_hook_folder(h);
	struct span root = span_of(h->where ? h->where->root : NULL);
	int rc;

	/* One in a worktree of its own is an agent that was sent out. */
	if (octogent < 0 || !h->payload.session.len || !h->host.who.pid ||
	    !goal_hook_lies_in(h->folder, root))
		return 0;
	rc = sessions_seen(octogent, h->payload.session, &h->host.who);
	if (rc < 0)
		return err_set(e, rc, "session not kept: %s", strerror(-rc));
	return 0;
}
