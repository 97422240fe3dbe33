/*
 * A daemon is `sk run` without a plan of its own: the same orchestrator, which stays when all is
 * done. It takes on whatever an earlier one left unfinished.
 */
#include "cmd/run/serve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "cmd/run/ask.h"
#include "cmd/run/background.h"
#include "cmd/home.h"
#include "cmd/run/live.h"
#include "cmd/task/remains.h"
#include "cmd/run/run_plan.h"
#include "cmd/run/served.h"
#include "cmd/run/timing.h"
#include "cmd/view.h"
#include "setup/cron.h"
#include "daemon/orchestrator.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/service.h"
#include "work/goal_store.h"

#define LOOK_AGAIN_MS 20

struct serving {
	struct cmd_ctx *c;
	struct orchestrator *orchestrator;
	struct served_by served;
	struct orchestrator_start start;
	struct live live;
	struct service service;
	char *capabilities;           /* these two outlive the orchestrator */
	struct buf parked, schedules; /* paths */
	int state_fd, logs_fd;
	enum orchestrator_wish wish; /* what is being carried out */
};

static void on_committed(void *ctx, const struct state *st, const struct events *batch)
{
	struct serving *s = ctx;

	live_events(&s->live, st, batch);
}

static void on_trouble(void *ctx, const char *sentence)
{
	struct serving *s = ctx;

	live_say(&s->live, "%s", sentence);
}

static int open_state(struct serving *s, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;

	s->state_fd = paths_open(s->c->paths, true, &why);
	if (s->state_fd < 0)
		return view_paths_problem(s->state_fd, &why, e);
	s->logs_fd = paths_open_inside(s->state_fd, "logs", true, &why);
	return s->logs_fd < 0 ? view_paths_problem(s->logs_fd, &why, e) : 0;
}

static unsigned processors(void)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);

	return count < 1 ? 1 : count > SLOTS_MAX ? SLOTS_MAX : (unsigned)count;
}

/* Goals are no concern of a daemon that serves another folder than theirs. Where they cannot be
 * found, commands on goals say so. */
static void find_parked(struct serving *s)
{
	CLEANUP(paths_release) struct paths goals = PATHS_INIT;
	struct err ignored = ERR_INIT;

	if (options_number(s->c->options, "release-every", RELEASE_EVERY_MS) != 0 &&
	    view_find_goal_paths(&goals, &ignored) == 0 &&
	    (goals.chosen || strcmp(goals.root, s->c->paths->root) == 0))
		buf_putf(&s->parked, "%s/" RETRY_QUEUE_FILE, goals.state_dir);
	err_clear(&ignored);
}

/* Schedules are the user's and no project's: of several daemons the first one runs what is due. */
static void find_schedules(struct serving *s)
{
	struct err ignored = ERR_INIT;

	if (options_number(s->c->options, "maintain-every", MAINTAIN_EVERY_MS) != 0 &&
	    cmd_home(&s->schedules, &ignored) == 0)
		buf_puts(&s->schedules, "/" CRON_FOLDER "/" CRON_CONFIG);
	err_clear(&ignored);
}

static int64_t every_ms(const struct serving *s, const char *option, int64_t otherwise_ms)
{
	return (int64_t)options_number(s->c->options, option, (uint64_t)otherwise_ms);
}

/* Between two orchestrators, or while a command is the one writer, the lock is held for a moment.
 */
static int open_orchestrator(struct serving *s, struct err *e)
{
	struct orchestrator_observer observer = { s, on_committed, on_trouble };
	int64_t exhausted_ms =
		(int64_t)options_number(s->c->options, "exhausted-after", EXHAUSTED_AFTER_MS);
	struct orchestrator_options options = {
		.state_fd = s->state_fd,
		.state_dir = s->c->paths->state_dir,
		.program = "/proc/self/exe",
		.command = "sk daemon",
		.slots = (unsigned)options_number(s->c->options, "jobs", processors()),
		.capabilities = s->capabilities,
		.tasks = (unsigned)options_number(s->c->options, "tasks-per-workstream",
						  TASKS_PER_WORKSTREAM),
		.workstreams =
			(unsigned)options_number(s->c->options, "workstreams", WORKSTREAMS_AT_ONCE),
		.exhausted_after_ms = exhausted_ms ? exhausted_ms : EXHAUSTED_AT_ONCE,
		.serves = true,
		.errands = { { "__release", s->parked.p,
			       every_ms(s, "release-every", RELEASE_EVERY_MS), RELEASE_LIMIT_MS },
			     { "__maintain", s->schedules.p,
			       every_ms(s, "maintain-every", MAINTAIN_EVERY_MS),
			       MAINTAIN_LIMIT_MS } },
		.paused = options_has(s->c->options, "paused"),
		.remains = &worker_remains,
		.show = served_show,
		.show_ctx = &s->served
	};
	int64_t until_ms = clock_mono_ms(&clock_real) + LOCK_PATIENCE_MS;
	int rc = worker_timing_read(&options.timing, e);

	s->served = (struct served_by){ s->c->paths, s->state_fd };
	if (rc < 0)
		return rc;
	while ((rc = orchestrator_open(&options, &observer, &s->orchestrator, &s->start, e)) ==
		       -SK_EBUSY &&
	       clock_mono_ms(&clock_real) < until_ms) {
		err_clear(e);
		(void)poll(NULL, 0, LOOK_AGAIN_MS);
	}
	return rc;
}

