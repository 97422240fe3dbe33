/*
 * Reading for people: closed segments in order, then the live journal. What is read of each is read
 * twice, first to learn where its last whole turn ends, so that nobody is shown a record that never
 * happened.
 */
#include <errno.h>

#include "store/seek.h"
#include "store/segments.h"
#include "store/store_impl.h"

struct scanning {
	const struct vfs *vfs;
	uint64_t from_seq;
	int (*fn)(void *ctx, const struct event *ev, struct span line);
	void *ctx;
	uint64_t last_seq; /* handed on */
	bool enough;
};

static int hand_on(void *ctx, const struct event *ev, struct span line, char why[200])
{
	struct scanning *s = ctx;

	(void)why;
	if (ev->seq < s->from_seq || ev->seq <= s->last_seq)
		return 0;
	s->last_seq = ev->seq;
	s->enough = s->fn(s->ctx, ev, line) != 0;
	return s->enough;
}

static int scan_file(void *ctx, const char *path, const struct journal_base *base, struct err *e)
{
	struct scanning *s = ctx;
	struct journal_place from;
	struct journal_end end;
	int rc = journal_seek_path(s->vfs, path, base->from, s->from_seq, &from);

	if (rc < 0)
		return err_set(e, -SK_EIO, "journal '%s': cannot be read: %s", path, strerror(-rc));
	rc = journal_read(s->vfs, path, from, JOURNAL_NO_LIMIT, NULL, NULL, &end, e);
	if (rc == 0)
		rc = journal_read(s->vfs, path, from, end.place.offset, hand_on, s, &end, e);
	return rc < 0 ? rc : s->enough;
}

int store_scan(const struct vfs *vfs, uint64_t from_seq,
	       int (*fn)(void *ctx, const struct event *ev, struct span line), void *ctx,
	       struct err *e)
{
	struct scanning s = { .vfs = vfs, .from_seq = from_seq, .fn = fn, .ctx = ctx };
	int rc = segments_each(vfs, from_seq, scan_file, &s, e);

	return rc < 0 ? rc : 0;
}

uint64_t store_near_end(const struct vfs *vfs)
{
	struct journal_place from;
	struct journal_base base;

	if (journal_base_find(vfs, JOURNAL_FILE, NULL, &base, NULL) < 0 ||
	    journal_seek_path(vfs, JOURNAL_FILE, base.from, UINT64_MAX, &from) < 0)
		return 0;
	return from.seq;
}
