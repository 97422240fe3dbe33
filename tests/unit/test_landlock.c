/*
 * The cage from the inside: a shell that is started in it tries what it may and what it may not.
 * Each script tells by its exit status whether everything went as it should.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/landlock.h"
#include "os/proc.h"

#define MAKE_PLACE "rm -rf in out new; mkdir in out; echo old >out/file; ln -s ../out in/way"

struct place {
	char root[PATH_MAX];
	char in[PATH_MAX + 8], out[PATH_MAX + 8];
};

/* Runs a script in a cage (or in none) in the place's root, and returns its wait status. */
static int run(const struct place *p, struct landlock *cage, const char *script)
{
	char home[PATH_MAX + 8], in[PATH_MAX + 16], out[PATH_MAX + 16], parent[32];
	char sh[] = "sh", e[] = "-ec", path[] = "PATH=/usr/bin:/bin";
	char *text = strdup(script);
	char *argv[] = { sh, e, text, NULL };
	char *envp[] = { path, home, in, out, parent, NULL };
	struct proc_spawn s = { .path = "/bin/sh",
				.argv = argv,
				.envp = envp,
				.cwd = p->root,
				.stdin_fd = 0,
				.stdout_fd = 2,
				.stderr_fd = 2,
				.cgroup_fd = -1,
				.cage_fd = cage ? cage->fd : 0 };
	enum proc_step step;
	int status;
	pid_t pid;

	snprintf(home, sizeof(home), "HOME=%s", p->root);
	snprintf(in, sizeof(in), "IN=%s", p->in);
	snprintf(out, sizeof(out), "OUT=%s", p->out);
	snprintf(parent, sizeof(parent), "PARENT=%d", (int)getpid());
	s.stdout_fd = s.stderr_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pid = proc_spawn(&s, &step);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(s.stdout_fd);
	free(text);
	return status;
}

static void succeeds(const struct place *p, struct landlock *cage, const char *script)
{
	int status = run(p, cage, script);

	if (status != 0)
		fail_msg("%s: status %x", script, (unsigned)status);
}

static void refused(const struct place *p, struct landlock *cage, const char *script)
{
	int status = run(p, cage, script);

	if (!WIFEXITED(status) || WEXITSTATUS(status) == 0)
		fail_msg("%s: was not refused: status %x", script, (unsigned)status);
}

static int place_open(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	char name[] = "/tmp/sk-cage-XXXXXX";

	if (!p || !mkdtemp(name) || !realpath(name, p->root))
		return -1;
	snprintf(p->in, sizeof(p->in), "%s/in", p->root);
	snprintf(p->out, sizeof(p->out), "%s/out", p->root);
	*state = p;
	return run(p, NULL, MAKE_PLACE);
}

static int place_close(void **state)
{
	struct place *p = *state;
	int status = run(p, NULL, "rm -rf \"$HOME\"");

	free(p);
	return status;
}

/* A cage that is open below `in`; without one on this kernel the test says so and ends. */
static struct landlock cage_for(const struct place *p)
{
	struct landlock cage = LANDLOCK_INIT;
	int rc = landlock_open(&cage);

	if (rc == -ENOSYS) {
		print_message("# skipped: the kernel has no cage (Landlock ABI %d)\n",
			      landlock_abi());
		skip();
	}
	assert_int_equal(rc, 0);
	assert_true(cage.abi >= LANDLOCK_ABI_MIN);
	assert_int_equal(landlock_allow(&cage, p->in), 0);
	return cage;
}

static void inside_everything_is_allowed(void **state)
{
	struct place *p = *state;
	struct landlock cage = cage_for(p);

	succeeds(p, &cage, "cd in; echo a >a; echo b >>a; mkdir -p x/y; mv a x/y/b; ln x/y/b c");
	succeeds(p, &cage, "cd in; ln -s c d; mkfifo f; : >c; rm -r x c d f");
	succeeds(p, &cage, "cat \"$OUT/file\" >/dev/null; ls /etc >/dev/null");
	landlock_close(&cage);
	landlock_close(&cage);
}

static void outside_nothing_can_be_written(void **state)
{
	static const char *const tries[] = {
		"echo x >\"$OUT/new\"",   "echo x >\"$OUT/file\"",    "echo x >>\"$OUT/file\"",
		"rm \"$OUT/file\"",       "mkdir \"$OUT/d\"",         "ln -s a \"$OUT/l\"",
		"mkfifo \"$OUT/f\"",      "mv \"$OUT/file\" \"$IN\"", "ln \"$OUT/file\" \"$IN/l\"",
		"rm -r \"$OUT\"",         "mv \"$IN\" \"$OUT/in\"",   "echo x >\"$IN/way/new\"",
		"echo x >\"$IN/../new\"", "mknod \"$OUT/p\" p",
	};
	struct place *p = *state;
	struct landlock cage = cage_for(p);

	for (size_t i = 0; i < ARRAY_LEN(tries); i++)
		refused(p, &cage, tries[i]);
	if (cage.abi >= LANDLOCK_ABI_TRUNCATE)
		refused(p, &cage, "truncate -s 0 \"$OUT/file\"");
	succeeds(p, NULL, "test \"$(ls -A out)\" = file; test \"$(cat out/file)\" = old");
	landlock_close(&cage);
	for (size_t i = 0; i < ARRAY_LEN(tries); i++) { /* and it was the cage that refused */
		succeeds(p, NULL, MAKE_PLACE);
		succeeds(p, NULL, tries[i]);
	}
}

