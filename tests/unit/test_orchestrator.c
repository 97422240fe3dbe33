/*
 * The real orchestrator over a real store and socket, with a clock that the test sets and a worker
 * that the test plays: it holds the worker's lock, connects, and says what it likes. The program
 * that is started as worker ends at once, which the lock keeps from mattering.
 */
#include "test.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/limits.h"
#include "ctl/worker_msg.h"
#include "daemon/bury.h"
#include "daemon/orchestrator.h"
#include "os/fd.h"
#include "os/lock.h"
#include "os/proc.h"
#include "os/sock.h"
#include "worker/identity.h"
#include "worker/outbox.h"

#define TURNS_MAX 200 /* a condition that is not met by then never will be */

struct place {
	char dir[48];
	int dir_fd, workers_fd;
	struct lock lock;
	int64_t wall_ms, mono_ms;
	struct clock clock;
	struct orchestrator *o;
	struct orchestrator_start start;
	int fd; /* of the played worker */
	struct buf in, scratch;
	const struct proc_identity *who; /* that the worker says it is, or NULL */
	struct worker_msg said;          /* the last message that came */
};

static int64_t wall(void *ctx)
{
	return ((struct place *)ctx)->wall_ms;
}

static int64_t mono(void *ctx)
{
	return ((struct place *)ctx)->mono_ms * 1000;
}

