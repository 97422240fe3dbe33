/*
 * Why a workstream failed. What failed is asked of the state; how one thing led to another is told
 * by the journal: each record may name the one that caused it. Where a record names none, the
 * reason that its own words imply is taken, and said to be so.
 */
#include "cmd/cmd.h"

#include "base/when.h"
#include "cmd/task/analysis.h"
#include "cmd/task/event_text.h"
#include "cmd/fit.h"
#include "cmd/next.h"
#include "cmd/task/task_page.h"
#include "cmd/task/thing.h"
#include "cmd/task/ws_page.h"
#include "store/search.h"

#define CHAIN_MAX 8
#define NAMES_MAX 5

struct link {
	uint64_t seq;
	int64_t at_ms;
	uint64_t caused_by;
	bool implied; /* the link to it is not recorded */
	enum event_kind kind;
	struct buf text; /* "unit: failed: exit code 2" */
};

struct chain {
	struct link v[CHAIN_MAX];
	size_t count;
	uint64_t wanted; /* of the search */
};

static void chain_release(struct chain *chain)
{
	for (size_t i = 0; i < chain->count; i++)
		buf_release(&chain->v[i].text);
}

static int take_link(void *ctx, const struct event *ev)
{
	struct chain *chain = ctx;
	struct link *link = &chain->v[chain->count];

	if (ev->seq > chain->wanted)
		return 1;
	*link = (struct link){
		.seq = ev->seq, .at_ms = ev->at_ms, .caused_by = ev->caused_by, .kind = ev->kind
	};
	buf_put_visible(&link->text, event_subject(ev));
	buf_puts(&link->text, ": ");
	event_put_sentence(ev, &link->text);
	if (ev->kind == EV_WS_FAILED && ev->error.len) {
		buf_puts(&link->text, ", ");
		buf_put_visible(&link->text, ev->error);
	}
	chain->count++;
	return 1;
}

/* The record that brought the workstream down, then each one's cause, as far as the journal
 * reaches. */
static int make_chain(struct cmd_ctx *c, uint32_t ws, const struct analysis *a, struct chain *chain,
		      struct err *e)
{
	const struct state *st = &c->view->st;
	bool implied = false;

	chain->wanted = st->ws[ws].state == WS_FAILED ? st->ws[ws].last_seq
			: a->guilty != NO_ID          ? st->tasks[a->guilty].last_seq
						      : 0;
	while (chain->wanted && chain->count < ARRAY_LEN(chain->v)) {
		static const struct search any = SEARCH_INIT;
		size_t before = chain->count;
		const struct link *link;
		int rc = store_search(&c->view->vfs, chain->wanted, &any, take_link, chain, e);

		if (rc < 0)
			return rc;
		if (chain->count == before)
			break; /* in a part of the journal that was moved to the archive */
		link = &chain->v[before];
		chain->v[before].implied = implied;
		chain->wanted = link->caused_by;
		implied = !chain->wanted && link->kind == EV_WS_FAILED && a->guilty != NO_ID;
		if (implied)
			chain->wanted = st->tasks[a->guilty].last_seq;
	}
	return 0;
}

static void print_verdict(struct cmd_ctx *c, uint32_t ws, const struct analysis *a)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	const struct workstream *w = &c->view->st.ws[ws];

	out_puts(c->out, "\n");
	if (a->first != NO_ID) {
		buf_putf(&text, "%s failure: %u of %zu tasks failed, %u completed",
			 a->all_failed ? "Complete" : "Partial", w->by_state[TASK_FAILED],
			 w->task_count, w->by_state[TASK_COMPLETED]);
		if (a->lost)
			buf_putf(&text, ", %u attempts lost with a worker", a->lost);
		buf_puts(&text, ". ");
	}
	buf_puts(&text, verdict_text(a->verdict));
	fit_text(c->out, (struct span){ text.p, text.len }, 0);
}

static void print_first(struct cmd_ctx *c, const struct analysis *a)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(3);

	if (a->first == NO_ID)
		return;
	fit_heading(c->out, a->guilty == a->first ? "Failed first" : "Failed first, and critical");
	task_put_row(c, &t, a->first);
	if (a->guilty != a->first)
		task_put_row(c, &t, a->guilty);
	fit_table(&t, c->out, 2);
}

static void print_chain(struct cmd_ctx *c, const struct chain *chain)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(3);

	if (!chain->count)
		return;
	fit_heading(c->out, "Cause by cause (UTC)");
	for (size_t i = 0; i < chain->count; i++) {
		CLEANUP(buf_release) struct buf when = BUF_INIT;

		buf_put_when(&when, chain->v[i].at_ms);
		table_cell(&t, STYLE_DIM, "%llu", (unsigned long long)chain->v[i].seq);
		table_cell(&t, STYLE_DIM, "%s", when.p);
		table_cell(&t, STYLE_PLAIN, "%s", chain->v[i].text.p);
	}
	fit_table(&t, c->out, 2);
}

/* Appends the ids of failed tasks of one class. */
static void put_names(const struct state *st, const struct workstream *w, enum fault fault,
		      struct buf *out)
{
	size_t named = 0, total = 0;

