/* The marker tells others that somebody may be at work here. It is a courtesy to them, so nothing
 * about a tentacle depends on whether it can be written. */
#include "cmd/marking.h"

#include <errno.h>
#include <stdlib.h>

#include "os/home.h"
#include "work/marker.h"

/* 0, 1 when there is no home with a .copilot in it and so nobody who would look, or a failure. */
static int open_marker(struct cmd_ctx *c, unsigned flags, struct marker *m, struct err *e)
{
	CLEANUP(buf_release) struct buf copilot = BUF_INIT;
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	int rc = home_find(getenv("SK_HOME"), getenv("HOME"), &copilot, &why);

	if (rc == -ENOENT)
		return 1;
	if (rc < 0)
		return err_set(e, -SK_EIO, "%s", why.p);
	return marker_open(m, copilot.p, flags, c->cmd->path, e);
}

static bool told(int rc, const struct err *e)
{
	if (rc < 0)
		print_problem(e->text);
	return rc == 0;
}

bool marking_add(struct cmd_ctx *c, const struct goal_store *s, const struct tentacle *t)
{
	const struct marker_entry entry = { .name = t->name,
					    .git_root = span_of(goal_store_root(s)),
					    .tentacle_id = t->id,
					    .at_ms = c->now_ms };
	struct err problem = ERR_INIT;
	struct marker m;
	int rc = open_marker(c, MARKER_WRITE, &m, &problem);

	if (rc != 0)
		return told(rc, &problem);
	marker_put(&m, &entry);
	rc = marker_commit(&m, c->now_ms, &problem);
	marker_close(&m);
	return told(rc, &problem);
}

void marking_clear(struct cmd_ctx *c, struct span name, struct span id)
{
	struct err problem = ERR_INIT;
	struct marker m;
	bool any = false;
	int rc = open_marker(c, 0, &m, &problem);

	if (rc != 0) {
		told(rc, &problem);
		return;
	}
	for (size_t i = 0; i < m.count; i++)
		any |= span_eq(m.v[i].tentacle_id, id) || span_eq(m.v[i].name, name);
	marker_close(&m);
	if (!any)
		return;
	rc = open_marker(c, MARKER_WRITE, &m, &problem);
	if (rc == 0) {
		if (marker_clear_named(&m, &id, 1, NULL, 0))
			rc = marker_commit(&m, c->now_ms, &problem);
		marker_close(&m);
	}
	told(rc, &problem);
}