static int setup(void **state)
{
	struct place *p = mem_zalloc(sizeof(*p));

	*p = (struct place){ .dir = "/tmp/sk_orchestrator.XXXXXX",
			     .lock = LOCK_INIT,
			     .wall_ms = 1790000000000,
			     .mono_ms = 5000,
			     .fd = -1 };
	p->clock = (struct clock){ p, wall, mono };
	assert_non_null(mkdtemp(p->dir));
	p->dir_fd = fd_open_dir(p->dir);
	assert_int_equal(fd_make_dir_at(p->dir_fd, "workers"), 0);
	p->workers_fd = fd_open_at(p->dir_fd, "workers", O_RDONLY | O_DIRECTORY, 0);
	assert_int_equal(lock_take(p->workers_fd, "local.lock", "test", &p->lock, NULL), 0);
	*state = p;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	struct place *p = *state;

	orchestrator_free(p->o);
	fd_close(&p->fd);
	lock_release(&p->lock);
	fd_close(&p->workers_fd);
	fd_close(&p->dir_fd);
	buf_release(&p->in);
	buf_release(&p->scratch);
	assert_int_equal(nftw(p->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	mem_free(&p);
	return 0;
}

static void open_orchestrator(struct place *p)
{
	static const struct orchestrator_remains remains = { outbox_read, outbox_discard,
							     worker_sweep, worker_left };
	struct orchestrator_options options = { .state_fd = p->dir_fd,
						.state_dir = p->dir,
						.program = "/bin/true",
						.command = "test",
						.slots = 2,
						.remains = &remains,
						.clock = &p->clock };
	struct err e = ERR_INIT;

	assert_int_equal(orchestrator_open(&options, NULL, &p->o, &p->start, &e), 0);
}

static void submit(struct place *p, const char *const *defs, uint32_t count, bool chain)
{
	struct ws_spec ws = { .name = SPAN_LIT("w"),
			      .plan = SPAN_LIT("plan.yaml"),
			      .def = SPAN_LIT("{\"cwd\":\"/\"}"),
			      .max_duration_ms = 60000 };
	struct task_spec tasks[64];
	uint32_t needs[64];
	char names[64][8];
	struct submission s = { .ws = &ws,
				.tasks = tasks,
				.needs = needs,
				.ws_count = 1,
				.task_count = count,
				.needs_count = count };
	struct input in = { .kind = IN_SUBMIT,
			    .submission = &s,
			    .operator_name = SPAN_LIT("tester") };
	struct err e = ERR_INIT;

	for (uint32_t i = 0; i < count; i++) {
		snprintf(names[i], sizeof(names[i]), "t%u", (unsigned)i);
		tasks[i] = (struct task_spec){ .name = span_of(names[i]),
					       .def = span_of(defs[i]),
					       .needs_at = i ? i - 1 : 0,
					       .needs_count = chain && i,
					       .selected = true };
		needs[i] = i;
	}
	assert_int_equal(orchestrator_input(p->o, &in, &e), 0);
}

static void turn(struct place *p)
{
	int signals[8], count;
	struct err e = ERR_INIT;

	assert_int_equal(orchestrator_turn(p->o, 5, signals, &count, &e), 0);
}

/* Reads what the orchestrator says until such a message comes, which is then in p->said. */
static void expect(struct place *p, enum worker_msg_kind kind)
{
	for (int i = 0; i < TURNS_MAX; i++) {
		char *newline;
		ssize_t n;

		turn(p);
		buf_reserve(&p->in, MESSAGE_BYTES_MAX);
		n = recv(p->fd, p->in.p + p->in.len, MESSAGE_BYTES_MAX, MSG_DONTWAIT);
		assert_int_not_equal(n, 0);
		p->in.len += n > 0 ? (size_t)n : 0;
		while ((newline = p->in.len ? memchr(p->in.p, '\n', p->in.len) : NULL)) {
			struct span line = { p->in.p, (size_t)(newline - p->in.p) };
			bool wanted;

			buf_truncate(&p->scratch, 0);
			buf_put(&p->scratch, line.p, line.len);
			line.p = p->scratch.p;
			assert_true(line.len <= MESSAGE_BYTES_MAX);
			buf_consume(&p->in, line.len + 1);
			buf_reserve(&p->scratch, 3 * line.len + 64); /* it must not move */
			line.p = p->scratch.p;
			assert_int_equal(worker_msg_decode(line, &p->scratch, &p->said), 0);
			wanted = p->said.kind == kind;
			if (wanted)
				return;
		}
	}
	fail_msg("the message %d does not come", (int)kind);
}

static void say(struct place *p, struct worker_msg m)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	size_t at = 0;

	worker_msg_encode(&line, &m);
	for (int i = 0; i < TURNS_MAX && at < line.len; i++) {
		ssize_t n = send(p->fd, line.p + at, line.len - at, MSG_NOSIGNAL | MSG_DONTWAIT);

		at += n > 0 ? (size_t)n : 0;
		turn(p);
	}
	assert_int_equal(at, line.len);
}

static const struct worker *local(const struct place *p)
{
	const struct state *st = orchestrator_state(p->o);
	uint32_t worker = state_worker(st, SPAN_LIT("local"));

	assert_int_not_equal(worker, NO_ID);
	return &st->workers[worker];
}

static void connect_worker(struct place *p, const char *active)
{
	for (int i = 0; i < 3; i++)
		turn(p); /* by then it is started */
	p->fd = sock_connect(p->dir_fd, "orchestrator.sock");
	assert_true(p->fd >= 0);
	say(p, (struct worker_msg){ .kind = MSG_REGISTER,
				    .worker_id = SPAN_LIT("local"),
				    .incarnation = local(p)->incarnation,
				    .slots = 2,
				    .pid = p->who ? p->who->pid : 1,
				    .pid_start = p->who ? p->who->start : 1,
				    .boot_id = span_of(p->who ? p->who->boot_id : "b"),
				    .nonce = SPAN_LIT("n"),
				    .version = SPAN_LIT(SK_VERSION),
				    .kill_mode = SPAN_LIT("cgroup"),
				    .capabilities = SPAN_LIT("[]"),
				    .active = span_of(active) });
}

static void finish(struct place *p, const char *task, uint64_t attempt, uint64_t serial,
		   int64_t exit_code, struct span outputs)
{
	say(p, (struct worker_msg){ .kind = MSG_STARTED,
				    .serial = serial,
				    .pid = 7,
				    .task_id = span_of(task),
				    .attempt = attempt,
				    .at_ms = 1 });
	say(p, (struct worker_msg){ .kind = MSG_FINISHED,
				    .serial = serial + 1,
				    .task_id = span_of(task),
				    .attempt = attempt,
				    .result = { .outcome = OUTCOME_EXIT,
						.exit_code = exit_code,
						.outputs = outputs } });
}

static const char *const flaky[] = { "{\"run\":\"x\",\"retries\":2,\"backoff_ms\":50}" };

static void clock_set_back_does_not_hold_up_a_retry(void **state)
{
	struct place *p = *state;

	open_orchestrator(p);
	submit(p, flaky, 1, false);
	connect_worker(p, "[]");
	expect(p, MSG_ASSIGN);
	finish(p, "t0", 1, 1, 1, SPAN_NONE);
	assert_int_equal(orchestrator_state(p->o)->tasks[0].state, TASK_RETRYING);
	p->wall_ms -= 7200000;
	p->mono_ms += 60;
	expect(p, MSG_ASSIGN);
	assert_int_equal(p->said.attempt, 2);
}

static void clock_was_ahead_in_an_earlier_run(void **state)
{
	struct place *p = *state;
	struct err e = ERR_INIT;

	p->wall_ms += 86400000;
	open_orchestrator(p);
	assert_int_equal(orchestrator_stop(p->o, &e), 0);
	p->wall_ms -= 86400000;
	clock_set_back_does_not_hold_up_a_retry(state);
}

static void sleep_of_the_machine_is_not_charged(void **state)
{
	struct place *p = *state;

	open_orchestrator(p);
	submit(p, flaky, 1, false);
	connect_worker(p, "[]");
	expect(p, MSG_ASSIGN);
	say(p, (struct worker_msg){ .kind = MSG_STARTED,
				    .serial = 1,
				    .pid = 7,
				    .task_id = SPAN_LIT("t0"),
				    .attempt = 1,
				    .at_ms = 1 });
	p->wall_ms += 8 * 3600000;
	turn(p);
	assert_int_equal(orchestrator_state(p->o)->ws[0].state, WS_EXECUTING);
	p->wall_ms += 61000;
	p->mono_ms += 61000;
	expect(p, MSG_CANCEL);
	assert_int_equal(orchestrator_state(p->o)->ws[0].state, WS_FAILED);
}

static void silent_worker_is_told_and_killed(void **state)
{
	struct place *p = *state;
	struct proc_identity who = { .pid = 0 };
	pid_t child = fork();

	if (child == 0)
		for (;;)
			pause();
	who.pid = (uint64_t)child;
	assert_int_equal(proc_boot_id(who.boot_id), 0);
	assert_int_equal(proc_start_time(who.pid, &who.start), 0);
	open_orchestrator(p);
	submit(p, flaky, 1, false);
	p->who = &who;
	connect_worker(p, "[]");
	expect(p, MSG_ASSIGN);
	p->mono_ms += 29000, p->wall_ms += 29000;
	turn(p);
	assert_int_equal(local(p)->state, WORKER_BUSY);
	p->mono_ms += 1000, p->wall_ms += 1000;
	turn(p);
	assert_int_equal(local(p)->state, WORKER_UNRESPONSIVE);
	say(p, (struct worker_msg){ .kind = MSG_HEARTBEAT });
	turn(p);
	assert_int_equal(local(p)->state, WORKER_BUSY);
	p->mono_ms += 30000, p->wall_ms += 30000;
	turn(p); /* had it said something meanwhile, this turn would have read it */
	assert_int_equal(local(p)->state, WORKER_UNRESPONSIVE);
	p->mono_ms += 179000, p->wall_ms += 179000;
	turn(p);
	assert_int_equal(proc_alive(&who), 1);
	p->mono_ms += 1000, p->wall_ms += 1000;
	turn(p);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

/* The connection that was there before may end at any time; the new one is the worker's. */
static void second_connection_replaces_the_first(void **state)
{
	struct place *p = *state;
	int first;

	open_orchestrator(p);
	submit(p, flaky, 1, false);
	connect_worker(p, "[]");
	expect(p, MSG_ASSIGN);
	first = p->fd;
	buf_truncate(&p->in, 0);
	connect_worker(p, "[]");
	expect(p, MSG_ASSIGN);
	close(first);
	for (int i = 0; i < 5; i++)
		turn(p);
	assert_true(local(p)->connected);
	finish(p, "t0", 1, 1, 0, SPAN_NONE);
	turn(p);
	assert_int_equal(orchestrator_state(p->o)->tasks[0].state, TASK_COMPLETED);
}

/* The number of a worker's process may belong to somebody else by now. */
static void only_the_worker_itself_is_signalled(void **state)
{
	struct place *p = *state;
	struct proc_identity who = { .pid = 0 };
	struct worker w = { .id = SPAN_LIT("local"), .state = WORKER_BUSY };
	pid_t child = fork();

	if (child == 0)
		for (;;)
			pause();
	who.pid = (uint64_t)child;
	assert_int_equal(proc_boot_id(who.boot_id), 0);
	assert_int_equal(proc_start_time(who.pid, &who.start), 0);
	w.pid = who.pid;
	w.pid_start = who.start + 1;
	w.boot_id = span_of(who.boot_id);
	assert_int_equal(end_worker_process(p->workers_fd, &w, SIGKILL), 0);
	assert_int_equal(proc_alive(&who), 1);
	w.pid_start = who.start;
	w.boot_id = SPAN_LIT("00000000-0000-0000-0000-000000000000");
	assert_int_equal(end_worker_process(p->workers_fd, &w, SIGKILL), 0);
	assert_int_equal(proc_alive(&who), 1);
	w.boot_id = span_of(who.boot_id);
	assert_int_equal(end_worker_process(p->workers_fd, &w, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(end_worker_process(p->workers_fd, &w, SIGKILL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(clock_set_back_does_not_hold_up_a_retry, setup,
						teardown),
		cmocka_unit_test_setup_teardown(clock_was_ahead_in_an_earlier_run, setup, teardown),
		cmocka_unit_test_setup_teardown(sleep_of_the_machine_is_not_charged, setup,
						teardown),
		cmocka_unit_test_setup_teardown(silent_worker_is_told_and_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(only_the_worker_itself_is_signalled, setup,
						teardown),
		cmocka_unit_test_setup_teardown(second_connection_replaces_the_first, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
