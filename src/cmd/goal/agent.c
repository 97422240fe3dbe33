/*
 * The wrapper around one agent, run as a task of the orchestrator: its log is the agent's output,
 * its end is the agent's, and whatever kills it takes the agent along. All that must be known
 * afterwards is recorded by it in the store of goals; when it is killed itself, its identity is
 * what tells others that the agent is lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "cmd/goal/agent_child.h"
#include "cmd/goal/agent_config.h"
#include "cmd/goal/agent_scope.h"
#include "cmd/goal/scope_look.h"
#include "cmd/goal/goals.h"
#include "cmd/goal/marking.h"
#include "core/agent_turn.h"
#include "core/agent_usage.h"
#include "core/quota_backoff.h"
#include "os/clock.h"
#include "os/fd.h"
#include "work/owner.h"

struct wrapper {
	struct cmd_ctx *c;
	struct span name;
	struct agents agents;
	const struct agent *agent;
	char work[PATH_MAX], program[PATH_MAX];
	struct texts scope; /* of the tentacle; its texts are owned */
	char *model;
	uint64_t parked; /* how often */
	struct buf prompt, words, environment;
	struct agent_result result;
	struct buf outside;
	bool looked; /* git could be asked for them */
};

static void wrapper_release(struct wrapper *w)
{
	for (size_t i = 0; i < w->scope.count; i++)
		mem_free(&w->scope.v[i].p);
	mem_free(&w->scope.v);
	mem_free(&w->model);
	agents_release(&w->agents);
	buf_release(&w->prompt);
	buf_release(&w->words);
	buf_release(&w->environment);
	buf_release(&w->outside);
	agent_result_release(&w->result);
}

/* Copies what is needed of the tentacle: the store is closed while the agent runs. */
static void remember(struct wrapper *w, const struct tentacle *t)
{
	w->model = span_dup(t->model);
	w->parked = t->parked.times;
	w->scope.v = mem_zalloc((t->scope.count + 1) * sizeof(*w->scope.v));
	for (size_t i = 0; i < t->scope.count; i++)
		w->scope.v[w->scope.count++] =
			(struct span){ span_dup(t->scope.v[i]), t->scope.v[i].len };
}

static int read_prompt(struct wrapper *w, const struct goal_store *s, struct err *e)
{
	char path[160];
	int rc;

	snprintf(path, sizeof(path), TENTACLES_DIR "/%.*s/prompt.md", SPAN_ARG(w->name));
	rc = vfs_read_all(goal_store_vfs(s), path, AGENT_PROMPT_BYTES_MAX, &w->prompt);
	if (rc < 0)
		return err_set(e, -SK_EIO, "%s/%s: cannot be read (%s): no agent was started",
			       goal_store_dir(s), path, strerror(-rc));
	return 0;
}

/* Who we are, and that the agent begins: recorded before it does. */
static int record_start(struct wrapper *w, const struct tentacle_begin *from, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const char *task = getenv("SK_TASK_ID");
	struct goal_words words = { .reason = SPAN_NONE };
	struct tentacle_owner self;
	const struct tentacle *t;
	struct owner_texts texts;
	int rc = goals_open(w->c, GOALS_WRITE, &s, e);

	if (rc == 0)
		rc = goal_store_tentacle(s, w->c->options->args[0], &t, e);
	if (rc == 0)
		rc = agents_choose(&w->agents, SPAN_NONE, t->agent, &w->agent, e);
	if (rc == 0)
		rc = read_prompt(w, s, e);
	if (rc < 0)
		return rc;
	if (agent_program(w->agent, w->work, w->program, sizeof(w->program)) < 0)
		return err_set(e, -SK_EUSAGE,
			       "agent %.*s: its program is not found: no agent was started. Try: "
			       "sk agents list",
			       SPAN_ARG(w->agent->name));
	remember(w, t);
	if (owner_self(&self, &texts, span_of(options_text(w->c->options, "order"))) < 0)
		return err_set(e, -SK_EIO, "/proc: cannot be read: no agent was started");
	rc = agent_started(goal_store_turn(s), w->name, &self, span_of(task), from, &words);
	if (rc < 0)
		return goal_store_refused(s, rc, e);
	rc = goal_store_commit(s, e);
	if (rc == 0)
		rc = goal_store_tentacle(s, w->c->options->args[0], &t, e);
	if (rc == 0)
		marking_add(w->c, s, t, MARKING_AGENT);
	return rc;
}

