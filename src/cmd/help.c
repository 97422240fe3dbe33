/* Help is printed from the table, so it cannot promise what does not exist. */
#include "cmd/help.h"

#include "base/limits.h"
#include "cmd/fit.h"

#define USAGE_COLUMNS 80

void help_option_words(struct buf *b, const struct option_row *row)
{
	if (row->letter)
		buf_putf(b, "-%c, ", row->letter);
	buf_putf(b, "--%s", row->name);
	if (row->kind != OPTION_FLAG)
		buf_putf(b, " %s", row->value);
}

#define CHOICE_COLUMNS 40

/* Choices that are too many for a column stand behind the summary. */
static bool many_choices(const struct option_row *row)
{
	return row->kind == OPTION_CHOICE && strlen(row->value) > CHOICE_COLUMNS;
}

static void column_words(struct buf *b, const struct option_row *row)
{
	struct option_row shown = *row;

	if (many_choices(row))
		shown.value = "WORD";
	help_option_words(b, &shown);
}

static void put_summary(struct out *out, const struct option_row *row, unsigned indent)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	buf_puts(&text, row->summary);
	if (many_choices(row))
		buf_puts(&text, ": ");
	for (const char *p = row->value; many_choices(row) && *p; p++) {
		if (*p == '|')
			buf_puts(&text, ", ");
		else
			buf_putc(&text, *p);
	}
	out_hanging(out, text.p, indent);
}

static void print_options(struct out *out, const char *title, const struct option_row *rows)
{
	unsigned width = 0;

	if (!rows || !rows->name)
		return;
	for (const struct option_row *row = rows; row->name; row++) {
		CLEANUP(buf_release) struct buf words = BUF_INIT;

		column_words(&words, row);
		if (words.len > width)
			width = (unsigned)words.len;
	}
	out_puts(out, "\n");
	out_style(out, STYLE_BOLD, title);
	out_puts(out, "\n");
	for (; rows->name; rows++) {
		CLEANUP(buf_release) struct buf words = BUF_INIT;

		column_words(&words, rows);
		out_putf(out, "  %-*s  ", (int)width, words.p);
		put_summary(out, rows, width + 4);
	}
}

/* Every line of the text indented by two blanks. */
static void print_block(struct out *out, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		out_puts(out, len ? "  " : "");
		out_put(out, text, len);
		out_puts(out, "\n");
		text += len + (text[len] == '\n');
	}
}

static void option_json(struct json *j, const struct option_row *row)
{
	char letter[2] = { row->letter, 0 };

	json_object(j, NULL);
	json_text(j, "name", row->name);
	json_text(j, "letter", row->letter ? letter : NULL);
	json_text(j, "value", row->kind == OPTION_FLAG ? NULL : row->value);
	json_bool(j, "repeats", row->repeats);
	json_text(j, "summary", row->summary);
	json_object_end(j);
}

static void cmd_json(struct json *j, const struct cmd *cmd)
{
	json_text(j, "command", cmd->path);
	json_text(j, "summary", cmd->summary);
	json_text(j, "usage", cmd->usage);
	json_text(j, "alias", cmd->alias);
	json_array(j, "options");
	for (const struct option_row *row = cmd->options; row && row->name; row++)
		option_json(j, row);
	json_array_end(j);
}

/* The end of what has to stay on one line: a word, or all within brackets, up to a choice in them.
 */
static size_t usage_piece(const char *text)
{
	size_t len = 0;
	int depth = 0;

	for (; text[len] && (depth > 0 || text[len] != ' '); len++) {
		if (text[len] == ' ' && len > 0 && text[len - 1] == '|')
			break;
		depth += (text[len] == '[') - (text[len] == ']');
	}
	return len;
}

/* A usage as long as that of sk events goes on below its first option. */
static void print_usage(struct out *out, const struct cmd *cmd)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	const char *text = cmd->usage;
	size_t indent;

	buf_putf(&line, "  sk %s", cmd->path);
	indent = line.len;
	while (*text) {
		size_t len = usage_piece(text);

		if (line.len > indent && line.len + 1 + len > USAGE_COLUMNS) {
			out_putf(out, "%s\n", line.p);
			buf_truncate(&line, 0);
			buf_putf(&line, "%*s", (int)indent, "");
		}
		buf_puts(&line, " ");
		buf_put(&line, text, len);
		text += len + (text[len] == ' ');
	}
	out_putf(out, "%s\n", line.p);
}

int help_print(struct out *out, const struct cmd *cmd, bool json)
{
	if (json) {
		struct json j;

		json_open(&j, out, "help");
		cmd_json(&j, cmd);
		json_close(&j);
		return EXIT_DONE;
	}
	out_putf(out, "sk %s: %s\n\n", cmd->path, cmd->summary);
	out_style(out, STYLE_BOLD, "Usage");
	out_puts(out, "\n");
	print_usage(out, cmd);
	if (cmd->about) {
		out_puts(out, "\n");
		out_wrapped(out, cmd->about, 2);
	}
	print_options(out, "Options", cmd->options);
	print_options(out, "Options of every command", common_options);
	if (cmd->example) {
		out_puts(out, "\n");
		out_style(out, STYLE_BOLD, "Examples");
		out_puts(out, "\n");
		print_block(out, cmd->example);
	}
	return EXIT_DONE;
}

