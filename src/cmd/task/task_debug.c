/*
 * All that is needed to have a failure again by hand. With --interactive this process becomes the
 * command, in the caller's own terminal: Ctrl-C, job control and debuggers work as they always do,
 * and nothing can mistake it for an attempt, because no worker knows of it.
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/when.h"
#include "cmd/task/by_hand.h"
#include "cmd/task/diary.h"
#include "cmd/fit.h"
#include "cmd/task/log_tail.h"
#include "cmd/next.h"
#include "cmd/run/served.h"
#include "cmd/task/task_page.h"
#include "cmd/task/thing.h"
#include "os/fd.h"

#define LINES_DEFAULT 20
#define COMMAND_SHOWN_MAX 1000

struct debugging {
	struct cmd_ctx *c;
	uint32_t task;
	const struct task *t;
	struct by_hand hand;
	struct buf log, next;
};

static void put_resources(const struct debugging *d, struct table *t)
{
	const struct state *st = &d->c->view->st;

	for (uint8_t i = 0; i < d->t->resource_count; i++) {
		const struct resource *r = &st->resources[d->t->resources[i].resource];
		CLEANUP(buf_release) struct buf text = BUF_INIT;

		buf_putf(&text, "%.*s: %llu held", SPAN_ARG(r->id), (unsigned long long)r->held);
		if (r->limit)
			buf_putf(&text, " of %u", r->limit);
		for (size_t k = 0; k < r->holder_count && k < 3; k++)
			buf_putf(&text, "%s%.*s", k ? ", " : ", by ",
				 SPAN_ARG(st->tasks[r->holders[k]].id));
		fit_row(t, i ? "" : "resources", "%s", text.p);
	}
}

static void put_rules(const struct debugging *d, const char *phase, struct table *t)
{
	struct command_def def;

	for (unsigned i = 0; i < RULES_MAX && task_def_command(d->t->def, phase, i, &def) == 1;
	     i++) {
		CLEANUP(buf_release) struct buf text = BUF_INIT;

		buf_putf(&text, "%.*s: ", SPAN_ARG(def.name));
		command_put_shown(&text, &def, COMMAND_SHOWN_MAX);
		fit_row(t, i ? "" : phase, "%s", text.p);
	}
}

static void print_definition(const struct debugging *d)
{
	CLEANUP(table_release) struct table head = TABLE_INIT(3), t = TABLE_INIT(2);
	CLEANUP(buf_release) struct buf command = BUF_INIT, limit = BUF_INIT;

	task_put_row(d->c, &head, d->task);
	fit_table(&head, d->c->out, 0);
	task_put_command(d->t, COMMAND_SHOWN_MAX, &command);
	if (d->t->timeout_ms)
		buf_put_duration(&limit, d->t->timeout_ms);
	fit_row(&t, "command", "%s", command.p ? command.p : "");
	fit_row(&t, "folder", "%s", d->hand.cwd.len ? d->hand.cwd.p : "where the worker stands");
	fit_row(&t, "time limit", "%s", limit.len ? limit.p : "none");
	put_resources(d, &t);
	put_rules(d, "before", &t);
	put_rules(d, "after", &t);
	fit_table(&t, d->c->out, 2);
}

static void print_page(const struct debugging *d)
{
	struct out *out = d->c->out;
	struct span rest = { d->log.p, d->log.len };

	print_definition(d);
	fit_heading(out, "Variables on top of the environment");
	for (size_t i = 0; i < d->hand.own.count; i++) {
		out_puts(out, "  ");
		out_visible(out, span_of(d->hand.own.v[i]));
		out_puts(out, "\n");
	}
	fit_heading(out, d->log.len ? "Its last lines" : "It has printed nothing");
	while (rest.len) {
		out_puts(out, "  ");
		out_visible(out, log_tail_line(&rest));
		out_puts(out, "\n");
	}
	out_next(out, &d->next);
}

static void rules_json(struct json *j, const struct debugging *d, const char *phase)
{
	struct command_def def;

	json_array(j, phase);
	for (unsigned i = 0; i < RULES_MAX && task_def_command(d->t->def, phase, i, &def) == 1;
	     i++) {
		CLEANUP(buf_release) struct buf text = BUF_INIT;

		command_put_shown(&text, &def, SIZE_MAX);
		json_object(j, NULL);
		json_span(j, "rule", def.name);
		json_span(j, "command", (struct span){ text.p, text.len });
		json_object_end(j);
	}
	json_array_end(j);
}

static void surroundings_json(struct json *j, const struct debugging *d)
{
	const struct state *st = &d->c->view->st;
	struct span rest = { d->log.p, d->log.len };

	json_object(j, "environment");
	for (size_t i = 0; i < d->hand.own.count; i++) {
		char *entry = d->hand.own.v[i], *equals = strchr(entry, '=');

		*equals = '\0';
		json_text(j, entry, equals + 1);
		*equals = '=';
	}
	json_object_end(j);
	json_array(j, "resources");
	for (uint8_t i = 0; i < d->t->resource_count; i++) {
		const struct resource *r = &st->resources[d->t->resources[i].resource];

		json_object(j, NULL);
		json_span(j, "resource_id", r->id);
		json_u64(j, "held", r->held);
		json_u64(j, "max_holders", r->limit);
		json_object_end(j);
	}
	json_array_end(j);
	json_array(j, "log_lines");
	while (rest.len)
		json_span(j, NULL, log_tail_line(&rest));
	json_array_end(j);
}

static void print_json(const struct debugging *d)
{
	CLEANUP(buf_release) struct buf command = BUF_INIT;
	struct json j;

	task_put_command(d->t, SIZE_MAX, &command);
	json_open(&j, d->c->out, "task_debug");
	task_put_json(d->c, &j, d->task);
	json_text(&j, "command", command.p ? command.p : "");
	json_text(&j, "working_directory", d->hand.cwd.p);
	json_raw(&j, "definition", d->t->def);
	rules_json(&j, d, "before");
	rules_json(&j, d, "after");
	surroundings_json(&j, d);
	json_next(&j, &d->next);
	json_close(&j);
}

static int show(struct debugging *d, struct err *e)
{
	uint64_t lines = options_number(d->c->options, "lines", LINES_DEFAULT);
	int rc = log_tail(d->c->view->dir, d->t->id, lines, &d->log, e);

	if (rc < 0)
		return rc;
	next_add(&d->next, "sk task debug --task-id %.*s --interactive", SPAN_ARG(d->t->id));
	next_add(&d->next, "sk task debug --task-id %.*s --script %.*s.sh", SPAN_ARG(d->t->id),
		 SPAN_ARG(d->t->id));
	if (d->c->json)
		print_json(d);
	else
		print_page(d);
	return EXIT_DONE;
}

static int write_script(struct debugging *d, const char *path, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct json j;
	int rc;

	by_hand_put_script(&d->hand, d->c->view, &text);
	rc = fd_create_file_at(AT_FDCWD, path, text.p, text.len, 0700);
	if (rc == -EEXIST)
		return err_set(
			e, -SK_EREFUSED,
			"script '%s': exists already: nothing was written. Try: another name",
			path);
	if (rc < 0)
		return err_set(e, -SK_EIO, "script '%s' cannot be written: %s", path,
			       strerror(-rc));
	if (d->c->json) {
		json_open(&j, d->c->out, "script");
		json_text(&j, "path", path);
		json_close(&j);
		return EXIT_DONE;
	}
	out_puts(d->c->out, "written: ");
	out_visible(d->c->out, span_of(path));
	out_puts(d->c->out, "\n");
	return EXIT_DONE;
}

static int run_here(struct debugging *d, struct err *e)
{
	struct command_def def;
	int rc;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return err_set(e, -SK_EREFUSED,
			       "task debug: --interactive needs a terminal: nothing was run. Try: "
			       "sk task debug %.*s --script %.*s.sh",
			       SPAN_ARG(d->t->id), SPAN_ARG(d->t->id));
	if (d->t->state == TASK_RUNNING || d->t->state == TASK_VALIDATING)
		return err_set(e, -SK_EREFUSED,
			       "task \"%.*s\": is running just now: a second one was not started. "
			       "Try: sk logs -f %.*s",
			       SPAN_ARG(d->t->id), SPAN_ARG(d->t->id));
	if (task_def_command(d->t->def, "main", 0, &def) != 1)
		return err_set(e, -SK_EREFUSED, "task \"%.*s\": has no command: nothing was run",
			       SPAN_ARG(d->t->id));
	rc = diary_task(d->c, d->t->id, 0, "its command is run in a terminal", e);
	if (rc < 0)
		return rc;
	out_flush(d->c->out);
	return by_hand_become(&d->hand, &def, e);
}

static int debug(struct cmd_ctx *c, struct err *e)
{
	struct debugging d = { .c = c, .hand = BY_HAND_INIT };
	const char *script = c->view && c->view->lent ? NULL : options_text(c->options, "script");
	bool interactive = !(c->view && c->view->lent) && options_has(c->options, "interactive");
	int rc = thing_task(c, &d.task, e);

	if (rc == 0 && interactive && (script || c->json))
		rc = err_set(e, -SK_EUSAGE,
			     "task debug: --interactive stands alone, without --script and "
			     "--format json: nothing was run. Try: sk help task debug");
	if (rc == 0) {
		d.t = &c->view->st.tasks[d.task];
		rc = by_hand_open(&d.hand, c->view, d.task, e);
	}
	if (rc == 0)
		rc = interactive ? run_here(&d, e)
		     : script    ? write_script(&d, script, e)
				 : show(&d, e);
	by_hand_release(&d.hand);
	buf_release(&d.log);
	buf_release(&d.next);
	return rc;
}

/* The page alone looks at nothing but the state and a log. */
static int task_debug_run(struct cmd_ctx *c, struct err *e)
{
	bool page = !options_has(c->options, "interactive") && !options_text(c->options, "script");
	int exit_code = 0, rc = 0;

	if (c->view)
		return debug(c, e);
	if (page)
		rc = served_aside(c, &(struct served_wish){ 0 }, &exit_code, e);
	if (rc == 0)
		rc = view_open(c->paths, c->now_ms, &c->view, e);
	else if (rc == 1)
		return exit_code;
	if (rc == 0)
		rc = debug(c, e);
	view_free(c->view);
	c->view = NULL;
	return rc;
}

