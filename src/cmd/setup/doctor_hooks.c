/*
 * What holds agents back and leads them home stands in files of others, which an update, a new
 * checkout or a colleague takes away without a word. So it is read again here: where git looks for
 * hooks, and where the hosts of agents look for theirs. What it says of a host that is not
 * installed nobody needs.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "cmd/goal/agent_config.h"
#include "cmd/self.h"
#include "cmd/setup/doctor.h"
#include "hooks/host_config.h"
#include "os/fd.h"
#include "setup/git_hooks.h"

extern char **environ;

#define INSTALL "sk install --install-git-hooks"

/* What an installation would do to the hooks says what they are. */
static void judge_guard(struct check *k, const struct git_hooks *h)
{
	size_t missing = 0, other = 0;

	for (size_t i = 0; i < GIT_HOOK_COUNT; i++) {
		missing += h->v[i].deed == GIT_HOOK_WRITE || h->v[i].deed == GIT_HOOK_CHAIN;
		other += h->v[i].deed == GIT_HOOK_UPDATE;
	}
	if (missing == GIT_HOOK_COUNT)
		check_say(k, HEALTH_WARN, INSTALL,
			  "%s: the commit guard is not installed: agents may commit and push what "
			  "they like",
			  h->folder);
	else if (missing)
		check_say(k, HEALTH_WARN, INSTALL,
			  "%s: the commit guard is installed in part: one of pre-commit and "
			  "pre-push is missing",
			  h->folder);
	else if (other)
		check_say(k, HEALTH_WARN, INSTALL,
			  "%s: the commit guard is that of another version, or calls another sk "
			  "than %s",
			  h->folder, h->program);
	else
		check_say(k, HEALTH_PASS, NULL, "%s: the commit guard is installed", h->folder);
}

void check_guard(struct check *k)
{
	CLEANUP(git_hooks_release) struct git_hooks h = GIT_HOOKS_INIT;
	CLEANUP(git_close) struct git g = GIT_INIT;
	struct err e = ERR_INIT;
	char program[PATH_MAX];
	int rc = self_program(program, "it was not looked", &e);

	if (rc == 0)
		rc = git_open(&g, environ, &e);
	if (rc == 0)
		rc = git_hooks_find(&g, NULL, program, &h, &e);
	if (rc == -SK_ENOTFOUND) {
		check_say(k, HEALTH_PASS, NULL, "there is no repository here");
		return;
	}
	if (rc == 0)
		rc = git_hooks_install(&h, true, &e);
	if (rc < 0) {
		struct span said = span_of(e.text), what = span_before(said, ". Try: ");

		check_say(k, HEALTH_WARN,
			  what.len < said.len ? what.p + what.len + strlen(". Try: ") : NULL,
			  "%.*s", SPAN_ARG(span_before(what, ": no hook was changed")));
		return;
	}
	judge_guard(k, &h);
}

enum told { TOLD_NOTHING, TOLD_IN_PART, TOLD_ALL };

/* What one host was told, in the file that tells it most. */
struct host {
	enum hook_agent agent;
	enum told told;
	bool here;        /* it can be started */
	struct buf place; /* of the file */
	struct buf fault; /* what is wrong with a file; empty when nothing is */
};

static void host_release(struct host *h)
{
	buf_release(&h->place);
	buf_release(&h->fault);
}

/* An absolute path that leads nowhere; in quotes as a shell reads it, or not. */
static bool program_gone(const struct buf *program)
{
	CLEANUP(buf_release) struct buf plain = BUF_INIT;
	bool quoted = program->len > 1 && program->p[0] == '\'';

	for (size_t i = 0; i < program->len; i++) {
		if (quoted && strncmp(program->p + i, "'\\''", 4) == 0) {
			buf_putc(&plain, '\'');
			i += 3;
		} else if (!quoted || program->p[i] != '\'') {
			buf_putc(&plain, program->p[i]);
		}
	}
	return plain.len && plain.p[0] == '/' && access(plain.p, X_OK) < 0;
}

static void fault(struct host *h, const char *path, const char *what)
{
	if (!h->fault.len)
		buf_putf(&h->fault, "%s: %s", path, what);
}

