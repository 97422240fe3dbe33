/*
 * What programs print is anybody's. Whatever it is: taking the volatile parts out ends, makes no
 * line of several and none much longer, and however the bytes are cut into pieces the sums are the
 * same.
 */
#include "fuzz/fuzz.h"

#include "core/volatile.h"

static void feed(struct output_digest *d, struct span text, size_t piece)
{
	output_digest_init(d, 64);
	for (size_t at = 0; at < text.len; at += piece)
		output_digest_feed(d,
				   (struct span){ text.p + at,
						  text.len - at < piece ? text.len - at : piece });
	output_digest_end(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span text = { (const char *)data, len };
	struct output_digest one, other;
	struct buf out = BUF_INIT;

	if (!memchr(data, '\n', len)) {
		volatile_line(text, &out);
		INVARIANT(out.len <= 12 * len);
		INVARIANT(!out.len || !memchr(out.p, '\n', out.len));
	}
	buf_release(&out);
	feed(&one, text, 1 + len);
	feed(&other, text, 1 + len / 3);
	INVARIANT(one.sum == other.sum);
	INVARIANT(one.normal_sum == other.normal_sum);
	INVARIANT(one.len == len);
	INVARIANT(one.tail.len == (len < 64 ? len : 64));
	output_digest_release(&one);
	output_digest_release(&other);
	return 0;
}