static char **words_list(struct buf *words, size_t count)
{
	char **list = mem_zalloc((count + 1) * sizeof(*list));
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		list[i] = words->p + at;
		at += strlen(list[i]) + 1;
	}
	return list;
}

static int build_cage(struct wrapper *w, struct landlock *cage, struct err *e)
{
	const struct agent_place place = { w->work, w->c->goal_paths->state_dir,
					   w->c->goal_paths->root, agent_home() };
	int rc = agent_cage(w->agent, &w->scope, &place, cage);

	if (rc == -ENOSYS || rc == -EOPNOTSUPP) {
		print_problem(
			"this kernel has no cage (Landlock): what the agent writes outside of "
			"its scope is seen only afterwards");
		return 0;
	}
	return rc < 0 ? err_set(e, -SK_EIO,
				"the agent's cage cannot be built (%s): no agent was "
				"started",
				strerror(-rc))
		      : 0;
}

static int run_agent(struct wrapper *w, struct err *e)
{
	CLEANUP(landlock_close) struct landlock cage = LANDLOCK_INIT;
	CLEANUP(mem_free) char **argv = NULL;
	CLEANUP(mem_free) char **envp = agent_environment(w->agent, &w->environment);
	CLEANUP(buf_release) struct buf prompt_file = BUF_INIT;
	struct agent_fill fill = { { w->prompt.p, w->prompt.len },
				   SPAN_NONE,
				   span_of(w->work),
				   w->name,
				   span_of(w->model) };
	enum agent_stdin input;
	size_t count = 0;
	int rc;

	buf_putf(&prompt_file, "%s/" TENTACLES_DIR "/%.*s/prompt.md", w->c->goal_paths->state_dir,
		 SPAN_ARG(w->name));
	fill.prompt_file = (struct span){ prompt_file.p, prompt_file.len };
	rc = agent_words(w->agent, &fill, &w->words, &count, &input, e);
	if (rc == 0)
		rc = build_cage(w, &cage, e);
	if (rc < 0)
		return rc;
	argv = words_list(&w->words, count);
	rc = agent_child_run(
		&(struct agent_child){
			.path = w->program,
			.argv = argv,
			.envp = envp,
			.cwd = w->work,
			.input = input == AGENT_STDIN_PROMPT ? fill.prompt : SPAN_NONE,
			.cage_fd = cage.fd,
			.limit_ms = (int64_t)options_number(w->c->options, "timeout", 0) },
		&w->result);
	if (rc < 0)
		return err_set(e, -SK_EIO, "agent %.*s: %s cannot be started: %s",
			       SPAN_ARG(w->agent->name), w->program, strerror(-rc));
	return 0;
}

static void quota_moment_now(struct quota_now *out)
{
	time_t seconds;
	struct tm walls;

	out->ms = clock_wall_ms(&clock_real);
	seconds = (time_t)(out->ms / 1000);
	out->local_minutes = localtime_r(&seconds, &walls) ? (int)(walls.tm_gmtoff / 60) : 0;
}

/* What is structured decides, wherever it was said; else the error stream before the answer. */
static void classify(const struct agent_result *r, enum quota_provider provider,
		     struct quota_verdict *out)
{
	struct quota_verdict said;
	struct quota_now now;

	quota_moment_now(&now);
	quota_classify((struct span){ r->out.p, r->out.len }, &now, provider, out);
	if (out->structured || out->ended_well)
		return;
	quota_classify((struct span){ r->err.p, r->err.len }, &now, provider, &said);
	if (said.kind != QUOTA_NONE)
		*out = said;
}

