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

void out_next(struct out *o, const struct buf *commands)
{
	const char *rest = commands->p ? commands->p : "";
	const char *lead = "\nNext: ";

	while (*rest) {
		out_puts(o, lead);
		out_visible(o, take_line(&rest));
		out_puts(o, "\n");
		lead = "      ";
	}
}

void json_next(struct json *j, const struct buf *commands)
{
	const char *rest = commands->p ? commands->p : "";

	json_array(j, "next");
	while (*rest)
		json_span(j, NULL, take_line(&rest));
	json_array_end(j);
}
