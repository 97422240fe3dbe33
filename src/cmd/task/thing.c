/* Runbooks type --task-id, people type the id; both must be refused in the same words. */
#include "cmd/task/thing.h"

static int typed(const struct cmd_ctx *c, const char *option, const char **out, struct err *e)
{
	const char *named = options_text(c->options, option);
	const char *plain = c->options->arg_count ? c->options->args[0] : NULL;
	const char *path = c->cmd->path;

	if (named && plain && strcmp(named, plain) != 0)
		return err_set(e, -SK_EUSAGE,
			       "%s: --%s and the plain word name two different things: nothing was "
			       "done. Try: sk help %s",
			       path, option, path);
	if (!named && !plain)
		return err_set(
			e, -SK_EUSAGE,
			"%s: something is missing (sk %s %s). Nothing was done. Try: sk help "
			"%s",
			path, path, c->cmd->usage, path);
	*out = named ? named : plain;
	return c->view ? 0 : view_missing(c->paths, e);
}

int thing_task(const struct cmd_ctx *c, uint32_t *out, struct err *e)
{
	const char *id = NULL;
	int rc = typed(c, "task-id", &id, e);

	return rc < 0 ? rc : view_task(c->view, id, out, e);
}

int thing_workstream(const struct cmd_ctx *c, uint32_t *out, struct err *e)
{
	const char *id = NULL;
	int rc = typed(c, "workstream-id", &id, e);

	return rc < 0 ? rc : view_workstream(c->view, id, out, e);
}

int thing_worker(const struct cmd_ctx *c, uint32_t *out, struct err *e)
{
	const char *id = NULL;
	int rc = typed(c, "worker-id", &id, e);

	return rc < 0 ? rc : view_worker(c->view, id, out, e);
}

int thing_resource(const struct cmd_ctx *c, uint32_t *out, struct err *e)
{
	const char *id = NULL;
	int rc = typed(c, "resource-id", &id, e);

	return rc < 0 ? rc : view_resource(c->view, id, out, e);
}
