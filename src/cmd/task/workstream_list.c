/* All workstreams, one a line. */
#include "cmd/cmd.h"

#include "cmd/fit.h"
#include "cmd/next.h"
#include "cmd/task/ws_page.h"

static void print_text(struct cmd_ctx *c, const struct buf *next)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(5);
	const struct state *st = &c->view->st;

	for (uint32_t i = 0; i < st->ws_count; i++)
		if (st->ws[i].id.len)
			ws_put_row(c, &t, i);
	if (t.count)
		fit_table(&t, c->out, 0);
	else
		out_puts(c->out, "No workstreams.\n");
	out_next(c->out, next);
}

static void print_json(struct cmd_ctx *c, const struct buf *next)
{
	const struct state *st = &c->view->st;
	struct json j;

	json_open(&j, c->out, "workstreams");
	json_array(&j, "workstreams");
	for (uint32_t i = 0; i < st->ws_count; i++) {
		if (!st->ws[i].id.len)
			continue;
		json_object(&j, NULL);
		ws_put_json(c, &j, i);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_next(&j, next);
	json_close(&j);
}

static int workstream_list_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(buf_release) struct buf next = BUF_INIT;

	if (!c->view)
		return view_missing(c->paths, e);
	for (uint32_t i = 0; i < c->view->st.ws_count && !next.len; i++)
		if (c->view->st.ws[i].id.len)
			ws_put_next(c, i, &next);
	if (c->json)
		print_json(c, &next);
	else
		print_text(c, &next);
	return EXIT_DONE;
}

const struct cmd cmd_workstream_list = {
	.path = "workstream list",
	.summary = "list workstreams, one a line",
	.usage = "",
	.example = "sk workstream list",
	.needs = NEED_VIEW | CMD_SERVED,
	.run = workstream_list_run,
};
