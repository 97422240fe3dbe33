/*
 * The task is a plan like any other, so logs, time, adoption and ending whole trees are those of
 * every task. Whether its orchestrator begins for it or is at work already is `sk run`'s business.
 * An order that is repeated hands over the same plan, which finds its task where it is; a new order
 * begins a new run of it.
 */
#include "cmd/goal/agent_order.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "cmd/run/follow.h"
#include "cmd/self.h"
#include "cmd/view.h"
#include "cmd/goal/worktrees.h"
#include "core/agent_turn.h"
#include "core/goal_budget.h"
#include "os/capture.h"
#include "os/clock.h"
#include "work/bundle.h"
#include "work/owner.h"
#include "work/prompt.h"
#include "work/tentacle_dir.h"

#define NAME_WHOLE_MAX 55 /* "tentacle-" and this fit into a name */
#define NAME_CUT 46

void agent_task_name(struct span tentacle, char out[80])
{
	if (tentacle.len <= NAME_WHOLE_MAX)
		snprintf(out, 80, "tentacle-%.*s", SPAN_ARG(tentacle));
	else
		snprintf(out, 80, "tentacle-%.*s-%08x", NAME_CUT, tentacle.p,
			 (unsigned)hash64(tentacle.p, tentacle.len, 0));
}

struct agent_wish agent_wish_of(const struct cmd_ctx *c, const char *name)
{
	return (struct agent_wish){
		.name = name,
		.agent = options_text(c->options, "agent"),
		.model = options_text(c->options, "model"),
		.timeout_ms = (int64_t)options_number(c->options, "timeout", 0),
		.worktree = options_has(c->options, "worktree"),
		.here = options_has(c->options, "here"),
		.anyway = options_has(c->options, "force"),
		.afresh = true,
	};
}

/* What an order is worked out from, kept while the store is closed. */
struct ordering {
	struct cmd_ctx *c;
	const struct agents *agents;
	const struct agent_wish *wish;
	struct agent_receipt *r;
	char work[PATH_MAX], program[PATH_MAX];
	int64_t timeout_ms;
	bool here; /* in the main checkout */
};

bool agent_budget_spent(const struct goal *g, int64_t now_ms)
{
	struct goal_use use[GOAL_LIMIT_COUNT];
	const struct iteration *it = goal_iteration(g, g->iteration);

	if (it && it->over_budget)
		return false; /* a person opened it in spite of that */
	goal_use_read(g, now_ms, use);
	for (size_t i = 0; i < GOAL_LIMIT_COUNT; i++)
		if (i != GOAL_LIMIT_ITERATIONS && i != GOAL_LIMIT_TENTACLES && use[i].limit &&
		    use[i].used >= use[i].limit)
			return true;
	return false;
}

static int check_goal(const struct goal_store *s, const struct tentacle *t, struct err *e)
{
	const struct goal *g = t->goal_id.len ? goals_find(goal_store_goals(s), t->goal_id) : NULL;
	int code;

	if (g && g->status == GOAL_ACTIVE && agent_budget_spent(g, clock_wall_ms(&clock_real)))
		return err_set(e, -SK_EBUDGET,
			       "tentacle \"%.*s\": the budget of its goal is used up: nothing was "
			       "started. Try: sk tentacle goal budget",
			       SPAN_ARG(t->name));
	if (!g || g->status == GOAL_ACTIVE)
		return 0;
	code = g->status == GOAL_AWAITING_GATE ? -SK_EGATE
	       : g->status == GOAL_NEEDS_HUMAN ? -SK_EHUMAN
					       : -SK_EREFUSED;
	return err_set(e, code,
		       "tentacle \"%.*s\": its goal is %s: nothing was started. Try: sk tentacle "
		       "goal %s",
		       SPAN_ARG(t->name), goal_state_word(g->status),
		       g->status == GOAL_NEEDS_HUMAN ? "resume" : "status");
}

