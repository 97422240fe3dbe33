/*
 * One table for all views, because four programs need the same list: the orchestrator that writes
 * them, `state validate` that compares, `state repair` that makes them again, and the tests. A view
 * is compared by making it once more with the stamp that stands in it: equal bytes are the whole
 * proof.
 */
#include "views/view.h"

#include <stdlib.h>

#include "base/scan.h"
#include "base/when.h"
#include "views/checkpoint.h"
#include "views/documents.h"

const struct view_row view_rows[VIEW_COUNT] = {
	[VIEW_BY_WORKSTREAM] = { "by_workstream.json", "", false, index_by_workstream },
	[VIEW_BY_STATUS] = { "by_status.json", "", false, index_by_status },
	[VIEW_BY_WORKER] = { "by_worker.json", "", false, index_by_worker },
	[VIEW_DAG] = { "dag_", ".json", true, dag_encode },
	[VIEW_EXECUTION_PLAN] = { "execution_plan_", ".json", true, execution_plan_encode },
	[VIEW_CHECKPOINT] = { CHECKPOINT_DIR "/", CHECKPOINT_LATEST, true, checkpoint_encode },
};

void view_source_init(struct view_source *src, const struct state *st)
{
	*src = (struct view_source){ .st = st };
}

void view_source_release(struct view_source *src)
{
	mem_free(&src->by_id);
	src->count = 0;
	src->ordered = false;
}

bool view_name_fits(struct span id)
{
	return id_valid(id) && id.p[0] != '.' && !memchr(id.p, '/', id.len);
}

static int by_id(const void *a, const void *b, void *ctx)
{
	const struct state *st = ctx;

	return span_compare(st->tasks[*(const uint32_t *)a].id, st->tasks[*(const uint32_t *)b].id);
}

void view_source_order(struct view_source *src)
{
	const struct state *st = src->st;

	if (src->ordered)
		return;
	src->by_id = mem_realloc(src->by_id, st->task_count * sizeof(*src->by_id));
	src->count = 0;
	for (size_t i = 0; i < st->task_count; i++)
		if (!task_gone(&st->tasks[i]))
			src->by_id[src->count++] = (uint32_t)i;
	qsort_r(src->by_id, src->count, sizeof(*src->by_id), by_id, (void *)st);
	src->ordered = true;
}

void view_path(enum view_id view, struct span ws, struct buf *out)
{
	const struct view_row *row = &view_rows[view];

	buf_puts(out, row->before);
	if (row->per_workstream)
		buf_put(out, ws.p, ws.len);
	buf_puts(out, row->after);
}

/* The workstream's id in a path of this row; false when the path is not of this row. */
static bool match(const struct view_row *row, struct span path, struct span *ws)
{
	size_t before = strlen(row->before), after = strlen(row->after);

	if (!row->per_workstream) {
		*ws = SPAN_NONE;
		return span_is(path, row->before);
	}
	if (path.len <= before + after || memcmp(path.p, row->before, before) != 0 ||
	    memcmp(path.p + path.len - after, row->after, after) != 0)
		return false;
	*ws = (struct span){ path.p + before, path.len - before - after };
	return view_name_fits(*ws);
}

bool view_named(struct span path)
{
	struct span ws;

	for (size_t i = 0; i < VIEW_COUNT; i++)
		if (match(&view_rows[i], path, &ws))
			return true;
	return false;
}

bool view_find(const struct state *st, struct span path, struct view_file *out)
{
	struct span ws;

	for (size_t i = 0; i < VIEW_COUNT; i++) {
		struct view_file found = { (enum view_id)i, NO_ID };

		if (!match(&view_rows[i], path, &ws))
			continue;
		if (view_rows[i].per_workstream && (found.ws = state_ws(st, ws)) == NO_ID)
			continue;
		*out = found;
		return true;
	}
	return false;
}

static int call(const struct state *st, struct view_file file,
		int (*fn)(void *ctx, struct view_file file, const char *path), void *ctx)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;

	view_path(file.view, file.ws == NO_ID ? SPAN_NONE : st->ws[file.ws].id, &path);
	return fn(ctx, file, path.p);
}