static void look_into(struct host *h, const char *path)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	CLEANUP(host_look_release) struct host_look look = { .program = BUF_INIT };
	int rc = fd_read_file_at(AT_FDCWD, path, HOST_CONFIG_BYTES_MAX, &text);
	enum told told;

	if (rc == -ENOENT || rc == -ENOTDIR)
		return;
	if (rc == 0)
		rc = host_config_look(h->agent, (struct span){ text.p, text.len }, &look);
	if (rc < 0) {
		fault(h, path, rc == -EINVAL ? "is no JSON that can be read" : strerror(-rc));
		return;
	}
	told = look.told == (UINT32_C(1) << host_config_events(h->agent)) - 1 ? TOLD_ALL
	       : look.told                                                    ? TOLD_IN_PART
									      : TOLD_NOTHING;
	if (told && look.off)
		fault(h, path, "turns all hooks off");
	else if (told && program_gone(&look.program))
		fault(h, path, "calls an sk that is not there");
	else if (told > h->told) {
		h->told = told;
		buf_truncate(&h->place, 0);
		buf_puts(&h->place, path);
	}
}

static void look_below(struct host *h, const char *folder, const char *file)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;

	if (!folder)
		return;
	buf_putf(&path, "%s/%s", folder, file);
	look_into(h, path.p);
}

/* Everything that the host reads: the user's file, and those of the repository. */
static void look_at_host(const struct check *k, const struct agents *all, struct host *h)
{
	const char *file = host_config_file(h->agent), *root = k->c->goal_paths->root;
	const struct agent *agent = agents_find(all, span_of(hook_agent_word(h->agent)));
	char program[PATH_MAX];

	h->here = agent && agent_program(agent, root, program, sizeof(program)) == 0;
	look_below(h, getenv("HOME"), file);
	if (h->agent == HOOK_BY_COPILOT)
		file = ".github/hooks/holdfast.json";
	look_below(h, root, file);
	if (h->agent == HOOK_BY_CLAUDE)
		look_below(h, root, ".claude/settings.local.json");
}

static void put_separated(struct buf *list, const char *text)
{
	buf_putf(list, "%s%s", list->len ? "; " : "", text);
}

/* What a person reads of it; returns whether something is to be done about it. */
static bool judge_host(const struct host *h, bool claude_told, struct buf *told, struct buf *fault)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	const char *word = hook_agent_word(h->agent);

	if (h->fault.len)
		buf_putf(&line, "%s: %s", word, h->fault.p);
	else if (h->told == TOLD_IN_PART)
		buf_putf(&line, "%s: %s: not all events are asked for", word, h->place.p);
	else if (!h->told && h->here && !(h->agent == HOOK_BY_COPILOT && claude_told))
		buf_putf(&line, "%s is not told to call sk", word);
	if (line.len)
		put_separated(fault, line.p);
	else if (h->told)
		buf_putf(told, "%s%s (%s)", told->len ? ", " : "", word, h->place.p);
	return line.len > 0;
}

void check_hosts(struct check *k)
{
	CLEANUP(agents_release) struct agents all = AGENTS_INIT;
	CLEANUP(buf_release) struct buf told = BUF_INIT, faults = BUF_INIT, try = BUF_INIT;
	struct err e = ERR_INIT;
	bool claude = false;

	if (agent_config_load(k->c, &all, &e) < 0) {
		check_say(k, HEALTH_WARN, NULL, "%s", e.text);
		return;
	}
	for (int i = HOOK_BY_UNKNOWN + 1; i < HOOK_AGENT_COUNT; i++) {
		CLEANUP(host_release) struct host h = { .agent = (enum hook_agent)i };

		look_at_host(k, &all, &h);
		claude |= h.agent == HOOK_BY_CLAUDE && h.told == TOLD_ALL;
		if (judge_host(&h, claude, &told, &faults) && !try.len)
			buf_putf(&try, "sk hooks config %s, whose output belongs into ~/%s",
				 hook_agent_word(h.agent), host_config_file(h.agent));
	}
	if (faults.len)
		check_say(k, HEALTH_WARN, try.p, "%s%s%s", faults.p,
			  told.len ? "; events come from " : "", told.len ? told.p : "");
	else if (told.len)
		check_say(k, HEALTH_PASS, NULL, "events come from %s", told.p);
	else
		check_say(k, HEALTH_PASS, NULL, "no host that could be told is installed");
}
