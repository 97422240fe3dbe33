/*
 * Why the history costs one link and not one more file: a checkpoint is never written in place, so
 * the name with the number and the name _latest are two names of the same bytes until the next one
 * comes.
 *
 *  1. The bytes are synced under a temporary name before any name that somebody looks for leads to
 *     them.
 *  2. What is not named exactly like a file of ours is never read and never removed.
 */
#include "views/checkpoint.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/limits.h"
#include "views/put.h"
#include "views/seal.h"

static bool is_pending(unsigned state)
{
	return !task_state_final(state);
}

static bool is_completed(unsigned state)
{
	return state == TASK_COMPLETED;
}

static bool is_failed(unsigned state)
{
	return state == TASK_FAILED;
}

static bool is_cancelled(unsigned state)
{
	return state == TASK_CANCELLED;
}

static void put_list(const struct state *st, const struct workstream *w, const char *key,
		     bool (*fits)(unsigned state), struct buf *out)
{
	put_open(out, key, '[');
	for (size_t i = 0; i < w->task_count; i++)
		if (fits(st->tasks[w->tasks[i]].state))
			put_id(out, st->tasks[w->tasks[i]].id);
	buf_putc(out, ']');
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* "resource":"task", or an array when several tasks of the workstream hold it. */
static void put_holders(const struct state *st, uint32_t ws, const struct resource *r,
			struct buf *out)
{
	uint32_t *own = mem_alloc(r->holder_count * sizeof(*own));
	size_t count = 0;

	for (size_t i = 0; i < r->holder_count; i++)
		if (st->tasks[r->holders[i]].ws == ws)
			own[count++] = r->holders[i];
	qsort(own, count, sizeof(*own), by_number); /* holders come in any order */
	if (count) {
		put_comma(out);
		buf_put_json(out, r->id);
		buf_putc(out, ':');
	}
	if (count == 1)
		buf_put_json(out, st->tasks[own[0]].id);
	if (count > 1) {
		buf_putc(out, '[');
		for (size_t i = 0; i < count; i++)
			put_id(out, st->tasks[own[i]].id);
		buf_putc(out, ']');
	}
	mem_free(&own);
}

static void put_states(const struct state *st, const struct workstream *w, struct buf *out)
{
	put_open(out, "task_states", '{');
	for (size_t i = 0; i < w->task_count; i++) {
		const struct task *t = &st->tasks[w->tasks[i]];

		put_id(out, t->id);
		buf_puts(out, ":\"");
		buf_puts(out, task_state_word(t->state));
		buf_putc(out, '"');
	}
	buf_putc(out, '}');
}

static unsigned retries_of(const struct task *t)
{
	return t->retry_count;
}

static unsigned reassigns_of(const struct task *t)
{
	return t->reassign_count;
}

/* Most tasks have none, and what is 0 is left out. */
static void put_counts(const struct state *st, const struct workstream *w, const char *key,
		       unsigned (*count_of)(const struct task *t), struct buf *out)
{
	put_open(out, key, '{');
	for (size_t i = 0; i < w->task_count; i++) {
		const struct task *t = &st->tasks[w->tasks[i]];

		if (!count_of(t))
			continue;
		put_id(out, t->id);
		buf_putc(out, ':');
		buf_put_u64(out, count_of(t));
	}
	buf_putc(out, '}');
}

void checkpoint_encode(struct view_source *src, uint32_t ws, struct view_stamp stamp,
		       struct buf *out)
{
	const struct state *st = src->st;
	const struct workstream *w = &st->ws[ws];
	size_t from = out->len;

	buf_putc(out, '{');
	put_text(out, "schema_version", VIEW_SCHEMA);
	put_span(out, "workstream_id", w->id);
	put_time(out, "checkpoint_at", stamp.at_ms);
	put_u64(out, "seq", stamp.seq);
	put_u64(out, "run_no", w->run_no);
	put_text(out, "state", ws_state_word(w->state));
	put_list(st, w, "completed_tasks", is_completed, out);
	put_list(st, w, "failed_tasks", is_failed, out);
	put_list(st, w, "pending_tasks", is_pending, out);
	put_list(st, w, "cancelled_tasks", is_cancelled, out);
	put_open(out, "resources_held", '{');
	for (size_t i = 0; i < st->resource_count; i++)
		put_holders(st, ws, &st->resources[i], out);
	buf_putc(out, '}');
	put_states(st, w, out);
	put_counts(st, w, "retry_counts", retries_of, out);
	put_counts(st, w, "reassign_counts", reassigns_of, out);
	seal_put(out, from);
}

bool checkpoint_name_decode(struct span name, struct checkpoint_name *out)
{
	static const char suffix[] = ".json";
	const size_t after = sizeof(suffix) - 1;
	struct span digits;

	if (name.len <= after || memcmp(name.p + name.len - after, suffix, after) != 0)
		return false;
	name.len -= after;
	digits = (struct span){ name.p + name.len, 0 };
	while (digits.p > name.p && digits.p[-1] != '_')
		digits.p--, digits.len++;
	if (digits.p <= name.p + 1 || span_to_u64(digits, INTEGER_MAX, &out->seq) < 0)
		return false;
	out->ws = (struct span){ name.p, name.len - digits.len - 1 };
	return view_name_fits(out->ws);
}

int checkpoint_prepare(const struct vfs *vfs)
{
	int rc = vfs->mkdir(vfs->ctx, CHECKPOINT_DIR);

	/* One that exists may be there in memory only: whoever made it died before its sync. */
	return rc < 0 && rc != -EEXIST ? rc : vfs->sync_dir(vfs->ctx, ".");
}

int checkpoint_settle(const struct vfs *vfs)
{
	return vfs->sync_dir(vfs->ctx, CHECKPOINT_DIR);
}

void checkpoint_path(struct span ws, uint64_t seq, struct buf *out)
{
	buf_putf(out, CHECKPOINT_DIR "/%.*s_%llu.json", SPAN_ARG(ws), (unsigned long long)seq);
}

static void put_numbered(struct buf *out, struct span ws, uint64_t seq)
{
	buf_truncate(out, 0);
	checkpoint_path(ws, seq, out);
}

/* Gives the synced file a second name, or writes it again where there are no links. */
static int keep_numbered(const struct vfs *vfs, const char *temp, const char *path,
			 const struct buf *document)
{
	CLEANUP(buf_release) struct buf copy = BUF_INIT;
	int rc = vfs->link(vfs->ctx, temp, path);

	if (rc == -EEXIST) {
		/* Of the same event, but what holds resources may have changed since. */
		rc = vfs->remove(vfs->ctx, path);
		rc = rc < 0 ? rc : vfs->link(vfs->ctx, temp, path);
	}
	if (rc != -EPERM && rc != -EOPNOTSUPP && rc != -EMLINK && rc != -ENOSYS)
		return rc;
	buf_putf(&copy, "%s.tmp", path);
	rc = vfs_write(vfs, copy.p, document->p, document->len);
	return rc < 0 ? rc : vfs->rename(vfs->ctx, copy.p, path);
}

int checkpoint_write(const struct vfs *vfs, struct view_source *src, uint32_t ws,
		     struct view_stamp stamp, struct buf *scratch)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT, temp = BUF_INIT, latest = BUF_INIT;
	int rc;

	buf_truncate(scratch, 0);
	checkpoint_encode(src, ws, stamp, scratch);
	view_path(VIEW_CHECKPOINT, src->st->ws[ws].id, &latest);
	buf_putf(&temp, "%s.tmp", latest.p);
	checkpoint_path(src->st->ws[ws].id, stamp.seq, &path);
	rc = vfs_write(vfs, temp.p, scratch->p, scratch->len); /* (1) */
	if (rc == 0)
		rc = keep_numbered(vfs, temp.p, path.p, scratch);
	if (rc == 0)
		rc = vfs->rename(vfs->ctx, temp.p, latest.p);
	if (rc < 0)
		vfs->remove(vfs->ctx, temp.p);
	return rc;
}