static int64_t due_of(const struct wrapper *w, const struct quota_verdict *v)
{
	struct quota_due due;
	uint32_t chance = 0;
	int64_t now_ms = clock_wall_ms(&clock_real);

	if (v->kind == QUOTA_NONE)
		return 0;
	if (getrandom(&chance, sizeof(chance), 0) != sizeof(chance))
		chance = (uint32_t)now_ms;
	quota_due(&quota_backoff_parked, v, (unsigned)w->parked + 1, now_ms, now_ms, chance, &due);
	return due.due_ms;
}

/* Borrows the names of a list with a NUL behind each. */
static struct texts texts_of(struct arena *arena, const struct buf *names)
{
	struct texts out = { NULL, 0 };

	for (size_t at = 0; at < names->len && out.count < AGENT_OUTSIDE_MAX;
	     at += strlen(names->p + at) + 1)
		texts_add(arena, &out, span_of(names->p + at));
	return out;
}

/* The last line with anything in it, made visible and short; JSON is for programs. */
static void put_last_line(const struct buf *text, struct buf *out)
{
	size_t end = text->len, at;

	while (end &&
	       (text->p[end - 1] == '\n' || text->p[end - 1] == '\r' || text->p[end - 1] == ' '))
		end--;
	for (at = end; at && text->p[at - 1] != '\n';)
		at--;
	if (at == end || text->p[at] == '{')
		return;
	buf_put_visible(out, (struct span){ text->p + at, end - at });
	while (out->len > AGENT_LAST_LINE_BYTES_MAX ||
	       (out->len && !text_plain((struct span){ out->p, out->len })))
		buf_truncate(out, out->len - 1);
}

static int record_end(struct wrapper *w, enum agent_outcome *outcome, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	enum quota_provider provider = QUOTA_BY_UNKNOWN;
	struct quota_verdict verdict;
	struct agent_usage usage;
	CLEANUP(buf_release) struct buf last = BUF_INIT;
	struct goal_words words = { .reason = SPAN_NONE };
	struct agent_end end = { .nonce = span_of(options_text(w->c->options, "order")),
				 .exit_code = w->result.exit_code,
				 .signal = w->result.signal,
				 .timed_out = w->result.timed_out,
				 .told = w->result.told != 0,
				 .limit = &verdict,
				 .looked = w->looked,
				 .provider = w->agent->provider };
	int rc;

	quota_provider_of(w->agent->provider, &provider);
	classify(&w->result, provider, &verdict);
	if (w->result.told)
		verdict = (struct quota_verdict){ .kind = QUOTA_NONE }; /* we ended it */
	if (!w->result.exit_code || w->result.signal || w->result.timed_out)
		quota_of_service(&verdict); /* it went on: it tells of what it works on */
	end.due_ms = due_of(w, &verdict);
	if (end.exit_code)
		put_last_line(w->result.err.len ? &w->result.err : &w->result.out, &last);
	end.last_line = (struct span){ last.p, last.len };
	agent_usage_read((struct span){ w->result.out.p, w->result.out.len }, &usage);
	end.tokens = usage.tokens;
	end.micros = usage.micros;
	w->c->now_ms = clock_wall_ms(&clock_real);
	rc = goals_open(w->c, GOALS_WRITE, &s, e);
	if (rc < 0)
		return rc;
	end.outside = texts_of(goal_arena(goal_store_turn(s)), &w->outside);
	if (w->result.timed_out)
		words.reason = SPAN_LIT("its time was over");
	else if (w->result.told)
		words.reason = SPAN_LIT("it was told to end");
	*outcome = agent_ended(goal_store_turn(s), w->name, &end, &words);
	rc = goal_store_commit(s, e);
	goal_store_close(s);
	s = NULL;
	marking_end(w->c);
	return rc;
}

static int exit_of_outcome(const struct wrapper *w, enum agent_outcome outcome)
{
	if (w->result.told)
		return w->result.told == SIGINT ? EXIT_INTERRUPTED : EXIT_TERMINATED;
	if (w->result.timed_out && outcome == AGENT_FAILED)
		return EXIT_TIMED_OUT;
	switch (outcome) {
	case AGENT_HANDED_OFF:
		return w->outside.len ? EXIT_NEEDS_HUMAN : EXIT_DONE;
	case AGENT_PARKED:
		return EXIT_PARKED;
	case AGENT_SUPERSEDED:
		return EXIT_REFUSED;
	default:
		return EXIT_NEEDS_HUMAN;
	}
}

