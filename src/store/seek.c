/*
 * Numbers are dense and rise, so the file is bisected by bytes: behind the middle the next line
 * that follows the end of a turn tells its number. Where no turn ends within one piece (a plan of a
 * hundred thousand tasks is one turn) the search goes on in front of it.
 */
#include "store/seek.h"

#include "base/limits.h"
#include "store/record.h"

#define PIECE_BYTES 65536
#define SEQ_MARK "{\"seq\":"
#define TURN_MARK "\"turn\":"

bool line_closes_turn(struct span line)
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

/* What a piece of the file, which begins anywhere, tells. Offsets are in the piece. */
struct piece {
	bool readable;
	uint64_t seq;               /* of the first line whose beginning is seen */
	bool found;                 /* there is a place as is wanted: */
	struct journal_place place; /* the last one in front of the number that is looked for */
};

static struct piece look(const char *raw, size_t len, uint64_t seq, bool inside)
{
	const char *end = raw + len, *newline = memchr(raw, '\n', len);
	struct piece p = { .readable = false };

	while (newline && newline + 1 < end) {
		const char *line = newline + 1;
		struct journal_place place;
		struct span whole;
		uint64_t next;

		if (!p.readable)
			p.readable = seq_of(line, (size_t)(end - line), &p.seq);
		newline = memchr(line, '\n', (size_t)(end - line));
		if (!newline || !seq_of(newline + 1, (size_t)(end - newline - 1), &next) ||
		    next > seq)
			break;
		whole = (struct span){ line, (size_t)(newline - line) };
		place = (struct journal_place){ (uint64_t)(newline + 1 - raw), next - 1, 0 };
		if ((inside || line_closes_turn(whole)) && record_sum_find(whole, &place.sum)) {
			p.place = place;
			p.found = true;
		}
	}
	return p;
}

struct journal_place journal_seek(const struct vfs *vfs, int handle, struct journal_place base,
				  uint64_t seq, bool inside)
{
	int64_t size = vfs->size(vfs->ctx, handle);
	uint64_t low = base.offset, high = size < 0 ? 0 : (uint64_t)size;
	char *raw = mem_alloc(PIECE_BYTES);

	/* The last look is at the piece in which the number must be. */
	for (bool last = false; !last && high > low;) {
		uint64_t middle = low + (high - low) / 2;
		struct piece p;
		int64_t n;

		last = high - low <= PIECE_BYTES / 2;
		if (last)
			middle = low;
		n = vfs->read_at(vfs->ctx, handle, middle, raw, PIECE_BYTES);
		p = look(raw, n > 0 ? (size_t)n : 0, seq, inside);
		if (p.found && middle + p.place.offset > base.offset) {
			base = p.place;
			base.offset += middle;
		}
		if (p.readable && p.seq <= seq)
			low = middle;
		else
			high = middle;
	}
	mem_free(&raw);
	return base;
}

int journal_seek_path(const struct vfs *vfs, const char *path, struct journal_place base,
		      uint64_t seq, struct journal_place *out)
{
	int handle = vfs->open_read(vfs->ctx, path);

	if (handle < 0)
		return handle;
	*out = journal_seek(vfs, handle, base, seq, false);
	vfs->close(vfs->ctx, handle);
	return 0;
}
