/* The diary of what people did by hand, oldest first, as the file has it. */
#include "store/interventions.h"

#include <errno.h>

#include "base/when.h"
#include "cmd/cmd.h"
#include "cmd/hint.h"
#include "cmd/state/moment.h"
#include "cmd/view.h"
#include "os/fd.h"

struct listing {
	struct cmd_ctx *c;
	int64_t since_ms, until_ms;
	struct span entity, operator_name, script, result;
	struct buf lines; /* what fits, one behind the other */
	size_t *ends, count, capacity;
};

static bool wanted(const struct listing *l, const struct intervention *in)
{
	return in->at_ms >= l->since_ms && in->at_ms <= l->until_ms &&
	       (!l->entity.len || span_eq(in->entity_id, l->entity)) &&
	       (!l->operator_name.len || span_eq(in->operator_name, l->operator_name)) &&
	       (!l->script.len || span_eq(in->script, l->script)) &&
	       (!l->result.len || span_is(l->result, intervention_result_word(in->result)));
}

static enum style style_of(enum intervention_result result)
{
	return result == INTERVENTION_OK        ? STYLE_GOOD
	       : result == INTERVENTION_REFUSED ? STYLE_WARN
						: STYLE_BAD;
}

static void put_text(struct out *out, const struct intervention *in)
{
	CLEANUP(buf_release) struct buf when = BUF_INIT, words = BUF_INIT;

	buf_put_when(&when, in->at_ms);
	out_style(out, STYLE_DIM, when.p);
	out_puts(out, "  ");
	out_visible(out, in->operator_name);
	out_puts(out, "  ");
	for (size_t i = 0; i < in->arg_count; i++) {
		buf_putc(&words, ' ');
		put_shell_word(&words, in->args[i]);
	}
	buf_puts(&words, in->dry_run ? " --dry-run" : "");
	buf_puts(&words, in->confirmed ? " --yes" : "");
	out_visible(out, in->script);
	out_visible(out, (struct span){ words.p, words.len });
	out_puts(out, "  ");
	out_style(out, style_of(in->result), intervention_result_word(in->result));
	out_puts(out, in->message.len ? ": " : "");
	out_visible(out, in->message);
	if (in->reason.len) {
		out_puts(out, " (");
		out_visible(out, in->reason);
		out_puts(out, ")");
	}
	out_puts(out, "\n");
}

static int on_line(void *ctx, const struct intervention *in, struct span line)
{
	struct listing *l = ctx;
	struct out text = *l->c->out;

	if (!wanted(l, in))
		return 0;
	if (l->c->json) {
		buf_put(&l->lines, line.p, line.len);
	} else {
		text.buf = l->lines;
		put_text(&text, in);
		l->lines = text.buf;
	}
	mem_grow(&l->ends, &l->capacity, l->count + 1, sizeof(*l->ends));
	l->ends[l->count++] = l->lines.len;
	return 0;
}

static void print(struct listing *l, uint64_t unreadable)
{
	uint64_t limit = options_number(l->c->options, "limit", l->count);
	size_t first = l->count > limit ? l->count - (size_t)limit : 0;
	struct json j;

	if (l->c->json) {
		json_open(&j, l->c->out, "interventions");
		json_array(&j, "interventions");
	}
	for (size_t i = first; i < l->count; i++) {
		size_t from = i ? l->ends[i - 1] : 0;
		struct span line = { l->lines.p + from, l->ends[i] - from };

		if (l->c->json)
			json_raw(&j, NULL, line);
		else
			out_put(l->c->out, line.p, line.len);
	}
	if (l->c->json) {
		json_array_end(&j);
		json_u64(&j, "unreadable_lines", unreadable);
		json_close(&j);
		return;
	}
	if (!l->count)
		out_puts(l->c->out, "Nothing was done by hand.\n");
	if (unreadable)
		out_putf(l->c->out, "%llu line%s cannot be read.\n", (unsigned long long)unreadable,
			 PLURAL(unreadable));
}

static int read_times(struct listing *l, struct err *e)
{
	const char *since = options_text(l->c->options, "since"),
		   *until = options_text(l->c->options, "until");
	int rc = 0;

	l->until_ms = INT64_MAX;
	if (since)
		rc = moment_option("interventions", "since", since, l->c->now_ms, &l->since_ms, e);
	if (rc == 0 && since && l->since_ms % 1000 == 999)
		l->since_ms -= 999; /* all of its second */
	if (rc == 0 && until)
		rc = moment_option("interventions", "until", until, l->c->now_ms, &l->until_ms, e);
	return rc;
}

static int list(struct listing *l, int dir, struct err *e)
{
	const struct options *o = l->c->options;
	uint64_t unreadable = 0;
	int rc = read_times(l, e);

	if (rc < 0)
		return rc;
	l->entity = span_of(options_text(o, "entity"));
	l->operator_name = span_of(options_text(o, "operator"));
	l->script = span_of(options_text(o, "command"));
	l->result = span_of(options_text(o, "result"));
	rc = interventions_read(dir, 0, on_line, l, &unreadable, e);
	if (rc < 0)
		return rc;
	print(l, unreadable);
	return EXIT_DONE;
}

static int interventions_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	CLEANUP(fd_close) int dir = paths_open(c->paths, false, &why);
	struct listing l = { .c = c };
	int rc;

	if (dir == -ENOENT)
		return view_missing(c->paths, e);
	if (dir < 0)
		return view_paths_problem(dir, &why, e);
	rc = list(&l, dir, e);
	buf_release(&l.lines);
	mem_free(&l.ends);
	return rc;
}

static const struct option_row interventions_options[] = {
	{ .name = "since",
	  .kind = OPTION_TEXT,
	  .value = "TIME",
	  .summary = "only from then on: 2026-11-21T08:43:00Z, or 10m for the last ten minutes" },
	{ .name = "until", .kind = OPTION_TEXT, .value = "TIME", .summary = "only up to then" },
	{ .name = "entity",
	  .kind = OPTION_TEXT,
	  .value = "ID",
	  .summary = "only about this task, workstream, worker or resource",
	  .completes = ARG_ANY_ID },
	{ .name = "operator", .kind = OPTION_TEXT, .value = "NAME", .summary = "only by them" },
	{ .name = "command",
	  .kind = OPTION_TEXT,
	  .value = "PATH",
	  .summary = "only this command: \"task retry\"",
	  .completes = ARG_COMMAND },
	{ .name = "result",
	  .kind = OPTION_CHOICE,
	  .value = "ok|refused|failed",
	  .summary = "only what ended so" },
	{ .name = "limit",
	  .letter = 'n',
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .summary = "only the newest N of these",
	  .min = 1 },
	{ .name = NULL },
};

const struct cmd cmd_interventions = {
	.path = "interventions",
	.summary = "show what people did by hand, and how it ended",
	.usage = "[--since TIME] [--until TIME] [--entity ID] [--result RESULT] [--limit N]",
	.about = "Every command that changes something adds one line to interventions.log, also "
		 "when it is refused. With --format json each entry is as it stands in the file.",
	.example = "sk interventions --since 1h\nsk interventions --entity unit --format json",
	.options = interventions_options,
	.needs = NEED_STATE,
	.run = interventions_run,
};
