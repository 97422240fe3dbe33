/* What an agent should read beside its prompt, gathered for one that is started by other means. */
#include "cmd/goal/tentacles.h"
#include "work/bundle.h"

static int tentacle_bundle_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	const char *form = options_text(c->options, "output");
	const struct tentacle *t;
	struct json j;
	int rc = tentacles_open(c, GOALS_WRITE, &s, &t, e);

	if (rc == 0)
		rc = bundle_make(s, t, c->now_ms, e);
	if (rc < 0)
		return rc;
	buf_putf(&path, "%s/" TENTACLES_DIR "/%.*s/" BUNDLE_DIR, goal_store_dir(s),
		 SPAN_ARG(t->name));
	if (c->json || (form && strcmp(form, "json") == 0)) {
		json_open(&j, c->out, "bundle");
		json_span(&j, "tentacle", t->name);
		json_text(&j, "bundle_path", path.p);
		json_close(&j);
	} else {
		out_putf(c->out, "%s\n", path.p);
	}
	return EXIT_DONE;
}

static const struct option_row tentacle_bundle_options[] = {
	{ .name = "output",
	  .kind = OPTION_CHOICE,
	  .value = "text|json",
	  .summary = "how to tell where it is (text)" },
	{ .name = NULL },
};

const struct cmd cmd_tentacle_bundle = {
	.path = "tentacle bundle",
	.summary = "gather what an agent should read",
	.usage = "NAME",
	.about = "Writes bundle/ in the tentacle's folder, with manifest.json naming its files. It "
		 "is made anew by each dispatch.",
	.example = "sk tentacle bundle port-parser",
	.options = tentacle_bundle_options,
	.needs = NEED_GOALS,
	.args = ARG_TENTACLE,
	.args_min = 1,
	.args_max = 1,
	.run = tentacle_bundle_run,
};
