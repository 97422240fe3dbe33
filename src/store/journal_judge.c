/*
 * Why the bytes behind a bad record decide: power can only cut short the write that was under way,
 * and that write is the last turn. So when a later turn is whole, its writer had seen the earlier
 * one synced, and the bad record rotted (or was edited) after it had been acknowledged; cutting it
 * off would lose what was promised. When nothing whole follows, the turn was never acknowledged,
 * and it never happened.
 *
 * "Whole" is judged without the broken chain: a line is intact when it fits the checksum written in
 * the line before it (or the one that line should have had), and a turn is whole when all lines it
 * counts are intact. A last turn of many lines whose first pages never reached the disk is
 * therefore still torn, although its closing line is there.
 *
 * A line of good JSON with a newline but the wrong number cannot come from a cut. It is damage
 * wherever it stands.
 */
#include "store/journal_judge.h"

#include <errno.h>

#include "base/limits.h"

#define NOTHING_CHANGED "nothing was changed"
#define TRY_EXPLAIN "Try: sk state repair --explain"

/* What stands behind the bad line. */
struct survey {
	uint64_t intact; /* lines that fit the line before them */
	bool whole_turn;
	uint64_t next_seq; /* of the line right behind it, 0 when that is no record */
	bool next_follows; /* that line fits the bad line's own checksum */
};

/*
 * The checksums a line may stand for in the chain: the one it carries, in case its other bytes
 * rotted, and the one it should carry, in case that itself did.
 */
struct link {
	bool known;
	uint64_t carried, computed;
};

static struct link link_of(struct span line, uint64_t sum_before)
{
	struct link l = { line.len >= RECORD_TAIL_BYTES, 0, 0 };

	if (l.known)
		l.computed = record_sum(line, sum_before);
	if (!record_sum_find(line, &l.carried))
		l.carried = l.computed;
	return l;
}

static bool line_follows(struct span line, struct link before, struct buf *scratch,
			 struct event *ev, struct record_turn *turn, struct record_problem *problem)
{
	uint64_t sum;

	*problem = (struct record_problem){ RECORD_OK };
	if (record_decode(line, before.carried, scratch, ev, turn, &sum, problem) == 0)
		return before.known;
	return before.known &&
	       record_decode(line, before.computed, scratch, ev, turn, &sum, problem) == 0;
}

static void survey_line(struct survey *s, struct span line, struct link *before, uint64_t *run,
			struct buf *scratch, bool first)
{
	struct record_problem problem;
	struct record_turn turn = { 0, 0 };
	struct event ev = { .seq = 0 };
	bool fits;

	if (line.len && line.p[line.len - 1] == '\r')
		line.len--;
	fits = line_follows(line, *before, scratch, &ev, &turn, &problem);
	*run = fits ? *run + 1 : 0;
	s->intact += fits;
	if (fits && turn.lines && turn.lines <= *run)
		s->whole_turn = true;
	if (first) {
		s->next_seq = fits ? ev.seq : problem.seq;
		s->next_follows = fits;
	}
	*before = link_of(line, before->carried);
}

/* A line too long to be a record says nothing about those behind it: its rest is passed over. */
static int pass_over(struct journal_lines *lines, struct span *line, int kind)
{
	while (kind == LINE_LONG)
		kind = journal_lines_next(lines, line);
	return kind;
}

static int take_survey(const struct vfs *vfs, const struct journal_bad *bad, struct survey *s)
{
	CLEANUP(journal_lines_release) struct journal_lines lines;
	CLEANUP(buf_release) struct buf scratch = BUF_INIT;
	struct link before = { false, 0, 0 };
	uint64_t run = 0;
	struct span line;
	bool first = true;
	int kind;

	journal_lines_init(&lines, vfs, bad->handle, bad->before.offset, bad->bytes);
	kind = journal_lines_next(&lines, &line);
	if (kind == LINE_WHOLE) {
		if (line.len && line.p[line.len - 1] == '\r')
			line.len--;
		before = link_of(line, bad->before.sum);
	}
	kind = pass_over(&lines, &line, kind);
	while (kind > LINE_NONE) {
		kind = pass_over(&lines, &line, journal_lines_next(&lines, &line));
		if (kind != LINE_WHOLE)
			break;
		survey_line(s, line, &before, &run, &scratch, first);
		first = false;
	}
	return kind < 0 ? kind : 0;
}