static const struct option_row task_debug_options[] = {
	TASK_ID_OPTION,
	{ .name = "interactive",
	  .letter = 'i',
	  .kind = OPTION_FLAG,
	  .summary = "run its command here, in this terminal; nothing of it is recorded" },
	{ .name = "script",
	  .kind = OPTION_TEXT,
	  .value = "FILE",
	  .summary = "write a shell script that does what the task does",
	  .completes = ARG_FILE },
	{ .name = "lines",
	  .letter = 'n',
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .summary = "the last N lines of its log (default 20)",
	  .min = 1,
	  .max = 1000000 },
	DIARY_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_task_debug = {
	.path = "task debug",
	.alias = "debug_task",
	.summary = "show what a task would run, or run it here by hand",
	.usage = "[--interactive | --script FILE] TASK",
	.about = "Shows the command, its folder, the variables that are set for it, resources, "
		 "rules "
		 "and the last lines of its log. It never changes the state of the task.\n\n"
		 "--interactive runs the command in this terminal with these variables on top of "
		 "your own environment; the exit code is that of the command. SK_OUTPUT is "
		 "/dev/null there. --script writes the same as a shell script, with the rules.",
	.example = "sk task debug unit\nsk task debug --task-id unit --interactive\n"
		   "sk task debug unit --script unit.sh",
	.options = task_debug_options,
	.needs = NEED_STATE | CMD_ASIDE,
	.args = ARG_TASK,
	.args_max = 1,
	.run = task_debug_run,
};
