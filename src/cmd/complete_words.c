/*
 * What can follow the words typed so far, one a line, with a tab and a description where there is
 * one; ":files" and
 * ":directories" leave it to the shell. It never fails and says nothing on stderr: it runs while
 * somebody types.
 */
#include "cmd/cmd.h"

#include "base/limits.h"
#include "cmd/goal/complete_goals.h"
#include "cmd/view.h"

#define IDS_MAX 1000 /* offered at once: more helps nobody */

/* What was typed in front of the word that is being completed. */
struct words {
	const char *const *v;
	size_t count, used; /* used: by the path of the command */
	const struct cmd *cmd;
};

static void offer(struct out *out, const char *prefix, const char *word, const char *about)
{
	if (strncmp(word, prefix, strlen(prefix)) == 0)
		out_putf(out, "%s\t%s\n", word, about);
}

static void offer_id(struct out *out, const char *prefix, struct span id, const char *state,
		     unsigned *left)
{
	if (*left == 0 || !span_starts(id, prefix))
		return;
	--*left;
	out_putf(out, "%.*s\t%s\n", SPAN_ARG(id), state);
}

static void offer_ids(struct cmd_ctx *c, const char *prefix, enum arg_kind kind)
{
	struct paths paths = PATHS_INIT;
	struct view *v = NULL;
	unsigned left = IDS_MAX;

	if (view_find_paths(NULL, &paths, NULL) == 0 &&
	    view_open(&paths, c->now_ms, &v, NULL) == 0 && v) {
		bool any = kind == ARG_ANY_ID;

		for (size_t i = 0; (any || kind == ARG_TASK) && i < v->st.task_count; i++)
			offer_id(c->out, prefix, v->st.tasks[i].id,
				 task_state_word(v->st.tasks[i].state), &left);
		for (size_t i = 0; (any || kind == ARG_WORKSTREAM) && i < v->st.ws_count; i++)
			offer_id(c->out, prefix, v->st.ws[i].id, ws_state_word(v->st.ws[i].state),
				 &left);
		for (size_t i = 0; kind == ARG_WORKER && i < v->st.worker_count; i++)
			offer_id(c->out, prefix, v->st.workers[i].id,
				 worker_state_word(v->st.workers[i].state), &left);
		for (size_t i = 0; kind == ARG_RESOURCE && i < v->st.resource_count; i++)
			offer_id(c->out, prefix, v->st.resources[i].id, "resource", &left);
	}
	view_free(v);
	paths_release(&paths);
}

static void offer_choices(struct out *out, const char *prefix, const char *choices,
			  const char *before)
{
	while (*choices) {
		size_t len = strcspn(choices, "|");

		if (strncmp(choices, prefix, strlen(prefix)) == 0)
			out_putf(out, "%s%.*s\n", before, (int)len, choices);
		choices += len + (choices[len] == '|');
	}
}

/* What stands behind an option, in the words typed so far, or NULL. */
static const char *given_to(const struct words *w, const char *option)
{
	size_t len = strlen(option);

	for (size_t i = w->used; i < w->count; i++) {
		if (strncmp(w->v[i], option, len) != 0)
			continue;
		if (w->v[i][len] == '=')
			return w->v[i] + len + 1;
		if (!w->v[i][len] && i + 1 < w->count)
			return w->v[i + 1];
	}
	return NULL;
}

static void offer_kind(struct cmd_ctx *c, const struct words *w, const char *prefix,
		       enum arg_kind kind)
{
	switch (kind) {
	case ARG_TASK:
	case ARG_WORKSTREAM:
	case ARG_WORKER:
	case ARG_RESOURCE:
	case ARG_ANY_ID:
		offer_ids(c, prefix, kind);
		break;
	case ARG_FILE:
		out_puts(c->out, ":files\n");
		break;
	case ARG_DIRECTORY:
		out_puts(c->out, ":directories\n");
		break;
	case ARG_SHELL:
		offer_choices(c->out, prefix, "bash|zsh|fish", "");
		break;
	case ARG_COMMAND:
		for (size_t i = 0; i < cmd_count; i++)
			if (cmd_shown(cmd_table[i]))
				offer(c->out, prefix, cmd_table[i]->path, cmd_table[i]->summary);
		break;
	case ARG_TENTACLE:
	case ARG_GOAL:
	case ARG_GATE:
	case ARG_CRITERION:
		complete_goals(c, prefix, kind, given_to(w, "--goal"));
		break;
	case ARG_WORDS:
		offer_choices(c->out, prefix, w->cmd->arg_words, "");
		break;
	case ARG_NONE:
	case ARG_TEXT:
		break;
	}
}

