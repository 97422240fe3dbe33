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
#include "store/segments.h"
#include "store/store_impl.h"

#define BISECT_BYTES 65536
#define SEQ_MARK "{\"seq\":"
#define SEQ_BYTES_MAX 32
#define WHEN_BYTES 39 /* ,"timestamp":"2026-11-21T16:11:11.231Z" */
#define EVENT_MARK ",\"event\":\""
#define TURN_MARK "\"turn\":"

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

/* Whether the line closes its turn: the member stands right in front of the checksum. */
static bool closes_turn(struct span line)
{
	const char *at = line.p + line.len - RECORD_TAIL_BYTES;
	size_t mark = sizeof(TURN_MARK) - 1;

	if (line.len <= RECORD_TAIL_BYTES + mark)
		return false;
	while (at > line.p + mark && at[-1] >= '0' && at[-1] <= '9')
		at--;
	return at < line.p + line.len - RECORD_TAIL_BYTES &&
	       memcmp(at - mark, TURN_MARK, mark) == 0;
}

/* The number a line begins with; false when it begins with none. */
static bool seq_of(const char *p, size_t len, uint64_t *out)
{
	size_t mark = sizeof(SEQ_MARK) - 1, digits = mark;

	if (len < mark || memcmp(p, SEQ_MARK, mark) != 0)
		return false;
	while (digits < len && p[digits] >= '0' && p[digits] <= '9')
		digits++;
	return digits < len &&
	       span_to_u64((struct span){ p + mark, digits - mark }, INTEGER_MAX, out) == 0;
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
		if (closes_turn(line))
			rc = hand_on(s);
	}
	s->kept_count = 0;
	buf_truncate(&s->text, 0);
	return rc;
}

/* Where a line begins whose number is at most `from_seq`, and the checksum before it. */
static uint64_t bisect(struct searching *s, int handle, struct journal_place base, uint64_t size,
		       uint64_t *sum)
{
	uint64_t low = base.offset, high = size;
	char *raw = mem_alloc(BISECT_BYTES);

	*sum = base.sum;
	while (high - low > BISECT_BYTES) {
		uint64_t middle = low + (high - low) / 2, seq, before;
		int64_t n = s->vfs->read_at(s->vfs->ctx, handle, middle, raw, BISECT_BYTES);
		const char *newline = n > 0 ? memchr(raw, '\n', (size_t)n) : NULL;
		size_t used = newline ? (size_t)(newline + 1 - raw) : 0;

		if (!newline || used < RECORD_TAIL_BYTES ||
		    !seq_of(newline + 1, (size_t)n - used, &seq) || seq > s->from_seq ||
		    !record_sum_find((struct span){ raw, used - 1 }, &before)) {
			high = middle;
			continue;
		}
		low = middle + used;
		*sum = before;
	}
	mem_free(&raw);
	return low;
}

static int search_file(struct searching *s, const char *path)
{
	struct journal_base base;
	uint64_t sum, offset;
	int64_t size;
	int rc = journal_base_find(s->vfs, path, NULL, &base, s->e), handle;

	if (rc < 0)
		return rc;
	handle = s->vfs->open_read(s->vfs->ctx, path);
	if (handle < 0)
		return err_set(s->e, -SK_EIO, "journal '%s': cannot be read: %s", path,
			       strerror(-handle));
	size = s->vfs->size(s->vfs->ctx, handle);
	offset = bisect(s, handle, base.from, size < 0 ? 0 : (uint64_t)size, &sum);
	journal_lines_init(&s->lines, s->vfs, handle, offset, JOURNAL_NO_LIMIT);
	rc = read_lines(s, sum);
	journal_lines_release(&s->lines);
	s->vfs->close(s->vfs->ctx, handle);
	return rc;
}

int store_search(const struct vfs *vfs, uint64_t from_seq, const struct search *words,
		 int (*fn)(void *ctx, const struct event *ev), void *ctx, struct err *e)
{
	CLEANUP(segments_release) struct segments closed = SEGMENTS_INIT;
	struct searching s = { .vfs = vfs,
			       .words = words,
			       .fn = fn,
			       .ctx = ctx,
			       .from_seq = from_seq,
			       .text = BUF_INIT,
			       .scratch = BUF_INIT,
			       .e = e };
	char path[SEGMENT_PATH_BYTES];
	struct vfs_stat st;
	int rc = journal_check_file(vfs, JOURNAL_FILE, &st, e);

	if (rc < 0)
		return rc;
	segments_list(vfs, from_seq, &closed);
	for (size_t i = 0; i < closed.count && rc == 0 && !s.enough; i++) {
		segment_path_encode(closed.v[i].first, closed.v[i].last, path);
		rc = search_file(&s, path);
	}
	if (rc == 0 && !s.enough)
		rc = search_file(&s, JOURNAL_FILE);
	buf_release(&s.text);
	buf_release(&s.scratch);
	mem_free(&s.kept);
	return rc;
}
