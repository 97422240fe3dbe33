/*
 * Reading for people: closed segments in order, then the live journal. Each file is read twice,
 * first to learn where its last whole turn ends, so that nobody is shown a record that never
 * happened.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/state_codec.h"
#include "store/store_impl.h"

struct segment {
	uint64_t first, last;
};

struct segments {
	struct segment *v;
	size_t count, capacity;
};

static void segments_release(struct segments *s)
{
	mem_free(&s->v);
}

static int compare_segments(const void *a, const void *b)
{
	const struct segment *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

/* The closed segments that hold records from `from_seq` on, oldest first. */
static void segments_list(const struct vfs *vfs, uint64_t from_seq, struct segments *out)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	struct segment found;

	if (vfs->list(vfs->ctx, SEGMENTS_DIR, &names) < 0)
		return;
	for (size_t at = 0; at < names.len; at += strlen(names.p + at) + 1) {
		if (!segment_name_decode(span_of(names.p + at), &found.first, &found.last) ||
		    found.last < from_seq)
			continue;
		mem_grow(&out->v, &out->capacity, out->count + 1, sizeof(*out->v));
		out->v[out->count++] = found;
	}
	if (out->count)
		qsort(out->v, out->count, sizeof(*out->v), compare_segments);
}

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

/* The checksum that the first record of the file continues. */
static int place_before(const struct vfs *vfs, const char *path, struct journal_place *out,
			struct err *e)
{
	CLEANUP(journal_head_release) struct journal_head head = JOURNAL_HEAD_INIT;
	struct snapshot_place place;
	struct state st;
	char what[200];
	size_t at;
	int rc;

	*out = (struct journal_place){ 0, 0, 0 };
	rc = journal_head_read(vfs, path, &head, e);
	if (rc <= 0 || head.ev.kind != EV_SNAPSHOT)
		return rc < 0 ? rc : 0;
	state_init(&st);
	memcpy(what, "none", sizeof("none"));
	rc = head.ev.state.len ? state_decode(head.ev.state, &st, &place, what, &at) : -EINVAL;
	state_release(&st);
	if (rc < 0)
		return err_set(e, -SK_ECORRUPT,
			       "journal '%s': damaged, the state in its first record: %s (line 1)",
			       path, what);
	*out = (struct journal_place){ 0, head.ev.seq - 1, place.sum };
	return 0;
}

static int scan_file(const struct vfs *vfs, const char *path, struct scanning *s, struct err *e)
{
	struct journal_place from;
	struct journal_end end;
	int rc = place_before(vfs, path, &from, e);

	if (rc == 0)
		rc = journal_read(vfs, path, from, JOURNAL_NO_LIMIT, NULL, NULL, &end, e);
	if (rc == 0)
		rc = journal_read(vfs, path, from, end.place.offset, hand_on, s, &end, e);
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
