/* The marker tells others that somebody may be at work here. It is a courtesy to them, so nothing
 * about a tentacle depends on whether it can be written. */
#include "cmd/goal/marking.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/home.h"
#include "os/home.h"
#include "os/host.h"
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

/* The place as the guard will compare it: without links. */
static struct span real(const char *path, char out[PATH_MAX])
{
	return realpath(path, out) ? span_of(out) : span_of(path);
}

/* What keeps it alive. Nothing when that is init, which outlives everybody. */
static void put_keeper(struct marker_entry *entry, enum marking_keeper keeper,
		       char host[HOST_NAME_BYTES_MAX])
{
	struct host above;
	int rc;

	if (keeper == MARKING_AGENT) {
		rc = proc_self(&entry->who);
	} else {
		rc = host_find(&above);
		if (rc == 0 && above.who.pid > 1)
			entry->who = above.who;
		entry->by_dispatcher = entry->who.pid != 0;
	}
	if (rc < 0)
		entry->who = (struct proc_identity){ .pid = 0 };
	host_name(host);
	entry->host = span_of(host);
}

/* What somebody changed by hand is not signed anew by adding to it. */
static int sound(const struct marker *m, struct err *e)
{
	if (m->trust != MARKER_BROKEN)
		return 0;
	return err_set(e, -SK_EREFUSED,
		       "marker '%s': %s: nothing was changed in it. Try: sk tentacle "
		       "marker-cleanup --apply --force",
		       m->path.p, marker_trust_text(m->trust));
}

static int add(struct cmd_ctx *c, struct marker *m, const struct goal_store *s,
	       const struct tentacle *t, enum marking_keeper keeper, struct err *e)
{
	CLEANUP(mem_free) char *tree = span_dup(t->worktree.path);
	CLEANUP(checkout_release) struct checkout here = CHECKOUT_INIT;
	char cwd[PATH_MAX], root[PATH_MAX], worktree[PATH_MAX], host[HOST_NAME_BYTES_MAX];
	struct marker_entry entry = { .name = t->name,
				      .tentacle_id = t->id,
				      .session = cmd_session(),
				      .nonce = t->owner.nonce,
				      .scope = t->scope,
				      .at_ms = c->now_ms };

	/* The folder of goals may have been moved somewhere else. */
	if (getcwd(cwd, sizeof(cwd)))
		paths_checkout(cwd, &here);
	entry.git_root = real(here.root ? here.root : goal_store_root(s), root);
	if (t->worktree.prepared && tree[0] && access(tree, X_OK) == 0) {
		entry.worktree = real(tree, worktree);
		entry.branch = t->worktree.branch;
	}
	put_keeper(&entry, keeper, host);
	if (sound(m, e) < 0)
		return e->code;
	marker_clear_dead(m);
	marker_put(m, &entry);
	return marker_commit(m, c->now_ms, e);
}

bool marking_add(struct cmd_ctx *c, const struct goal_store *s, const struct tentacle *t,
		 enum marking_keeper keeper)
{
	struct err problem = ERR_INIT;
	struct marker m;
	int rc = open_marker(c, MARKER_WRITE, &m, &problem);

	if (rc != 0)
		return told(rc, &problem);
	rc = add(c, &m, s, t, keeper, &problem);
	marker_close(&m);
	return told(rc, &problem);
}

/* Whose entries go. */
struct leaving {
	struct span id;           /* of this tentacle */
	bool vouched_only;        /* unless its agent's own process keeps it */
	struct proc_identity who; /* kept by this process */
	bool killed;              /* whose process is gone, whoever they are */
};

static bool leaves(const struct marker_entry *t, const struct leaving *l)
{
	if (l->killed && marker_owner_of(t) == MARKER_OWNER_DEAD)
		return true;
	if (l->who.pid)
		return t->who.pid == l->who.pid && t->who.start == l->who.start &&
		       strcmp(t->who.boot_id, l->who.boot_id) == 0;
	return l->id.len && span_eq(t->tentacle_id, l->id) &&
	       (!l->vouched_only || t->by_dispatcher || !t->who.pid);
}

static size_t drop_leaving(struct marker *m, const struct leaving *l)
{
	size_t before = m->count;

	for (size_t i = m->count; i-- > 0;)
		if (leaves(&m->v[i], l))
			marker_drop(m, i);
	return before - m->count;
}

/* Looked at first without the lock: most often there is nothing. */
static void clear(struct cmd_ctx *c, const struct leaving *l)
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
		any |= leaves(&m.v[i], l);
	marker_close(&m);
	if (!any)
		return;
	rc = open_marker(c, MARKER_WRITE, &m, &problem);
	if (rc == 0) {
		rc = sound(&m, &problem);
		if (rc == 0 && drop_leaving(&m, l))
			rc = marker_commit(&m, c->now_ms, &problem);
		marker_close(&m);
	}
	told(rc, &problem);
}

void marking_clear(struct cmd_ctx *c, struct span id)
{
	clear(c, &(struct leaving){ .id = id, .killed = true });
}

void marking_handed_off(struct cmd_ctx *c, struct span id)
{
	clear(c, &(struct leaving){ .id = id, .vouched_only = true });
}

void marking_end(struct cmd_ctx *c)
{
	struct leaving l = { .killed = true };

	if (proc_self(&l.who) == 0)
		clear(c, &l);
}
