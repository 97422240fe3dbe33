/*
 * Anything of the same user may connect and talk. Whatever comes: no read outside, what is taken
 * as a request means the same after it was written and read again, and a plan that is taken is one.
 */
#include "fuzz/fuzz.h"

#include "base/limits.h"
#include "ctl/control_msg.h"

static void check_submission(struct span text)
{
	CLEANUP(submission_release) struct submission s = SUBMISSION_INIT, again = SUBMISSION_INIT;
	CLEANUP(buf_release) struct buf first = BUF_INIT, second = BUF_INIT;

	if (submission_decode(text, &s) < 0)
		return;
	submission_encode(&first, &s);
	INVARIANT(submission_decode((struct span){ first.p, first.len }, &again) == 0);
	submission_encode(&second, &again);
	INVARIANT(first.len == second.len);
	INVARIANT(memcmp(first.p, second.p, first.len) == 0);
}

static void check_reply(struct span text)
{
	CLEANUP(buf_release) struct buf scratch = BUF_INIT, again = BUF_INIT, line = BUF_INIT;
	struct control_reply r;

	if (control_reply_decode(text, &scratch, &r) < 0)
		return;
	control_reply_encode(&line, &r);
	INVARIANT(control_reply_decode((struct span){ line.p, line.len - 1 }, &again, &r) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_release)
	struct buf scratch = BUF_INIT, first = BUF_INIT, second = BUF_INIT, again = BUF_INIT;
	struct span text = { (const char *)data, size };
	struct control_request r;

	check_submission(text);
	check_reply(text);
	if (control_request_decode(text, &scratch, &r) < 0)
		return 0;
	if (r.kind == CONTROL_SUBMIT)
		check_submission(r.submission);
	control_request_encode(&first, &r);
	INVARIANT(control_request_decode((struct span){ first.p, first.len - 1 }, &again, &r) == 0);
	control_request_encode(&second, &r);
	INVARIANT(first.len == second.len);
	INVARIANT(memcmp(first.p, second.p, first.len) == 0);
	return 0;
}