static void whoever_it_starts_is_inside_as_well(void **state)
{
	struct place *p = *state;
	struct landlock cage = cage_for(p);

	refused(p, &cage, "sh -c 'sh -c \"echo x >$OUT/new\"'");
	refused(p, &cage, "setsid -w sh -c 'echo x >\"$OUT/new\"'");
	succeeds(p, &cage, "setsid -w sh -c 'echo x >\"$IN/new\"'");
	landlock_close(&cage);
}

static void a_single_file(void **state)
{
	struct place *p = *state;
	struct landlock cage = cage_for(p);
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/missing", p->out);
	assert_int_equal(landlock_allow(&cage, path), -ENOENT);
	snprintf(path, sizeof(path), "%s/file", p->out);
	assert_int_equal(landlock_allow(&cage, path), 0);
	succeeds(p, &cage, "echo x >\"$OUT/file\"");
	refused(p, &cage, "rm \"$OUT/file\"");
	refused(p, &cage, "echo x >\"$OUT/new\"");
	landlock_close(&cage);
}

static void signals_stay_inside(void **state)
{
	struct place *p = *state;
	struct landlock cage = cage_for(p);

	if (cage.abi < LANDLOCK_ABI_SIGNALS) {
		print_message("# skipped: signals are scoped from ABI 6 on, this is %u\n",
			      cage.abi);
		landlock_close(&cage);
		skip();
	}
	succeeds(p, NULL, "kill -0 $PARENT");
	refused(p, &cage, "kill -0 $PARENT");
	succeeds(p, &cage, "sleep 60 & kill -TERM $!; wait $! || test $? = 143");
	landlock_close(&cage);
}

/* As an agent works: in a linked worktree, with what git needs of the repository. */
static void git_commits_inside(void **state)
{
	static const char *const needed[] = { "repo/.git/worktrees/in", "repo/.git/objects",
					      "repo/.git/refs/heads/sk",
					      "repo/.git/logs/refs/heads/sk" };
	struct place *p = *state;
	struct landlock cage;
	char path[PATH_MAX + 64];

	succeeds(p, NULL,
		 "rm -r in; git init -q -b main repo; cd repo; git config user.name a; "
		 "git config user.email a@b; git commit -q --allow-empty -m one; "
		 "git worktree add -q -b sk/in ../in");
	cage = cage_for(p);
	refused(p, &cage, "cd in; echo 1 >a; git add a; git commit -q -m two");
	for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
		snprintf(path, sizeof(path), "%s/%s", p->root, needed[i]);
		assert_int_equal(landlock_allow(&cage, path), 0);
	}
	succeeds(p, &cage, "cd in; echo 1 >a; git add a; git commit -q -m two; git status");
	succeeds(p, &cage, "cd in; git mv a b; git commit -q --amend -m three; git log");
	refused(p, &cage, "cd in; git config core.hooksPath /tmp");
	refused(p, &cage, "echo x >repo/.git/hooks/pre-commit");
	refused(p, &cage, "cd repo; git branch -f main sk/in");
	refused(p, &cage, "cd repo; git commit --allow-empty -m four");
	succeeds(p, NULL, "cd repo; test \"$(git log --format=%s sk/in)\" = \"three\none\"");
	landlock_close(&cage);
}

/* Makes the kernel say that it has never heard of it. */
static bool hide_landlock(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_LEN(filter), filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void a_kernel_without(void **state)
{
	struct place *p = *state;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct landlock cage = LANDLOCK_INIT;

		if (!hide_landlock() || landlock_abi() != -ENOSYS ||
		    landlock_open(&cage) != -ENOSYS || cage.fd != -1)
			_exit(1);
		_exit(run(p, &cage, "echo x >\"$OUT/new\"") == 0 ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(inside_everything_is_allowed),
		IN_A_PLACE(outside_nothing_can_be_written),
		IN_A_PLACE(whoever_it_starts_is_inside_as_well),
		IN_A_PLACE(a_single_file),
		IN_A_PLACE(signals_stay_inside),
		IN_A_PLACE(git_commits_inside),
		IN_A_PLACE(a_kernel_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
