/*
 * What is printed here is meant to be copied back into a shell, so a path that holds a blank or a
 * quote is quoted, and a log is named the way the reader's folder sees it.
 */
#include "cmd/hint.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "core/cycle.h"

void put_shell_word(struct buf *out, struct span word)
{
	bool plain = word.len > 0;

	for (size_t i = 0; plain && i < word.len; i++)
		plain = (word.p[i] >= 'a' && word.p[i] <= 'z') ||
			(word.p[i] >= 'A' && word.p[i] <= 'Z') ||
			(word.p[i] >= '0' && word.p[i] <= '9') ||
			(word.p[i] && strchr("._-/=+,@%:", word.p[i]));
	if (plain) {
		buf_put(out, word.p, word.len);
		return;
	}
	buf_putc(out, '\'');
	for (size_t i = 0; i < word.len; i++)
		if (word.p[i] == '\'')
			buf_puts(out, "'\\''");
		else
			buf_putc(out, word.p[i]);
	buf_putc(out, '\'');
}

void put_run_command(const struct state *st, uint32_t ws, struct buf *out)
{
	const struct workstream *w = &st->ws[ws];

	if (w->flags & WSF_HALTED) {
		buf_putf(out, "sk workstream dag %.*s", SPAN_ARG(w->id));
		return;
	}
	buf_puts(out, "sk run ");
	if (ws_planned_in_circles(st, ws))
		buf_puts(out, "--halt-on-cycle ");
	if (w->plan.len)
		put_shell_word(out, w->plan);
	else
		buf_puts(out, "PLAN");
}

void put_typed_command(const struct cmd *cmd, const struct options *o, const char *without,
		       struct buf *out)
{
	buf_putf(out, "sk %s", cmd->path);
	for (size_t i = 0; i < o->given_count; i++) {
		const struct option_given *g = &o->given[i];

		if (strcmp(g->row->name, without) == 0)
			continue;
		buf_putf(out, " --%s", g->row->name);
		if (g->row->kind == OPTION_FLAG)
			continue;
		buf_putc(out, ' ');
		put_shell_word(out, span_of(g->text));
	}
	for (size_t i = 0; i < o->arg_count; i++) {
		buf_putc(out, ' ');
		put_shell_word(out, span_of(o->args[i]));
	}
}

bool put_log_path(const struct paths *paths, struct span task_id, struct buf *out)
{
	char cwd[PATH_MAX];
	const char *shown = paths->state_dir;
	size_t len, before = out->len;

	if (getcwd(cwd, sizeof(cwd))) {
		len = strlen(cwd);
		if (strncmp(shown, cwd, len) == 0 && shown[len] == '/')
			shown += len + 1;
	}
	buf_putf(out, "%s/logs/%.*s.log", shown, SPAN_ARG(task_id));
	if (faccessat(AT_FDCWD, out->p + before, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	buf_truncate(out, before);
	return false;
}

/* The first line of the text, and behind it the next one. */
static struct span take_line(const char **text)
{
	struct span line = { *text, strcspn(*text, "\n") };

	*text += line.len + ((*text)[line.len] == '\n');
	return line;
}

#define ADVICE_WORDS_MAX 6 /* of the longest path, and sk */

static bool takes_goal(const struct cmd *cmd)
{
	for (const struct option_row *row = cmd->options; row && row->name; row++)
		if (strcmp(row->name, "goal") == 0)
			return true;
	return false;
}

/* How many bytes of the command are sk and the path of a row that takes --goal; else 0. */
static size_t goal_command_len(struct span command)
{
	CLEANUP(mem_free) char *text = span_dup(command);
	char *words[ADVICE_WORDS_MAX], *rest = text, *word;
	const struct cmd *cmd;
	size_t count = 0, used;

	while (count < ADVICE_WORDS_MAX && (word = strsep(&rest, " ")))
		words[count++] = word;
	if (count < 2 || strcmp(words[0], "sk") != 0)
		return 0;
	cmd = cmd_find(words + 1, count - 1, &used);
	if (!cmd || !takes_goal(cmd))
		return 0;
	return (size_t)(words[used] - text) + strlen(words[used]);
}

void put_advice(struct buf *out, struct span command, const char *goal)
{
	bool says_it = memmem(command.p, command.len, " --goal ", strlen(" --goal ")) != NULL;
	size_t len = goal && !says_it ? goal_command_len(command) : 0;

	buf_put(out, command.p, len);
	if (len) {
		buf_puts(out, " --goal ");
		put_shell_word(out, span_of(goal));
	}
	buf_put(out, command.p + len, command.len - len);
}

/* The next command of the list, as it is shown. */
static struct span next_line(const struct out *o, const char **rest, struct buf *shown)
{
	buf_truncate(shown, 0);
	put_advice(shown, take_line(rest), o->goal);
	return (struct span){ shown->p, shown->len };
}

void out_next(struct out *o, const struct buf *commands)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	const char *rest = commands->p ? commands->p : "";
	const char *lead = "\nNext: ";

	while (*rest) {
		out_puts(o, lead);
		out_visible(o, next_line(o, &rest, &shown));
		out_puts(o, "\n");
		lead = "      ";
	}
}

void json_next(struct json *j, const struct buf *commands)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	const char *rest = commands->p ? commands->p : "";

	json_array(j, "next");
	while (*rest)
		json_span(j, NULL, next_line(j->out, &rest, &shown));
	json_array_end(j);
}

void out_nothing(struct out *o, const char *what, const char *command)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;

	put_advice(&shown, span_of(command), o->goal);
	out_putf(o, "%s. Try: %s\n", what, shown.p);
}
