/*
 * Behind a broken line the chain is picked up again from the checksum that line carries, or, when
 * it carries none, from the one it should have had: so one bad line is one problem and not a
 * thousand.
 */
#include "store/walk.h"

#include <errno.h>

#include "base/limits.h"
#include "store/journal_lines.h"
#include "store/record_strict.h"

struct walking {
	struct journal_lines lines;
	struct buf scratch;
	struct walk_line line;
	uint64_t sum; /* of the line before */
	bool lost;    /* which is not known: the next one is taken at its word */
	int handle;
};

static void walking_release(struct walking *w)
{
	if (w->handle >= 0)
		w->lines.vfs->close(w->lines.vfs->ctx, w->handle);
	journal_lines_release(&w->lines);
	buf_release(&w->scratch);
}

static void look(struct walking *w, struct span text)
{
	struct record_problem ignored = { RECORD_OK };
	struct walk_line *l = &w->line;
	uint64_t sum;

	l->text = text;
	if (text.len && text.p[text.len - 1] == '\r')
		text.len--;
	l->turn = (struct record_turn){ 0, 0 };
	l->problem = (struct record_problem){ RECORD_OK };
	l->fits = !w->lost && record_decode(text, w->sum, &w->scratch, &l->ev, &l->turn, &sum,
					    &l->problem) == 0;
	l->readable = l->fits;
	if (!l->fits) {
		bool carried = record_sum_find(text, &sum);

		w->scratch.len = 0;
		l->readable = record_decode_strict(text, true, &w->scratch, &l->ev, &l->turn,
						   &ignored) == 0;
		l->fits = w->lost && l->readable && carried;
		w->lost = !carried;
	}
	if (!w->lost)
		w->sum = sum;
}

static int walk_lines(struct walking *w, int (*fn)(void *ctx, const struct walk_line *line),
		      void *ctx)
{
	struct span text;
	int kind;

	for (w->line.line = 1;; w->line.line++) {
		w->line.offset = journal_lines_offset(&w->lines);
		kind = journal_lines_next(&w->lines, &text);
		if (kind <= LINE_NONE)
			return kind;
		w->line.whole = kind == LINE_WHOLE;
		w->line.readable = w->line.fits = false;
		if (w->line.whole)
			look(w, text);
		else
			w->line.text = text;
		if (fn(ctx, &w->line))
			return 0;
		while (kind == LINE_LONG) /* the rest of it is passed over */
			kind = journal_lines_next(&w->lines, &text);
	}
}

int journal_walk(const struct vfs *vfs, const char *path, struct journal_place from, uint64_t limit,
		 int (*fn)(void *ctx, const struct walk_line *line), void *ctx, struct err *e)
{
	CLEANUP(walking_release)
	struct walking w = { .lines = { .vfs = vfs }, .sum = from.sum };
	int64_t size;
	int rc;

	w.handle = vfs->open_read(vfs->ctx, path);
	if (w.handle == -ENOENT)
		return -ENOENT;
	size = w.handle < 0 ? w.handle : vfs->size(vfs->ctx, w.handle);
	if (size < 0)
		return err_set(e, -SK_EIO, "journal '%s': cannot be read: %s", path,
			       strerror((int)-size));
	if ((uint64_t)size < limit)
		limit = (uint64_t)size;
	journal_lines_init(&w.lines, vfs, w.handle, from.offset, limit);
	rc = walk_lines(&w, fn, ctx);
	if (rc < 0)
		return err_set(e, -SK_EIO, "journal '%s': cannot be read: %s", path, strerror(-rc));
	return 0;
}

struct counting {
	uint64_t seq;
	struct journal_rest *rest;
};

static int count_line(void *ctx, const struct walk_line *l)
{
	const struct counting *c = ctx;
	struct journal_rest *r = c->rest;

	r->bytes += l->text.len + l->whole;
	if (!l->readable) {
		r->unreadable++;
		return 0;
	}
	if (l->ev.seq <= c->seq)
		return 0;
	if (r->records++ == 0) {
		r->first_seq = r->last_seq = l->ev.seq;
		r->first_ms = l->ev.at_ms;
	}
	if (l->ev.seq < r->first_seq)
		r->first_seq = l->ev.seq;
	if (l->ev.seq > r->last_seq)
		r->last_seq = l->ev.seq;
	r->last_ms = l->ev.at_ms;
	r->intact += l->fits;
	return 0;
}

int journal_count_rest(const struct vfs *vfs, const char *path, struct journal_place from,
		       uint64_t limit, uint64_t seq, struct journal_rest *out, struct err *e)
{
	struct journal_rest rest = { .records = 0 };
	struct counting c = { seq, &rest };
	int rc = journal_walk(vfs, path, from, limit, count_line, &c, e);

	if (rc == 0)
		*out = rest;
	return rc;
}
