/*
 * What a command does is told by its first words; whoever runs another program in front of them is
 * stepped over. A mistake costs little either way: git's own hook is behind this one.
 */
#include "core/shell_git.h"

#include "core/shell_impl.h"

static void run_text(struct shell *outer, struct span text);

static struct span word_text(const struct command *c, size_t i)
{
	return c->v[i].len ? (struct span){ c->bytes.p + c->v[i].at, c->v[i].len } : SPAN_LIT("");
}

static bool word_is(const struct command *c, size_t i, const char *text)
{
	return i < c->count && !c->v[i].dynamic && span_is(word_text(c, i), text);
}

static bool word_starts(const struct command *c, size_t i, const char *text)
{
	return i < c->count && span_starts(word_text(c, i), text);
}

static struct span base_name(struct span path)
{
	for (size_t i = path.len; i > 0; i--)
		if (path.p[i - 1] == '/')
			return (struct span){ path.p + i, path.len - i };
	return path;
}

static bool is_one_of(struct span text, const char *const *list)
{
	for (; *list; list++)
		if (span_is(text, *list))
			return true;
	return false;
}

static bool is_assignment(struct span text)
{
	size_t i = 0;

	while (i < text.len && (text.p[i] == '_' || (text.p[i] >= 'a' && text.p[i] <= 'z') ||
				(text.p[i] >= 'A' && text.p[i] <= 'Z') ||
				(i > 0 && text.p[i] >= '0' && text.p[i] <= '9')))
		i++;
	return i > 0 && i < text.len && text.p[i] == '=';
}

static void go_to(struct buf *dir, bool *lost, const struct command *c, size_t i)
{
	struct span to;

	if (i >= c->count || c->v[i].dynamic) {
		*lost = true;
		return;
	}
	to = word_text(c, i);
	if (to.len && to.p[0] == '/') {
		buf_truncate(dir, 0);
		*lost = false;
	} else if (dir->len) {
		buf_putc(dir, '/');
	}
	buf_put(dir, to.p, to.len);
}

/* Whether a push has more words than the remote's. A value of an option is taken for one. */
static bool names_what(const struct command *c, size_t i)
{
	unsigned plain = 0;

	for (; i < c->count; i++)
		plain += !word_starts(c, i, "-");
	return plain > 1; /* the first one is the remote */
}

static void run_git(struct shell *s, const struct command *c, size_t i, bool unsure)
{
	static const char *const valued[] = { "-c",           "--namespace",    "--exec-path",
					      "--config-env", "--super-prefix", NULL };
	static const char *const places[] = { "--git-dir", "--work-tree", NULL };
	CLEANUP(buf_release) struct buf dir = BUF_INIT;
	struct shell_git g = { .unsure = unsure };
	bool lost = s->lost;

	buf_put(&dir, s->dir.p, s->dir.len);
	for (; word_starts(c, i, "-"); i++) {
		if (word_is(c, i, "-C")) {
			go_to(&dir, &lost, c, ++i);
		} else if (is_one_of(word_text(c, i), places)) {
			g.unsure = true;
			i++;
		} else if (word_starts(c, i, "--git-dir=") || word_starts(c, i, "--work-tree=")) {
			g.unsure = true;
		} else if (is_one_of(word_text(c, i), valued)) {
			i++;
		}
	}
	if (!word_is(c, i, "commit") && !word_is(c, i, "push"))
		return;
	g.verb = word_is(c, i, "push") ? SHELL_GIT_PUSH : SHELL_GIT_COMMIT;
	for (size_t k = i + 1; k < c->count && !word_is(c, k, "--"); k++)
		if (word_is(c, k, "--dry-run") || word_is(c, k, "--help") ||
		    (g.verb == SHELL_GIT_PUSH && word_is(c, k, "-n")))
			return;
	g.named = g.verb == SHELL_GIT_PUSH && names_what(c, i + 1);
	g.unsure |= lost;
	g.dir = (struct span){ dir.p, dir.len };
	s->found(s->ctx, &g);
}

/* sh -c TEXT, bash -lc TEXT: what it runs. A script in a file is not known. */
static void run_shell(struct shell *s, const struct command *c, size_t i)
{
	bool text = false;

	for (; word_starts(c, i, "-"); i++)
		text |= !word_starts(c, i, "--") && memchr(word_text(c, i).p, 'c', c->v[i].len);
	if (text && i < c->count)
		run_text(s, word_text(c, i));
}

/* Behind a program that runs another one: over its options, and what may belong to them. */
static size_t behind_options(const struct command *c, size_t i)
{
	for (; i < c->count; i++) {
		struct span w = word_text(c, i);

		if (w.len == 2 && w.p[0] == '-' && w.p[1] != '-') {
			struct span next = i + 1 < c->count ? word_text(c, i + 1) : SPAN_NONE;

			/* It may have a value, which is no name of a program. */
			if (strchr("knsucg", w.p[1]) && next.len && next.p[0] != '-')
				i++;
		} else if (!(w.len && (w.p[0] == '-' || (w.p[0] >= '0' && w.p[0] <= '9'))) &&
			   !is_assignment(w)) {
			break;
		}
	}
	return i;
}

void shell_run_command(struct shell *s, const struct command *c)
{
	static const char *const reserved[] = { "if",    "then", "elif", "else", "do",   "while",
						"until", "!",    "{",    "}",    "time", NULL };
	static const char *const between[] = { "env",    "command", "exec",    "nohup",  "nice",
					       "sudo",   "timeout", "builtin", "setsid", "stdbuf",
					       "ionice", "doas",    NULL };
	static const char *const shells[] = { "sh", "bash", "dash", "zsh", "ksh", NULL };
	bool unsure = false;

	for (size_t i = 0; i < c->count;) {
		struct span w = word_text(c, i), name = base_name(w);

		if (is_assignment(w)) {
			unsure |= span_starts(w, "GIT_");
			i++;
		} else if (c->v[i].dynamic) {
			return;
		} else if (is_one_of(w, reserved)) {
			i++;
		} else if (is_one_of(name, between)) {
			i = behind_options(c, i + 1);
		} else if (is_one_of(name, shells)) {
			run_shell(s, c, i + 1);
			return;
		} else if (span_is(name, "cd") || span_is(name, "pushd")) {
			go_to(&s->dir, &s->lost, c, word_is(c, i + 1, "--") ? i + 2 : i + 1);
			s->lost |= word_is(c, i + 1, "-");
			return;
		} else {
			if (span_is(name, "git"))
				run_git(s, c, i + 1, unsure);
			return;
		}
	}
}

static void shell_release(struct shell *s)
{
	buf_release(&s->dir);
	buf_release(&s->delimiters);
}

static void run_text(struct shell *outer, struct span text)
{
	CLEANUP(shell_release)
	struct shell s = { .text = text,
			   .depth = outer->depth + 1,
			   .lost = outer->lost,
			   .found = outer->found,
			   .ctx = outer->ctx };

	buf_put(&s.dir, outer->dir.p, outer->dir.len);
	shell_read_list(&s, '\0');
}

void shell_git_read(struct span text, shell_git_found *found, void *ctx)
{
	CLEANUP(shell_release) struct shell s = { .text = text, .found = found, .ctx = ctx };

	shell_read_list(&s, '\0');
}
