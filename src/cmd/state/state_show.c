/*
 * The state as it is recorded, now or at any moment of the past. One thing is cut out of the same
 * document that current.json is, so nothing can be shown that is not recorded, and nothing is left
 * out.
 */
#include <errno.h>
#include <stdio.h>

#include "base/scan.h"
#include "base/when.h"
#include "cmd/cmd.h"
#include "cmd/fit.h"
#include "cmd/state/moment.h"
#include "cmd/state/past.h"
#include "cmd/run/served.h"
#include "cmd/view.h"
#include "core/state_codec.h"
#include "os/fd.h"

struct showing {
	struct cmd_ctx *c;
	struct past past;
	const struct state *st; /* that one, or one that is lent */
	int part;               /* enum state_part of the one thing that is wanted, or -1 */
	const char *id;         /* of it */
};

static void encode(const struct showing *s, struct buf *out)
{
	const struct snapshot_place nowhere = { 0, 0, 0 };

	state_encode(s->st, &nowhere, s->st->last_at_ms, out);
	while (out->len && out->p[out->len - 1] == '\n')
		buf_truncate(out, out->len - 1);
}

static void print_members(struct out *out, struct span object)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(2);
	struct scan_text key;
	struct scan s;

	scan_init(&s, object);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		struct span value;

		scan_skip(&s, &value);
		table_span(&t, STYLE_DIM, key.raw);
		table_span(&t, STYLE_PLAIN, value);
	}
	fit_table(&t, out, 2);
}

static void print_head(const struct showing *s)
{
	CLEANUP(buf_release) struct buf when = BUF_INIT;
	const struct state *st = s->st;

	buf_put_when(&when, st->last_at_ms);
	out_putf(s->c->out, "behind seq %llu, %s UTC\n", (unsigned long long)st->last_seq, when.p);
}

static int show_thing(const struct showing *s, struct err *e)
{
	CLEANUP(buf_release) struct buf object = BUF_INIT;
	const char *word = state_part_word((enum state_part)s->part);
	struct json j;

	if (!state_encode_thing(s->st, (enum state_part)s->part, span_of(s->id), &object))
		return err_set(e, -SK_ENOTFOUND,
			       "%s \"%.64s\": does not exist behind seq %llu. Try: sk state show",
			       word, s->id, (unsigned long long)s->st->last_seq);
	if (!s->c->json) {
		print_head(s);
		out_putf(s->c->out, "%s ", word);
		out_visible(s->c->out, span_of(s->id));
		out_puts(s->c->out, "\n");
		print_members(s->c->out, (struct span){ object.p, object.len });
		return EXIT_DONE;
	}
	json_open(&j, s->c->out, "state");
	json_u64(&j, "seq", s->st->last_seq);
	json_time(&j, "at", s->st->last_at_ms);
	json_text(&j, "entity_type", word);
	json_text(&j, "entity_id", s->id);
	json_raw(&j, "state", (struct span){ object.p, object.len });
	json_close(&j);
	return EXIT_DONE;
}

static void put_counts(const uint32_t *by_state, struct buf *out)
{
	for (int state = 0; state < TASK_STATE_COUNT; state++)
		if (by_state[state])
			buf_putf(out, "%s%u %s", out->len ? ", " : "", by_state[state],
				 task_state_word((unsigned)state));
}

static void print_all(const struct showing *s)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(4);
	const struct state *st = s->st;

	print_head(s);
	for (size_t i = 0; i < st->ws_count; i++) {
		CLEANUP(buf_release) struct buf counts = BUF_INIT;
		const struct workstream *w = &st->ws[i];

		if (!w->id.len)
			continue;
		put_counts(w->by_state, &counts);
		table_cell(&t, STYLE_DIM, "workstream");
		table_span(&t, STYLE_BOLD, w->id);
		table_cell(&t, STYLE_PLAIN, "%s", ws_state_word(w->state));
		table_cell(&t, STYLE_PLAIN, "%s", counts.p ? counts.p : "no tasks");
	}
	for (size_t i = 0; i < st->worker_count; i++) {
		table_cell(&t, STYLE_DIM, "worker");
		table_span(&t, STYLE_BOLD, st->workers[i].id);
		table_cell(&t, STYLE_PLAIN, "%s", worker_state_word(st->workers[i].state));
		table_cell(&t, STYLE_PLAIN, "%u task%s", st->workers[i].assigned,
			   PLURAL(st->workers[i].assigned));
	}
	for (size_t i = 0; i < st->resource_count; i++) {
		const struct resource *r = &st->resources[i];

		table_cell(&t, STYLE_DIM, "resource");
		table_span(&t, STYLE_BOLD, r->id);
		table_cell(&t, STYLE_PLAIN, "%llu of %u held", (unsigned long long)r->held,
			   r->limit);
		table_cell(&t, STYLE_PLAIN, "%zu waiting", r->waiters.count);
	}
	fit_table(&t, s->c->out, 2);
}

