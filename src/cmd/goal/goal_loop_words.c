/*
 * What the loop says: a line for each thing that happens, and a last one that can be typed. It runs
 * for a night with nobody before it, so the lines are what is read in the morning.
 */
#include "cmd/goal/goal_loop_impl.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/when.h"
#include "os/capture.h"

/* Of one tentacle. */
struct told {
	char *name;
	uint64_t line; /* hash64 of what was said of it last */
};

void goal_loop_release(struct goal_loop *l)
{
	for (size_t i = 0; i < l->told_count; i++)
		mem_free(&l->told[i].name);
	mem_free(&l->told);
	agents_release(&l->agents);
	agent_eyes_close(&l->eyes);
	mem_free(&l->goal_id);
	buf_release(&l->agents_at_work);
	buf_release(&l->hands);
	buf_release(&l->trouble);
	buf_release(&l->blocked);
	buf_release(&l->stuck);
	buf_release(&l->stuck_why);
	buf_release(&l->last);
}

void goal_loop_say(const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	va_list args;

	va_start(args, fmt);
	buf_putfv(&line, fmt, args);
	va_end(args);
	print_problem(line.p);
}

int goal_loop_end(struct goal_loop *l, int code, const char *fmt, ...)
{
	va_list args;

	buf_truncate(&l->last, 0);
	va_start(args, fmt);
	buf_putfv(&l->last, fmt, args);
	va_end(args);
	print_problem(l->last.p);
	return code;
}

void goal_loop_tell(struct goal_loop *l, struct span name, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	struct told *which = NULL;
	uint64_t hash;
	va_list args;

	buf_putf(&line, "%.*s: ", SPAN_ARG(name));
	va_start(args, fmt);
	buf_putfv(&line, fmt, args);
	va_end(args);
	hash = hash64(line.p, line.len, 0);
	for (size_t i = 0; i < l->told_count && !which; i++)
		if (span_is(name, l->told[i].name))
			which = &l->told[i];
	if (which && which->line == hash)
		return;
	if (!which) {
		mem_grow(&l->told, &l->told_capacity, l->told_count + 1, sizeof(*l->told));
		which = &l->told[l->told_count++];
		which->name = span_dup(name);
	}
	which->line = hash;
	print_problem(line.p);
}

/* "a, b and 3 more" of names with a NUL behind each. */
static void put_names(const struct buf *names, struct buf *out)
{
	size_t shown = 0, more = 0;

	for (size_t at = 0; at < names->len; at += strlen(names->p + at) + 1) {
		if (shown++ < GOAL_LOOP_NAMES_MAX)
			buf_putf(out, "%s%s", at ? ", " : "", names->p + at);
		else
			more++;
	}
	if (more)
		buf_putf(out, " and %zu more", more);
}

int goal_loop_gated(struct goal_loop *l)
{
	return goal_loop_end(
		l, EXIT_AWAITING_GATE,
		"a gate blocks. Try: sk tentacle goal gate list, then sk tentacle goal gate "
		"approve ID and the same again");
}

int goal_loop_over_budget(struct goal_loop *l)
{
	return goal_loop_end(
		l, EXIT_OVER_BUDGET,
		"the budget is used up: the goal needs a person. Try: sk tentacle goal "
		"budget, then sk tentacle goal resume");
}

int goal_loop_in_trouble(struct goal_loop *l)
{
	for (size_t at = 0; at < l->trouble.len; at += strlen(l->trouble.p + at) + 1)
		goal_loop_say("%s", l->trouble.p + at);
	return goal_loop_end(l, EXIT_NEEDS_HUMAN,
			     "a person has to decide. Try: sk tentacle goal next-iter, which names "
			     "what can be done");
}

int goal_loop_parked(struct goal_loop *l)
{
	CLEANUP(buf_release) struct buf when = BUF_INIT;

	if (l->due_ms) {
		buf_puts(&when, " before ");
		buf_put_when(&when, l->due_ms);
		buf_puts(&when, " UTC");
	}
	return goal_loop_end(l, EXIT_PARKED,
			     "what is left is parked and not due%s. Try: the same again then; sk "
			     "retry-queue list",
			     when.len ? when.p : "");
}

