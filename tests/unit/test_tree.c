/*
 * Hostile process trees under a real worker: every shape, every way to end, both ways to find what
 * was detached. After each the task's processes are counted by their command line, which no trick
 * with sessions or environments hides.
 */
#include "fake_orchestrator.h"

#include "os/cgroup.h"
#include "worker/tree.h"

struct shape {
	const char *name;
	const char *script; /* `nap` sleeps for long; `churn` replaces itself for ever */
	bool hides;         /* sheds tag and session: ends with the last task that ran beside it */
};

static const struct shape shapes[] = {
	{ "plain", ":", false },
	{ "background", "./nap 1000 &", false },
	{ "pipeline", "./nap 1000 | ./nap 1000 &", false },
	{ "setsid", "setsid ./nap 1000 &", false },
	{ "double_fork", "(setsid sh -c './nap 1000 & ./nap 1000 &' &)", false },
	{ "deaf", "(trap '' TERM HUP INT; ./nap 1000 & setsid ./nap 1000 &)", false },
	{ "stopped", "./nap 1000 & kill -STOP $!", false },
	{ "churn", "setsid ./churn & (setsid ./churn &)", false },
	{ "holds_output", "sh -c './nap 1000 & ./nap 1000 >/dev/null &'", false },
	{ "renamed", "env -i setsid ./nap 1000 & (env -i setsid sh -c './nap 1000 &' &)", true },
	{ "another_sk", "./again --nested . &", false },
};

enum { BY_ITSELF, BY_TIMEOUT, BY_CANCEL, WAYS };
static const char *const ways[WAYS] = { "exit", "timeout", "cancel" };

/* Living processes with this text in their command line. */
static unsigned count_commands(const char *text)
{
	CLEANUP(proc_table_release) struct proc_table t = PROC_TABLE_INIT;
	unsigned count = 0;

	assert_int_equal(proc_table_read(&t), 0);
	for (size_t i = 0; i < t.count; i++) {
		CLEANUP(buf_release) struct buf line = BUF_INIT;
		char path[64];

		snprintf(path, sizeof(path), "/proc/%llu/cmdline", (unsigned long long)t.v[i].pid);
		if (t.v[i].state == 'Z' || t.v[i].state == 'X' ||
		    fd_read_proc(path, 65536, &line) < 0)
			continue;
		count += line.len && memmem(line.p, line.len, text, strlen(text)) != NULL;
	}
	return count;
}

/* Puts the programs of the shapes into the state folder; their own paths mark their processes. */
static void make_programs(struct fake *f)
{
	char self[512], script[256];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int fd;

	assert_true(n > 0);
	self[n] = '\0';
	assert_int_equal(symlinkat(self, f->dir_fd, "again"), 0);
	fd = openat(f->dir_fd, "nap", O_CREAT | O_WRONLY | O_CLOEXEC, 0700);
	snprintf(script, sizeof(script),
		 "#!/bin/sh\n[ -n \"$2\" ] || exec sh \"%s/nap\" \"$1\" again\nsleep \"$1\"\n",
		 f->dir);
	assert_true(write(fd, script, strlen(script)) > 0);
	close(fd);
	fd = openat(f->dir_fd, "churn", O_CREAT | O_WRONLY | O_CLOEXEC, 0700);
	snprintf(script, sizeof(script), "#!/bin/sh\nsleep 0.01\nsetsid \"%s/churn\" &\n", f->dir);
	assert_true(write(fd, script, strlen(script)) > 0);
	close(fd);
	assert_int_equal(mkdirat(f->dir_fd, "inner", 0700), 0);
}

/* Runs one shape to its end and counts what is left of it. */
static void torture(struct fake *f, const struct shape *s, int way)
{
	CLEANUP(buf_release) struct buf script = BUF_INIT, def = BUF_INIT;
	char task[64], bystander[80], up[80];
	const struct fake_report *r;

	snprintf(task, sizeof(task), "%s.%s", s->name, ways[way]);
	snprintf(bystander, sizeof(bystander), "beside.%s", task);
	snprintf(up, sizeof(up), "up.%s", task);
	if (!s->hides) {
		fake_run(f, bystander, "sleep 1000");
		FAKE_UNTIL(f, fake_started(f, bystander));
	}
	buf_putf(&script, "cd %s; %s\n touch %s;%s", f->dir, s->script, up,
		 way == BY_ITSELF ? " exit 3" : " exec sleep 1000");
	buf_puts(&def, "{\"run\":");
	buf_put_json(&def, (struct span){ script.p, script.len });
	buf_puts(&def, way == BY_TIMEOUT ? ",\"timeout_ms\":400}" : "}");
	fake_assign(f, task, def.p, false);
	if (way == BY_CANCEL) {
		FAKE_UNTIL(f, fake_has(f, up));
		fake_cancel(f, task);
	}
	FAKE_UNTIL(f, fake_finished(f, task));
	if (count_commands(f->dir) != 0)
		fail_msg("%s: %u processes are left", task, count_commands(f->dir));
	r = fake_finished(f, task);
	if (way == BY_ITSELF && r->result.exit_code != 3)
		fail_msg("%s: exit %d: %s", task, (int)r->result.exit_code, r->error);
	assert_int_equal(r->result.outcome, way == BY_ITSELF    ? OUTCOME_EXIT
					    : way == BY_TIMEOUT ? OUTCOME_TIMEOUT
								: OUTCOME_KILLED);
	if (way == BY_ITSELF && strcmp(s->name, "plain") != 0)
		assert_true(r->result.leftovers > 0);
	/* Ended from outside it may be met while touch still runs. */
	if (way == BY_ITSELF && strcmp(s->name, "plain") == 0)
		assert_int_equal(r->result.leftovers, 0);
	if (!s->hides) {
		assert_null(fake_finished(f, bystander)); /* nobody else was hurt */
		fake_cancel(f, bystander);
		FAKE_UNTIL(f, fake_finished(f, bystander));
	}
}