static void tell(const struct wrapper *w, enum agent_outcome outcome)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;

	buf_putf(&line, "tentacle \"%.*s\": %s", SPAN_ARG(w->name), agent_outcome_text(outcome));
	print_problem(line.p);
	for (size_t at = 0; at < w->outside.len; at += strlen(w->outside.p + at) + 1) {
		CLEANUP(buf_release) struct buf name = BUF_INIT;

		buf_puts(&name, "changed outside of its scope: ");
		buf_puts(&name, w->outside.p + at);
		print_problem(name.p);
	}
}

/* What the checkout is like is looked at before anybody may change it. */
static int begin(struct wrapper *w, struct err *e)
{
	struct tentacle_begin from;
	struct arena arena = ARENA_INIT;
	int rc;

	scope_begin(w->work, &arena, &from);
	rc = record_start(w, &from, e);
	arena_release(&arena);
	return rc;
}

/* What it changed outside of its scope, as far as that can be seen. */
static void look_outside(struct wrapper *w)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	struct err problem = ERR_INIT;
	struct arena arena = ARENA_INIT;
	struct texts outside = { NULL, 0 };
	const struct tentacle *t;

	if (goals_open(w->c, 0, &s, &problem) == 0 &&
	    goal_store_tentacle(s, w->c->options->args[0], &t, &problem) == 0)
		w->looked = scope_look(goal_store_goals(s), t, goal_store_root(s), &arena, &outside,
				       &problem);
	if (problem.code)
		print_problem(problem.text);
	for (size_t i = 0; i < outside.count; i++)
		buf_putf(&w->outside, "%.*s%c", SPAN_ARG(outside.v[i]), 0);
	arena_release(&arena);
}

static int wrap(struct wrapper *w, struct err *e)
{
	enum agent_outcome outcome = AGENT_SUPERSEDED;
	struct err failed = ERR_INIT;
	int rc = agent_config_load(w->c, &w->agents, e);

	if (rc == 0 && !getcwd(w->work, sizeof(w->work)))
		rc = err_set(e, -SK_EIO, "the folder to work in is gone: no agent was started");
	if (rc == 0)
		rc = begin(w, e);
	if (rc < 0)
		return rc;
	if (run_agent(w, &failed) < 0) {
		w->result.exit_code = 127;
		buf_puts(&w->result.err, failed.text);
		print_problem(failed.text);
	}
	look_outside(w);
	rc = record_end(w, &outcome, e);
	if (rc < 0)
		return rc;
	tell(w, outcome);
	return exit_of_outcome(w, outcome);
}

static int agent_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(wrapper_release)
	struct wrapper w = { .c = c,
			     .name = span_of(c->options->args[0]),
			     .agents = AGENTS_INIT,
			     .result = AGENT_RESULT_INIT };

	if (!options_text(c->options, "order"))
		return err_set(e, -SK_EUSAGE,
			       "__agent: --order is missing: no agent was started. Try: sk agents "
			       "run NAME");
	return wrap(&w, e);
}

static const struct option_row agent_options[] = {
	{ .name = "order",
	  .kind = OPTION_TEXT,
	  .value = "NONCE",
	  .summary = "the order it carries out" },
	{ .name = "timeout",
	  .kind = OPTION_DURATION,
	  .value = "TIME",
	  .summary = "end the agent after this" },
	{ .name = NULL },
};

const struct cmd cmd_agent = {
	.path = "__agent",
	.summary = "run the agent of a tentacle to its end, as a task",
	.usage = "NAME --order NONCE [--timeout TIME]",
	.options = agent_options,
	.needs = NEED_GOALS | CMD_SCRIPT,
	.args = ARG_TEXT,
	.args_min = 1,
	.args_max = 1,
	.run = agent_run,
};