uint64_t journal_line_number(const struct vfs *vfs, int handle, uint64_t offset)
{
	CLEANUP(buf_release) struct buf raw = BUF_INIT;
	uint64_t count = 1, at = 0;

	buf_reserve(&raw, RECORD_BYTES_MAX);
	while (at < offset) {
		size_t want =
			offset - at < RECORD_BYTES_MAX ? (size_t)(offset - at) : RECORD_BYTES_MAX;
		int64_t n = vfs->read_at(vfs->ctx, handle, at, raw.p, want);

		if (n <= 0)
			break;
		for (const char *p = raw.p; (p = memchr(p, '\n', (size_t)(raw.p + n - p))); p++)
			count++;
		at += (uint64_t)n;
	}
	return count;
}

/* Whether all bytes from `offset` on are zero, or (any) at least one is. */
static bool zeros_from(const struct vfs *vfs, const struct journal_bad *bad, uint64_t offset,
		       bool any)
{
	CLEANUP(buf_release) struct buf raw = BUF_INIT;

	buf_reserve(&raw, RECORD_BYTES_MAX);
	while (offset < bad->bytes) {
		size_t want = bad->bytes - offset < RECORD_BYTES_MAX ? (size_t)(bad->bytes - offset)
								     : RECORD_BYTES_MAX;
		int64_t n = vfs->read_at(vfs->ctx, bad->handle, offset, raw.p, want);

		if (n <= 0)
			return false;
		for (int64_t i = 0; i < n; i++)
			if ((raw.p[i] == '\0') == any)
				return any;
		offset += (uint64_t)n;
	}
	return !any;
}

struct verdict {
	const struct vfs *vfs;
	const struct journal_bad *bad;
	struct survey survey;
	uint64_t line;
	struct err *e;
};

/* "journal 'x': <problem> (line 400, byte 51220): nothing was changed; 412 later records are
 * intact. Try: ..." */
static int damaged(const struct verdict *v, uint64_t line, uint64_t byte, const char *problem)
{
	CLEANUP(buf_release) struct buf later = BUF_INIT;

	if (v->survey.intact)
		buf_putf(&later, "; %llu later records are intact and untouched",
			 (unsigned long long)v->survey.intact);
	return err_set(v->e, -SK_ECORRUPT,
		       "journal '%s': %s (line %llu, byte %llu): " NOTHING_CHANGED
		       "%s. " TRY_EXPLAIN,
		       v->bad->path, problem, (unsigned long long)line, (unsigned long long)byte,
		       later.p ? later.p : "");
}

static int damaged_seq(const struct verdict *v, uint64_t found)
{
	uint64_t last = v->bad->before.seq, next = v->survey.next_seq;
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	if (found == last) {
		buf_putf(&text, "damaged, seq %llu appears twice (lines %llu, %llu)",
			 (unsigned long long)found, (unsigned long long)v->line - 1,
			 (unsigned long long)v->line);
		return damaged(v, v->line, v->bad->before.offset, text.p);
	}
	if (found < last) {
		buf_putf(&text, "damaged, seq goes back from %llu to %llu at line %llu",
			 (unsigned long long)last, (unsigned long long)found,
			 (unsigned long long)v->line);
		return damaged(v, v->line, v->bad->before.offset, text.p);
	}
	if (next && next < found) {
		buf_putf(&text, "damaged, seq goes back from %llu to %llu at line %llu",
			 (unsigned long long)found, (unsigned long long)next,
			 (unsigned long long)v->line + 1);
		return damaged(v, v->line + 1, v->bad->before.offset, text.p);
	}
	buf_putf(&text, "damaged, sequence gap after %llu", (unsigned long long)last);
	return damaged(v, v->line, v->bad->before.offset, text.p);
}

/* The bytes at which the scanner stumbled, in hex: they may be anything. */
static void put_bytes_at(const struct verdict *v, uint64_t offset, struct buf *out)
{
	char raw[2];
	int64_t n = v->vfs->read_at(v->vfs->ctx, v->bad->handle, offset, raw, sizeof(raw));

	for (int64_t i = 0; i < n; i++)
		buf_putf(out, " %02X", (unsigned char)raw[i]);
}

static int damaged_json(const struct verdict *v)
{
	const struct record_problem *problem = &v->bad->problem;
	uint64_t byte = v->bad->before.offset + problem->at;
	unsigned long long line = v->line, column = problem->at + 1;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	char found = 'x';

	v->vfs->read_at(v->vfs->ctx, v->bad->handle, byte, &found, 1);
	if (found == '\0') { /* inside a string or not: it is always rot */
		buf_putf(&text, "damaged, NUL byte at line %llu, column %llu", line, column);
	} else if (strcmp(problem->what, "invalid UTF-8") == 0) {
		buf_putf(&text, "damaged, invalid UTF-8 at line %llu, byte %llu:", line, column);
		put_bytes_at(v, byte, &text);
	} else {
		buf_putf(&text, "damaged, %s (line %llu, column %llu)", problem->what, line,
			 column);
	}
	return damaged(v, v->line, byte, text.p);
}

