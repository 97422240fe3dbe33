/* The answer holds records as they stand in the journal, so that a command tells of them in the
 * same words whether it recorded them itself or not. */
#include "cmd/run/ask.h"

#include "base/limits.h"
#include "base/scan.h"
#include "ctl/control_ask.h"
#include "store/record.h"

void answer_release(struct answer *a)
{
	buf_release(&a->line);
	buf_release(&a->scratch);
}

int ask(int state_fd, const struct control_request *request, struct answer *out, struct err *e)
{
	int rc = control_ask(state_fd, request, CONTROL_PATIENCE_MS, &out->line, &out->scratch,
			     &out->reply, e);

	if (rc < 1 || !out->reply.code)
		return rc;
	return err_set(e, -(int)out->reply.code, "%.*s", SPAN_ARG(out->reply.message));
}

void answer_each_event(const struct answer *a, void (*fn)(void *ctx, const struct event *ev),
		       void *ctx)
{
	CLEANUP(buf_release) struct buf scratch = BUF_INIT;
	uint64_t sum = 0;
	struct span raw;
	struct scan s;

	if (!a->reply.events.len)
		return;
	scan_init(&s, a->reply.events);
	scan_array(&s);
	while (scan_item(&s)) {
		struct record_problem problem;
		struct record_turn turn;
		struct event ev;

		scan_skip(&s, &raw);
		if (s.error || record_decode(raw, sum, &scratch, &ev, &turn, &sum, &problem) < 0)
			return;
		fn(ctx, &ev);
	}
}
