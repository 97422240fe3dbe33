/* Who decided what, when and why: for the person who comes back after a week. */
#include "base/limits.h"
#include "base/when.h"
#include "cmd/task/event_text.h"
#include "cmd/goal/goal_story.h"

struct history {
	struct cmd_ctx *c;
	struct buf *ring; /* the newest, when there is a limit */
	uint64_t limit, count;
};

static void print_event(struct history *h, struct out *out, const struct event *ev)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;

	if (h->c->json) {
		event_put_json(out, ev, 0);
		return;
	}
	buf_putf(&line, "%5llu  ", (unsigned long long)ev->seq);
	buf_put_when(&line, ev->at_ms);
	buf_puts(&line, "  ");
	goal_story_put(ev, &line);
	buf_putc(&line, '\n');
	out_put(out, line.p, line.len);
}

static int on_event(void *ctx, const struct event *ev)
{
	struct history *h = ctx;
	struct out line = *h->c->out;

	line.buf = h->ring[h->count % h->limit];
	buf_truncate(&line.buf, 0);
	print_event(h, &line, ev);
	h->ring[h->count++ % h->limit] = line.buf;
	return 0;
}

static int tentacle_goal_history_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	struct history h = { .c = c, .limit = options_number(c->options, "limit", 100) };
	const struct goal *g;
	int rc = goals_open_goal(c, GOALS_NAMED, &s, &g, e);

	if (rc < 0)
		return rc;
	h.ring = mem_zalloc(h.limit * sizeof(*h.ring));
	rc = goal_story(s, g, on_event, &h, e);
	for (uint64_t i = h.count > h.limit ? h.count - h.limit : 0; rc == 0 && i < h.count; i++)
		out_put(c->out, h.ring[i % h.limit].p, h.ring[i % h.limit].len);
	if (rc == 0 && !c->json && h.count > h.limit)
		out_putf(c->out, "(the newest %llu of %llu)\n", (unsigned long long)h.limit,
			 (unsigned long long)h.count);
	for (uint64_t i = 0; i < h.limit; i++)
		buf_release(&h.ring[i]);
	mem_free(&h.ring);
	return rc < 0 ? rc : EXIT_DONE;
}

static const struct option_row tentacle_goal_history_options[] = {
	{ .name = "limit",
	  .letter = 'n',
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .min = 1,
	  .max = 100000,
	  .summary = "only the newest N (100)" },
	GOAL_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_history = {
	.path = "tentacle goal history",
	.summary = "show who decided what, when and why",
	.usage = "[--limit N] [--goal ID]",
	.about = "From the journal, with all of the goal's tentacles, the newest at the end. With "
		 "--format json each line is one object with all that was recorded.",
	.example = "sk tentacle goal history -n 20",
	.options = tentacle_goal_history_options,
	.needs = NEED_GOALS,
	.run = tentacle_goal_history_run,
};
