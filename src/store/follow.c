/*
 * Looking on while somebody else writes. Only whole turns are folded: what stands behind the last
 * one may be on its way, or may be cut off by the next start.
 */
#include <errno.h>

#include "core/apply.h"
#include "store/store_impl.h"

struct following {
	struct state *st;
	store_follower *fn;
	void *ctx;
	uint64_t count;
};

static int fold(void *ctx, const struct event *ev, struct span line, char why[200])
{
	struct following *f = ctx;
	int rc = core_apply(f->st, ev, NULL, why);

	(void)line;
	if (rc < 0)
		return rc;
	f->count++;
	f->fn(f->ctx, f->st, ev);
	return 0;
}

int store_follow(struct store *s, struct state *st, store_follower *fn, void *ctx, struct err *e)
{
	struct following f = { st, fn, ctx, 0 };
	struct journal_end end;
	struct vfs_stat now;
	int rc = s->vfs->stat(s->vfs->ctx, JOURNAL_FILE, &now);

	if (rc < 0 || now.file_id != s->file_id || (uint64_t)now.bytes < s->at.offset)
		return -ESTALE;
	if ((uint64_t)now.bytes == s->at.offset)
		return 0;
	rc = journal_read(s->vfs, JOURNAL_FILE, s->at, JOURNAL_NO_LIMIT, NULL, NULL, &end, e);
	if (rc == 0 && end.place.offset > s->at.offset)
		rc = journal_read(s->vfs, JOURNAL_FILE, s->at, end.place.offset, fold, &f, &end, e);
	if (rc < 0 && s->vfs->stat(s->vfs->ctx, JOURNAL_FILE, &now) == 0 &&
	    now.file_id != s->file_id) {
		err_clear(e);
		return -ESTALE; /* it was rotated under our hands */
	}
	if (rc < 0)
		return rc;
	s->at = end.place;
	return f.count != 0;
}
