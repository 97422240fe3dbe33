/*
 * Kills the real sk just before one chosen system call, so that a script can go through every
 *boundary of a run.
 *
 *	sweep [--who orchestrator|worker|both] [--kill N] [--from FILE] [--power]
 *	      [--lie CALL[:WORD]] [--report FILE] -- COMMAND...
 *
 * It runs COMMAND (an `sk run`) under ptrace, follows forks, and counts the entries of the calls
 *below made by the orchestrator and by its `sk worker`, told apart by argv; tasks are let go at
 *once and never counted. Before call N of `who` it sends SIGKILL to `who` instead: a call that is
 *killed at its entry has not happened. From then on nothing is traced any more. It waits for
 *COMMAND and writes one JSON object: how many calls were counted, who was killed before which call,
 *how COMMAND ended.
 *
 * --from FILE counts and lies only from when that file exists, so that a script can choose the
 * moment.
 *
 * --power makes the kill a power cut: everything dies, tasks included, and what was appended to the
 *journal or to an outbox after its last sync is cut off.
 *
 * --lie plants a fault without touching the product: every CALL of a process of sk, on a file whose
 *path contains WORD, is not carried out but answered as a success. `--lie fdatasync` is a program
 *that forgot to sync before it spoke. The scripts use it to show that they notice.
 */
#include "sweep_look.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES_MAX 4096
#define FILES_MAX 16
#define OPTIONS                                                                                   \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | \
	 PTRACE_O_TRACEEXEC)

enum role { NEWBORN, ORCHESTRATOR, WORKER, TASK, ROLE_COUNT };

struct process {
	pid_t pid;
	enum role role;
	bool lying;            /* the call it is in was not carried out */
	long lie;              /* and this is what it is told */
	const struct call *in; /* the sync it is in */
	int fd;
};

/* How much of a file is on disk. */
struct file {
	char path[PATH_BYTES];
	off_t synced;
};

struct sweep {
	unsigned victims;   /* bits 1 << role */
	unsigned long kill; /* before which call; 0 = never */
	bool power, killed;
	const struct call *lie;
	const char *lie_word, *report, *from;
	pid_t main;
	struct process processes[PROCESSES_MAX];
	size_t process_count;
	unsigned long counted[ROLE_COUNT];
	const struct call *before;
	enum role before_role;
	char before_path[PATH_BYTES];
	struct file files[FILES_MAX];
	size_t file_count;
	int main_status;
	bool main_ended;
};

static void give_up(const char *what)
{
	fprintf(stderr, "sweep: %s: %s\n", what, strerror(errno));
	exit(99);
}

static struct process *process_find(struct sweep *s, pid_t pid)
{
	for (size_t i = 0; i < s->process_count; i++)
		if (s->processes[i].pid == pid)
			return &s->processes[i];
	return NULL;
}

static struct process *process_add(struct sweep *s, pid_t pid, enum role role)
{
	if (s->process_count == PROCESSES_MAX) {
		errno = ENOMEM;
		give_up("too many processes");
	}
	s->processes[s->process_count] = (struct process){ .pid = pid, .role = role };
	return &s->processes[s->process_count++];
}

static void process_remove(struct sweep *s, struct process *p)
{
	*p = s->processes[--s->process_count];
}

static void resume(struct sweep *s, const struct process *p, int signal_number)
{
	bool looks = p->role == ORCHESTRATOR || p->role == WORKER;
	int how = s->killed ? PTRACE_DETACH : looks ? PTRACE_SYSCALL : PTRACE_CONT;

	ptrace(how, p->pid, 0, signal_number);
}

/* --- what is on disk --- */

/*
 * The descriptor is about to be written to, or was synced. What a file held before its first write
 * here counts as synced.
 */
static void note_size(struct sweep *s, pid_t pid, int fd, bool synced)
{
	char path[PATH_BYTES];
	struct stat st;
	size_t i = 0;

	fd_path(pid, fd, path);
	if ((!strstr(path, "/transitions.jsonl") && !strstr(path, ".outbox")) ||
	    stat(path, &st) < 0)
		return;
	while (i < s->file_count && strcmp(s->files[i].path, path) != 0)
		i++;
	if (i < s->file_count && !synced)
		return;
	if (i == FILES_MAX) {
		errno = ENOMEM;
		give_up("too many files");
	}
	if (i == s->file_count)
		snprintf(s->files[s->file_count++].path, PATH_BYTES, "%s", path);
	s->files[i].synced = st.st_size;
}

static void cut_unsynced(struct sweep *s)
{
	struct stat st;

	for (size_t i = 0; i < s->file_count; i++)
		if (stat(s->files[i].path, &st) == 0 && st.st_size > s->files[i].synced &&
		    truncate(s->files[i].path, s->files[i].synced) < 0)
			give_up("cannot cut");
}

