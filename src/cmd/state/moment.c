/*
 * Pages show seconds and records have milliseconds. So a time without them means all of its second:
 * whoever copies the time of a line gets the state with that line in it.
 */
#include "cmd/state/moment.h"

#include <errno.h>

#include "base/limits.h"
#include "base/when.h"

#define SECOND_TEXT_LEN 19 /* 2026-11-21T08:43:00 */

int moment_decode(struct span text, int64_t now_ms, int64_t *out_ms)
{
	char full[WHEN_TEXT_LEN];
	int64_t ago_ms;

	if (text.len && text.p[text.len - 1] == 'Z')
		text.len--;
	if (text.len == SECOND_TEXT_LEN || text.len == WHEN_TEXT_LEN - 1) {
		memcpy(full, text.p, text.len);
		if (full[10] == ' ')
			full[10] = 'T';
		if (text.len == SECOND_TEXT_LEN)
			memcpy(full + text.len, ".999", 4);
		full[WHEN_TEXT_LEN - 1] = 'Z';
		if (when_decode((struct span){ full, sizeof(full) }, out_ms) == 0)
			return 0;
	}
	if (duration_decode(text, &ago_ms) < 0 || ago_ms > now_ms)
		return -EINVAL;
	*out_ms = now_ms - ago_ms;
	return 0;
}

int moment_option(const char *command, const char *option, const char *text, int64_t now_ms,
		  int64_t *out_ms, struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;

	if (moment_decode(span_of(text), now_ms, out_ms) == 0)
		return 0;
	buf_put_quoted(&shown, span_of(text), NAME_BYTES_MAX);
	return err_set(e, -SK_EUSAGE,
		       "%s: --%s %s is no time: nothing was done. Try: 2026-11-21T08:43:00Z, or "
		       "10m for ten minutes ago",
		       command, option, shown.p);
}
