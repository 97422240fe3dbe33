/*
 * Why a turn is only known at its end: a writer has one thing to say, "these lines belong
 * together", and says it in the last of them. So reading goes ahead line by line and remembers the
 * last place behind a closing line. What follows that place and is not whole never happened: nobody
 * was told of it.
 *
 * What every reader may rely on:
 *  1. A record is handed on only after its checksum, chained over all records before it, and its
 * number fitted.
 *  2. `place` only ever stands behind a closing line.
 *  3. Reading changes nothing, whatever it finds.
 */
#include "store/journal.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "store/journal_judge.h"
#include "store/journal_lines.h"
#include "store/record.h"
#include "store/record_strict.h"

struct reading {
	struct journal_lines lines;
	struct buf scratch;
	struct journal_place at; /* behind the last record */
	uint64_t turn_lines;     /* records since the last closing line */
	struct journal_bad bad;
	char why[200];
};

static void reading_release(struct reading *r)
{
	if (r->bad.handle >= 0)
		r->lines.vfs->close(r->lines.vfs->ctx, r->bad.handle);
	journal_lines_release(&r->lines);
	buf_release(&r->scratch);
}

/* Why the line cannot be taken: the beginnings of a journal_bad, completed by read_failed. */
static int bad_line(struct reading *r, enum journal_flaw flaw)
{
	r->bad.flaw = flaw;
	return -SK_ECORRUPT;
}

/* Takes one line. Returns 1 to go on, 0 when fn had enough, or negative when the line does not fit.
 */
static int take_line(struct reading *r, struct span line, journal_fn fn, void *ctx,
		     struct journal_end *out)
{
	struct record_turn turn = { 0, 0 };
	struct event ev;
	uint64_t sum;
	int rc = 0;

	if (record_decode(line, r->at.sum, &r->scratch, &ev, &turn, &sum, &r->bad.problem) < 0)
		return bad_line(r, FLAW_LINE);
	r->bad.found_seq = ev.seq;
	if (ev.seq != r->at.seq + 1)
		return bad_line(r, FLAW_SEQ);
	if (turn.lines && turn.lines != r->turn_lines + 1)
		return bad_line(r, FLAW_TURN);
	if (fn)
		rc = fn(ctx, &ev, line, r->why);
	if (rc < 0)
		return bad_line(r, FLAW_MEANING);
	if (rc > 0)
		return 0;
	r->at = (struct journal_place){ journal_lines_offset(&r->lines), ev.seq, sum };
	r->turn_lines++;
	if (turn.lines) {
		out->place = r->at;
		out->records += r->turn_lines;
		out->epoch = turn.epoch;
		r->turn_lines = 0;
	}
	return 1;
}

static int read_failed(const struct vfs *vfs, struct reading *r, struct journal_end *out,
		       struct err *e)
{
	int rc;

	r->bad.before = r->at;
	r->bad.turn_offset = out->place.offset;
	r->bad.bytes = out->bytes;
	r->bad.why = r->why;
	rc = journal_judge(vfs, &r->bad, &out->torn_zeros, e);
	if (rc < 0)
		return rc;
	out->torn = true;
	return 0;
}

static int io_failed(const char *path, int rc, struct err *e)
{
	return err_set(e, -SK_EIO, "journal '%s': cannot be read: %s: nothing was done", path,
		       strerror(-rc));
}

static int open_checked(const struct vfs *vfs, const char *path, struct err *e)
{
	int handle = vfs->open_read(vfs->ctx, path);

	if (handle == -ENOENT)
		return handle;
	return handle < 0 ? io_failed(path, handle, e) : handle;
}

static int read_lines(struct reading *r, journal_fn fn, void *ctx, struct journal_end *out)
{
	struct span line;
	int rc, kind;

	do {
		kind = journal_lines_next(&r->lines, &line);
		if (kind < 0)
			return kind;
		if (kind == LINE_NONE)
			return r->turn_lines ? bad_line(r, FLAW_CUT) : 0;
		if (kind != LINE_WHOLE)
			return bad_line(r, kind == LINE_CUT ? FLAW_CUT : FLAW_LONG);
		rc = take_line(r, line, fn, ctx, out);
	} while (rc > 0);
	return rc;
}

/* As journal_read, but *out tells in every case how far it came. */
static int read_file(const struct vfs *vfs, const char *path, struct journal_place from,
		     uint64_t limit, journal_fn fn, void *ctx, struct journal_end *out,
		     struct err *e)
{
	CLEANUP(reading_release)
	struct reading r = { .lines = { .vfs = vfs }, .at = from, .bad = { .path = path } };
	int64_t size;
	int rc;