static uint32_t at_work(const struct serving *s)
{
	const struct state *st = orchestrator_state(s->orchestrator);
	uint32_t count = 0;

	for (size_t i = 0; i < st->ws_count; i++)
		count += st->ws[i].assigned;
	return count;
}

/* The more urgent of two wishes counts. */
static int begin_stop(struct serving *s, enum orchestrator_wish wish, struct err *e)
{
	static const char *const words[] = {
		[WISH_NONE] = "",
		[WISH_DRAIN] = "stopping: what runs goes to its end, nothing new starts",
		[WISH_CANCEL] = "stopping: ending what runs",
		[WISH_LEAVE] = "stopping: what runs goes on with its worker, for the next start",
	};
	struct input in = { .kind = IN_INTERRUPT,
			    .operator_name = SPAN_LIT("operator"),
			    .reason = SPAN_LIT(INTERRUPTED_REASON) };

	if (wish <= s->wish)
		return 0;
	s->wish = wish;
	live_say(&s->live, "%s", words[wish]);
	service_tell(&s->service, "STOPPING=1\nSTATUS=stopping");
	orchestrator_drain(s->orchestrator);
	return wish == WISH_CANCEL ? orchestrator_input(s->orchestrator, &in, e) : 0;
}

/* Ctrl-C as in a run: the first drains, the second cancels. A service manager's SIGTERM leaves the
 * tasks with their worker: restarting the daemon must not disturb them. */
static int on_signal(struct serving *s, int number, struct err *e)
{
	if (number == SIGTERM)
		return begin_stop(s, WISH_LEAVE, e);
	if (number == SIGINT)
		return begin_stop(s, s->wish < WISH_DRAIN ? WISH_DRAIN : WISH_CANCEL, e);
	return 0;
}

static bool stays(const struct serving *s)
{
	if (s->wish == WISH_NONE)
		return true;
	return s->wish != WISH_LEAVE && at_work(s) > 0;
}

static int turn(struct serving *s, struct err *e)
{
	int signals[8], count = 0, rc;
	int wait_ms = s->service.watchdog_ms ? (int)(s->service.watchdog_ms / 2) : -1;

	rc = orchestrator_turn(s->orchestrator, wait_ms, signals, &count, e);
	if (rc < 0)
		return rc;
	if (s->service.watchdog_ms)
		service_tell(&s->service, "WATCHDOG=1");
	for (int i = 0; i < count && rc == 0; i++)
		rc = on_signal(s, signals[i], e);
	return rc < 0 ? rc : begin_stop(s, orchestrator_wish(s->orchestrator), e);
}

static void say_start(struct serving *s)
{
	const struct orchestrator_start *found = &s->start;
	const struct state *st = orchestrator_state(s->orchestrator);

	live_say(&s->live, "serving %s (pid %d): %u workstream%s, %u task%s%s",
		 s->c->paths->state_dir, (int)getpid(), (unsigned)st->ws_count,
		 PLURAL(st->ws_count), (unsigned)st->task_count, PLURAL(st->task_count),
		 orchestrator_paused(s->orchestrator) ? "; paused until: sk daemon release" : "");
	if (found->store.torn_bytes)
		live_say(&s->live,
			 "journal: a torn last record at line %llu was dropped and kept aside",
			 (unsigned long long)found->store.torn_line);
	if (found->unclean)
		live_say(&s->live,
			 "the last orchestrator ended without stopping; nothing recorded is lost");
	if (found->lost)
		live_say(&s->live, "%u task%s lost with a worker that is gone; done again",
			 (unsigned)found->lost, found->lost == 1 ? " was" : "s were");
	service_tell(&s->service, "READY=1\nSTATUS=serving");
	background_ready();
}

static int serve_opened(struct serving *s, struct err *e)
{
	int rc = orchestrator_activate_all(s->orchestrator, e);

	if (rc == 0)
		say_start(s);
	while (rc == 0 && stays(s))
		rc = turn(s, e);
	if (rc < 0) {
		orchestrator_free(s->orchestrator);
		return rc;
	}
	rc = orchestrator_stop(s->orchestrator, e);
	if (rc == 0)
		live_say(&s->live, "stopped");
	return rc;
}

