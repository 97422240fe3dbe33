/*
 * From argv to the exit code, the same way for every command: streams, words, row, options, what
 * the row needs, run, flush, report. A command returns its outcome; only this file prints a
 * problem, so it reads the same everywhere.
 */
#include "cmd/cmd.h"

#include "base/limits.h"
#include "cmd/help.h"
#include "cmd/hint.h"
#include "cmd/run/served.h"
#include "cmd/view.h"
#include "os/clock.h"

#include <signal.h>
#include <unistd.h>

struct dispatch {
	struct options common;  /* in front of the command */
	struct options options; /* behind it */
	struct out out;
	struct paths paths, goal_paths;
	struct view *view;
	struct done done;
	const char *path;   /* of the command that was run, or NULL */
	char *const *words; /* behind the command's path */
	size_t word_count;
	bool json;
};

static void dispatch_release(struct dispatch *d)
{
	options_release(&d->common);
	options_release(&d->options);
	out_release(&d->out);
	paths_release(&d->paths);
	paths_release(&d->goal_paths);
	view_free(d->view);
}

static int unknown_command(const char *word, struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	const struct cmd *near = cmd_nearest(word);

	buf_put_quoted(&shown, span_of(word), NAME_BYTES_MAX);
	if (near)
		return err_set(
			e, -SK_EUSAGE,
			"unknown command %s; did you mean \"%s\"? Nothing was done. Try: sk help",
			shown.p, near->path);
	return err_set(e, -SK_EUSAGE, "unknown command %s: nothing was done. Try: sk help",
		       shown.p);
}

/* The words that begin the path of some command, as it is written there: "tentacle goal ". */
static size_t group_words(char *const *words, size_t count, struct buf *lead)
{
	size_t used = 0;

	if (strcmp(words[0], "goal") == 0)
		buf_puts(lead, "tentacle ");
	for (; used < count && words[used][0] != '-'; used++) {
		size_t len = lead->len;
		bool any = false;

		buf_putf(lead, "%.*s ", NAME_BYTES_MAX, words[used]);
		for (size_t i = 0; i < cmd_count && !any; i++)
			any = cmd_shown(cmd_table[i]) &&
			      strncmp(cmd_table[i]->path, lead->p, lead->len) == 0;
		if (any)
			continue;
		buf_truncate(lead, len);
		break;
	}
	return used;
}

/* Whether a row before `at` has the same word behind the lead. */
static bool named_before(size_t at, const struct buf *lead)
{
	const char *word = cmd_table[at]->path + lead->len;
	size_t len = strcspn(word, " ");

	for (size_t i = 0; i < at; i++) {
		const char *path = cmd_table[i]->path;

		if (cmd_shown(cmd_table[i]) && strncmp(path, lead->p, lead->len) == 0 &&
		    strncmp(path + lead->len, word, len) == 0 &&
		    strcspn(path + lead->len, " ") == len)
			return true;
	}
	return false;
}

/* "build, goal" behind "tentacle ": of what is a group itself its name alone. */
static void put_group(struct buf *names, const struct buf *lead)
{
	for (size_t i = 0; i < cmd_count; i++) {
		const char *path = cmd_table[i]->path;

		if (!cmd_shown(cmd_table[i]) || strncmp(path, lead->p, lead->len) != 0 ||
		    named_before(i, lead))
			continue;
		path += lead->len;
		buf_putf(names, "%s%.*s", names->len ? ", " : "", (int)strcspn(path, " "), path);
	}
}

/* "sk task --help": the page of the group. Returns whether that was asked for, and printed. */
static bool group_help(struct dispatch *d, char *const *words, size_t count)
{
	CLEANUP(buf_release) struct buf lead = BUF_INIT;
	size_t used = group_words(words, count, &lead);

	if (!used || used == count ||
	    (strcmp(words[used], "--help") != 0 && strcmp(words[used], "-h") != 0))
		return false;
	buf_truncate(&lead, lead.len - 1); /* the blank */
	return help_print_group(&d->out, lead.p);
}

/* "sk task" alone names the commands of the group, "sk task shwo" the one that was meant. Returns 0
 * when the first word begins no path. */
