/* The fast path of every wrapper script: no file is opened. */
#include "cmd/cmd.h"

static int version_run(struct cmd_ctx *c, struct err *e)
{
	struct json j;

	(void)e;
	if (!c->json) {
		out_puts(c->out, "sk " SK_VERSION "\n");
		return EXIT_DONE;
	}
	json_open(&j, c->out, "version");
	json_text(&j, "name", "sk");
	json_text(&j, "version", SK_VERSION);
	json_close(&j);
	return EXIT_DONE;
}

const struct cmd cmd_version = {
	.path = "version",
	.summary = "print the version (also sk --version)",
	.usage = "",
	.run = version_run,
};