static int damaged_sum(const struct verdict *v)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	buf_putf(&text, "damaged, checksum %016llx expected %016llx",
		 (unsigned long long)v->bad->problem.found_sum,
		 (unsigned long long)v->bad->problem.expected_sum);
	return damaged(v, v->line, v->bad->before.offset, text.p);
}

static int too_new(const struct verdict *v)
{
	if (v->bad->problem.format)
		return err_set(v->e, -SK_ECORRUPT,
			       "journal '%s': record format %llu is newer than this sk (%d) (line "
			       "%llu): " NOTHING_CHANGED ". Try: a newer sk",
			       v->bad->path, (unsigned long long)v->bad->problem.format,
			       RECORD_FORMAT, (unsigned long long)v->line);
	return err_set(v->e, -SK_ECORRUPT,
		       "journal '%s': an event this sk does not know (line %llu, column "
		       "%zu): " NOTHING_CHANGED ". Try: a newer sk",
		       v->bad->path, (unsigned long long)v->line, v->bad->problem.at + 1);
}

static bool starts_with_bom(const struct verdict *v)
{
	char raw[3];

	return v->bad->before.offset == 0 &&
	       v->vfs->read_at(v->vfs->ctx, v->bad->handle, 0, raw, 3) == 3 &&
	       memcmp(raw, "\xef\xbb\xbf", 3) == 0;
}

/* Whether a cut could have left this line, if nothing whole follows it. */
static bool may_be_cut(const struct verdict *v)
{
	const struct record_problem *problem = &v->bad->problem;

	switch (v->bad->flaw) {
	case FLAW_CUT:
		return true;
	case FLAW_LONG:
		return zeros_from(v->vfs, v->bad, v->bad->before.offset, true);
	case FLAW_LINE:
		if (problem->flaw == RECORD_TOO_NEW || problem->bad_seq)
			return false;
		if (problem->seq && problem->seq != v->bad->before.seq + 1)
			return false;
		return problem->found_sum == 0 || problem->found_sum != problem->expected_sum;
	default:
		return false;
	}
}

static int damage(const struct verdict *v)
{
	const struct record_problem *problem = &v->bad->problem;

	switch (v->bad->flaw) {
	case FLAW_SEQ:
		return damaged_seq(v, v->bad->found_seq);
	case FLAW_TURN:
		return damaged(v, v->line, v->bad->before.offset,
			       "damaged, a turn does not have the lines it counts");
	case FLAW_MEANING:
		return damaged(v, v->line, v->bad->before.offset, v->bad->why);
	case FLAW_LONG:
		return damaged(v, v->line, v->bad->before.offset, "record longer than 1 MiB");
	case FLAW_CUT:
		return damaged(v, v->line, v->bad->before.offset,
			       "damaged, a turn without its end");
	case FLAW_LINE:
		break;
	}
	if (problem->flaw == RECORD_TOO_NEW)
		return too_new(v);
	/* A wrong number explains a wrong checksum, unless the next line shows that only the
	 * number's bytes changed. */
	if (problem->seq && problem->seq != v->bad->before.seq + 1 &&
	    !(v->survey.next_follows && v->survey.next_seq == v->bad->before.seq + 2))
		return damaged_seq(v, problem->seq);
	return problem->flaw == RECORD_BAD_SUM ? damaged_sum(v) : damaged_json(v);
}

int journal_judge(const struct vfs *vfs, const struct journal_bad *bad, bool *zeros, struct err *e)
{
	struct verdict v = { .vfs = vfs, .bad = bad, .e = e };
	int rc;

	if (bad->flaw != FLAW_CUT) {
		rc = take_survey(vfs, bad, &v.survey);
		if (rc < 0)
			return err_set(e, -SK_EIO,
				       "journal '%s': cannot be read: %s: nothing was done",
				       bad->path, strerror(-rc));
	}
	v.line = journal_line_number(vfs, bad->handle, bad->before.offset);
	if (starts_with_bom(&v))
		return err_set(e, -SK_ECORRUPT,
			       "journal '%s': UTF-8 byte-order mark at byte 0; remove "
			       "it: " NOTHING_CHANGED,
			       bad->path);
	if (v.survey.whole_turn || !may_be_cut(&v))
		return damage(&v);
	*zeros = zeros_from(vfs, bad, bad->turn_offset, false);
	return 0;
}