/* All that a wish can be refused for without changing anything; and where the agent will work. */
static int look_ahead(struct ordering *o, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	char found[PATH_MAX];
	const struct agent *agent;
	const struct tentacle *t;
	int rc = goals_open(o->c, 0, &s, e);

	if (rc == 0)
		rc = goal_store_tentacle(s, o->wish->name, &t, e);
	if (rc == 0)
		rc = check_goal(s, t, e);
	if (rc == 0)
		rc = agents_choose(o->agents, span_of(o->wish->agent), t->agent, &agent, e);
	if (rc < 0)
		return rc;
	if (t->worktree.prepared && !o->here)
		snprintf(o->work, sizeof(o->work), "%.*s", SPAN_ARG(t->worktree.path));
	else
		snprintf(o->work, sizeof(o->work), "%s", goal_store_root(s));
	if (agent_program(agent, o->work, found, sizeof(found)) < 0)
		return err_set(e, -SK_EUSAGE,
			       "agent %.*s: its program \"%.*s\" is not found: nothing was "
			       "started. Try: sk agents list",
			       SPAN_ARG(agent->name), SPAN_ARG(agent->command.v[0]));
	o->timeout_ms = o->wish->timeout_ms ? o->wish->timeout_ms : agent->timeout_ms;
	agent_task_name(t->name, o->r->task);
	o->r->again = t->status == TENTACLE_LOST && t->owner.nonce.len;
	snprintf(o->r->nonce, sizeof(o->r->nonce), "%.*s", SPAN_ARG(t->owner.nonce));
	return self_program(o->program, "nothing was started", e);
}

static int write_beside(struct goal_store *s, const char *name, const char *file,
			const struct buf *text, struct err *e)
{
	char path[160];
	int rc;

	snprintf(path, sizeof(path), TENTACLES_DIR "/%s/%s", name, file);
	rc = vfs_replace(goal_store_vfs(s), path, text->p, text->len);
	return rc < 0 ? err_set(e, -SK_EIO, "%s/%s: cannot be written (%s): nothing was started",
				goal_store_dir(s), path, strerror(-rc))
		      : 0;
}

static void put_plan(const struct ordering *o, struct buf *out)
{
	CLEANUP(buf_release) struct buf limit = BUF_INIT;

	buf_putf(&limit, "%lldms", (long long)o->timeout_ms);
	buf_putf(out, "{\"workstream\":\"%s\",\"tasks\":{\"%s\":{\"run\":[", o->r->task,
		 o->r->task);
	buf_put_json(out, span_of(o->program));
	buf_putf(out, ",\"__agent\",\"%s\",\"--order\",\"%s\"", o->wish->name, o->r->nonce);
	if (o->timeout_ms)
		buf_putf(out, ",\"--timeout\",\"%s\"", limit.p);
	buf_puts(out, "],\"timeout\":\"none\",\"type\":\"agent\",\"working_directory\":");
	buf_put_json(out, span_of(o->work));
	if (o->c->goal_paths->chosen) {
		buf_puts(out, ",\"env\":{\"SK_GOALS_DIR\":");
		buf_put_json(out, span_of(o->c->goal_paths->state_dir));
		buf_putc(out, '}');
	}
	buf_puts(out, "}}}\n");
}

static int decide(struct ordering *o, struct goal_store *s, struct err *e)
{
	struct goal_words words = { .reason = SPAN_NONE };
	struct goal_actor actor;
	struct agent_order order = { .name = span_of(o->wish->name),
				     .anyway = o->wish->anyway,
				     .afresh = o->wish->afresh,
				     .here = o->here };
	const struct agent *agent;
	const struct tentacle *t;
	struct owner_texts texts;
	int rc = goal_store_tentacle(s, o->wish->name, &t, e);

	who_acts(NULL, actor.name);
	words.operator_name = span_of(actor.name);
	if (rc == 0)
		rc = check_goal(s, t, e);
	if (rc == 0)
		rc = agents_choose(o->agents, span_of(o->wish->agent), t->agent, &agent, e);
	if (rc < 0)
		return rc;
	if (proc_nonce(o->r->nonce) < 0 || owner_self(&order.who, &texts, span_of(o->r->nonce)) < 0)
		return err_set(e, -SK_EIO, "/proc: cannot be read: nothing was started");
	order.agent = agent->name;
	order.provider = agent->provider;
	order.max_parallel = (uint64_t)agent->max_parallel;
	order.model = o->wish->model ? span_of(o->wish->model)
		      : t->model.len ? t->model
				     : agent->model;
	rc = agent_ordered(goal_store_turn(s), &order, &words, &o->r->again);
	return rc < 0 ? goal_store_refused(s, rc, e) : 0;
}

static int put_prompt(const struct ordering *o, const struct goal_store *s,
		      const struct tentacle *t, bool bundled, struct buf *out, struct err *e)
{
	CLEANUP(buf_release) struct buf context = BUF_INIT;
	const struct prompt p = { .all = goal_store_goals(s),
				  .t = t,
				  .dir = goal_store_dir(s),
				  .work = o->work,
				  .program = o->program,
				  .bundle = bundled };
	struct prompt whole = p;
	int rc = context_read(s, t, &context, e);

	whole.context = (struct span){ context.p, context.len };
	if (rc >= 0)
		prompt_encode(&whole, out);
	return rc < 0 ? rc : 0;
}

