/*
 * The dead are buried by the code that does it at every start: an orchestrator that is opened,
 * starts nothing and stops. The rest is the one writer's for a moment, in the order in which a kill
 * in between leaves the least: first the journal, then the record of the repair, then what is made
 * from the state.
 */
#include <errno.h>
#include <stdio.h>

#include "base/limits.h"
#include "cmd/fit.h"
#include "cmd/state/mend.h"
#include "cmd/next.h"
#include "cmd/task/remains.h"
#include "cmd/run/served.h"
#include "cmd/view.h"
#include "core/apply.h"
#include "store/snapshot.h"
#include "store/store_impl.h"
#include "views/view.h"

/* Gives the lock to an orchestrator and takes it back. */
static int bury(struct hand *h, struct err *e)
{
	const struct orchestrator_options options = { .state_fd = h->dir,
						      .state_dir = h->c->paths->state_dir,
						      .program = "sk",
						      .command = h->c->cmd->path,
						      .slots = 1,
						      .paused = true,
						      .remains = &worker_remains };
	struct orchestrator_start start;
	struct orchestrator *o = NULL;
	int rc;

	lock_release(&h->lock);
	rc = orchestrator_open(&options, NULL, &o, &start, e);
	if (rc == 0)
		rc = orchestrator_stop(o, e);
	return rc < 0 ? rc : hand_lock(h, e);
}

static int remove_temps(struct hand *h, const struct mend_plan *p, struct err *e)
{
	for (size_t i = 0; i < p->count; i++) {
		int rc = p->v[i].kind == MEND_TEMP ? h->vfs.remove(h->vfs.ctx, p->v[i].subject) : 0;

		if (rc < 0 && rc != -ENOENT)
			return err_set(e, -SK_EIO,
				       "'%s': cannot be removed: %s: the repair stopped "
				       "there. Try: the same again",
				       p->v[i].subject, strerror(-rc));
	}
	return 0;
}

static void put_summary(const struct mend_plan *p, struct buf *out)
{
	size_t from = out->len;

	for (int kind = 0; kind < MEND_REPORT; kind++)
		if (p->by_kind[kind])
			buf_putf(out, "%s%zu %s", out->len > from ? ", " : "", p->by_kind[kind],
				 mend_word((enum mend_kind)kind));
}

static int record(struct hand *h, const struct mend_plan *p, struct store *s, struct state *st,
		  struct err *e)
{
	CLEANUP(buf_release) struct buf what = BUF_INIT;
	struct event ev = { .kind = EV_STATE_REPAIRED, .from = 255, .to = 255 };
	char why[200];
	int rc;

	put_summary(p, &what);
	ev.name = (struct span){ what.p, what.len };
	ev.at_ms = h->c->now_ms > st->last_at_ms ? h->c->now_ms : st->last_at_ms;
	ev.operator_name = span_of(h->operator_name);
	ev.reason = h->reason;
	rc = store_append(s, &ev, 1, st->epoch, e);
	if (rc == 0)
		rc = core_apply(st, &ev, NULL, why);
	h->seq = rc == 0 ? ev.seq : 0;
	event_range_add(&h->c->done->tasks, h->seq, h->seq);
	h->at_ms = ev.at_ms;
	return rc;
}

struct rebuilding {
	struct hand *h;
	const struct state *st;
	struct err *e;
};

static int rebuild(void *ctx, struct view_file file, const char *path)
{
	CLEANUP(buf_release) struct buf raw = BUF_INIT;
	struct rebuilding *r = ctx;

	if (vfs_read_all(&r->h->vfs, path, CHECKPOINT_BYTES_MAX, &raw) == 0 &&
	    views_compare(r->st, file, (struct span){ raw.p, raw.len }) == VIEW_CURRENT)
		return 0;
	return views_rebuild(&r->h->vfs, r->st, file, r->h->c->now_ms, r->e);
}

