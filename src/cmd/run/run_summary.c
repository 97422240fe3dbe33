/*
 * The summary is the result of `sk run`, so it goes to stdout, as text or as one JSON document.
 * Only the workstreams of this run count, and at most a screenful of failures is shown.
 */
#include "cmd/run/run_summary.h"

#include "base/when.h"
#include "cmd/task/story.h"

#define FAILURES_SHOWN 20

static void add_failure(struct run_summary *s, const struct task *t, const struct paths *paths)
{
	CLEANUP(buf_release) struct buf log = BUF_INIT;
	CLEANUP(buf_release) struct buf error = BUF_INIT;
	struct span rest, head = story_error_head(t->error, &rest);

	if (s->failure_count == FAILURES_SHOWN) {
		s->failures_more++;
		return;
	}
	if (!put_log_path(paths, t->id, &log))
		buf_release(&log);
	buf_put_visible(&error, rest.len ? t->error : head);
	mem_grow(&s->failures, &s->failure_capacity, s->failure_count + 1, sizeof(*s->failures));
	s->failures[s->failure_count++] = (struct run_failure){
		.task = span_dup(t->id),
		.error = buf_take(&error),
		.log = log.p ? buf_take(&log) : NULL,
		.attempt = t->attempt,
		.exit_code = t->exit_code,
	};
}

static void add_ws(struct run_summary *s, const struct state *st, const struct workstream *w,
		   const struct paths *paths)
{
	for (int i = 0; i < TASK_STATE_COUNT; i++)
		s->counts[i] += w->by_state[i];
	s->total += (uint32_t)w->task_count;
	s->blocked += w->blocked;
	s->ws_count++;
	s->ws_failed += w->state == WS_FAILED;
	s->ws_completed += w->state == WS_COMPLETED;
	if (w->flags & WSF_HALTED && !s->halted)
		s->halted = span_dup(w->id);
	for (size_t i = 0; i < w->task_count; i++) {
		const struct task *t = &st->tasks[w->tasks[i]];

		s->skipped += (t->flags & TASK_SKIPPED) != 0;
		s->unfinished +=
			!(t->flags & (TASK_HELD | TASK_WAIVES)) && t->state != TASK_COMPLETED;
		if (t->state == TASK_FAILED)
			add_failure(s, t, paths);
	}
}

void run_summary_init(struct run_summary *s, const struct submission *submission)
{
	CLEANUP(buf_release) struct buf command = BUF_INIT;

	s->names = mem_alloc(submission->ws_count * sizeof(*s->names));
	buf_puts(&command, "sk run");
	for (uint32_t i = 0; i < submission->ws_count; i++) {
		buf_putc(&command, ' ');
		put_shell_word(&command, submission->ws[i].plan);
		s->names[s->name_count++] = span_dup(submission->ws[i].name);
	}
	s->command = buf_take(&command);
}

void run_summary_fill(struct run_summary *s, const struct state *st, const struct paths *paths)
{
	for (size_t i = 0; i < s->name_count; i++) {
		uint32_t ws = state_ws(st, span_of(s->names[i]));

		if (ws != NO_ID)
			add_ws(s, st, &st->ws[ws], paths);
	}
}

void run_summary_release(struct run_summary *s)
{
	for (size_t i = 0; i < s->failure_count; i++) {
		mem_free(&s->failures[i].task);
		mem_free(&s->failures[i].error);
		mem_free(&s->failures[i].log);
	}
	mem_free(&s->failures);
	for (size_t i = 0; i < s->name_count; i++)
		mem_free(&s->names[i]);
	mem_free(&s->names);
	mem_free(&s->halted);
	mem_free(&s->command);
}

static int exit_of_summary(const struct run_summary *s, int interrupted)
{
	if (s->ws_completed == s->ws_count)
		return EXIT_DONE;
	if (interrupted)
		return interrupted;
	return s->ws_failed || s->counts[TASK_FAILED] || s->unfinished ? EXIT_WORK_FAILED
								       : EXIT_DONE;
}