int views_each(const struct state *st,
	       int (*fn)(void *ctx, struct view_file file, const char *path), void *ctx)
{
	int rc = 0;

	for (size_t i = 0; i < VIEW_COUNT; i++) {
		struct view_file file = { (enum view_id)i, NO_ID };

		if (!view_rows[i].per_workstream && (rc = call(st, file, fn, ctx)) != 0)
			return rc;
		for (size_t k = 0; view_rows[i].per_workstream && k < st->ws_count; k++) {
			file.ws = (uint32_t)k;
			if (st->ws[k].id.len && view_name_fits(st->ws[k].id) &&
			    (rc = call(st, file, fn, ctx)) != 0)
				return rc;
		}
	}
	return 0;
}

static void expect(const struct state *st, struct view_file file, struct view_stamp stamp,
		   struct buf *out)
{
	CLEANUP(view_source_release) struct view_source src;

	view_source_init(&src, st);
	view_rows[file.view].encode(&src, file.ws, stamp, out);
}

int views_expected(const struct state *st, const char *path, struct view_stamp stamp,
		   struct buf *out)
{
	struct view_file file;

	if (!view_find(st, span_of(path), &file))
		return -SK_ENOTFOUND;
	expect(st, file, stamp, out);
	return 0;
}

/* Reads what every view says of itself. */
static bool read_stamp(struct span bytes, struct view_stamp *out)
{
	struct scan_text key, when = { SPAN_NONE, false };
	bool has_seq = false;
	struct scan s;

	scan_init(&s, bytes);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		if (span_is(key.raw, "generated_at") || span_is(key.raw, "checkpoint_at")) {
			scan_string(&s, &when);
		} else if (span_is(key.raw, "source_seq") || span_is(key.raw, "seq")) {
			scan_u64(&s, INT64_MAX, &out->seq);
			has_seq = true;
		} else {
			scan_skip(&s, NULL);
		}
	}
	return scan_end(&s) == 0 && has_seq && when_decode(when.raw, &out->at_ms) == 0;
}

enum view_verdict views_compare(const struct state *st, struct view_file file, struct span bytes)
{
	CLEANUP(buf_release) struct buf expected = BUF_INIT;
	struct view_stamp stamp;

	if (!read_stamp(bytes, &stamp))
		return VIEW_UNREADABLE;
	expect(st, file, stamp, &expected);
	if (span_eq(bytes, (struct span){ expected.p, expected.len }))
		return VIEW_CURRENT;
	if (stamp.seq > st->last_seq)
		return VIEW_LATER;
	return stamp.seq < st->last_seq ? VIEW_STALE : VIEW_WRONG;
}

int views_write(const struct vfs *vfs, struct view_source *src, struct view_file file,
		struct view_stamp stamp, struct buf *scratch)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT, temp = BUF_INIT;
	int rc;

	view_path(file.view, file.ws == NO_ID ? SPAN_NONE : src->st->ws[file.ws].id, &path);
	buf_putf(&temp, "%s.tmp", path.p);
	buf_truncate(scratch, 0);
	view_rows[file.view].encode(src, file.ws, stamp, scratch);
	rc = vfs_write(vfs, temp.p, scratch->p, scratch->len);
	if (rc == 0)
		rc = vfs->rename(vfs->ctx, temp.p, path.p);
	if (rc < 0)
		vfs->remove(vfs->ctx, temp.p);
	return rc;
}

int views_rebuild(const struct vfs *vfs, const struct state *st, struct view_file file,
		  int64_t now_ms, struct err *e)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT, document = BUF_INIT;
	struct view_stamp stamp = { now_ms, st->last_seq };
	int rc = 0;

	view_path(file.view, file.ws == NO_ID ? SPAN_NONE : st->ws[file.ws].id, &path);
	expect(st, file, stamp, &document);
	if (file.view == VIEW_CHECKPOINT)
		rc = checkpoint_prepare(vfs);
	if (rc >= 0)
		rc = vfs_replace(vfs, path.p, document.p, document.len);
	if (rc < 0)
		return err_set(e, -SK_EIO,
			       "view '%s': cannot be written: %s: it stays as it was; the state is "
			       "not touched",
			       path.p, strerror(-rc));
	return 0;
}