void mend_views(struct hand *h)
{
	struct store_report report;
	struct store *s = NULL;
	struct state st;
	struct err ignored = ERR_INIT;
	struct rebuilding r = { h, &st, &ignored };

	state_init(&st);
	if (store_open(&h->vfs, STORE_EXISTING | STORE_HISTORY_READ, "", h->c->now_ms, &st, &s,
		       &report, &ignored) == 0) {
		store_snapshot(s, &st, h->c->now_ms, true, &ignored);
		views_each(&st, rebuild, &r);
	}
	store_close(s);
	state_release(&st);
}

static int mend_store(struct hand *h, const struct mend_plan *p, struct err *e)
{
	struct store_report report;
	struct store *s = NULL;
	struct state st;
	struct rebuilding r = { h, &st, e };
	int rc;

	state_init(&st);
	rc = store_open(&h->vfs, STORE_EXISTING, "", h->c->now_ms, &st, &s, &report, e);
	if (rc == 0)
		rc = restore_tidy(&h->vfs, h->c->now_ms);
	if (rc >= 0)
		rc = record(h, p, s, &st, e);
	if (rc == 0)
		rc = store_snapshot(s, &st, h->c->now_ms, true, e);
	if (rc == 0)
		rc = views_each(&st, rebuild, &r);
	store_close(s);
	state_release(&st);
	if (rc < 0)
		return err_set(e, rc, "state repair: %s: it stopped there. Try: the same again",
			       strerror(-rc));
	return 0;
}

int mend_do(struct hand *h, struct mend_plan *p, struct err *e)
{
	struct restore_by by = hand_by(h);
	struct restore_done done;
	int rc = 0;

	if (p->restores && p->loses)
		rc = hand_no_workers(h, e);
	if (rc == 0 && p->restores)
		rc = restore_apply(&h->vfs, &p->restore, &by, &done, e);
	if (rc == 0)
		rc = remove_temps(h, p, e);
	if (rc == 0 && (p->by_kind[MEND_WORKER] || p->by_kind[MEND_WORKSTREAM] || p->restores))
		rc = bury(h, e);
	if (rc == 0)
		rc = mend_store(h, p, e);
	return rc;
}

/* --- the page ------------------------------------------------------------------------------ */

#define ITEMS_SHOWN_MAX 50 /* of one plan as text; JSON has all */

const char *mend_word(enum mend_kind kind)
{
#define X(name, word, deed) word,
	static const char *const words[] = { MENDS(X) };
#undef X
	return words[kind];
}

const char *mend_deed(enum mend_kind kind)
{
#define X(name, word, deed) deed,
	static const char *const deeds[] = { MENDS(X) };
#undef X
	return deeds[kind];
}

static void print_items(struct out *out, const struct mend_plan *p, bool report)
{
	size_t shown = 0, left = 0;

	for (size_t i = 0; i < p->count; i++) {
		const struct mend_item *item = &p->v[i];

		if ((item->kind == MEND_REPORT) != report)
			continue;
		if (shown++ >= ITEMS_SHOWN_MAX) {
			left++;
			continue;
		}
		out_style(out, report ? STYLE_BAD : STYLE_BOLD, item->subject);
		out_puts(out, "\n");
		fit_text(out, span_of(item->proof), 2);
		if (!report)
			out_putf(out, "  -> %s\n", mend_deed(item->kind));
	}
	if (left)
		out_putf(out, "and %zu more\n", left);
}

static void print_text(struct hand *h, const struct mend_plan *p, bool done, const struct buf *next)
{
	struct out *out = h->c->out;

	if (mend_count(p)) {
		fit_heading(out, done ? "Repaired" : "Would be repaired");
		print_items(out, p, false);
	}
	if (p->by_kind[MEND_REPORT]) {
		fit_heading(out, "Not touched");
		print_items(out, p, true);
	}
	if (!p->count)
		out_puts(out, "Nothing to repair: everything is as the journal says.\n");
	if (h->beside)
		out_puts(out,
			 "An orchestrator is at work; what it sees to by itself is not listed.\n");
	out_next(out, next);
}