	*out = (struct journal_end){ .place = from };
	r.bad.handle = open_checked(vfs, path, e);
	if (r.bad.handle < 0)
		return r.bad.handle;
	size = vfs->size(vfs->ctx, r.bad.handle);
	if (size < 0)
		return io_failed(path, (int)size, e);
	out->bytes = (uint64_t)size < limit ? (uint64_t)size : limit;
	if (from.offset > out->bytes)
		return err_set(e, -SK_ECORRUPT,
			       "journal '%s': shrank to %llu bytes while it was read: stopped",
			       path, (unsigned long long)out->bytes);
	journal_lines_init(&r.lines, vfs, r.bad.handle, from.offset, out->bytes);
	rc = read_lines(&r, fn, ctx, out);
	if (rc == -SK_ECORRUPT) {
		rc = read_failed(vfs, &r, out, e);
		out->surplus = r.turn_lines;
		out->flaw = r.at.offset;
	} else if (rc < 0) {
		rc = io_failed(path, rc, e);
	}
	return rc;
}

int journal_read(const struct vfs *vfs, const char *path, struct journal_place from, uint64_t limit,
		 journal_fn fn, void *ctx, struct journal_end *out, struct err *e)
{
	struct journal_end end;
	int rc = read_file(vfs, path, from, limit, fn, ctx, &end, e);

	if (rc == 0)
		*out = end;
	return rc;
}

int journal_salvage(const struct vfs *vfs, const char *path, struct journal_place from,
		    journal_fn fn, void *ctx, struct journal_end *out, struct err *e)
{
	struct journal_end end;
	int rc = read_file(vfs, path, from, JOURNAL_NO_LIMIT, fn, ctx, &end, e);

	if (rc < 0 && rc != -SK_ECORRUPT)
		return rc;
	*out = end;
	return rc == -SK_ECORRUPT;
}

void journal_head_release(struct journal_head *h)
{
	buf_release(&h->line);
	buf_release(&h->scratch);
}

int journal_head_read(const struct vfs *vfs, const char *path, struct journal_head *out,
		      struct err *e)
{
	int handle = open_checked(vfs, path, e), kind;
	struct record_problem problem = { RECORD_OK };
	struct record_turn turn;
	struct journal_lines lines;
	struct span line;
	int64_t size;

	if (handle < 0)
		return handle;
	size = vfs->size(vfs->ctx, handle);
	journal_lines_init(&lines, vfs, handle, 0, size < 0 ? 0 : (uint64_t)size);
	kind = size < 0 ? (int)size : journal_lines_next(&lines, &line);
	if (kind == LINE_WHOLE) {
		out->line.len = out->scratch.len = 0;
		buf_put(&out->line, line.p, line.len);
	}
	journal_lines_release(&lines);
	vfs->close(vfs->ctx, handle);
	if (kind < 0)
		return io_failed(path, kind, e);
	if (kind != LINE_WHOLE)
		return 0;
	line = (struct span){ out->line.p, out->line.len };
	if (line.len && line.p[line.len - 1] == '\r')
		line.len--;
	return record_decode_strict(line, true, &out->scratch, &out->ev, &turn, &problem) == 0;
}

bool journal_sum_at(const struct vfs *vfs, const char *path, uint64_t offset, uint64_t *sum)
{
	char tail[RECORD_TAIL_BYTES + 1];
	int64_t n;
	int handle;

	if (offset < sizeof(tail))
		return false;
	handle = vfs->open_read(vfs->ctx, path);
	if (handle < 0)
		return false;
	n = vfs->read_at(vfs->ctx, handle, offset - sizeof(tail), tail, sizeof(tail));
	vfs->close(vfs->ctx, handle);
	if (n != (int64_t)sizeof(tail) || tail[RECORD_TAIL_BYTES] != '\n')
		return false;
	return record_sum_find((struct span){ tail, RECORD_TAIL_BYTES }, sum);
}

static const char *type_word(unsigned type)
{
	switch (type) {
	case S_IFDIR:
		return "a directory";
	case S_IFIFO:
		return "a FIFO";
	case S_IFSOCK:
		return "a socket";
	case S_IFLNK:
		return "a symbolic link";
	default:
		return "a device";
	}
}

int journal_check_file(const struct vfs *vfs, const char *path, struct vfs_stat *st, struct err *e)
{
	int rc = vfs->stat(vfs->ctx, path, st);

	if (rc == -ENOENT)
		return rc;
	if (rc < 0)
		return io_failed(path, rc, e);
	if (st->type == S_IFLNK)
		return err_set(e, -SK_EREFUSED,
			       "journal '%s': is a symbolic link; refused: nothing was done", path);
	if (st->type != S_IFREG)
		return err_set(e, -SK_ECORRUPT,
			       "journal '%s': is %s, expected a regular file: nothing was done",
			       path, type_word(st->type));
	if (st->uid != geteuid())
		return err_set(
			e, -SK_EREFUSED,
			"journal '%s': belongs to user %u, you are user %u: nothing was done", path,
			st->uid, (unsigned)geteuid());
	if (st->mode & 022)
		return err_set(e, -SK_EREFUSED,
			       "journal '%s': is writable by %s (mode %04o): nothing was done. "
			       "Try: chmod 0600 %s, in the state folder",
			       path, st->mode & 020 ? "group" : "others", st->mode, path);
	return 0;
}