/* --- the kill --- */

static void kill_victims(struct sweep *s, const struct process *at, const struct call *c,
			 const uint64_t args[6])
{
	s->killed = true;
	s->before = c;
	s->before_role = at->role;
	if (c->has_fd)
		fd_path(at->pid, (int)args[0], s->before_path);
	for (size_t i = 0; i < s->process_count; i++)
		if (s->power || (s->victims & 1u << s->processes[i].role))
			kill(s->processes[i].pid, SIGKILL);
}

static unsigned long count_of_victims(const struct sweep *s)
{
	unsigned long sum = 0;

	for (int role = 0; role < ROLE_COUNT; role++)
		if (s->victims & 1u << role)
			sum += s->counted[role];
	return sum;
}

/* --- lies --- */

static bool is_lied_about(const struct sweep *s, const struct process *p, const struct call *c,
			  const uint64_t args[6])
{
	char path[PATH_BYTES] = "";

	if (c != s->lie)
		return false;
	if (!s->lie_word)
		return true;
	if (c->has_fd)
		fd_path(p->pid, (int)args[0], path);
	return strstr(path, s->lie_word) != NULL;
}

static void skip_call(struct process *p)
{
#ifdef __x86_64__
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, p->pid, 0, &regs) < 0)
		return;
	regs.orig_rax = ~0ULL;
	ptrace(PTRACE_SETREGS, p->pid, 0, &regs);
#else
	(void)p;
	errno = ENOSYS;
	give_up("--lie on this machine");
#endif
}

static void answer(struct process *p)
{
#ifdef __x86_64__
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, p->pid, 0, &regs) < 0)
		return;
	regs.rax = (unsigned long long)p->lie;
	ptrace(PTRACE_SETREGS, p->pid, 0, &regs);
#endif
	p->lying = false;
}

/* --- stops --- */

static bool has_begun(struct sweep *s)
{
	if (s->from && access(s->from, F_OK) == 0)
		s->from = NULL;
	return !s->from;
}

static void on_entry(struct sweep *s, struct process *p, uint64_t number, const uint64_t args[6])
{
	const struct call *c = call_of(number);

	p->in = NULL;
	if (!c)
		return;
	if (has_begun(s) && call_counts(c, p->pid, args)) {
		s->counted[p->role]++;
		if (s->kill && (s->victims & 1u << p->role) && count_of_victims(s) == s->kill) {
			kill_victims(s, p, c, args);
			return;
		}
	}
	if (has_begun(s) && is_lied_about(s, p, c, args)) {
		p->lying = true;
		p->lie = c->number == SYS_write || c->number == SYS_sendto ? (long)args[2] : 0;
		skip_call(p);
		return;
	}
	if (c->number == SYS_write && s->power)
		note_size(s, p->pid, (int)args[0], false);
	if (c->number == SYS_fdatasync || c->number == SYS_fsync) {
		p->in = c;
		p->fd = (int)args[0];
	}
}

static void on_exit_of_call(struct sweep *s, struct process *p, int64_t result)
{
	if (p->lying)
		answer(p);
	if (p->in && result == 0)
		note_size(s, p->pid, p->fd, true);
	p->in = NULL;
}

static void on_syscall(struct sweep *s, struct process *p)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof(info), &info) <= 0)
		return; /* it has just died */
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		on_entry(s, p, info.entry.nr, info.entry.args);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		on_exit_of_call(s, p, info.exit.rval);
}

/* What a process that we have not seen yet is, by its parent. */
static enum role role_of_child(struct sweep *s, pid_t pid)
{
	const struct process *parent = process_find(s, parent_of(pid));

	return parent && (parent->role == ORCHESTRATOR || parent->role == NEWBORN) ? NEWBORN : TASK;
}

static void on_stop(struct sweep *s, pid_t pid, int status)
{
	struct process *p = process_find(s, pid);
	int event = status >> 16, signal_number = WSTOPSIG(status);

	if (!p) {
		p = process_add(s, pid, role_of_child(s, pid));
		if (p->role == TASK && !s->power) {
			ptrace(PTRACE_DETACH, pid, 0, 0);
			process_remove(s, p);
			return;
		}
	}
	if (signal_number == (SIGTRAP | 0x80)) {
		on_syscall(s, p);
		signal_number = 0;
	} else if (event == PTRACE_EVENT_EXEC) {
		if (p->role == NEWBORN)
			p->role = pid == s->main ? ORCHESTRATOR : is_worker(pid) ? WORKER : TASK;
		signal_number = 0;
	} else if (event == PTRACE_EVENT_STOP && signal_number != SIGTRAP && !s->killed) {
		ptrace(PTRACE_LISTEN, pid, 0, 0);
		return;
	} else if (event) {
		signal_number = 0;
	}
	resume(s, p, signal_number);
}