static void torture_all(struct fake *f)
{
	make_programs(f);
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
		for (int way = 0; way < WAYS; way++)
			torture(f, &shapes[i], way);
	print_message("# skipped: a child in uninterruptible wait needs a FUSE mount that never "
		      "answers\n");
	fake_shutdown(f);
}

static void run_mode(bool no_cgroup, const char *mode)
{
	struct fake f;

	fake_init(&f);
	fake_listen(&f);
	fake_start_worker(&f, 2, no_cgroup, 0);
	FAKE_UNTIL(&f, f.registers == 1);
	if (strcmp(f.kill_mode, mode) != 0) {
		print_message("# skipped: no writable cgroup v2 here (%s)\n", f.kill_mode);
		fake_shutdown(&f);
		fake_release(&f);
		skip();
	}
	torture_all(&f);
	fake_release(&f);
}

static void test_by_cgroup(void **state)
{
	(void)state;
	run_mode(false, "cgroup");
}

static void test_by_subreaper(void **state)
{
	(void)state;
	run_mode(true, "subreaper");
}

/* The sweep of a dead worker touches what bears its nonce, and nothing that merely looks similar.
 */
static void test_sweep_spares_others(void **state)
{
	static const char nonce[] = "0123456789abcdef0123456789abcdef";
	char mine[64], other[64];
	pid_t a, b;

	(void)state;
	snprintf(mine, sizeof(mine), TREE_TAG_NAME "=%s/t/1/", nonce);
	snprintf(other, sizeof(other), TREE_TAG_NAME "=%.31s0/t/1/", nonce);
	a = fork();
	if (a == 0)
		execle("/bin/sleep", "sleep", "1000", NULL, (char *[]){ mine, NULL });
	b = fork();
	if (b == 0)
		execle("/bin/sleep", "sleep", "1000", NULL, (char *[]){ other, NULL });
	while (proc_env_word_starts((uint64_t)a, TREE_TAG_NAME, nonce) != 1 ||
	       proc_env_word_starts((uint64_t)b, TREE_TAG_NAME, "0") != 1)
		poll(NULL, 0, 1);
	assert_int_equal(tree_sweep_worker(nonce, "/sys/fs/cgroup/unified", 1000), 1);
	assert_int_equal(waitpid(a, NULL, 0), a);
	assert_int_equal(kill(b, 0), 0);
	assert_int_equal(waitpid(b, NULL, WNOHANG), 0);
	kill(b, SIGKILL);
	waitpid(b, NULL, 0);
	assert_int_equal(tree_sweep_worker("short", "", 0), -EINVAL);
}

/* Kills who bears the nonce in its tag, and says how many did. */
static int kill_tagged(const char *nonce)
{
	CLEANUP(proc_table_release) struct proc_table t = PROC_TABLE_INIT;
	int count = 0;

	assert_int_equal(proc_table_read(&t), 0);
	for (size_t i = 0; i < t.count; i++)
		if (proc_env_word_starts(t.v[i].pid, TREE_TAG_NAME, nonce) == 1) {
			kill((pid_t)t.v[i].pid, SIGKILL);
			count++;
		}
	return count;
}

/* Whoever forks is gone a moment later, and whoever was forked executes a program just then. */
static void test_sweep_finds_who_is_in_between(void **state)
{
	static const char nonce[] = "0123456789abcdef0123456789abcdef";
	char mine[64], script[] = "exec >/dev/null 2>&1;"
				  "(setsid sh -c '(sleep 100 &) & (sleep 100 &) &' &); kill -9 $$";

	(void)state;
	snprintf(mine, sizeof(mine), TREE_TAG_NAME "=%s/t/1/", nonce);
	for (int i = 0; i < 50; i++) {
		pid_t pid = fork();

		if (pid == 0)
			execle("/bin/sh", "sh", "-c", script, NULL, (char *[]){ mine, NULL });
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_in_range(tree_sweep_worker(nonce, "", 10000), 1, 8);
		poll(NULL, 0, 20);
		assert_int_equal(kill_tagged(nonce), 0);
	}
}

/* Another sk inside a task: a worker of its own, session and subreaper, with something detached
 * below it. */
static int nested(const char *dir)
{
	CLEANUP(buf_release) struct buf inner = BUF_INIT;
	struct worker_options o = { .worker_id = "inner", .slots = 1, .linger_ms = 1000000 };
	struct err e = ERR_INIT;

	buf_putf(&inner, "%s/inner", dir);
	o.state_dir = inner.p;
	if (fork() == 0) {
		execl("/bin/sh", "sh", "-c", "(setsid ./nap 1000 &)", (char *)NULL);
		_exit(1);
	}
	return worker_main(&o, &e) < 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_cgroup),
		cmocka_unit_test(test_by_subreaper),
		cmocka_unit_test(test_sweep_spares_others),
		cmocka_unit_test(test_sweep_finds_who_is_in_between),
	};

	if (argc == 3 && strcmp(argv[1], "--nested") == 0)
		return nested(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
