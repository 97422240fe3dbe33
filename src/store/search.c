/*
 * A record counts when its turn is whole, and that is only known at the turn's last line; so lines
 * that match are kept until then. Each is checked against the checksum that the line before it
 * carries, which costs nothing: only the chain as a whole is taken on trust.
 */
#include "store/search.h"

#include <errno.h>

#include "base/limits.h"
#include "store/journal_lines.h"
#include "store/record.h"
#include "store/seek.h"
#include "store/segments.h"
#include "store/store_impl.h"

#define SEQ_BYTES_MAX 32
#define WHEN_BYTES 39 /* ,"timestamp":"2026-11-21T16:11:11.231Z" */
#define EVENT_MARK ",\"event\":\""

struct kept {
	size_t at, len;
	uint64_t sum_before;
};

struct searching {
	const struct vfs *vfs;
	const struct search *words;
	int (*fn)(void *ctx, const struct event *ev);
	void *ctx;
	uint64_t from_seq;
	struct journal_lines lines;
	struct buf text, scratch; /* of lines of a turn that is not known to be whole yet */
	struct kept *kept;
	size_t kept_count, kept_capacity;
	bool enough;
	struct err *e;
};

void search_release(struct search *s)
{
	buf_release(&s->text);
}

bool search_add(struct search *s, struct span word)
{
	if (s->count == SEARCH_WORDS_MAX)
		return false;
	s->at[s->count++] = s->text.len;
	buf_put_json(&s->text, word);
	s->at[s->count] = s->text.len;
	return true;
}

/* Whether the line's event begins so. We write seq, timestamp, event in this order and length; a
 * line of another build is read to be sure. */
static bool event_begins(const char *wanted, struct span line)
{
	const char *at = memchr(line.p, ',', line.len < SEQ_BYTES_MAX ? line.len : SEQ_BYTES_MAX);
	size_t left = at ? line.len - (size_t)(at - line.p) : 0, mark = sizeof(EVENT_MARK) - 1;

	if (left < WHEN_BYTES + mark || memcmp(at + WHEN_BYTES, EVENT_MARK, mark) != 0)
		return true;
	return span_starts((struct span){ at + WHEN_BYTES + mark, left - WHEN_BYTES - mark },
			   wanted);
}

static bool matches(const struct search *s, struct span line)
{
	if (s->event && !event_begins(s->event, line))
		return false;
	for (size_t i = 0; i < s->count; i++)
		if (span_contains(line,
				  (struct span){ s->text.p + s->at[i], s->at[i + 1] - s->at[i] }))
			return true;
	return s->count == 0;
}

/* Hands on what the turn has; it is whole. */
static int hand_on(struct searching *s)
{
	for (size_t i = 0; i < s->kept_count && !s->enough; i++) {
		const struct kept *k = &s->kept[i];
		struct record_problem problem;
		struct record_turn turn;
		struct event ev;
		uint64_t sum;

		if (record_decode((struct span){ s->text.p + k->at, k->len }, k->sum_before,
				  &s->scratch, &ev, &turn, &sum, &problem) < 0)
			return err_set(s->e, -SK_ECORRUPT,
				       "journal: a record does not fit its checksum: nothing was "
				       "changed. Try: sk state validate");
		if (ev.seq >= s->from_seq)
			s->enough = s->fn(s->ctx, &ev) != 0;
	}
	s->kept_count = 0;
	buf_truncate(&s->text, 0);
	return 0;
}

static void keep(struct searching *s, struct span line, uint64_t sum_before)
{
	mem_grow(&s->kept, &s->kept_capacity, s->kept_count + 1, sizeof(*s->kept));
	s->kept[s->kept_count++] = (struct kept){ s->text.len, line.len, sum_before };
	buf_put(&s->text, line.p, line.len);
}

static int read_lines(struct searching *s, uint64_t sum)
{
	struct span line;
	int rc = 0, kind;

	while (rc == 0 && !s->enough &&
	       (kind = journal_lines_next(&s->lines, &line)) == LINE_WHOLE) {
		if (matches(s->words, line))
			keep(s, line, sum);
		if (!record_sum_find(line, &sum))
			break; /* torn, or damage that the reading of the state has told of */
		if (line_closes_turn(line))
			rc = hand_on(s);
	}
	s->kept_count = 0;
	buf_truncate(&s->text, 0);
	return rc;
}

static int search_file(struct searching *s, const char *path, const struct journal_base *base)
{
	struct journal_place from;
	int handle = s->vfs->open_read(s->vfs->ctx, path), rc;

	if (handle < 0)
		return err_set(s->e, -SK_EIO, "journal '%s': cannot be read: %s", path,
			       strerror(-handle));
	from = journal_seek(s->vfs, handle, base->from, s->from_seq, true);
	journal_lines_init(&s->lines, s->vfs, handle, from.offset, JOURNAL_NO_LIMIT);
	rc = read_lines(s, from.sum);
	journal_lines_release(&s->lines);
	s->vfs->close(s->vfs->ctx, handle);
	return rc;
}

static int search_one(void *ctx, const char *path, const struct journal_base *base, struct err *e)
{
	struct searching *s = ctx;
	int rc = search_file(s, path, base);

	(void)e;
	return rc < 0 ? rc : s->enough;
}

int store_search(const struct vfs *vfs, uint64_t from_seq, const struct search *words,
		 int (*fn)(void *ctx, const struct event *ev), void *ctx, struct err *e)
{
	struct searching s = { .vfs = vfs,
			       .words = words,
			       .fn = fn,
			       .ctx = ctx,
			       .from_seq = from_seq,
			       .text = BUF_INIT,
			       .scratch = BUF_INIT,
			       .e = e };
	int rc = segments_each(vfs, from_seq, search_one, &s, e);

	buf_release(&s.text);
	buf_release(&s.scratch);
	mem_free(&s.kept);
	return rc < 0 ? rc : 0;
}
