/*
 * The diary's line comes last, as with every act: it tells how it ended. Whoever refuses names the
 * process that is in the way and what makes it leave; nothing here ends a process.
 */
#include "cmd/state/hand.h"

#include <errno.h>
#include <stdio.h>

#include "base/limits.h"
#include "cmd/task/event_text.h"
#include "cmd/view.h"
#include "os/fd.h"
#include "store/interventions.h"

static void find_operator(struct hand *h)
{
	who_acts(options_text(h->c->options, "operator"), h->operator_name);
	h->reason = span_of(options_text(h->c->options, "reason"));
}

struct restore_by hand_by(const struct hand *h)
{
	return (struct restore_by){ span_of(h->operator_name), h->reason, h->c->now_ms };
}

int hand_lock(struct hand *h, struct err *e)
{
	struct lock_holder holder = { .command = "" };
	int rc = lock_take(h->dir, ORCHESTRATOR_LOCK, h->c->cmd->path, &h->lock, &holder);

	if (rc == -SK_EBUSY)
		return err_set(e, rc,
			       "%s: in use by %s (pid %llu): %s. Try: let it end, or sk daemon "
			       "stop, then the same again",
			       h->c->paths->state_dir,
			       holder.command[0] ? holder.command : "an orchestrator",
			       (unsigned long long)holder.who.pid, h->undone);
	if (rc < 0)
		return err_set(e, rc, "%s/%s: cannot be locked: %s: %s", h->c->paths->state_dir,
			       ORCHESTRATOR_LOCK, strerror(-rc), h->undone);
	return 0;
}

int hand_no_workers(struct hand *h, struct err *e)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	int rc = h->vfs.list(h->vfs.ctx, "workers", &names);

	if (rc < 0)
		return rc == -ENOENT ? 0
				     : err_set(e, rc, "workers: %s: %s", strerror(-rc), h->undone);
	for (size_t at = 0; at < names.len; at += strlen(names.p + at) + 1) {
		struct lock_holder holder = { .command = "" };
		struct span name = span_of(names.p + at);
		char path[300];

		if (name.len < 6 || !span_is((struct span){ name.p + name.len - 5, 5 }, ".lock"))
			continue;
		snprintf(path, sizeof(path), "workers/%s", name.p);
		if (lock_probe(h->dir, path, &holder) != 1)
			continue;
		return err_set(
			e, -SK_EBUSY,
			"worker \"%.*s\": is alive (pid %llu) and may run tasks that would be "
			"lost sight of: %s. Try: kill -TERM %llu, which ends them, then the "
			"same again",
			(int)name.len - 5, name.p, (unsigned long long)holder.who.pid, h->undone,
			(unsigned long long)holder.who.pid);
	}
	return 0;
}

static int write_diary(struct hand *h, int result, const struct err *why, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	CLEANUP(mem_free)
	struct span *words = mem_alloc(INTERVENTION_ARGS_MAX * sizeof(*words));
	char id[EVENT_ID_LEN + 1] = "";
	struct span ids = { id, EVENT_ID_LEN };
	struct intervention line = { .at_ms = h->c->now_ms,
				     .operator_name = span_of(h->operator_name),
				     .script = span_of(h->c->cmd->path),
				     .args = words,
				     .reason = h->reason,
				     .entity_type = SPAN_LIT("system"),
				     .dry_run = h->dry,
				     .confirmed = h->confirmed,
				     .result = intervention_result_of(result),
				     .event_ids = &ids,
				     .event_id_count = h->seq != 0 };

	if (h->seq)
		event_id(h->at_ms, h->seq, id);
	line.arg_count = diary_words(h->c->options, &text, words);
	line.message = result < 0 ? span_of(why->text) : (struct span){ h->did.p, h->did.len };
	return interventions_add(h->dir, &line, e);
}

/* In a copy of the orchestrator. */
static int look_only(struct hand *h, int (*act)(struct hand *h, struct err *e), struct err *e)
{
	int rc;

	h->dir = h->c->view->dir;
	h->vfs = h->c->view->vfs;
	h->beside = h->dry = true;
	rc = act(h, e);
	buf_release(&h->did);
	return rc;
}

int hand_run(struct cmd_ctx *c, const char *undone, int (*act)(struct hand *h, struct err *e),
	     struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	struct hand h = { .c = c, .undone = undone, .lock = LOCK_INIT };
	struct err diary = ERR_INIT;
	int rc, wrote;

	find_operator(&h);
	h.dry = options_has(c->options, "dry-run");
	h.confirmed = options_has(c->options, "yes");
	if (c->view)
		return look_only(&h, act, e);
	h.dir = paths_open(c->paths, false, &why);
	if (h.dir == -ENOENT)
		return view_missing(c->paths, e);
	if (h.dir < 0)
		return view_paths_problem(h.dir, &why, e);
	vfs_real_open(&h.vfs, h.dir);
	rc = act(&h, e);
	lock_release(&h.lock);
	wrote = write_diary(&h, rc, e, &diary);
	vfs_real_close(&h.vfs);
	fd_close(&h.dir);
	buf_release(&h.did);
	if (rc >= 0 && wrote < 0)
		return err_set(e, wrote, "it was done, but %s", diary.text);
	return rc;
}