static int overview_json(struct out *out)
{
	const char *section = NULL;
	struct json j;

	json_open(&j, out, "help");
	json_array(&j, "commands");
	for (size_t i = 0; i < cmd_count; i++) {
		const char *begins = cmd_heading(cmd_table[i]);

		section = begins ? begins : section;
		if (!cmd_shown(cmd_table[i]))
			continue;
		json_object(&j, NULL);
		cmd_json(&j, cmd_table[i]);
		json_text(&j, "section", section);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_close(&j);
	return EXIT_DONE;
}

#define PATH_COLUMNS 24

/* As people type it: "goal" is short for "tentacle goal". */
static const char *short_path(const struct cmd *cmd)
{
	static const char group[] = "tentacle ";
	const char *path = cmd->path;

	return strncmp(path, group, strlen(group)) == 0 &&
			       strncmp(path + strlen(group), "goal ", strlen("goal ")) == 0
		       ? path + strlen(group)
		       : path;
}

/* The widest path of the section that begins with row `at`: its summaries stand in one column, but
 * for a few long paths that would leave no room for the summaries of the others. */
static unsigned section_width(size_t at)
{
	unsigned width = 0;

	for (size_t i = at; i < cmd_count && (i == at || !cmd_heading(cmd_table[i])); i++) {
		size_t len = strlen(short_path(cmd_table[i]));

		if (cmd_shown(cmd_table[i]) && len > width && len <= PATH_COLUMNS)
			width = (unsigned)len;
	}
	return width;
}

static int overview(struct out *out)
{
	unsigned width = 0;

	out_puts(out, "sk runs a plan of tasks to its end, whatever is killed on the way.\n\n");
	out_style(out, STYLE_BOLD, "Usage");
	out_puts(out, "\n  sk COMMAND [options]\n");
	for (size_t i = 0; i < cmd_count; i++) {
		const char *heading = cmd_heading(cmd_table[i]);
		size_t len;

		if (heading) {
			width = section_width(i);
			out_puts(out, "\n");
			out_style(out, STYLE_BOLD, heading);
			out_puts(out, "\n");
		}
		if (!cmd_shown(cmd_table[i]))
			continue;
		out_putf(out, "  %-*s  ", (int)width, short_path(cmd_table[i]));
		len = strlen(short_path(cmd_table[i]));
		out_hanging(out, cmd_table[i]->summary, (len > width ? (unsigned)len : width) + 4);
	}
	out_puts(out,
		 "\n\"goal ...\" is short for \"tentacle goal ...\".\nsk help COMMAND explains one "
		 "of them.\n");
	return EXIT_DONE;
}

static bool in_group(const struct cmd *cmd, const char *group)
{
	size_t len = strlen(group);

	return cmd_shown(cmd) && strncmp(cmd->path, group, len) == 0 && cmd->path[len] == ' ';
}

bool help_print_group(struct out *out, const char *group)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(2);

	for (size_t i = 0; i < cmd_count; i++) {
		if (!in_group(cmd_table[i], group))
			continue;
		table_cell(&t, STYLE_PLAIN, "sk %s", short_path(cmd_table[i]));
		table_cell(&t, STYLE_PLAIN, "%s", cmd_table[i]->summary);
	}
	if (t.count)
		fit_table(&t, out, 0);
	return t.count > 0;
}

static int help_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT, group = BUF_INIT;
	const char *const *args = c->options->args;
	size_t count = c->options->arg_count, used;
	const struct cmd *cmd, *near;

	if (count == 0)
		return c->json ? overview_json(c->out) : overview(c->out);
	cmd = cmd_find((char *const *)args, count, &used);
	if (cmd && used == count)
		return help_print(c->out, cmd, c->json);
	if (strcmp(args[0], "goal") == 0)
		buf_puts(&group, "tentacle ");
	for (size_t i = 0; i < count; i++)
		buf_putf(&group, "%s%s", i ? " " : "", args[i]);
	if (!c->json && help_print_group(c->out, group.p))
		return EXIT_DONE;
	near = cmd_nearest(args[0]);
	buf_put_quoted(&shown, span_of(args[0]), NAME_BYTES_MAX);
	if (near)
		return err_set(e, -SK_EUSAGE,
			       "help: unknown command %s; did you mean \"%s\"? Nothing was done. "
			       "Try: sk help %s",
			       shown.p, near->path, near->path);
	return err_set(e, -SK_EUSAGE, "help: unknown command %s: nothing was done. Try: sk help",
		       shown.p);
}

const struct cmd cmd_help = {
	.path = "help",
	.summary = "explain all commands, or one",
	.usage = "[COMMAND]",
	.example = "sk help\nsk help status",
	.args = ARG_COMMAND,
	.args_max = 4,
	.run = help_run,
};
