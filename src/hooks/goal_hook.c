/* Goals are decided about by the same functions as commands use; a hook is one more who asks. */
#include "hooks/goal_hook.h"

#include <errno.h>

int goal_hook_open(const struct hook *h, unsigned flags, struct goal_store **out, struct err *e)
{
	if (!h->where)
		return -ENOENT;
	return goal_store_open(h->where, flags, "sk hooks run", h->now_ms, out, e);
}

void goal_hook_close(struct goal_store **s)
{
	goal_store_close(*s);
	*s = NULL;
}

struct goal_words goal_hook_words(const struct hook *h)
{
	return (struct goal_words){ .operator_name = span_of(hook_agent_word(h->payload.agent)),
				    .reason = span_of(hook_event_word(h->payload.event)) };
}

bool goal_hook_lies_in(struct span folder, struct span root)
{
	return root.len && folder.len >= root.len && memcmp(folder.p, root.p, root.len) == 0 &&
	       (folder.len == root.len || folder.p[root.len] == '/');
}

const struct tentacle *goal_hook_tentacle(const struct hook *h, const struct goal_store *s)
{
	const struct goals *all = goal_store_goals(s);

	for (size_t i = 0; i < all->tentacle_count; i++)
		if (goal_hook_lies_in(h->folder, all->tentacles[i].worktree.path))
			return &all->tentacles[i];
	return NULL;
}

int goal_hook_folder(const struct hook *h)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;

	return h->where ? paths_open(h->where, false, &why) : -ENOENT;
}

bool goal_hook_breadcrumb(const struct hook *h, struct arena *arena, struct breadcrumb *out)
{
	CLEANUP(fd_close) int fd = goal_hook_folder(h);
	struct vfs disk;
	bool there;

	if (fd < 0)
		return false;
	vfs_real_open(&disk, fd);
	there = breadcrumb_read(&disk, arena, out);
	vfs_real_close(&disk);
	return there;
}

static void fill(const struct hook *h, const struct goal *g, struct span previous_status,
		 struct span reason, int64_t due_ms, struct breadcrumb *out)
{
	*out = (struct breadcrumb){
		.goal_id = g->id,
		.goal_title = g->title,
		.previous_status = previous_status,
		.session = h->payload.session,
		.pause_reason = reason,
		.paused_ms = h->now_ms,
		.due_ms = due_ms,
		.host = h->host.who,
		.iteration = g->iteration,
		.max_iterations = g->budget.max_iterations,
		.tentacle_count = goal_tentacle_count(g),
		.max_tentacles = g->budget.max_tentacles,
	};
}

int goal_hook_leave(const struct hook *h, const struct goal_store *s, const struct goal *g,
		    struct span previous_status, struct span reason, int64_t due_ms, struct err *e)
{
	struct breadcrumb c;

	fill(h, g, previous_status, reason, due_ms, &c);
	return breadcrumb_write(goal_store_vfs(s), &c, e);
}

int goal_hook_pend(const struct hook *h, const struct goal_store *s, const struct goal *g,
		   struct span reason, struct err *e)
{
	struct breadcrumb c;

	fill(h, g, span_of(goal_state_word(g->status)), reason, 0, &c);
	return breadcrumb_pend(goal_store_vfs(s), &c, e);
}

void goal_hook_unpend(const struct hook *h, bool agent_process)
{
	CLEANUP(fd_close) int fd = goal_hook_folder(h);
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct span session = h->payload.session;
	struct breadcrumb c;
	struct vfs disk;

	if (fd < 0)
		return;
	vfs_real_open(&disk, fd);
	if (breadcrumb_pending(&disk, &arena, &c) &&
	    (session.len || c.session.len
		     ? span_eq(session, c.session)
		     : agent_process && goal_hook_same_process(&c.host, &h->host.who)))
		(void)breadcrumb_pending_drop(&disk);
	vfs_real_close(&disk);
}

bool goal_hook_same_process(const struct proc_identity *a, const struct proc_identity *b)
{
	return a->pid && a->pid == b->pid && a->start == b->start &&
	       strcmp(a->boot_id, b->boot_id) == 0;
}
