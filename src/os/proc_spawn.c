/*
 * Starting a process without copying the caller's page tables: clone3 with CLONE_VM | CLONE_VFORK,
 * the child on a stack of its own inside our frame, which lives as long as the child needs it
 * because we are suspended until it executes or exits. The child shares our memory, so it does
 * nothing but system calls and reports a failure by writing a number. clone3 can put the child into
 * a cgroup at birth, which is far cheaper than moving it there. A kernel or sandbox without it gets
 * the same through clone, outside of cgroups. Signals are reset one by one: CLONE_CLEAR_SIGHAND
 * leaves ignored ones ignored, and a task that cannot be interrupted because its great-grandparent
 * was under nohup is a riddle.
 *
 * clone3 is entered by hand because the C library has no wrapper that takes a function and a stack.
 */
#include "os/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/landlock.h"

#define STACK_BYTES 32768
#define SHARED_FLAGS (CLONE_VM | CLONE_VFORK)

struct birth {
	const struct proc_spawn *spawn;
	pid_t parent;
	enum proc_step step;
	int error;
};

static int limit(__rlimit_resource_t what, uint64_t most)
{
	struct rlimit r = { most, most };

	return most == 0 ? 0 : setrlimit(what, &r);
}

static int set_limits(const struct proc_limits *l)
{
	if (limit(RLIMIT_AS, l->memory_bytes) < 0 || limit(RLIMIT_NOFILE, l->open_files) < 0 ||
	    limit(RLIMIT_CPU, l->cpu_s) < 0 || limit(RLIMIT_NPROC, l->processes) < 0)
		return -1;
	return 0;
}

/* Puts `fd` in the place `target`, open across exec. */
static int place(int fd, int target)
{
	if (fd != target)
		return dup2(fd, target);
	return fcntl(fd, F_SETFD, 0);
}

void proc_ignored(sigset_t *out)
{
	struct sigaction now;

	sigemptyset(out);
	for (int i = 1; i < NSIG; i++)
		if (sigaction(i, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
			sigaddset(out, i);
}

/* Handlers go with exec; what is ignored would stay ignored. */
static void reset_ignored(const sigset_t *ignored)
{
	struct sigaction fallback = { .sa_handler = SIG_DFL };

	for (int i = 1; i < NSIG; i++)
		if (!ignored || sigismember(ignored, i) == 1)
			sigaction(i, &fallback, NULL); /* KILL and STOP refuse, rightly */
}

/* Runs in the child, in our memory. Ends in the new program or in _exit. */
__attribute__((no_sanitize("address"))) static int born(void *arg)
{
	struct birth *b = arg;
	const struct proc_spawn *s = b->spawn;
	sigset_t none;

	b->step = PROC_STEP_PARENT;
	if (s->dies_with_parent && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != b->parent))
		goto failed; /* the parent was gone before it could be tied to */
	setsid();
	reset_ignored(s->ignored);
	b->step = PROC_STEP_CWD;
	if (s->cwd && chdir(s->cwd) < 0)
		goto failed;
	b->step = PROC_STEP_FILES;
	if (place(s->stdin_fd, 0) < 0 || place(s->stdout_fd, 1) < 0 || place(s->stderr_fd, 2) < 0)
		goto failed;
	b->step = PROC_STEP_LIMITS;
	if (set_limits(&s->limits) < 0)
		goto failed;
	b->step = PROC_STEP_CAGE;
	if (s->cage_fd > 0 && landlock_enter(s->cage_fd) < 0)
		goto failed;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	b->step = PROC_STEP_EXEC;
	execve(s->path, s->argv, s->envp);
failed:
	b->error = errno ? errno : ESRCH;
	_exit(127);
}

/*
 * clone3 whose child calls fn(arg) on the new stack. The parent's registers come back as they were;
 * the child never returns into this frame.
 */
static long clone3_call(struct clone_args *args, int (*fn)(void *), void *arg)
{
#if defined(__x86_64__)
	register long result __asm__("rax") = SYS_clone3;
	register struct clone_args *first __asm__("rdi") = args;
	register size_t second __asm__("rsi") = sizeof(*args);
	register int (*call)(void *) __asm__("r12") = fn;
	register void *with __asm__("r13") = arg;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%r13, %%rdi\n\t"
			 "call *%%r12\n\t"
			 "hlt\n"
			 "1:"
			 : "+r"(result)
			 : "r"(first), "r"(second), "r"(call), "r"(with)
			 : "rcx", "r11", "memory", "cc");
	return result;
#elif defined(__aarch64__)
	register long result __asm__("x0") = (long)args;
	register size_t second __asm__("x1") = sizeof(*args);
	register long number __asm__("x8") = SYS_clone3;
	register int (*call)(void *) __asm__("x9") = fn;
	register void *with __asm__("x10") = arg;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, #0\n\t"
			 "mov x0, x10\n\t"
			 "blr x9\n\t"
			 "brk #1\n"
			 "1:"
			 : "+r"(result)
			 : "r"(second), "r"(number), "r"(call), "r"(with)
			 : "memory", "cc", "x30");
	return result;
#else
	(void)args;
	(void)fn;
	(void)arg;
	return -ENOSYS;
#endif
}

static long clone_any(struct birth *b, char *stack)
{
	struct clone_args args = { .flags = SHARED_FLAGS,
				   .exit_signal = SIGCHLD,
				   .stack = (uint64_t)(uintptr_t)stack,
				   .stack_size = STACK_BYTES };
	long pid;

	if (b->spawn->cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)b->spawn->cgroup_fd;
	}
	pid = clone3_call(&args, born, b);
	if ((pid != -ENOSYS && pid != -EPERM) || b->spawn->cgroup_fd >= 0)
		return pid;
	pid = clone(born, stack + STACK_BYTES, SHARED_FLAGS | SIGCHLD, b);
	return pid < 0 ? -errno : pid;
}

pid_t proc_spawn(const struct proc_spawn *s, enum proc_step *failed)
{
	char stack[STACK_BYTES] __attribute__((aligned(16)));
	struct birth b = { .spawn = s, .parent = getpid(), .step = PROC_STEP_CLONE };
	sigset_t all, before;
	long pid;

	INVARIANT(s->stdin_fd == 0 || s->stdin_fd > 2);
	INVARIANT(s->stdout_fd > 0);
	INVARIANT(s->stderr_fd > 0);
	INVARIANT(s->cage_fd <= 0 || s->cage_fd > 2);
	sigfillset(&all);
	if (!s->no_handlers)
		sigprocmask(SIG_SETMASK, &all, &before); /* none may run in the child */
	errno = 0;
	pid = clone_any(&b, stack);
	if (!s->no_handlers)
		sigprocmask(SIG_SETMASK, &before, NULL);
	*failed = b.step;
	if (pid < 0)
		return (pid_t)pid;
	if (b.error) {
		while (waitpid((pid_t)pid, NULL, 0) < 0 && errno == EINTR)
			;
		return -b.error;
	}
	return (pid_t)pid;
}