int serve(struct cmd_ctx *c, struct err *e)
{
	struct serving s = { .c = c, .service = SERVICE_INIT, .state_fd = -1, .logs_fd = -1 };
	int rc;

	s.capabilities = capability_list(options_text(c->options, "capabilities"));
	find_parked(&s);
	find_schedules(&s);
	service_open(&s.service);
	rc = open_state(&s, e);
	live_open(&s.live, s.logs_fd, false, false, SIZE_MAX, c->now_ms);
	s.live.terminal = false; /* lines only: nobody looks on all day */
	s.live.calm = background_is();
	if (rc == 0)
		rc = open_orchestrator(&s, e);
	if (rc == 0)
		rc = serve_opened(&s, e);
	live_release(&s.live);
	service_close(&s.service);
	mem_free(&s.capabilities);
	buf_release(&s.parked);
	buf_release(&s.schedules);
	fd_close(&s.logs_fd);
	fd_close(&s.state_fd);
	return rc;
}

static void tell_started(struct cmd_ctx *c, pid_t pid)
{
	struct json j;

	if (c->json) {
		json_open(&j, c->out, "daemon");
		json_text(&j, "state", "started");
		json_i64(&j, "pid", pid);
		json_close(&j);
		return;
	}
	out_putf(c->out,
		 "serving %s (pid %d)%s\n"
		 "next: sk submit PLAN, or to look: sk status, sk events -f\n",
		 c->paths->state_dir, (int)pid,
		 options_has(c->options, "paused") ? "; paused until: sk daemon release" : "");
}

int serve_in_background(struct cmd_ctx *c, struct err *e)
{
	static const char *const words[] = { "daemon", "--foreground", NULL };
	static const struct background b = { words, "timeout", tell_started };

	return background_start(c, &b, e);
}

struct stopping {
	int state_fd;
	unsigned how; /* enum control_stop */
	uint64_t pid; /* of the one that was told, or 0 */
	bool anybody;
	int64_t until_ms;
};

/*
 * Whoever holds the lock is told once. Who holds it without listening has just begun, is about to
 * end, or is a command that takes it for a moment: it is asked again until one of that shows.
 * Returns 1 while the lock is held by the one that was told, or by nobody's word yet.
 */
static int stop_step(struct stopping *s, struct err *e)
{
	CLEANUP(answer_release) struct answer answer = ANSWER_INIT;
	struct control_request request = { .kind = CONTROL_STOP, .stop = s->how };
	struct lock_holder holder = { .command = "" };
	int rc = lock_probe(s->state_fd, ORCHESTRATOR_LOCK, &holder);

	if (rc < 0)
		return err_set(e, rc, "%s: %s", ORCHESTRATOR_LOCK, strerror(-rc));
	if (rc == 0 || (s->pid && holder.who.pid && holder.who.pid != s->pid))
		return 0; /* what was told has ended; who came after it is not meant */
	if (s->pid)
		return 1;
	rc = ask(s->state_fd, &request, &answer, e);
	if (rc == -ECONNRESET)
		err_clear(e); /* it is ending by itself, or slow: it is seen by the lock */
	else if (rc < 0)
		return rc;
	if (rc == 1)
		s->pid = answer.reply.pid;
	s->anybody |= rc != 0;
	return 1;
}

static int stop_whoever_is_there(struct stopping *s, struct err *e)
{
	int rc;

	while ((rc = stop_step(s, e)) == 1) {
		if (clock_mono_ms(&clock_real) >= s->until_ms)
			return err_set(e, -SK_EBUSY,
				       "orchestrator: it is still stopping (pid %llu): it waits "
				       "for what runs. Try: sk status, or sk daemon stop --now",
				       (unsigned long long)s->pid);
		(void)poll(NULL, 0, LOOK_AGAIN_MS);
	}
	return rc < 0 ? rc : s->anybody;
}

int serve_stop(struct cmd_ctx *c, unsigned how, int64_t timeout_ms, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	struct stopping s = { .how = how,
			      .until_ms = timeout_ms < 0
						  ? INT64_MAX
						  : clock_mono_ms(&clock_real) + timeout_ms };
	int rc;

	s.state_fd = paths_open(c->paths, false, &why);
	if (s.state_fd == -ENOENT)
		return 0;
	if (s.state_fd < 0)
		return view_paths_problem(s.state_fd, &why, e);
	rc = stop_whoever_is_there(&s, e);
	fd_close(&s.state_fd);
	return rc;
}