int64_t checkpoint_seq(const struct vfs *vfs, struct span ws)
{
	static const char key[] = "\"seq\":";
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	char head[CHECKPOINT_HEAD_BYTES + 1];
	const char *at;
	int64_t n;
	int handle;

	view_path(VIEW_CHECKPOINT, ws, &path);
	handle = vfs->open_read(vfs->ctx, path.p);
	if (handle < 0)
		return handle;
	n = vfs->read_at(vfs->ctx, handle, 0, head, sizeof(head) - 1);
	vfs->close(vfs->ctx, handle);
	if (n < 0)
		return n;
	head[n] = '\0';
	at = strstr(head, key);
	return at ? (int64_t)strtoull(at + sizeof(key) - 1, NULL, 10) : 0;
}

int checkpoint_forget(const struct vfs *vfs, uint64_t seq)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT, path = BUF_INIT;
	struct checkpoint_name name;
	int rc = vfs->list(vfs->ctx, CHECKPOINT_DIR, &names);

	for (size_t at = 0; rc >= 0 && at < names.len; at += strlen(names.p + at) + 1) {
		if (!checkpoint_name_decode(span_of(names.p + at), &name) || name.seq <= seq)
			continue;
		put_numbered(&path, name.ws, name.seq);
		rc = vfs->remove(vfs->ctx, path.p);
	}
	return rc == -ENOENT ? 0 : rc;
}