static void print_counts(const struct run_summary *s, struct out *out)
{
	out_putf(out, "%u of %u task%s completed", (unsigned)s->counts[TASK_COMPLETED],
		 (unsigned)s->total, PLURAL(s->total));
	if (s->counts[TASK_FAILED])
		out_putf(out, ", %u failed", (unsigned)s->counts[TASK_FAILED]);
	if (s->blocked)
		out_putf(out, ", %u blocked behind them", (unsigned)s->blocked);
	if (s->counts[TASK_CANCELLED])
		out_putf(out, ", %u cancelled", (unsigned)s->counts[TASK_CANCELLED]);
}

static void print_text(const struct run_summary *s, struct out *out, bool nothing_to_do,
		       int interrupted)
{
	CLEANUP(buf_release) struct buf took = BUF_INIT;
	bool done = s->ws_completed == s->ws_count, failed = s->counts[TASK_FAILED] || s->ws_failed;

	buf_put_duration(&took, s->took_ms);
	for (size_t i = 0; i < s->failure_count; i++) {
		const struct run_failure *f = &s->failures[i];

		out_style(out, STYLE_BAD, "failed");
		out_putf(out, "  %s: %s\n        attempts %u, %s%s\n", f->task, f->error,
			 (unsigned)f->attempt, f->log ? "log " : "no log", f->log ? f->log : "");
	}
	if (s->failures_more)
		out_putf(out, "        and %u more; all of them: sk events --severity error\n",
			 (unsigned)s->failures_more);
	if (nothing_to_do) {
		out_putf(out,
			 "%s: everything was completed by an earlier run (%u task%s); nothing to "
			 "do. To run it again: "
			 "%s --new-run\n",
			 s->names[0], (unsigned)s->total, PLURAL(s->total), s->command);
		return;
	}
	out_style(out,
		  done     ? STYLE_GOOD
		  : failed ? STYLE_BAD
			   : STYLE_WARN,
		  done          ? "done"
		  : interrupted ? "interrupted"
		  : failed      ? "failed"
				: "stopped");
	out_putf(out, "  %s: ", s->names[0]);
	print_counts(s, out);
	out_putf(out, " in %s\n", took.p);
	if (s->failure_count)
		out_putf(out, "next: sk why %s, or mend it and: %s\n", s->failures[0].task,
			 s->command);
	else if (s->halted)
		out_putf(out, "next: sk workstream dag %s shows which tasks wait for each other\n",
			 s->halted);
	else if (!done && s->ws_failed)
		out_putf(out, "next: sk workstream analyze %s, or mend it and: %s\n", s->names[0],
			 s->command);
	else if (!done)
		out_putf(out, "next: %s goes on with the rest\n", s->command);
}

static void print_json(const struct run_summary *s, struct out *out, bool nothing_to_do, int code)
{
	struct json j;

	json_open(&j, out, "run");
	json_text(&j, "workstream_id", s->names[0]);
	json_i64(&j, "exit", code);
	json_bool(&j, "nothing_to_do", nothing_to_do);
	json_u64(&j, "tasks", s->total);
	for (unsigned i = 0; i < TASK_STATE_COUNT; i++)
		json_u64(&j, task_state_word(i), s->counts[i]);
	json_u64(&j, "blocked", s->blocked);
	json_u64(&j, "skipped", s->skipped);
	json_i64(&j, "duration_ms", s->took_ms);
	json_array(&j, "failures");
	for (size_t i = 0; i < s->failure_count; i++) {
		json_object(&j, NULL);
		json_text(&j, "task_id", s->failures[i].task);
		json_text(&j, "error", s->failures[i].error);
		json_i64(&j, "exit_code", s->failures[i].exit_code);
		json_u64(&j, "attempts", s->failures[i].attempt);
		json_text(&j, "log", s->failures[i].log);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_text(&j, "next", s->ws_completed == s->ws_count ? NULL : s->command);
	json_close(&j);
}

int run_summary_print(const struct run_summary *s, struct cmd_ctx *c, bool nothing_to_do,
		      int interrupted)
{
	int code = exit_of_summary(s, interrupted);

	if (c->json)
		print_json(s, c->out, nothing_to_do, code);
	else
		print_text(s, c->out, nothing_to_do, interrupted);
	return code;
}