static void print_json(struct hand *h, const struct mend_plan *p, bool done, const struct buf *next)
{
	struct json j;

	json_open(&j, h->c->out, "repair");
	json_bool(&j, "done", done);
	json_bool(&j, "damaged", p->damaged);
	json_bool(&j, "loses", p->loses);
	json_bool(&j, "orchestrator_alive", h->beside);
	json_u64(&j, "to_repair", mend_count(p));
	json_u64(&j, "not_touched", p->by_kind[MEND_REPORT]);
	json_array(&j, "items");
	for (size_t i = 0; i < p->count; i++) {
		json_object(&j, NULL);
		json_text(&j, "kind", mend_word(p->v[i].kind));
		json_text(&j, "subject", p->v[i].subject);
		json_text(&j, "proof", p->v[i].proof);
		json_text(&j, "deed", mend_deed(p->v[i].kind));
		json_object_end(&j);
	}
	json_array_end(&j);
	json_next(&j, next);
	json_close(&j);
}

static void find_next(const struct hand *h, const struct mend_plan *p, bool done, bool may_restore,
		      struct buf *next)
{
	if (p->damaged && !may_restore)
		next_add(next, "sk recover");
	if (mend_count(p) && h->beside)
		next_add(next, "sk daemon stop");
	if (mend_count(p) && !done)
		next_add(next, "sk %s --yes", h->c->cmd->path);
	if (p->by_kind[MEND_REPORT] || done)
		next_add(next, "sk state validate");
}

/*
 * Beside an orchestrator at work a plan is only looked at, best by that one itself. Returns 1 with
 * the exit code when it has printed the page, 0 when this process has to look; h->beside says
 * whether it may take the lock.
 */
static int look_beside(struct hand *h, int *exit_code, struct err *e)
{
	const struct served_wish wish = { .any_size = true };
	int rc = lock_probe(h->dir, ORCHESTRATOR_LOCK, NULL);

	if (rc < 0)
		return err_set(e, rc, "%s: %s: %s", ORCHESTRATOR_LOCK, strerror(-rc), h->undone);
	h->beside = rc == 1;
	if (!h->beside)
		return 0;
	rc = served_aside(h->c, &wish, exit_code, e);
	if (rc == 1)
		buf_puts(&h->did, "looked on beside an orchestrator");
	return rc;
}

int mend_run(struct hand *h, bool may_restore, struct err *e)
{
	CLEANUP(mend_plan_release) struct mend_plan plan;
	CLEANUP(buf_release) struct buf next = BUF_INIT;
	bool act = h->confirmed && !h->dry, done = false;
	int rc = 0, exit_code = 0;

	mend_plan_init(&plan);
	h->dry = !act;
	if (!act && !h->c->view)
		rc = look_beside(h, &exit_code, e);
	if (rc != 0)
		return rc < 0 ? rc : exit_code;
	if (!h->beside)
		rc = hand_lock(h, e);
	if (rc == 0)
		rc = mend_find(h, may_restore, &plan, e);
	if (rc == 0 && act && mend_count(&plan) && !(plan.damaged && !plan.restores)) {
		rc = mend_do(h, &plan, e);
		done = true;
	}
	if (rc < 0)
		return rc;
	h->dry = !done;
	buf_puts(&h->did, done ? "repaired: " : "would repair: ");
	put_summary(&plan, &h->did);
	if (!mend_count(&plan))
		buf_puts(&h->did, "nothing");
	find_next(h, &plan, done, may_restore, &next);
	if (h->c->json)
		print_json(h, &plan, done, &next);
	else
		print_text(h, &plan, done, &next);
	if (plan.damaged && !done)
		return EXIT_DAMAGED;
	return plan.by_kind[MEND_REPORT] ? EXIT_WORK_FAILED : EXIT_DONE;
}
