/*
 * The scanner reads bytes that anybody may have written. Whatever they are: no read outside of
 * them, the same verdict from a walk as from a skip, and strings that come out as valid UTF-8 and
 * survive being written and read again.
 */
#include <errno.h>

#include "fuzz/fuzz.h"

#include "base/scan.h"

static void check_string(struct scan_text text)
{
	CLEANUP(buf_release) struct buf plain = BUF_INIT, again = BUF_INIT, written = BUF_INIT;
	struct scan_text back;
	struct scan s;

	scan_unescape(&plain, text);
	for (size_t i = 0, len; i < plain.len; i += len) {
		len = utf8_len(plain.p + i, plain.len - i);
		INVARIANT(len > 0);
	}
	buf_put_json(&written, (struct span){ plain.p, plain.len });
	scan_init(&s, (struct span){ written.p, written.len });
	scan_string(&s, &back);
	INVARIANT(scan_end(&s) == 0);
	scan_unescape(&again, back);
	INVARIANT(
		span_eq((struct span){ plain.p, plain.len }, (struct span){ again.p, again.len }));
}

static void walk(struct scan *s)
{
	struct scan_text text;
	struct span number;
	bool truth;

	switch (scan_peek(s)) {
	case '{':
		scan_object(s);
		while (scan_key(s, &text)) {
			check_string(text);
			walk(s);
		}
		break;
	case '[':
		scan_array(s);
		while (scan_item(s))
			walk(s);
		break;
	case '"':
		scan_string(s, &text);
		if (!s->error)
			check_string(text);
		break;
	case '0':
		scan_number(s, &number);
		break;
	case 't':
	case 'f':
		scan_bool(s, &truth);
		break;
	default:
		scan_null(s);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span text = { (const char *)data, len };
	struct scan skipped, walked;
	struct span whole = SPAN_NONE;
	unsigned line, column;
	int verdict;

	scan_init(&skipped, text);
	scan_skip(&skipped, &whole);
	verdict = scan_end(&skipped);
	scan_init(&walked, text);
	walk(&walked);
	INVARIANT(scan_end(&walked) == verdict);
	if (verdict == 0) {
		INVARIANT(whole.len <= len);
		return 0;
	}
	INVARIANT(verdict == -EINVAL);
	INVARIANT(skipped.error_at <= len);
	INVARIANT(walked.error_at == skipped.error_at);
	scan_place(text, skipped.error_at, &line, &column);
	INVARIANT(line >= 1);
	INVARIANT(column >= 1);
	return 0;
}