static int group_only(char *const *words, size_t count, struct err *e)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT, shown = BUF_INIT, typed = BUF_INIT;
	CLEANUP(buf_release) struct buf lead = BUF_INIT;
	size_t used = group_words(words, count, &lead);
	const char *next = used < count && words[used][0] != '-' ? words[used] : NULL;
	const struct cmd *near;
	int len = (int)lead.len - 1; /* without the blank */

	if (!used)
		return 0;
	put_group(&names, &lead);
	if (!next)
		return err_set(e, -SK_EUSAGE,
			       "%.*s: say what to do: %s. Nothing was done. Try: sk help %.*s", len,
			       lead.p, names.p, len, lead.p);
	buf_put_quoted(&shown, span_of(next), NAME_BYTES_MAX);
	buf_putf(&typed, "%s%.*s", lead.p, NAME_BYTES_MAX, next);
	near = cmd_nearest(typed.p);
	if (near && strncmp(near->path, lead.p, lead.len) == 0)
		return err_set(e, -SK_EUSAGE,
			       "%.*s: unknown command %s; did you mean \"%s\"? Nothing was done. "
			       "Try: sk help %.*s",
			       len, lead.p, shown.p, near->path, len, lead.p);
	return err_set(e, -SK_EUSAGE,
		       "%.*s: unknown command %s: nothing was done. Try: sk %.*s with one of %s",
		       len, lead.p, shown.p, len, lead.p, names.p);
}

static bool wants(const struct dispatch *d, const char *name)
{
	return options_has(&d->options, name) || options_has(&d->common, name);
}

static const char *text_of(const struct dispatch *d, const char *name)
{
	const char *text = options_text(&d->options, name);

	return text ? text : options_text(&d->common, name);
}

static bool wants_json(const struct dispatch *d)
{
	const char *format = text_of(d, "format");

	return wants(d, "json") || (format && strcmp(format, "json") == 0);
}

/* Makes ready what the row needs. Returns 0, 1 when the page was printed by somebody who had it at
 * hand (*exit_code), or a negative code. */
static int prepare(struct dispatch *d, struct cmd_ctx *c, int *exit_code, struct err *e)
{
	int rc;

	if (c->cmd->needs & NEED_GOALS) {
		rc = view_find_goal_paths(&d->goal_paths, e);
		if (rc < 0)
			return rc;
		c->goal_paths = &d->goal_paths;
	}
	if (c->cmd->needs & NEED_GOALS && !(c->cmd->needs & (NEED_STATE | NEED_VIEW)) &&
	    text_of(d, "state-dir"))
		return err_set(e, -SK_EUSAGE,
			       "--state-dir: tells where tasks are kept, and goals are kept in "
			       "their repository: nothing was done. Try: cd to the repository, "
			       "then sk %s",
			       c->cmd->path);
	if (!(c->cmd->needs & (NEED_STATE | NEED_VIEW)))
		return 0;
	rc = view_find_paths(text_of(d, "state-dir"), &d->paths, e);
	if (rc < 0)
		return rc;
	c->paths = &d->paths;
	if (c->cmd->needs & CMD_SERVED)
		rc = served_ask(c, exit_code, e);
	else if (c->cmd->needs & NEED_VIEW && c->cmd->needs & CMD_ASIDE)
		rc = served_aside(c, &(struct served_wish){ 0 }, exit_code, e);
	if (rc != 0 || !(c->cmd->needs & NEED_VIEW))
		return rc;
	rc = view_open(&d->paths, c->now_ms, &d->view, e);
	c->view = d->view;
	return rc;
}

static int run_row(struct dispatch *d, const struct cmd *cmd, struct err *e)
{
	struct cmd_ctx c = { .cmd = cmd,
			     .options = &d->options,
			     .out = &d->out,
			     .done = &d->done,
			     .json = d->json,
			     .words = d->words,
			     .word_count = d->word_count };
	int exit_code = 0, rc;

	if (d->json && (cmd->needs & CMD_SCRIPT))
		return err_set(
			e, -SK_EUSAGE,
			"%s: prints text for another program, there is no JSON form: nothing was "
			"done. Try: sk %s",
			cmd->path, cmd->path);
	rc = options_check_args(&d->options, e);
	if (rc < 0)
		return rc;
	d->path = cmd->path;
	c.now_ms = clock_wall_ms(&clock_real);
	rc = prepare(d, &c, &exit_code, e);
	if (rc == 1)
		return exit_code;
	return rc < 0 ? rc : cmd->run(&c, e);
}