static void show_all(const struct showing *s)
{
	CLEANUP(buf_release) struct buf document = BUF_INIT;
	struct json j;

	if (!s->c->json) {
		print_all(s);
		return;
	}
	encode(s, &document);
	json_open(&j, s->c->out, "state");
	json_u64(&j, "seq", s->st->last_seq);
	json_time(&j, "at", s->st->last_at_ms);
	json_raw(&j, "state", (struct span){ document.p, document.len });
	json_close(&j);
}

static int find_wanted(struct showing *s, struct err *e)
{
	static const char *const options[PART_COUNT] = {
		[PART_TASK] = "task-id",
		[PART_WORKSTREAM] = "workstream-id",
		[PART_WORKER] = "worker-id",
		[PART_RESOURCE] = "resource-id",
	};
	unsigned given = 0;

	s->part = -1;
	for (int part = 0; part < PART_COUNT; part++) {
		const char *id = options_text(s->c->options, options[part]);

		if (!id)
			continue;
		s->part = part;
		s->id = id;
		given++;
	}
	if (given > 1 ||
	    (options_has(s->c->options, "at") && options_has(s->c->options, "at-time")))
		return err_set(e, -SK_EUSAGE,
			       "state show: these options exclude each other: nothing was shown. "
			       "Try: sk help state show");
	return 0;
}

static int print_page(const struct showing *s, struct err *e)
{
	if (s->part >= 0)
		return show_thing(s, e);
	show_all(s);
	return EXIT_DONE;
}

static int read_and_show(struct showing *s, const struct vfs *vfs, struct err *e)
{
	const char *time = options_text(s->c->options, "at-time");
	int64_t at_ms = 0;
	int rc = 0;

	s->st = &s->past.st;
	if (time)
		rc = moment_option("state show", "at-time", time, s->c->now_ms, &at_ms, e);
	if (rc < 0)
		return rc;
	if (time)
		rc = past_read_time(vfs, at_ms, &s->past, e);
	else if (options_has(s->c->options, "at"))
		rc = past_read_seq(vfs, options_number(s->c->options, "at", 0), &s->past, e);
	else
		rc = past_read(s->c, vfs, "current", &s->past, e);
	return rc < 0 ? rc : print_page(s, e);
}

/* The present state may be at hand somewhere. */
static int show_at_hand(struct showing *s, int *exit_code, struct err *e)
{
	struct cmd_ctx *c = s->c;

	if (c->view) {
		s->st = &c->view->st;
		*exit_code = print_page(s, e);
		return *exit_code < 0 ? *exit_code : 1;
	}
	if (options_has(c->options, "at") || options_has(c->options, "at-time"))
		return 0;
	return served_aside(c, &(struct served_wish){ 0 }, exit_code, e);
}

static int state_show_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	CLEANUP(fd_close) int dir = paths_open(c->paths, false, &why);
	struct showing s = { .c = c };
	struct vfs vfs;
	int exit_code = 0, rc = find_wanted(&s, e);

	if (rc == 0)
		rc = show_at_hand(&s, &exit_code, e);
	if (rc != 0)
		return rc < 0 ? rc : exit_code;
	if (dir == -ENOENT)
		return view_missing(c->paths, e);
	if (dir < 0)
		return view_paths_problem(dir, &why, e);
	vfs_real_open(&vfs, dir);
	state_init(&s.past.st);
	rc = read_and_show(&s, &vfs, e);
	past_release(&s.past);
	vfs_real_close(&vfs);
	return rc;
}

static const struct option_row state_show_options[] = {
	{ .name = "at",
	  .kind = OPTION_NUMBER,
	  .value = "SEQ",
	  .summary = "as it was behind this record",
	  .min = 1 },
	{ .name = "at-time",
	  .kind = OPTION_TEXT,
	  .value = "TIME",
	  .summary = "as it was then: 2026-11-21T08:43:00Z, or 10m for ten minutes ago" },
	{ .name = "task-id",
	  .kind = OPTION_TEXT,
	  .value = "ID",
	  .summary = "all that is recorded of this task",
	  .completes = ARG_TASK },
	{ .name = "workstream-id",
	  .kind = OPTION_TEXT,
	  .value = "ID",
	  .summary = "of this workstream",
	  .completes = ARG_WORKSTREAM },
	{ .name = "worker-id",
	  .kind = OPTION_TEXT,
	  .value = "ID",
	  .summary = "of this worker",
	  .completes = ARG_WORKER },
	{ .name = "resource-id",
	  .kind = OPTION_TEXT,
	  .value = "ID",
	  .summary = "of this resource",
	  .completes = ARG_RESOURCE },
	{ .name = NULL },
};

const struct cmd cmd_state_show = {
	.path = "state show",
	.summary = "show the state as it is recorded, now or as it was",
	.usage = "[--at SEQ | --at-time TIME] [--task-id ID | --workstream-id ID | ...]",
	.about = "It only reads, takes no lock and works beside a busy orchestrator. With --format "
		 "json the whole document is printed, in the form of current.json. A past state is "
		 "made from the journal, closed files included.",
	.example =
		"sk state show --at 120 --task-id unit\nsk state show --at-time 10m --format json",
	.options = state_show_options,
	.needs = NEED_STATE | CMD_ASIDE,
	.run = state_show_run,
};