/* What its task will read is there before the order is. */
static int write_files(const struct ordering *o, struct goal_store *s, struct err *e)
{
	CLEANUP(buf_release) struct buf prompt = BUF_INIT, plan = BUF_INIT;
	const struct tentacle *t = goals_tentacle(goal_store_goals(s), span_of(o->wish->name));
	struct err unbundled = ERR_INIT; /* a bundle helps, and its failure stops nobody */
	bool bundled = bundle_make(s, t, o->c->now_ms, &unbundled) == 0;
	int rc = put_prompt(o, s, t, bundled, &prompt, e);

	put_plan(o, &plan);
	if (rc == 0)
		rc = write_beside(s, o->wish->name, "prompt.md", &prompt, e);
	if (rc == 0)
		rc = write_beside(s, o->wish->name, "run.json", &plan, e);
	return rc;
}

static int record(struct ordering *o, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct tentacle *t;
	int rc;

	o->c->now_ms = clock_wall_ms(&clock_real);
	rc = goals_open(o->c, GOALS_WRITE, &s, e);
	if (rc == 0)
		rc = decide(o, s, e);
	if (rc == 0 && !o->r->again)
		rc = write_files(o, s, e);
	if (rc < 0)
		return rc;
	t = goals_tentacle(goal_store_goals(s), span_of(o->wish->name));
	if (o->r->again)
		snprintf(o->r->nonce, sizeof(o->r->nonce), "%.*s", SPAN_ARG(t->owner.nonce));
	return goal_store_commit(s, e);
}

static void take_back(struct cmd_ctx *c, const char *name, const char *why)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	struct goal_words words = { .reason = span_of(why) };
	struct err ignored = ERR_INIT;

	if (goals_open(c, GOALS_WRITE, &s, &ignored) < 0)
		return;
	agent_not_ordered(goal_store_turn(s), span_of(name), &words);
	(void)goal_store_commit(s, &ignored);
}

/* Runs this program with these words; a failure is told with `what` in front of its last line. */
static int run_self(char *const *argv, int64_t limit_ms, int code, const char *what, struct err *e)
{
	CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
	struct span line;
	int rc = capture_run(&(struct capture){ .path = "/proc/self/exe",
						.argv = argv,
						.envp = environ,
						.output_bytes_max = AGENT_PROMPT_BYTES_MAX,
						.limit_ms = limit_ms },
			     &said);

	if (rc < 0)
		return err_set(e, -SK_EIO, "%s: %s", what, strerror(-rc));
	if (said.exit == 0)
		return 0;
	line = captured_last_line(&said);
	if (span_starts(line, "sk: "))
		line = (struct span){ line.p + 4, line.len - 4 };
	return err_set(e, code, "%s: %.*s", what, SPAN_ARG(line));
}

/* Runs `sk run --detach` with the plan of the tentacle. */
static int hand_over(struct cmd_ctx *c, const char *name, bool fresh, struct err *e)
{
	CLEANUP(buf_release) struct buf plan = BUF_INIT, state = BUF_INIT, jobs = BUF_INIT;
	char *argv[10];
	size_t n = 0;

	buf_putf(&plan, "%s/" TENTACLES_DIR "/%s/run.json", c->goal_paths->state_dir, name);
	buf_putf(&state, "--state-dir=%s", c->paths->state_dir);
	buf_putf(&jobs, "--jobs=%d", AGENT_JOBS);
	argv[n++] = (char *)"sk";
	argv[n++] = (char *)"run";
	argv[n++] = (char *)"--detach";
	argv[n++] = (char *)"--quiet";
	if (c->paths->chosen) /* else it finds the same by itself, and git is told to ignore it */
		argv[n++] = state.p;
	argv[n++] = jobs.p;
	if (fresh)
		argv[n++] = (char *)"--new-run";
	argv[n++] = plan.p;
	argv[n] = NULL;
	return run_self(argv, AGENT_START_LIMIT_MS, -SK_EBUSY, "its task could not be handed over",
			e);
}

/* A worktree begins with what is committed: who just changed something has to hear of it. */
static void say_what_is_left_behind(const struct work *k)
{
	CLEANUP(git_changes_release) struct git_changes left = GIT_CHANGES_INIT;
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	struct err ignored = ERR_INIT; /* it only helps */

	if (git_changes_read(&k->git, k->w.main_root, NULL, NULL, &left, &ignored) < 0 ||
	    !left.count)
		return;
	buf_putf(&line,
		 "worktree of \"%s\": it does not hold %zu file%s of the main checkout that %s "
		 "changed and not committed",
		 k->name, left.count, PLURAL(left.count), left.count == 1 ? "is" : "are");
	print_problem(line.p);
}

