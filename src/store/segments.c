/*
 * Every file of a journal can be read alone, because a rotated one begins with the whole state. So
 * whoever wants to know what was at some moment begins with the file that holds it, and never reads
 * those before.
 */
#include "store/segments.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "core/state_codec.h"
#include "store/store_impl.h"

#define HEAD_BYTES 1024 /* more than stands in front of what is long in a state */
#define ROTATIONS_MAX 4 /* each takes a quarter of a gigabyte: nobody meets so many */

void segments_release(struct segments *s)
{
	mem_free(&s->v);
	*s = (struct segments)SEGMENTS_INIT;
}

static int compare_segments(const void *a, const void *b)
{
	const struct segment *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

/* Whether a longer file, which still counts, holds the same numbers: then that one came later. */
static bool is_covered(const struct segments *all, size_t which, uint64_t live)
{
	const struct segment *s = &all->v[which];

	for (size_t i = 0; i < all->count; i++) {
		const struct segment *other = &all->v[i];

		if (other->last < live && other->first <= s->first && other->last >= s->last &&
		    other->last - other->first > s->last - s->first)
			return true;
	}
	return false;
}

static void list_where(const struct vfs *vfs, uint64_t from_seq, bool dropped, struct segments *out)
{
	CLEANUP(segments_release) struct segments all = SEGMENTS_INIT;
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	uint64_t live = journal_first_seq(vfs, JOURNAL_FILE);
	struct segment found;

	if (live == 0)
		live = UINT64_MAX;
	if (vfs->list(vfs->ctx, SEGMENTS_DIR, &names) < 0)
		return;
	for (size_t at = 0; at < names.len; at += strlen(names.p + at) + 1) {
		if (!segment_name_decode(span_of(names.p + at), &found.first, &found.last))
			continue;
		mem_grow(&all.v, &all.capacity, all.count + 1, sizeof(*all.v));
		all.v[all.count++] = found;
	}
	for (size_t i = 0; i < all.count; i++) {
		if (all.v[i].last < from_seq ||
		    (all.v[i].last >= live || is_covered(&all, i, live)) != dropped)
			continue;
		mem_grow(&out->v, &out->capacity, out->count + 1, sizeof(*out->v));
		out->v[out->count++] = all.v[i];
	}
	if (out->count)
		qsort(out->v, out->count, sizeof(*out->v), compare_segments);
}

void segments_list(const struct vfs *vfs, uint64_t from_seq, struct segments *out)
{
	list_where(vfs, from_seq, false, out);
}

void segments_list_dropped(const struct vfs *vfs, struct segments *out)
{
	list_where(vfs, 0, true, out);
}

/* Of a first line that was not written by us: blanks, or members in another order. */
static uint64_t first_seq_decoded(const struct vfs *vfs, const char *path)
{
	CLEANUP(journal_head_release) struct journal_head head = JOURNAL_HEAD_INIT;

	return journal_head_read(vfs, path, &head, NULL) > 0 ? head.ev.seq : 0;
}

uint64_t journal_first_seq(const struct vfs *vfs, const char *path)
{
	static const char lead[] = "{\"seq\":";
	char raw[32] = "";
	struct span digits = { raw + sizeof(lead) - 1, 0 };
	int handle = vfs->open_read(vfs->ctx, path);
	uint64_t seq;

	if (handle < 0)
		return 0;
	vfs->read_at(vfs->ctx, handle, 0, raw, sizeof(raw) - 1);
	vfs->close(vfs->ctx, handle);
	while (digits.p[digits.len] >= '0' && digits.p[digits.len] <= '9')
		digits.len++;
	if (memcmp(raw, lead, sizeof(lead) - 1) == 0 && span_to_u64(digits, INTEGER_MAX, &seq) == 0)
		return seq;
	return first_seq_decoded(vfs, path);
}

static int damaged(const char *path, const char *what, struct err *e)
{
	return err_set(e, -SK_ECORRUPT,
		       "journal '%s': damaged, %s (line 1): nothing was changed. Try: sk state "
		       "repair --explain",
		       path, what);
}

/* The state at the head of a rotated file. */
static int base_from_state(const char *path, const struct event *head, struct state *st,
			   struct journal_base *out, struct err *e)
{
	struct snapshot_place place;
	char what[200], text[256];
	size_t at;

	if (!head->state.len)
		return damaged(path, "its first record holds no state", e);
	if (state_decode(head->state, st, &place, what, &at) < 0) {
		snprintf(text, sizeof(text), "the state in its first record: %s", what);
		return damaged(path, text, e);
	}
	if (st->last_seq + 1 != head->seq) {
		snprintf(text, sizeof(text), "the state in its first record is at %llu",
			 (unsigned long long)st->last_seq);
		return damaged(path, text, e);
	}
	out->from = (struct journal_place){ 0, st->last_seq, place.sum };
	out->segment = place.segment;
	out->complete = true;
	snprintf(out->workspace, sizeof(out->workspace), "%.*s", SPAN_ARG(st->workspace));
	return 0;
}

int journal_base_find(const struct vfs *vfs, const char *path, struct state *st,
		      struct journal_base *out, struct err *e)
{
	CLEANUP(journal_head_release) struct journal_head head = JOURNAL_HEAD_INIT;
	struct journal_base base = { .segment = 1 };
	struct state own;
	int rc = journal_head_read(vfs, path, &head, e);

	if (rc < 0)
		return rc;
	if (rc > 0) {
		base.first_seq = head.ev.seq;
		base.first_ms = head.ev.at_ms;
	}
	if (rc > 0 && head.ev.kind == EV_SNAPSHOT) {
		state_init(&own);
		rc = base_from_state(path, &head.ev, st ? st : &own, &base, e);
		state_release(&own);
		if (rc < 0)
			return rc;
	} else if (rc > 0) {
		base.complete = head.ev.seq == 1;
		if (head.ev.kind == EV_STORE_CREATED)
			snprintf(base.workspace, sizeof(base.workspace), "%.*s",
				 SPAN_ARG(head.ev.nonce));
	}
	*out = base;
	return 0;
}

bool journal_base_glance(const struct vfs *vfs, const char *path, struct snapshot_head *out)
{
	static const char event[] = "\"event\":\"snapshot\"", state[] = "\"metadata\":{\"state\":";
	struct snapshot_head head = { .last_seq = 0 };
	int handle = vfs->open_read(vfs->ctx, path);
	char raw[HEAD_BYTES];
	const char *at, *from;
	int64_t len;

	if (handle < 0)
		return false;
	len = vfs->read_at(vfs->ctx, handle, 0, raw, sizeof(raw));
	vfs->close(vfs->ctx, handle);
	at = len > 0 ? memmem(raw, (size_t)len, event, sizeof(event) - 1) : NULL;
	from = at ? memmem(at, (size_t)(raw + len - at), state, sizeof(state) - 1) : NULL;
	if (!from)
		return false;
	from += sizeof(state) - 1;
	if (!snapshot_head_read((struct span){ from, (size_t)(raw + len - from) }, &head))
		return false;
	*out = head;
	return true;
}

struct each {
	const struct vfs *vfs;
	uint64_t next; /* records from here on were not handed out yet */
	int (*fn)(void *ctx, const char *path, const struct journal_base *base, struct err *e);
	void *ctx;
	struct err *e;
};

static int each_closed(struct each *x)
{
	CLEANUP(segments_release) struct segments closed = SEGMENTS_INIT;
	char path[SEGMENT_PATH_BYTES];
	int rc = 0;

	segments_list(x->vfs, x->next, &closed);
	for (size_t i = 0; i < closed.count && rc == 0; i++) {
		struct journal_base base;

		segment_path_encode(closed.v[i].first, closed.v[i].last, path);
		rc = journal_base_find(x->vfs, path, NULL, &base, x->e);
		if (rc == 0)
			rc = x->fn(x->ctx, path, &base, x->e);
		x->next = closed.v[i].last + 1;
	}
	return rc;
}

/*
 * Between the list of closed files and the look at the live one that may be closed, too; then a new
 * one begins behind records that nobody has seen, and the list is made again. Behind a restore such
 * a gap stays.
 */
int segments_each(const struct vfs *vfs, uint64_t from_seq,
		  int (*fn)(void *ctx, const char *path, const struct journal_base *base,
			    struct err *e),
		  void *ctx, struct err *e)
{
	struct each x = { vfs, from_seq, fn, ctx, e };
	struct journal_base live;
	struct vfs_stat st;
	int rc = journal_check_file(vfs, JOURNAL_FILE, &st, e);

	if (rc < 0)
		return rc;
	for (int again = 0; again < ROTATIONS_MAX; again++) {
		uint64_t before = x.next;

		rc = each_closed(&x);
		if (rc == 0)
			rc = journal_base_find(vfs, JOURNAL_FILE, NULL, &live, e);
		if (rc != 0)
			return rc;
		if (live.first_seq <= x.next || (again && x.next == before))
			break;
	}
	return fn(ctx, JOURNAL_FILE, &live, e);
}