/* The next word of every path that begins with the words so far. */
static void offer_commands(struct cmd_ctx *c, const char *const *words, size_t count,
			   const char *prefix)
{
	CLEANUP(buf_release) struct buf lead = BUF_INIT;
	const char *last = "";
	size_t last_len = 0;

	if (count && strcmp(words[0], "goal") == 0)
		buf_puts(&lead, "tentacle "); /* as cmd_find reads it */
	for (size_t i = 0; i < count; i++)
		buf_putf(&lead, "%s ", words[i]);
	for (size_t i = 0; i < cmd_count; i++) {
		const char *next = cmd_table[i]->path;
		size_t len;

		if (!cmd_shown(cmd_table[i]) || strncmp(next, lead.p ? lead.p : "", lead.len) != 0)
			continue;
		next += lead.len;
		len = strcspn(next, " ");
		if (len == last_len && memcmp(next, last, len) == 0)
			continue;
		last = next;
		last_len = len;
		if (strncmp(next, prefix, strlen(prefix)) == 0)
			out_putf(c->out, "%.*s\t%s\n", (int)len, next,
				 next[len] ? "..." : cmd_table[i]->summary);
	}
}

static void offer_options(struct out *out, const char *prefix, const struct option_row *rows)
{
	for (; rows && rows->name; rows++) {
		char word[NAME_BYTES_MAX + 3] = "--";

		INVARIANT(strlen(rows->name) <= NAME_BYTES_MAX);
		memcpy(word + 2, rows->name, strlen(rows->name) + 1);
		offer(out, prefix, word, rows->summary);
	}
}

/* The option that `word` names and that wants a value in the next word, or NULL. */
static const struct option_row *awaits_value(const struct cmd *cmd, const char *word)
{
	const struct option_row *tables[] = { cmd ? cmd->options : NULL, common_options };

	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		for (const struct option_row *row = tables[i]; row && row->name; row++)
			if (row->kind != OPTION_FLAG &&
			    ((strncmp(word, "--", 2) == 0 && strcmp(word + 2, row->name) == 0) ||
			     (row->letter && word[0] == '-' && word[1] == row->letter && !word[2])))
				return row;
	return NULL;
}

/* What the next plain argument is: the first may be another thing than those behind it. */
static enum arg_kind next_plain(const struct words *w)
{
	size_t plain = 0;

	for (size_t i = w->used; i < w->count; i++)
		plain += w->v[i][0] != '-' && !(i > w->used && awaits_value(w->cmd, w->v[i - 1]));
	return plain && w->cmd->args_then != ARG_NONE ? w->cmd->args_then : w->cmd->args;
}

static int complete_run(struct cmd_ctx *c, struct err *e)
{
	struct words w = { .v = c->options->args, .count = c->options->arg_count };
	const struct option_row *row;
	const char *prefix;

	(void)e;
	if (w.count == 0)
		return EXIT_DONE;
	prefix = w.v[--w.count];
	w.cmd = cmd_find((char *const *)w.v, w.count, &w.used);
	row = w.count ? awaits_value(w.cmd, w.v[w.count - 1]) : NULL;
	if (row && row->kind == OPTION_CHOICE)
		offer_choices(c->out, prefix, row->value, "");
	else if (row)
		offer_kind(c, &w, prefix, row->completes);
	else if (prefix[0] == '-') {
		offer_options(c->out, prefix, w.cmd ? w.cmd->options : NULL);
		offer_options(c->out, prefix, common_options);
	} else if (!w.cmd)
		offer_commands(c, w.v, w.count, prefix);
	else
		offer_kind(c, &w, prefix, next_plain(&w));
	return EXIT_DONE;
}

const struct cmd cmd_complete_words = {
	.path = "__complete",
	.summary = "print what can follow the words, for the completion scripts",
	.usage = "-- WORD...",
	.needs = CMD_SCRIPT,
	.args_max = ARGUMENTS_MAX,
	.run = complete_run,
};
