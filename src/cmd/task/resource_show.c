/* One resource. */
#include "cmd/cmd.h"

#include "cmd/hint.h"
#include "cmd/task/resource_page.h"
#include "cmd/task/thing.h"

static int resource_show_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(buf_release) struct buf next = BUF_INIT;
	uint32_t resource;
	struct json j;
	int rc = thing_resource(c, &resource, e);

	if (rc < 0)
		return rc;
	resource_put_next(&c->view->st, resource, &next);
	if (c->json) {
		json_open(&j, c->out, "resource");
		resource_put_json(c, &j, resource);
		json_next(&j, &next);
		json_close(&j);
	} else {
		resource_put_text(c, resource);
		out_next(c->out, &next);
	}
	return EXIT_DONE;
}

static const struct option_row resource_show_options[] = {
	RESOURCE_ID_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_resource_show = {
	.path = "resource show",
	.alias = "show_resource_holders",
	.summary = "show one resource: limit, who holds it, who waits",
	.usage = "RESOURCE",
	.example = "sk resource show git_repo_write",
	.options = resource_show_options,
	.needs = NEED_VIEW | CMD_SERVED,
	.args = ARG_RESOURCE,
	.args_max = 1,
	.run = resource_show_run,
};