/* The command that -h or --version in front, or nothing at all, stands for. */
static const struct cmd *implied(const struct dispatch *d, size_t left)
{
	char help[] = "help", version[] = "version";
	char *words[1] = { options_has(&d->common, "version") ? version : help };
	size_t used;

	if (left > 0 && !options_has(&d->common, "version"))
		return NULL;
	return cmd_find(words, 1, &used);
}

static int dispatch_words(struct dispatch *d, char **words, size_t count, struct err *e)
{
	const struct cmd *cmd;
	size_t at = 0, used = 0;
	int rc = options_parse(&d->common, NULL, words, count, &at, e);

	d->json = d->common.given_count && wants_json(d);
	if (rc < 0)
		return rc;
	cmd = implied(d, count - at);
	if (cmd) {
		d->options.cmd = cmd;
		return run_row(d, cmd, e);
	}
	cmd = cmd_find(words + at, count - at, &used);
	if (!cmd) {
		if (group_help(d, words + at, count - at))
			return EXIT_DONE;
		rc = group_only(words + at, count - at, e);
		return rc < 0 ? rc : unknown_command(words[at], e);
	}
	d->words = words + at + used;
	d->word_count = count - at - used;
	rc = options_parse(&d->options, cmd, d->words, d->word_count, NULL, e);
	d->json = wants_json(d);
	if (wants(d, "no-color"))
		d->out.color = false;
	if (rc < 0)
		return rc;
	if (options_take(&d->options, "goal"))
		d->out.goal = options_text(&d->options, "goal");
	if (wants(d, "help"))
		return help_print(&d->out, cmd, d->json);
	return run_row(d, cmd, e);
}

/* Whether --json or --format json stands among words that could not be parsed: their refusal is
 * JSON, too. */
static bool asks_json(int argc, char *const *argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			return false;
		if (strcmp(argv[i], "--json") == 0 || strcmp(argv[i], "--format=json") == 0 ||
		    (strcmp(argv[i], "--format") == 0 && i + 1 < argc &&
		     strcmp(argv[i + 1], "json") == 0))
			return true;
	}
	return false;
}

/* Prints the sentence with its advice as it is to be typed; *said is what was printed. */
static void say_problem(const struct dispatch *d, const char *text, struct buf *said)
{
	static const char mark[] = ". Try: ";
	const char *advice = strstr(text, mark);
	size_t len = advice ? (size_t)(advice - text) + strlen(mark) : strlen(text);

	buf_put(said, text, len);
	put_advice(said, span_of(text + len), d->out.goal);
	print_problem(said->p);
}

/* Prints the problem and returns its exit code. */
static int report(struct dispatch *d, int code, const struct err *e, bool json)
{
	CLEANUP(buf_release) struct buf said = BUF_INIT;
	enum exit_code exit = exit_of(code);

	INVARIANT(e->code < 0);
	say_problem(d, e->text, &said);
	if (json)
		json_error(&d->out, exit_word(exit), exit, said.p);
	return exit;
}

/* The answer is lost; what it would have told of is not. */
static void report_lost(const struct dispatch *d, int failed)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT, said = BUF_INIT;

	buf_puts(&text, "cannot write output: ");
	buf_puts(&text, strerror(-failed));
	text.p[strlen("cannot write output: ")] |=
		0x20; /* the system begins its words with a capital */
	if (d->path)
		done_put(&d->done, d->path, &text);
	say_problem(d, text.p, &said);
}

int cmd_main(int argc, char **argv)
{
	CLEANUP(dispatch_release)
	struct dispatch d = { .common = OPTIONS_INIT, .options = OPTIONS_INIT };
	struct err e = ERR_INIT;
	unsigned closed = streams_prepare();
	int rc, failed;

	(void)signal(SIGCHLD, SIG_DFL); /* ignored by our caller, it takes exit codes from us */
	out_init(&d.out, STDOUT_FILENO, true);
	d.out.closed = closed >> STDOUT_FILENO & 1;
	rc = options_check_argv(argc, argv, &e);
	if (rc == 0)
		rc = dispatch_words(&d, argv + 1, (size_t)argc - 1, &e);
	if (rc < 0)
		rc = report(&d, rc, &e, argc > 0 && (d.json || asks_json(argc, argv)));
	failed = out_flush(&d.out);
	if (failed < 0) {
		report_lost(&d, failed);
		return rc ? rc : EXIT_IO;
	}
	return rc;
}
