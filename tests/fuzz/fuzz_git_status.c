/*
 * What git prints about a working tree names files that somebody else chose. Whatever the bytes:
 * it is refused, or each entry has a path inside of the text and every line was seen.
 */
#include "fuzz/fuzz.h"

#include "git/git_status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(git_status_release) struct git_status s = GIT_STATUS_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct git_status_entry entry;
	size_t at = 0, entries = 0, lines = 0;

	buf_put(&text, data, len);
	if (git_status_decode(&text, &s) < 0)
		return 0;
	INVARIANT(s.text.len == len);
	INVARIANT(s.entries_at <= len);
	for (size_t i = s.entries_at; i < len; i++)
		lines += data[i] == '\0';
	while (git_status_next(&s, &at, &entry)) {
		entries++;
		INVARIANT(entry.path.len > 0);
		INVARIANT(entry.path.p >= s.text.p + s.entries_at);
		INVARIANT(entry.path.p + entry.path.len < s.text.p + len);
		INVARIANT(!memchr(entry.path.p, '\0', entry.path.len));
	}
	INVARIANT(entries == lines);
	INVARIANT(at == len || entries == 0);
	return 0;
}
