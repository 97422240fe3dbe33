/*
 * dash forks for `sh -c /bin/x`, which doubles the cost of a small task; so a command line without
 * any shell syntax is executed as it stands. When in doubt it goes to the shell: that is always
 * right, only slower. A word that is both a builtin and a program (true, echo, test) is the
 * program; words that only a shell knows go to the shell.
 */
#include "worker/command.h"

#include <errno.h>

#include "base/limits.h"

/* Keywords of the shell, and builtins that are no useful programs. */
static const char *const shell_words[] = {
	"if",      "then",    "else",     "elif",    "fi",       "case",    "esac",     "for",
	"select",  "while",   "until",    "do",      "done",     "in",      "function", "time",
	"coproc",  ".",       ":",        "alias",   "bg",       "bind",    "break",    "builtin",
	"cd",      "command", "continue", "declare", "dirs",     "eval",    "exec",     "exit",
	"export",  "fc",      "fg",       "getopts", "hash",     "jobs",    "let",      "local",
	"logout",  "popd",    "pushd",    "read",    "readonly", "return",  "set",      "shift",
	"shopt",   "source",  "times",    "trap",    "type",     "typeset", "ulimit",   "umask",
	"unalias", "unset",   "wait",
};

void command_release(struct command *c)
{
	mem_free(&c->argv);
	buf_release(&c->text);
	*c = (struct command)COMMAND_INIT;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct span first_word(struct span line)
{
	struct span word;

	while (line.len && is_blank(*line.p))
		line.p++, line.len--;
	word = (struct span){ line.p, 0 };
	while (word.len < line.len && !is_blank(word.p[word.len]))
		word.len++;
	return word;
}

static bool needs_shell(struct span line)
{
	struct span word = first_word(line);

	for (size_t i = 0; i < line.len; i++)
		if (strchr("|&;<>()$`\\\"'*?[]#~=%!{}\n\r\v\f", line.p[i]))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(shell_words); i++)
		if (span_is(word, shell_words[i]))
			return true;
	return false;
}

/* Text is gathered first and pointed to at the end, because it may move while it grows. */
static void point_words(struct command *c, size_t count)
{
	char *at = c->text.p;

	mem_grow(&c->argv, &c->capacity, count + 1, sizeof(*c->argv));
	for (size_t i = 0; i < count; i++) {
		c->argv[i] = at;
		at += strlen(at) + 1;
	}
	c->argv[count] = NULL;
	c->argc = count;
}

static int take_line(struct command *c, struct span line)
{
	size_t count = 0;

	if (needs_shell(line)) {
		buf_put(&c->text, "sh\0-c", 6);
		buf_put(&c->text, line.p, line.len);
		c->shell = true;
		point_words(c, 3);
		return 0;
	}
	for (struct span word = first_word(line); word.len; word = first_word(line)) {
		buf_put(&c->text, word.p, word.len);
		buf_putc(&c->text, '\0');
		line.len -= (size_t)(word.p + word.len - line.p);
		line.p = word.p + word.len;
		count++;
	}
	if (count == 0)
		return -EINVAL;
	point_words(c, count);
	return 0;
}

static int take_list(struct command *c, struct span list)
{
	struct scan_text word = { SPAN_NONE, false };
	size_t count = 0;
	struct scan s;

	scan_init(&s, list);
	scan_array(&s);
	while (scan_item(&s)) {
		scan_string(&s, &word);
		if (s.error || ++count > ARGUMENTS_MAX)
			return -EINVAL;
		scan_unescape(&c->text, word);
		buf_putc(&c->text, '\0');
	}
	if (scan_end(&s) < 0 || count == 0 || !c->text.p[0])
		return -EINVAL;
	point_words(c, count);
	return 0;
}

int command_prepare(struct command *c, const struct command_def *def, const char **why)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;

	buf_truncate(&c->text, 0);
	c->argc = 0;
	c->shell = false;
	if (def->argv.len) {
		*why = "its list of words is empty or not a list of words";
		return take_list(c, def->argv);
	}
	*why = "it is empty";
	if (!def->run.escaped)
		return take_line(c, def->run.raw);
	scan_unescape(&line, def->run);
	return take_line(c, (struct span){ line.p, line.len });
}

void command_through_shell(struct command *c)
{
	CLEANUP(buf_release) struct buf words = BUF_INIT;
	size_t count = c->argc + 1;

	buf_put(&words, "sh", 3);
	for (size_t i = 0; i < c->argc; i++)
		buf_put(&words, c->argv[i], strlen(c->argv[i]) + 1);
	buf_truncate(&c->text, 0);
	buf_put(&c->text, words.p, words.len);
	point_words(c, count);
}

void command_put_shown(struct buf *out, const struct command_def *def, size_t max)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	struct span shown = def->argv;

	if (!shown.len) {
		scan_unescape(&line, def->run);
		shown = (struct span){ line.p, line.len };
	}
	if (shown.len > max) {
		buf_put_visible(out, (struct span){ shown.p, max });
		buf_puts(out, "...");
		return;
	}
	buf_put_visible(out, shown);
}