static void on_end(struct sweep *s, pid_t pid, int status)
{
	struct process *p = process_find(s, pid);

	if (p)
		process_remove(s, p);
	if (pid == s->main) {
		s->main_ended = true;
		s->main_status = status;
	}
}

/* A lie is told for as long as anybody of the run lives; a power cut waits for the last of them to
 * be gone. */
static bool goes_on(const struct sweep *s)
{
	if (s->killed)
		return s->power ? s->process_count > 0 : !s->main_ended;
	return s->lie ? s->process_count > 0 : !s->main_ended;
}

static void trace(struct sweep *s)
{
	while (goes_on(s)) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			break;
		if (WIFSTOPPED(status))
			on_stop(s, pid, status);
		else
			on_end(s, pid, status);
	}
}

/* The child waits on a pipe until it is seized, so that not even its exec is missed. */
static void start(struct sweep *s, char **argv)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		give_up("pipe");
	s->main = fork();
	if (s->main < 0)
		give_up("fork");
	if (s->main == 0) {
		char go;

		if (read(ends[0], &go, 1) == 1)
			execvp(argv[0], argv);
		_exit(127);
	}
	if (ptrace(PTRACE_SEIZE, s->main, 0, OPTIONS) < 0)
		give_up("ptrace");
	process_add(s, s->main, NEWBORN);
	if (write(ends[1], "g", 1) != 1)
		give_up("write");
	close(ends[0]);
	close(ends[1]);
}

static void write_report(const struct sweep *s)
{
	FILE *f = s->report ? fopen(s->report, "we") : NULL;

	if (!f)
		return;
	fprintf(f, "{\"orchestrator\": %lu, \"worker\": %lu, \"killed\": %s",
		s->counted[ORCHESTRATOR], s->counted[WORKER], s->killed ? "true" : "false");
	if (s->killed)
		fprintf(f, ", \"before\": \"%s %s of the %s\"", s->before->name, s->before_path,
			s->before_role == WORKER ? "worker" : "orchestrator");
	if (WIFEXITED(s->main_status))
		fprintf(f, ", \"exit\": %d}\n", WEXITSTATUS(s->main_status));
	else
		fprintf(f, ", \"exit\": -%d}\n", WTERMSIG(s->main_status));
	fclose(f);
}

static void usage(const char *word)
{
	fprintf(stderr,
		"sweep: cannot use '%s'; usage: sweep [--who orchestrator|worker|both] [--kill N] "
		"[--from FILE] [--power] "
		"[--lie CALL[:WORD]] [--report FILE] -- COMMAND...\n",
		word);
	exit(98);
}

static void parse_lie(struct sweep *s, char *word)
{
	char *colon = strchr(word, ':');

	if (colon) {
		*colon = '\0';
		s->lie_word = colon + 1;
	}
	s->lie = call_named(word);
	if (!s->lie)
		usage(word);
}

static int parse(struct sweep *s, char **argv)
{
	int i = 1;

	for (; argv[i] && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--power") == 0)
			s->power = true;
		else if (!argv[i + 1])
			usage(argv[i]);
		else if (strcmp(argv[i], "--kill") == 0)
			s->kill = strtoul(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--report") == 0)
			s->report = argv[++i];
		else if (strcmp(argv[i], "--from") == 0)
			s->from = argv[++i];
		else if (strcmp(argv[i], "--lie") == 0)
			parse_lie(s, argv[++i]);
		else if (strcmp(argv[i], "--who") == 0 && strcmp(argv[i + 1], "orchestrator") == 0)
			s->victims = 1u << ORCHESTRATOR, i++;
		else if (strcmp(argv[i], "--who") == 0 && strcmp(argv[i + 1], "worker") == 0)
			s->victims = 1u << WORKER, i++;
		else if (strcmp(argv[i], "--who") == 0 && strcmp(argv[i + 1], "both") == 0)
			i++;
		else
			usage(argv[i]);
	}
	if (!argv[i] || !argv[i + 1])
		usage("the end");
	return i + 1;
}

int main(int argc, char **argv)
{
	struct sweep *s = calloc(1, sizeof(*s));

	(void)argc;
	if (!s)
		give_up("memory");
	s->victims = 1u << ORCHESTRATOR | 1u << WORKER;
	start(s, argv + parse(s, argv));
	trace(s);
	if (s->power && s->killed)
		cut_unsynced(s);
	write_report(s);
	free(s);
	return 0;
}
