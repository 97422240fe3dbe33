/* What sk puts into places of others, it can take away again, and says so before. */
#include "cmd/cmd.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "cmd/self.h"
#include "setup/git_hooks.h"

static void print_json(const struct cmd_ctx *c, const struct git_hooks *h, bool dry)
{
	struct json j;

	json_open(&j, c->out, "install");
	json_bool(&j, "dry_run", dry);
	json_text(&j, "hooks_folder", h->folder);
	json_text(&j, "hooks_path", h->setting);
	json_text(&j, "hooks_path_scope", h->scope);
	json_bool(&j, "in_worktree", h->in_worktree);
	json_text(&j, "program", h->program);
	json_array(&j, "hooks");
	for (size_t i = 0; i < GIT_HOOK_COUNT; i++) {
		json_object(&j, NULL);
		json_text(&j, "name", h->v[i].name);
		json_text(&j, "result", git_hook_deed_word(h->v[i].deed));
		json_text(&j, "meaning", git_hook_deed_text(h->v[i].deed));
		json_object_end(&j);
	}
	json_array_end(&j);
	json_close(&j);
}

static void print_text(const struct cmd_ctx *c, const struct git_hooks *h, bool dry)
{
	for (size_t i = 0; i < GIT_HOOK_COUNT; i++)
		out_putf(c->out, "%s/%s: %s\n", h->folder, h->v[i].name,
			 git_hook_deed_text(h->v[i].deed));
	if (h->setting && strcmp(h->scope, "local") != 0 && strcmp(h->scope, "worktree") != 0)
		out_putf(c->out,
			 "core.hooksPath stands in the %s settings: these are the hooks of all "
			 "repositories that use them\n",
			 h->scope);
	if (h->in_worktree)
		out_puts(c->out, "the folder lies among the files of this checkout: other "
				 "checkouts have another one, and git status may show it\n");
	if (dry)
		out_puts(c->out, "dry run: nothing was changed\n");
}

static int install_hooks(struct cmd_ctx *c, bool install, struct err *e)
{
	CLEANUP(git_hooks_release) struct git_hooks h = GIT_HOOKS_INIT;
	bool dry = options_has(c->options, "dry-run");
	char program[PATH_MAX];
	struct git g;
	int rc = self_program(program, "no hook was changed", e);

	if (rc == 0)
		rc = git_open(&g, environ, e);
	if (rc < 0)
		return rc;
	rc = git_hooks_find(&g, NULL, program, &h, e);
	git_close(&g);
	if (rc == 0)
		rc = install ? git_hooks_install(&h, dry, e) : git_hooks_remove(&h, dry, e);
	if (rc < 0)
		return rc;
	if (!dry)
		done_elsewhere(c->done,
			       install ? "the hooks were installed" : "the hooks were removed",
			       "install --install-git-hooks --dry-run");
	if (c->json)
		print_json(c, &h, dry);
	else
		print_text(c, &h, dry);
	return EXIT_DONE;
}

static int install_run(struct cmd_ctx *c, struct err *e)
{
	bool install = options_has(c->options, "install-git-hooks"),
	     remove = options_has(c->options, "remove-git-hooks");

	if (install == remove)
		return err_set(e, -SK_EUSAGE,
			       "install: %s: nothing was changed. Try: sk install "
			       "--install-git-hooks",
			       install ? "hooks cannot be installed and removed at once"
				       : "nothing to install is named");
	return install_hooks(c, install, e);
}

static const struct option_row install_options[] = {
	{ .name = "install-git-hooks",
	  .kind = OPTION_FLAG,
	  .summary = "the commit guard into this repository, before git commit and git push" },
	{ .name = "remove-git-hooks",
	  .kind = OPTION_FLAG,
	  .summary = "take it away, and put back what was there before" },
	{ .name = "dry-run",
	  .kind = OPTION_FLAG,
	  .summary = "say what would be done, and change nothing" },
	{ .name = NULL },
};

const struct cmd cmd_install = {
	.path = "install",
	.summary = "the commit guard into a repository, and out again",
	.usage = "--install-git-hooks|--remove-git-hooks [--dry-run]",
	.about =
		"--install-git-hooks writes pre-commit and pre-push into the folder from which git "
		"runs the hooks of this repository, wherever that is: git is asked, so it is right "
		"in linked worktrees, in submodules and with core.hooksPath. A hook that is there "
		"is "
		"kept as <hook>.backup and still runs first. What is there already and identical "
		"is "
		"left alone.\n\n"
		"The hooks call this program by its absolute path, or the sk on PATH when it has "
		"moved; when there is none the commit passes, with a line that says so. They hold "
		"back what would take along the files of an agent at work: see docs/hooks.md.",
	.example = "sk install --install-git-hooks --dry-run\nsk install --install-git-hooks\n"
		   "sk install --remove-git-hooks",
	.options = install_options,
	.run = install_run,
};