/* Where none can be made, the way out is to do without. */
static int make_worktree(const struct ordering *o, struct err *e)
{
	CLEANUP(work_release) struct work k = WORK_INIT(o->c, o->wish->name);
	struct worktree_prepared done;
	struct err problem = ERR_INIT;
	int rc = work_prepare(&k, NULL, &done, &problem);

	if (rc == 0 && !done.reused)
		say_what_is_left_behind(&k);
	if (rc == 0)
		return 0;
	return err_set(e, rc, "%s%s", problem.text,
		       strstr(problem.text, "Try: ") ? ", or the same with --here"
						     : ". Try: the same with --here");
}

/* Nothing is made for an order that will be refused. */
static int make_place(struct ordering *o, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	int rc = goals_open(o->c, 0, &s, e);

	if (rc == 0)
		rc = decide(o, s, e); /* and forgotten with the store */
	goals_close(&s);
	if (rc == 0)
		rc = make_worktree(o, e);
	return rc < 0 ? rc : look_ahead(o, e); /* it works there now */
}

/* Outside of a repository there is nothing a worktree could be of. */
static bool works_here(const struct ordering *o)
{
	if (o->wish->here || (!o->agents->worktree && !o->wish->worktree))
		return true;
	return !o->c->goal_paths->git_dir && !o->wish->worktree;
}

/* Whether its task will begin or goes on without anybody doing anything; *nobody: no orchestrator
 * is at work. */
static int task_goes_on(struct cmd_ctx *c, const struct agent_receipt *r, bool *nobody,
			struct err *e)
{
	struct view *v = NULL;
	int rc = view_open(c->paths, clock_wall_ms(&clock_real), &v, e);
	uint32_t ws;

	*nobody = !v || !v->alive;
	if (rc < 0 || !v)
		return rc;
	ws = state_ws(&v->st, span_of(r->task));
	rc = ws != NO_ID && follow_goes_on(&v->st.ws[ws]);
	view_free(v);
	return rc;
}

int agent_order(struct cmd_ctx *c, const struct agents *agents, const struct agent_wish *wish,
		struct agent_receipt *out, struct err *e)
{
	struct ordering o = { .c = c, .agents = agents, .wish = wish, .r = out };
	bool nobody, again = false;
	int rc;

	if (wish->here && wish->worktree)
		return err_set(e, -SK_EUSAGE,
			       "--here and --worktree: it is one or the other: nothing was "
			       "started. Try: with one of them");
	o.here = works_here(&o);
	rc = look_ahead(&o, e);
	if (rc == 0 && out->again) /* lost: its task may be about to begin again by itself */
		again = task_goes_on(c, out, &nobody, e) > 0;
	if (rc == 0 && !again && !o.here)
		rc = make_place(&o, e);
	out->again = again;
	if (rc == 0 && !again)
		rc = record(&o, e);
	if (rc < 0)
		return rc;
	rc = hand_over(c, wish->name, !out->again, e);
	if (rc < 0 && !out->again)
		take_back(c, wish->name, e->text);
	return rc;
}

enum recorded { RECORDED_OURS, RECORDED_ENDED, RECORDED_ANOTHER };

/* What is recorded of this order. */
static int look_up(struct cmd_ctx *c, const char *name, const struct agent_receipt *r,
		   unsigned *status, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct tentacle *t;
	int rc;

	c->now_ms = clock_wall_ms(&clock_real);
	rc = goals_open(c, 0, &s, e);
	if (rc == 0)
		rc = goal_store_tentacle(s, name, &t, e);
	if (rc < 0)
		return rc;
	*status = t->status;
	if (!t->owner.nonce.len)
		return RECORDED_ENDED;
	return span_is(t->owner.nonce, r->nonce) ? RECORDED_OURS : RECORDED_ANOTHER;
}

/*
 * Over is over when its task is, too: then the wrapper has written its files and nothing that the
 * agent started lives any more.
 */
int agent_look(struct cmd_ctx *c, const char *name, const struct agent_receipt *r, unsigned *handed,
	       struct err *e)
{
	unsigned status;
	bool nobody;
	int goes_on, rc = look_up(c, name, r, &status, e);

	if (rc < 0 || rc == RECORDED_ANOTHER)
		return rc < 0 ? rc : 0;
	goes_on = task_goes_on(c, r, &nobody, e);
	if (goes_on < 0)
		return goes_on;
	if (rc == RECORDED_ENDED)
		return goes_on && !nobody;
	if (nobody && goes_on && *handed < AGENT_HANDED_OVER_MAX) {
		++*handed;
		if (hand_over(c, name, false, e) < 0)
			err_clear(e); /* another one begins or ends at this moment: look again */
		return 1;
	}
	return !nobody && (goes_on || status == TENTACLE_RUNNING);
}
