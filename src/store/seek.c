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

/* The first place between two turns in a piece of the file that begins anywhere; offset is that in
 * the piece. */
static bool find_place(const char *raw, size_t len, struct journal_place *out)
{
	const char *end = raw + len, *newline = memchr(raw, '\n', len);

	while (newline) {
		const char *line = newline + 1;
		struct span whole;
		uint64_t seq;

		newline = memchr(line, '\n', (size_t)(end - line));
		if (!newline)
			return false;
		whole = (struct span){ line, (size_t)(newline - line) };
		if (line_closes_turn(whole) && record_sum_find(whole, &out->sum) &&
		    seq_of(newline + 1, (size_t)(end - newline - 1), &seq) && seq > 0) {
			out->seq = seq - 1;
			out->offset = (uint64_t)(newline + 1 - raw);
			return true;
		}
	}
	return false;
}

struct journal_place journal_seek(const struct vfs *vfs, int handle, struct journal_place base,
				  uint64_t seq)
{
	int64_t size = vfs->size(vfs->ctx, handle);
	uint64_t high = size < 0 ? 0 : (uint64_t)size;
	char *raw = mem_alloc(PIECE_BYTES);

	while (high > base.offset && high - base.offset > PIECE_BYTES) {
		uint64_t middle = base.offset + (high - base.offset) / 2;
		int64_t n = vfs->read_at(vfs->ctx, handle, middle, raw, PIECE_BYTES);
		struct journal_place found;

		if (n <= 0 || !find_place(raw, (size_t)n, &found) || found.seq >= seq) {
			high = middle;
			continue;
		}
		base = found;
		base.offset += middle;
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
	*out = journal_seek(vfs, handle, base, seq);
	vfs->close(vfs->ctx, handle);
	return 0;
}
