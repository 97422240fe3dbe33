/* Everything that an agent would read, on one page. */
#include "base/limits.h"
#include "cmd/goal/tentacles.h"
#include "core/tentacle_run.h"
#include "core/tentacle_work.h"
#include "core/todo.h"

struct texts_of {
	struct buf context, handoff;
};

static int read_texts(const struct goal_store *s, const struct tentacle *t, struct texts_of *out,
		      struct err *e)
{
	int rc = context_read(s, t, &out->context, e);

	if (rc == 0)
		rc = tentacle_read(s, t->name, HANDOFF_FILE, HANDOFF_BYTES_MAX, &out->handoff, e);
	return rc < 0 ? rc : 0;
}

/* Text of several lines, each made visible. */
static void put_lines(struct out *out, const struct buf *text)
{
	for (size_t at = 0; at < text->len;) {
		const char *end = memchr(text->p + at, '\n', text->len - at);
		size_t len = end ? (size_t)(end - text->p) - at : text->len - at;

		out_visible(out, (struct span){ text->p + at, len });
		out_puts(out, "\n");
		at += len + 1;
	}
}

static void put_todos(struct out *out, struct span text)
{
	struct todo_item item;
	size_t at = 0;

	for (size_t i = 0; todo_next(text, &at, &item); i++) {
		out_putf(out, "%3zu [%c] %*s", i, item.done ? 'x' : ' ', (int)item.depth, "");
		out_visible(out, item.text);
		out_puts(out, "\n");
	}
}

/* What nobody reads out of its texts: how its last agent ended, and what is against it. */
static void put_state(struct out *out, const struct tentacle *t)
{
	CLEANUP(buf_release) struct buf how = BUF_INIT, trouble = BUF_INIT, parked = BUF_INIT;

	tentacle_run_put(t, &how);
	if (how.len)
		out_putf(out, "last agent: %s\n", how.p);
	tentacle_put_parked(t, &parked);
	if (parked.len)
		out_putf(out, "parked: %s\n", parked.p);
	if (tentacle_put_trouble(t, &trouble))
		out_putf(out, "a person has to decide: %s. Try: sk tentacle goal next-iter\n",
			 trouble.p);
	if (how.len || trouble.len || parked.len)
		out_puts(out, "\n");
}

/* Where its work is, and what is left to do about it. */
static void put_work(struct out *out, const struct tentacle *t)
{
	CLEANUP(buf_release) struct buf left = BUF_INIT;
	const struct tentacle_worktree *w = &t->worktree;

	tentacle_put_left(t, &left);
	if (!w->prepared && !w->merged_commit.len && !left.len)
		return;
	out_puts(out, "\nwork\n");
	if (w->prepared) {
		out_puts(out, "  worktree  ");
		out_visible(out, w->path);
		out_putf(out, " (%.*s)\n", SPAN_ARG(w->branch));
	}
	if (w->merged_commit.len)
		out_putf(out, "  merged    into %.*s as %.12s\n", SPAN_ARG(w->merged_into),
			 w->merged_commit.p);
	if (left.len)
		out_putf(out, "  left      %s\n", left.p);
	if (tentacle_unmerged(t))
		out_putf(out, "  next      sk tentacle worktree %.*s merge --commit\n",
			 SPAN_ARG(t->name));
}

static void print_page(struct cmd_ctx *c, const struct tentacle *t, const struct texts_of *texts)
{
	struct out *out = c->out;

	out_putf(out, "tentacle %.*s (%s)\n\n", SPAN_ARG(t->name), tentacle_state_word(t->status));
	put_state(out, t);
	put_lines(out, &texts->context);
	put_work(out, t);
	out_puts(out, "\nto-dos\n");
	put_todos(out, t->todo);
	if (texts->handoff.len) {
		out_puts(out, "\n");
		put_lines(out, &texts->handoff);
	}
}

static int show(struct cmd_ctx *c, const struct goal_store *s, const struct tentacle *t,
		struct texts_of *texts, struct err *e)
{
	struct json j;
	int rc = read_texts(s, t, texts, e);

	if (rc < 0)
		return rc;
	if (!c->json) {
		print_page(c, t, texts);
		return EXIT_DONE;
	}
	json_open(&j, c->out, "tentacle");
	tentacle_put_json(&j, t, c->now_ms);
	json_span(&j, "context_text", (struct span){ texts->context.p, texts->context.len });
	json_span(&j, "handoff_text", (struct span){ texts->handoff.p, texts->handoff.len });
	json_close(&j);
	return EXIT_DONE;
}

static int tentacle_show_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	struct texts_of texts = { BUF_INIT, BUF_INIT };
	const struct tentacle *t;
	int rc = tentacles_open(c, 0, &s, &t, e);

	if (rc == 0)
		rc = show(c, s, t, &texts, e);
	buf_release(&texts.context);
	buf_release(&texts.handoff);
	return rc;
}

const struct cmd cmd_tentacle_show = {
	.path = "tentacle show",
	.summary = "show context, to-dos and hand-offs of one",
	.usage = "NAME",
	.example = "sk tentacle show port-parser",
	.needs = NEED_GOALS,
	.args = ARG_TENTACLE,
	.args_min = 1,
	.args_max = 1,
	.run = tentacle_show_run,
};
