/* All resources: who holds them, who waits, and since when one is exhausted. */
#include "cmd/cmd.h"

#include "cmd/hint.h"
#include "cmd/task/resource_page.h"

static void print_json(struct cmd_ctx *c, const struct buf *next)
{
	struct json j;

	json_open(&j, c->out, "resources");
	json_array(&j, "resources");
	for (uint32_t i = 0; i < c->view->st.resource_count; i++) {
		json_object(&j, NULL);
		resource_put_json(c, &j, i);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_next(&j, next);
	json_close(&j);
}

static int resource_list_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(buf_release) struct buf next = BUF_INIT;

	if (!c->view)
		return view_missing(c->paths, e);
	for (uint32_t i = 0; i < c->view->st.resource_count && !next.len; i++)
		resource_put_next(&c->view->st, i, &next);
	if (c->json) {
		print_json(c, &next);
		return EXIT_DONE;
	}
	for (uint32_t i = 0; i < c->view->st.resource_count; i++)
		resource_put_text(c, i);
	if (!c->view->st.resource_count)
		out_puts(c->out, "No plan has named a resource here.\n");
	out_next(c->out, &next);
	return EXIT_DONE;
}

const struct cmd cmd_resource_list = {
	.path = "resource list",
	.alias = "show_resources",
	.summary = "list resources: limit, who holds them, who waits",
	.usage = "",
	.about = "A resource is exhausted when somebody has waited for it for a minute. Waiting is "
		 "no failure: raise the limit only when it is too low for good.",
	.example = "sk resource list",
	.needs = NEED_VIEW | CMD_SERVED,
	.run = resource_list_run,
};
