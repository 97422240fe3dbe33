/*
 * A commit with no agent at work costs one look at the marker and no process. Otherwise git is
 * asked what is being taken along, with the variables that it gave us: `git commit -a` works on an
 * index of its own, which only GIT_INDEX_FILE names.
 */
#include "hooks/git_hook.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "git/git.h"

struct asking {
	struct hook *h;
	const struct git_hook *hook;
	struct git git;
	bool git_there;
	char vars[3][PATH_MAX + 20]; /* GIT_DIR=..., as git gave them */
	const char *var_list[4];
	struct checkout place;
	char root[PATH_MAX];
	struct buf paths, refs, commits;
	struct guard_ask ask;
};

static void asking_release(struct asking *a)
{
	if (a->git_there)
		git_close(&a->git);
	checkout_release(&a->place);
	buf_release(&a->paths);
	buf_release(&a->refs);
	buf_release(&a->commits);
}

static const char *value_of(char *const *environment, const char *name)
{
	size_t len = strlen(name);

	for (; *environment; environment++)
		if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=')
			return *environment + len + 1;
	return NULL;
}

static void take_variables(struct asking *a)
{
	static const char *const names[] = { "GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE" };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = value_of(a->hook->environment, names[i]);

		if (!value || strlen(value) >= PATH_MAX)
			continue;
		snprintf(a->vars[n], sizeof(a->vars[n]), "%s=%s", names[i], value);
		a->var_list[n] = a->vars[n];
		n++;
	}
}

/* Where we are. With --git-dir the working tree need not know its repository; git then tells us. */
static void find_place(struct asking *a)
{
	CLEANUP(mem_free) char *folder = span_dup(a->h->folder);
	const char *given = value_of(a->hook->environment, "GIT_DIR");
	char *last;

	a->ask.checkout = a->h->folder;
	if (folder[0] == '/' && paths_checkout(folder, &a->place)) {
		a->ask.repository = span_of(a->place.root);
		a->ask.checkout = span_of(a->place.top);
	} else if (given && realpath(given, a->root)) {
		last = strrchr(a->root, '/');
		if (last && last > a->root && strcmp(last, "/.git") == 0)
			*last = '\0';
		a->ask.repository = span_of(a->root);
	}
}

static int ask_git(struct asking *a, const char *const *words, struct span input, const char *dir,
		   struct buf *out)
{
	CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
	struct git_call call = { .dir = dir,
				 .words = words,
				 .vars = dir ? NULL : a->var_list,
				 .input = input,
				 .limit_ms = GUARD_GIT_LIMIT_MS };
	struct err e = ERR_INIT;
	int rc = 0;

	if (!a->git_there)
		rc = git_open(&a->git, a->hook->environment, &e);
	a->git_there |= rc == 0;
	if (rc == 0)
		rc = git_must(&a->git, &call, &said, &e);
	if (rc < 0)
		hook_log(a->h, "guard", "error", span_of(e.text));
	else
		buf_put(out, said.out.p, said.out.len);
	return rc;
}

/* Git puts an empty name between the names of two commits. */
static void drop_empty(struct buf *names)
{
	size_t kept = 0;

	for (size_t at = 0; at < names->len;) {
		size_t len = strnlen(names->p + at, names->len - at);

		if (len) {
			memmove(names->p + kept, names->p + at, len);
			names->p[kept + len] = '\0';
			kept += len + 1;
		}
		at += len + 1;
	}
	if (names->len)
		buf_truncate(names, kept < names->len ? kept : names->len);
}

static bool is_commit_name(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!((text.p[i] >= '0' && text.p[i] <= '9') ||
		      (text.p[i] >= 'a' && text.p[i] <= 'f')))
			return false;
	return text.len >= 40 && text.len <= 64;
}

static bool is_nothing(struct span name)
{
	return strspn(name.p, "0") >= name.len;
}

static struct span next_word(struct span *line)
{
	const char *end = line->len ? memchr(line->p, ' ', line->len) : NULL;
	struct span word = { line->p, end ? (size_t)(end - line->p) : line->len };
	size_t used = word.len + (end != NULL);

	*line = (struct span){ line->p + used, line->len - used };
	return word;
}

/* "local-reference its-commit remote-reference its-commit". What is only removed there takes
 * nothing along. */
