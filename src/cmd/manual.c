/*
 * The manual page in mdoc(7), from the table. Text of rows is escaped, because a leading dot or a
 * backslash in a summary would otherwise be taken for a macro.
 */
#include "cmd/cmd.h"

#define WORD_BYTES_MAX 80 /* of our own texts */

/* Running text: no character of it means anything to the formatter. */
static void put_text(struct out *out, const char *text)
{
	for (const char *p = text; *p; p++) {
		bool line_start = p == text || p[-1] == '\n';

		if (*p == '\\')
			out_puts(out, "\\e");
		else if (*p == '-')
			out_puts(out, "\\-");
		else if (line_start && (*p == '.' || *p == '\''))
			out_putf(out, "\\&%c", *p);
		else if (*p == '\n' && p[1] == '\n') {
			out_puts(out, "\n.Pp\n");
			p++;
		} else
			out_put(out, p, 1);
	}
}

/* A paragraph that is indented by itself stands as it is. Returns what follows. */
static const char *put_example(struct out *out, const char *text)
{
	const char *end = strstr(text, "\n\n");
	struct span lines = { text, end ? (size_t)(end - text) : strlen(text) };
	char *copy;

	if (*text != ' ')
		return text;
	copy = span_dup(lines);
	out_puts(out, ".Bd -literal -offset indent\n");
	put_text(out, copy);
	out_puts(out, "\n.Ed\n");
	mem_free(&copy);
	return text + lines.len;
}

/* Prose: each sentence on a line of its own, as the formatter wants it, and no line too long. */
static void put_prose(struct out *out, const char *text)
{
	unsigned used = 0;

	while (*text) {
		size_t len = strcspn(text, " \n");
		char piece[WORD_BYTES_MAX];

		INVARIANT(len < sizeof(piece));
		memcpy(piece, text, len);
		piece[len] = '\0';
		if (used)
			out_puts(out, used + len > 70 ? "\n" : " ");
		used = used + len > 70 ? 0 : used;
		put_text(out, piece);
		used += (unsigned)len + 1;
		text += len;
		if ((len && piece[len - 1] == '.') || (text[0] == '\n' && text[1] == '\n')) {
			out_puts(out, "\n");
			used = 0;
		}
		if (text[0] == '\n' && text[1] == '\n') {
			text = put_example(out, text + 2);
			out_puts(out, ".Pp\n");
		}
		while (*text == ' ' || *text == '\n')
			text++;
	}
	if (used)
		out_puts(out, "\n");
}

/* An argument of a macro: quoted, so that blanks stay inside. */
static void put_quoted(struct out *out, const char *text)
{
	out_puts(out, "\"");
	for (const char *p = text; *p; p++)
		out_put(out, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
	out_puts(out, "\"");
}

static void put_options(struct out *out, const struct option_row *rows)
{
	if (!rows || !rows->name)
		return;
	out_puts(out, ".Bl -tag -width indent\n");
	for (; rows->name; rows++) {
		out_puts(out, ".It ");
		if (rows->letter)
			out_putf(out, "Fl %c , ", rows->letter);
		out_putf(out, "Fl \\-%s", rows->name);
		if (rows->kind != OPTION_FLAG) {
			out_puts(out, " Ar ");
			put_quoted(out, rows->value);
		}
		out_puts(out, "\n");
		put_prose(out, rows->summary);
	}
	out_puts(out, ".El\n");
}

static void put_command(struct out *out, const struct cmd *cmd)
{
	out_puts(out, ".Ss sk ");
	put_text(out, cmd->path);
	out_puts(out, "\n.Bd -literal -offset indent\nsk ");
	put_text(out, cmd->path);
	out_puts(out, *cmd->usage ? " " : "");
	put_text(out, cmd->usage);
	out_puts(out, "\n.Ed\n.Pp\n");
	put_text(out, cmd->summary);
	out_puts(out, ".\n");
	if (cmd->about) {
		out_puts(out, ".Pp\n");
		put_prose(out, cmd->about);
	}
	put_options(out, cmd->options);
	if (!cmd->example)
		return;
	out_puts(out, ".Pp\nExamples:\n.Bd -literal -offset indent\n");
	put_text(out, cmd->example);
	out_puts(out, "\n.Ed\n");
}

static void put_exit_codes(struct out *out)
{
	out_puts(out, ".Sh EXIT STATUS\n.Bl -tag -width indent\n");
#define X(name, number, word, meaning)     \
	out_putf(out, ".It %d\n", number); \
	put_text(out, meaning);            \
	out_puts(out, ".\n");
	EXIT_CODES(X)
#undef X
	out_puts(out, ".El\n");
}

static int manual_run(struct cmd_ctx *c, struct err *e)
{
	(void)e;
	out_puts(c->out,
		 ".Dd $Mdocdate$\n.Dt SK 1\n.Os\n.Sh NAME\n.Nm sk\n"
		 ".Nd run a plan of tasks to its end, whatever is killed on the way\n"
		 ".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar options\n.Sh DESCRIPTION\n"
		 "Every transition of a task is recorded durably before anything is started,\n"
		 "so a killed run continues where it was.\n"
		 "Options that every command takes:\n");
	put_options(c->out, common_options);
	for (size_t i = 0; i < cmd_count; i++) {
		const char *heading = cmd_heading(cmd_table[i]);

		if (heading)
			out_putf(c->out, ".Sh COMMANDS: %s\n", heading);
		if (cmd_shown(cmd_table[i]))
			put_command(c->out, cmd_table[i]);
	}
	out_puts(
		c->out,
		".Sh ENVIRONMENT\n.Bl -tag -width indent\n"
		".It Ev SK_STATE_DIR\nWhere the state lives, unless\n.Fl \\-state-dir\nis given.\n"
		".It Ev NO_COLOR\nNo colours when it is set to anything.\n.El\n"
		".Sh FILES\n.Bl -tag -width indent\n"
		".It Pa .state/transitions.jsonl\nThe journal: every fact, one a line.\n"
		".It Pa .state/current.json\nA snapshot of the state, for other programs to read.\n"
		".It Pa .state/logs/\nThe output of each task.\n.El\n");
	put_exit_codes(c->out);
	return EXIT_DONE;
}

const struct cmd cmd_manual = {
	.path = "__man",
	.summary = "print the manual page",
	.usage = "",
	.needs = CMD_SCRIPT,
	.run = manual_run,
};
