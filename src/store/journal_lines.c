/* One buffer that grows with the longest line: a refill moves what is left of a line to the front
 * and reads on. It begins small where the journal is short, for the kernel gives each page of it
 * out one by one; a long journal is read with fewer calls. */
#include "store/journal_lines.h"

#include <errno.h>

#include "base/limits.h"

#define BUFFER_BYTES ((size_t)64 * 1024)
#define LONG_BUFFER_BYTES (RECORD_BYTES_MAX + BUFFER_BYTES)
#define LONG_BYTES (8 * LONG_BUFFER_BYTES)
#define SNAPSHOT_LINE_BYTES_MAX (SNAPSHOT_BYTES_MAX + RECORD_BYTES_MAX)
#define SNAPSHOT_WORD_WITHIN 96 /* bytes of a line before which its event stands */

void journal_lines_init(struct journal_lines *j, const struct vfs *vfs, int handle, uint64_t offset,
			uint64_t limit)
{
	uint64_t left = limit > offset ? limit - offset : 0;

	*j = (struct journal_lines){ .vfs = vfs, .handle = handle, .base = offset, .limit = limit };
	if (left > LONG_BYTES)
		buf_reserve(&j->raw, LONG_BUFFER_BYTES);
	else
		buf_reserve(&j->raw, left < BUFFER_BYTES ? (size_t)left + 1 : BUFFER_BYTES);
}

void journal_lines_release(struct journal_lines *j)
{
	buf_release(&j->raw);
}

/* Reads what fits behind the bytes at hand. Returns 1, 0 at the limit, or -errno. */
static int refill(struct journal_lines *j)
{
	uint64_t at = j->base + j->raw.len;
	size_t want = j->raw.capacity - 1 - j->raw.len;
	int64_t n;

	if (j->limit - at < want)
		want = (size_t)(j->limit - at);
	if (want == 0)
		return 0;
	n = j->vfs->read_at(j->vfs->ctx, j->handle, at, j->raw.p + j->raw.len, want);
	if (n < 0)
		return (int)n;
	j->raw.len += (size_t)n;
	return n > 0;
}

/* A snapshot record may open a file, and is as long as the state is large. */
static bool opens_with_snapshot(const struct journal_lines *j)
{
	static const char word[] = "\"event\":\"snapshot\"";
	size_t len = j->raw.len < SNAPSHOT_WORD_WITHIN ? j->raw.len : SNAPSHOT_WORD_WITHIN;

	return j->base == 0 && memmem(j->raw.p, len, word, sizeof(word) - 1);
}

static int line_out(struct journal_lines *j, size_t len, size_t skip, int kind, struct span *line)
{
	*line = (struct span){ j->raw.p + j->next, len };
	j->next += len + skip;
	return kind;
}

int journal_lines_next(struct journal_lines *j, struct span *line)
{
	size_t searched = 0, left = j->raw.len - j->next;
	const char *end = left ? memchr(j->raw.p + j->next, '\n', left) : NULL;
	int rc = 1;

	while (!end) {
		if (left > RECORD_BYTES_MAX &&
		    (left > SNAPSHOT_LINE_BYTES_MAX || !opens_with_snapshot(j)))
			return line_out(j, RECORD_BYTES_MAX, 0, LINE_LONG, line);
		if (j->next) {
			j->base += j->next;
			buf_consume(&j->raw, j->next);
			j->next = 0;
		}
		if (j->raw.len + 1 >= j->raw.capacity)
			buf_reserve(&j->raw, j->raw.capacity);
		rc = refill(j);
		if (rc <= 0)
			break;
		searched = left;
		left = j->raw.len;
		end = memchr(j->raw.p + searched, '\n', left - searched);
	}
	if (rc < 0)
		return rc;
	if (!end)
		return line_out(j, left, 0, left ? LINE_CUT : LINE_NONE, line);
	left = (size_t)(end - (j->raw.p + j->next));
	if (left > RECORD_BYTES_MAX && !(j->next == 0 && opens_with_snapshot(j)))
		return line_out(j, RECORD_BYTES_MAX, 0, LINE_LONG, line);
	return line_out(j, left, 1, LINE_WHOLE, line);
}