struct history {
	struct checkpoint_name *v;
	size_t count, capacity;
};

static int by_ws_and_seq(const void *a, const void *b)
{
	const struct checkpoint_name *x = a, *y = b;
	int order = span_compare(x->ws, y->ws);

	return order ? order : x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* How many of this workstream's files are kept, by the size of the newest. */
static size_t kept_of(const struct vfs *vfs, const struct checkpoint_name *newest)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	struct vfs_stat st;
	uint64_t fit;

	put_numbered(&path, newest->ws, newest->seq);
	if (vfs->stat(vfs->ctx, path.p, &st) < 0 || st.bytes <= 0)
		return CHECKPOINTS_KEPT;
	fit = CHECKPOINT_HISTORY_BYTES / (uint64_t)st.bytes;
	return fit < 2 ? 2 : fit < CHECKPOINTS_KEPT ? (size_t)fit : CHECKPOINTS_KEPT;
}

/* Removes the oldest of all[0..count), which are of one workstream and sorted. */
static int thin_out(const struct vfs *vfs, const struct checkpoint_name *all, size_t count,
		    unsigned *left)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	size_t kept = kept_of(vfs, &all[count - 1]);
	int rc = 0;

	for (size_t i = 0; i + kept < count && *left && rc == 0; i++, --*left) {
		put_numbered(&path, all[i].ws, all[i].seq);
		rc = vfs->remove(vfs->ctx, path.p);
		if (rc == -ENOENT)
			rc = 0;
	}
	return rc;
}

/* What a crash left of checkpoint_write: nobody but the one writer is at work here. */
static int remove_unfinished(const struct vfs *vfs, struct span name)
{
	static const char suffix[] = ".json.tmp";
	const size_t after = sizeof(suffix) - 1;
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	int rc;

	if (name.len <= after || memcmp(name.p + name.len - after, suffix, after) != 0)
		return 0;
	buf_putf(&path, CHECKPOINT_DIR "/%.*s", SPAN_ARG(name));
	rc = vfs->remove(vfs->ctx, path.p);
	return rc == -ENOENT || rc == -EISDIR || rc == -EPERM ? 0 : rc;
}

int checkpoint_prune(const struct vfs *vfs)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	struct history all = { NULL, 0, 0 };
	struct checkpoint_name name;
	unsigned left = CHECKPOINTS_PRUNED_MAX;
	int rc = vfs->list(vfs->ctx, CHECKPOINT_DIR, &names);

	for (size_t at = 0; rc >= 0 && at < names.len; at += strlen(names.p + at) + 1) {
		if (!checkpoint_name_decode(span_of(names.p + at), &name)) { /* (2) */
			rc = remove_unfinished(vfs, span_of(names.p + at));
			continue;
		}
		mem_grow(&all.v, &all.capacity, all.count + 1, sizeof(*all.v));
		all.v[all.count++] = name;
	}
	if (all.count)
		qsort(all.v, all.count, sizeof(*all.v), by_ws_and_seq);
	for (size_t first = 0, end = 0; rc >= 0 && first < all.count; first = end) {
		while (end < all.count && span_eq(all.v[end].ws, all.v[first].ws))
			end++;
		rc = thin_out(vfs, all.v + first, end - first, &left);
	}
	mem_free(&all.v);
	return rc == -ENOENT ? 0 : rc;
}