static bool take_push(struct asking *a, struct span line)
{
	struct span local = next_word(&line), ours = next_word(&line);
	struct span theirs;

	next_word(&line);
	theirs = next_word(&line);
	if (!local.len || !is_commit_name(ours) || !is_commit_name(theirs) || line.len)
		return false;
	if (is_nothing(ours))
		return true;
	buf_put(&a->refs, local.p, local.len);
	buf_putc(&a->refs, '\0');
	buf_putf(&a->commits, "%.*s\n", SPAN_ARG(ours));
	if (!is_nothing(theirs))
		buf_putf(&a->commits, "^%.*s\n", SPAN_ARG(theirs));
	return true;
}

static void read_pushes(struct asking *a)
{
	struct span text = a->hook->input;
	bool known = a->hook->input_whole && (!text.len || text.p[text.len - 1] == '\n');
	size_t lines = 0;

	for (size_t at = 0; known && at < text.len;) {
		const char *end = memchr(text.p + at, '\n', text.len - at);
		struct span line = { text.p + at, (size_t)(end - text.p) - at };

		known = ++lines <= GUARD_REFS_MAX && !memchr(line.p, '\0', line.len) &&
			take_push(a, line);
		at += line.len + 1;
	}
	a->ask.refs_known = known;
	a->ask.refs = (struct span){ a->refs.p, a->refs.len };
}

static void read_paths(struct asking *a)
{
	const char *const *staged =
		GIT_WORDS("diff", "--cached", "--name-only", "-z", "--no-renames", "--no-ext-diff");
	const char *const *pushed =
		GIT_WORDS("log", "--format=", "--name-only", "-z", "--no-renames", "--no-ext-diff",
			  "--stdin", "--not", "--remotes");
	int rc;

	if (a->ask.act == GUARD_COMMIT)
		rc = ask_git(a, staged, SPAN_NONE, NULL, &a->paths);
	else if (!a->ask.refs_known)
		return;
	else
		rc = a->commits.len
			     ? ask_git(a, pushed, (struct span){ a->commits.p, a->commits.len },
				       NULL, &a->paths)
			     : 0;
	drop_empty(&a->paths);
	a->ask.paths_known = rc >= 0;
	a->ask.paths = (struct span){ a->paths.p, a->paths.len };
}

static void branch_of(void *ctx, struct span place, struct buf *out)
{
	CLEANUP(mem_free) char *dir = span_dup(place);
	struct asking *a = ctx;

	if (dir[0] != '/' ||
	    ask_git(a, GIT_WORDS("symbolic-ref", "-q", "HEAD"), SPAN_NONE, dir, out) < 0)
		buf_truncate(out, 0);
	while (out->len && out->p[out->len - 1] == '\n')
		buf_truncate(out, out->len - 1);
}

static bool held(struct asking *a, const struct marker *m, struct guarding *out)
{
	/* First with what is known for nothing. */
	if (!guarding_held(m, &a->ask, NULL, NULL, out))
		return false;
	if (a->ask.act == GUARD_COMMIT && !out->entry->scope.count)
		return true; /* whatever is taken along */
	if (a->ask.act == GUARD_PUSH)
		read_pushes(a);
	if (a->ask.refs_known && !guarding_held(m, &a->ask, branch_of, a, out))
		return false;
	read_paths(a);
	return guarding_held(m, &a->ask, branch_of, a, out);
}

int git_hook_run(struct hook *h, const struct git_hook *g, struct buf *said, struct err *e)
{
	CLEANUP(asking_release) struct asking a = { .h = h, .hook = g, .place = CHECKOUT_INIT };
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct guarding holder;
	struct marker m;
	int rc;

	if (g->off) {
		hook_log(h, "guard", "skipped", SPAN_LIT("SK_GUARD=off"));
		return 0;
	}
	rc = guarding_open(h, g->act, true, &m, said, e);
	if (rc < 0)
		hook_log(h, "guard", "deny", span_of(e->text));
	if (rc <= 0)
		return rc;
	a.ask.act = g->act;
	a.ask.now_ms = h->now_ms;
	take_variables(&a);
	find_place(&a);
	rc = 0;
	if (held(&a, &m, &holder)) {
		guarding_say(&holder, &a.ask, true, &text);
		hook_log(h, "guard", "deny", (struct span){ text.p, text.len });
		rc = err_set(e, -SK_EWORK, "%s", text.p);
	}
	marker_close(&m);
	return rc;
}