int goal_loop_by_hand(struct goal_loop *l)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;

	put_names(&l->hands, &names);
	return goal_loop_end(
		l, EXIT_NEEDS_HUMAN,
		"what is left is in somebody's hands, and nothing was recorded for %lld s: "
		"%s. Try: sk tentacle handoff %s TEXT --status DONE, or sk tentacle dispatch "
		"%s --run",
		(long long)(l->patience_ms / 1000), names.p, l->hands.p, l->hands.p);
}

int goal_loop_left(struct goal_loop *l)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	int code = l->interrupted == SIGINT ? EXIT_INTERRUPTED : EXIT_TERMINATED;

	put_names(&l->agents_at_work, &names);
	if (names.len)
		return goal_loop_end(
			l, code,
			"interrupted; agents go on: %s. Try: sk tentacle goal loop, which "
			"goes on with them; sk workstream cancel --yes tentacle-%s ends one",
			names.p, l->agents_at_work.p);
	return goal_loop_end(l, code,
			     "interrupted; no agent is at work. Try: sk tentacle goal loop, which "
			     "goes on from here");
}

int goal_loop_not_active(struct goal_loop *l, unsigned status)
{
	switch (status) {
	case GOAL_COMPLETED:
		return goal_loop_end(
			l, EXIT_DONE,
			"the goal is completed: nothing is left to do. Try: sk tentacle goal "
			"init --title TEXT");
	case GOAL_ABANDONED:
		return goal_loop_end(
			l, EXIT_REFUSED,
			"the goal is abandoned: nothing was started. Try: sk tentacle goal "
			"init --title TEXT");
	case GOAL_AWAITING_GATE:
		return goal_loop_gated(l);
	case GOAL_NEEDS_HUMAN:
		return goal_loop_end(
			l, EXIT_NEEDS_HUMAN,
			"the goal needs a person: nothing was started. Try: sk tentacle "
			"goal next-iter");
	default:
		return goal_loop_end(
			l, EXIT_REFUSED,
			"the goal is %s: nothing was started. Try: sk tentacle goal resume",
			goal_state_word(status));
	}
}

/* Ends them one after the other; another signal is not kept waiting. */
static void end_agents(struct goal_loop *l)
{
	for (size_t at = 0; at < l->agents_at_work.len;
	     at += strlen(l->agents_at_work.p + at) + 1) {
		CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
		CLEANUP(buf_release) struct buf state = BUF_INIT;
		char task[80];
		char *argv[] = { (char *)"sk",
				 (char *)"workstream",
				 (char *)"cancel",
				 (char *)"--yes",
				 NULL,
				 task,
				 NULL };
		struct capture run = { .path = "/proc/self/exe",
				       .argv = argv,
				       .envp = environ,
				       .output_bytes_max = GOAL_FILE_BYTES_MAX,
				       .limit_ms = AGENT_START_LIMIT_MS,
				       .cancel_fd = l->eyes.loop.signal_fd };

		agent_task_name(span_of(l->agents_at_work.p + at), task);
		buf_putf(&state, "--state-dir=%s", l->c->paths->state_dir);
		argv[4] = state.p;
		if (capture_run(&run, &said) == -ECANCELED)
			return; /* it is heard next */
	}
}

void goal_loop_hear(struct goal_loop *l, int number)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;

	if (!number)
		return;
	l->interrupted = number;
	l->calls = number == SIGINT || l->calls ? l->calls + 1 : 2;
	put_names(&l->agents_at_work, &names);
	if (!names.len)
		return; /* it ends with the next step */
	if (l->calls == 1) {
		goal_loop_say("draining: %s: they go to their end, nothing new starts. Ctrl-C "
			      "again ends them, a third one leaves at once",
			      names.p);
	} else if (l->calls == 2) {
		goal_loop_say("ending the agents at work: %s. Ctrl-C again leaves at once",
			      names.p);
		end_agents(l);
	}
}
