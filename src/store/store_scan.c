/*
 * Reading for people: closed segments in order, then the live journal. Each file is read twice,
 * first to learn where its last whole turn ends, so that nobody is shown a record that never
 * happened.
 */
#include "store/segments.h"
#include "store/store_impl.h"

struct scanning {
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

static int scan_file(const struct vfs *vfs, const char *path, struct scanning *s, struct err *e)
{
	struct journal_base base;
	struct journal_end end;
	int rc = journal_base_find(vfs, path, NULL, &base, e);

	if (rc == 0)
		rc = journal_read(vfs, path, base.from, JOURNAL_NO_LIMIT, NULL, NULL, &end, e);
	if (rc == 0)
		rc = journal_read(vfs, path, base.from, end.place.offset, hand_on, s, &end, e);
	return rc;
}

int store_scan(const struct vfs *vfs, uint64_t from_seq,
	       int (*fn)(void *ctx, const struct event *ev, struct span line), void *ctx,
	       struct err *e)
{
	CLEANUP(segments_release) struct segments closed = { NULL, 0, 0 };
	struct scanning s = { .from_seq = from_seq, .fn = fn, .ctx = ctx };
	char path[SEGMENT_PATH_BYTES];
	struct vfs_stat st;
	int rc = journal_check_file(vfs, JOURNAL_FILE, &st, e);

	if (rc < 0)
		return rc;
	segments_list(vfs, from_seq, &closed);
	for (size_t i = 0; i < closed.count && !s.enough; i++) {
		segment_path_encode(closed.v[i].first, closed.v[i].last, path);
		rc = scan_file(vfs, path, &s, e);
		if (rc < 0)
			return rc;
	}
	return s.enough ? 0 : scan_file(vfs, JOURNAL_FILE, &s, e);
}