	for (size_t i = 0; i < w->task_count; i++) {
		const struct task *t = &st->tasks[w->tasks[i]];

		if (t->state != TASK_FAILED || fault_of(t) != fault || total++ >= NAMES_MAX)
			continue;
		buf_putf(out, "%s%.*s", named++ ? ", " : "", SPAN_ARG(t->id));
	}
	if (total > named)
		buf_putf(out, " and %zu more", total - named);
}

static void print_faults(struct cmd_ctx *c, uint32_t ws, const struct analysis *a)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(3);

	for (int f = 1; f < FAULT_COUNT; f++) {
		CLEANUP(buf_release) struct buf names = BUF_INIT;

		if (!a->faults[f])
			continue;
		put_names(&c->view->st, &c->view->st.ws[ws], (enum fault)f, &names);
		table_cell(&t, STYLE_PLAIN, "%u", a->faults[f]);
		table_cell(&t, STYLE_PLAIN, "%s", fault_text((enum fault)f));
		table_cell(&t, STYLE_PLAIN, "%s", names.p);
	}
	if (!t.count)
		return;
	fit_heading(c->out, "How they failed");
	fit_table(&t, c->out, 2);
}

static void print_page(struct cmd_ctx *c, uint32_t ws, const struct analysis *a,
		       const struct chain *chain, const struct buf *next)
{
	CLEANUP(table_release) struct table head = TABLE_INIT(5);

	ws_put_row(c, &head, ws);
	fit_table(&head, c->out, 0);
	print_verdict(c, ws, a);
	print_first(c, a);
	print_chain(c, chain);
	print_faults(c, ws, a);
	out_next(c->out, next);
}

static void chain_json(struct json *j, const struct chain *chain)
{
	json_array(j, "chain");
	for (size_t i = 0; i < chain->count; i++) {
		const struct link *link = &chain->v[i];

		json_object(j, NULL);
		json_u64(j, "seq", link->seq);
		json_time(j, "timestamp", link->at_ms);
		json_text(j, "event", event_rows[link->kind].word);
		json_text(j, "text", link->text.p);
		json_bool(j, "recorded", !link->implied);
		json_object_end(j);
	}
	json_array_end(j);
}

static void failed_json(struct json *j, const struct state *st, const struct workstream *w)
{
	json_array(j, "failed_tasks");
	for (size_t i = 0; i < w->task_count; i++) {
		const struct task *t = &st->tasks[w->tasks[i]];

		if (t->state != TASK_FAILED)
			continue;
		json_object(j, NULL);
		json_span(j, "task_id", t->id);
		json_text(j, "fault", fault_word(fault_of(t)));
		json_text(j, "remedy", remedy_word(remedy_of(t)));
		json_bool(j, "critical", t->flags & TASK_CRITICAL);
		json_span(j, "error", t->error);
		json_time(j, "ended_at", t->ended_ms);
		json_object_end(j);
	}
	json_array_end(j);
}

static void print_json(struct cmd_ctx *c, uint32_t ws, const struct analysis *a,
		       const struct chain *chain, const struct buf *next)
{
	const struct state *st = &c->view->st;
	struct json j;

	json_open(&j, c->out, "analysis");
	ws_put_json(c, &j, ws);
	json_text(&j, "verdict", verdict_word(a->verdict));
	json_text(&j, "text", verdict_text(a->verdict));
	json_bool(&j, "all_failed", a->all_failed);
	if (a->first == NO_ID)
		json_null(&j, "first_failed");
	else
		json_span(&j, "first_failed", st->tasks[a->first].id);
	json_object(&j, "faults");
	for (int f = 1; f < FAULT_COUNT; f++)
		json_u64(&j, fault_word((enum fault)f), a->faults[f]);
	json_object_end(&j);
	json_u64(&j, "attempts_lost", a->lost);
	failed_json(&j, st, &st->ws[ws]);
	chain_json(&j, chain);
	json_next(&j, next);
	json_close(&j);
}

static int workstream_analyze_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(chain_release) struct chain chain = { .count = 0 };
	CLEANUP(buf_release) struct buf next = BUF_INIT;
	struct analysis a;
	uint32_t ws;
	int rc = thing_workstream(c, &ws, e);

	if (rc < 0)
		return rc;
	analysis_make(c->view, ws, &a);
	rc = make_chain(c, ws, &a, &chain, e);
	if (rc < 0)
		return rc;
	analysis_put_next(c->view, ws, &a, &next);
	if (c->json)
		print_json(c, ws, &a, &chain, &next);
	else
		print_page(c, ws, &a, &chain, &next);
	return EXIT_DONE;
}

static const struct option_row workstream_analyze_options[] = {
	WORKSTREAM_ID_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_workstream_analyze = {
	.path = "workstream analyze",
	.alias = "analyze_workstream_failure",
	.summary = "tell why a workstream failed and which way out fits",
	.usage = "WORKSTREAM",
	.about = "What failed first, how one thing led to another, how the tasks failed, and "
		 "whether "
		 "the whole system or only a part is in trouble: everything that ran failed "
		 "(workers, resources or configuration), a critical task failed, or others only.",
	.example = "sk workstream analyze nightly\nsk workstream analyze --workstream-id nightly "
		   "--json",
	.options = workstream_analyze_options,
	.needs = NEED_VIEW | CMD_SERVED,
	.args = ARG_WORKSTREAM,
	.args_max = 1,
	.run = workstream_analyze_run,
};
