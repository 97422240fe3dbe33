/*
 * docs/commands.md and docs/states.md, printed from the tables they describe. A test compares them
 * with the files, so a page can be wrong for as long as one test run.
 */
#include "cmd/cmd.h"

#include "base/limits.h"
#include "cmd/help.h"
#include "core/edge.h"

/* Text in a table cell: a bar would end it. */
static void put_cell(struct out *out, const char *text)
{
	for (const char *p = text; *p; p++)
		out_put(out, *p == '|' ? "\\|" : p, *p == '|' ? 2 : 1);
}

static void put_options(struct out *out, const struct option_row *rows)
{
	out_puts(out, "\n| option | meaning |\n| --- | --- |\n");
	for (; rows->name; rows++) {
		CLEANUP(buf_release) struct buf words = BUF_INIT;

		help_option_words(&words, rows);
		out_puts(out, "| `");
		put_cell(out, words.p);
		out_puts(out, "` | ");
		put_cell(out, rows->summary);
		out_puts(out, " |\n");
	}
}

static void put_names(struct out *out, const char *alias)
{
	const char *end = alias ? strchr(alias, '|') : NULL;

	if (!alias)
		return;
	if (!end) {
		out_putf(out, "\nThe runbooks call it `%s`; that name works, too.\n", alias);
		return;
	}
	out_puts(out, "\nOther names of it:");
	for (; end; alias = end + 1, end = strchr(alias, '|'))
		out_putf(out, " `sk %.*s`,", (int)(end - alias), alias);
	out_putf(out, " `sk %s`.\n", alias);
}

static void put_command(struct out *out, const struct cmd *cmd)
{
	out_putf(out, "\n### sk %s\n\n%s.\n\n```\nsk %s%s%s\n```\n", cmd->path, cmd->summary,
		 cmd->path, *cmd->usage ? " " : "", cmd->usage);
	if (cmd->about) {
		out_puts(out, "\n");
		out_wrapped(out, cmd->about, 0);
	}
	if (cmd->options && cmd->options->name)
		put_options(out, cmd->options);
	if (cmd->example)
		out_putf(out, "\nExamples:\n\n```\n%s\n```\n", cmd->example);
	put_names(out, cmd->alias);
}

static void print_commands(struct out *out)
{
	out_puts(out, "# Commands\n\n"
		      "Printed by `sk __docs commands` from the command table; a test fails when "
		      "it is stale.\n\n"
		      "Every command takes these:\n");
	put_options(out, common_options);
	out_puts(out, "\nA refusal is one sentence on stderr and an exit code; with `--format "
		      "json` also a document on "
		      "stdout:\n`{\"schema_version\", \"kind\": \"error\", \"error\": {\"code\", "
		      "\"exit\", \"message\", "
		      "\"try\"}}`.\n\n| exit | code | meaning |\n| --- | --- | --- |\n");
#define X(name, number, word, meaning) out_putf(out, "| %d | `%s` | %s |\n", number, word, meaning);
	EXIT_CODES(X)
#undef X
	for (size_t i = 0; i < cmd_count; i++) {
		const char *heading = cmd_heading(cmd_table[i]);

		if (heading)
			out_putf(out, "\n## %s\n", heading);
		if (cmd_shown(cmd_table[i]))
			put_command(out, cmd_table[i]);
	}
}

static void put_facts(struct out *out, const struct edge *row)
{
	static const struct {
		unsigned fact;
		const char *holds, *lacks;
	} facts[] = {
		{ RETRY_LEFT, "retries are left", "no retry is left" },
		{ REASSIGN_LEFT, "reassignments are left", "no reassignment is left" },
	};
	const char *between = "";

	for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
		if (row->yes & facts[i].fact)
			out_putf(out, "%s%s", between, facts[i].holds);
		else if (row->no & facts[i].fact)
			out_putf(out, "%s%s", between, facts[i].lacks);
		else
			continue;
		between = ", ";
	}
}

static void put_life(struct out *out, const struct life *life)
{
	const char *between = "";

	out_putf(out, "\n## %s\n\nFinal: ", life->name);
	for (unsigned s = 0; s < life->state_count; s++) {
		if (!life->final(s))
			continue;
		out_putf(out, "%s`%s`", between, life->state_word(s));
		between = ", ";
	}
	out_puts(out, ".\n\n| id | from | to | trigger | only if | recorded as |\n| --- | --- | "
		      "--- | --- | --- | --- |\n");
	for (size_t i = 0; i < life->edge_count; i++) {
		const struct edge *row = &life->edges[i];
		const char *from = life->state_word(row->from);

		out_putf(out, "| %s | %s | %s | `%s` | ", row->id, from ? from : "(none)",
			 life->state_word(row->to), trigger_word(row->on));
		put_facts(out, row);
		out_putf(out, " | `%s` |\n", event_rows[row->event].word);
	}
}

static void print_states(struct out *out)
{
	out_puts(out, "# States\n\n"
		      "Printed by `sk __docs states` from the tables of `src/core/*_edges.c`; a "
		      "test fails when it is stale."
		      "\nA change of state that has no row here does not happen: it is refused, "
		      "and in a journal it is "
		      "damage.\n");
	put_life(out, &task_life);
	put_life(out, &ws_life);
	put_life(out, &worker_life);
	put_life(out, &goal_life);
	put_life(out, &tentacle_life);
}

static int docs_run(struct cmd_ctx *c, struct err *e)
{
	const char *page = c->options->args[0];

	if (strcmp(page, "commands") == 0)
		print_commands(c->out);
	else if (strcmp(page, "states") == 0)
		print_states(c->out);
	else
		return err_set(e, -SK_EUSAGE, "__docs: unknown page. Try: sk __docs commands");
	return EXIT_DONE;
}

const struct cmd cmd_docs = {
	.path = "__docs",
	.summary = "print a page of docs/ from the tables",
	.usage = "commands|states",
	.needs = CMD_SCRIPT,
	.args_min = 1,
	.args_max = 1,
	.run = docs_run,
};
