/*
 * Processes: who one is, starting one, signalling one. A process is its boot id, pid and start time
 * together; a bare pid may belong to somebody else tomorrow, so nothing here signals one.
 */
#ifndef SK_PROC_H
#define SK_PROC_H

#include <signal.h>
#include <sys/types.h>

#include "base/base.h"

#define BOOT_ID_LEN 36
#define NONCE_LEN 32

struct proc_identity {
	uint64_t pid;
	uint64_t start; /* field 22 of /proc/pid/stat: ticks since boot */
	char boot_id[BOOT_ID_LEN + 1];
};

/* All return 0 or -errno. */
int proc_boot_id(char out[BOOT_ID_LEN + 1]);
int proc_start_time(uint64_t pid, uint64_t *out); /* -ESRCH when there is no such process */
int proc_self(struct proc_identity *out);

/* NONCE_LEN random lower-case hex digits and a NUL. */
int proc_nonce(char out[NONCE_LEN + 1]);

/* 1 when exactly this process exists and is no zombie, 0 when it is gone, or -errno. */
int proc_alive(const struct proc_identity *who);

/*
 * A pidfd of exactly this process, to be closed by the caller; -ESRCH when it is gone. The boot id
 * is compared when the identity has one. What is signalled through it can never be another process.
 */
int proc_pidfd(const struct proc_identity *who);

/* Sends a signal to exactly this process: 0, -ESRCH when it is gone, or -errno. */
int proc_signal(const struct proc_identity *who, int signal_number);

/* What a process may use; 0 = as its parent. */
struct proc_limits {
	uint64_t memory_bytes, open_files, cpu_s, processes;
};

struct proc_spawn {
	const char *path; /* to execute, looked up already */
	char *const *argv, *const *envp;
	const char *cwd; /* NULL = as the parent */
	int stdin_fd, stdout_fd,
		stderr_fd; /* the only descriptors it gets, provided all others are close-on-exec */
	int cgroup_fd;     /* directory of a cgroup v2 to be born in, or -1 */
	struct proc_limits limits;
	const sigset_t
		*ignored; /* signals the parent ignores, which it must not inherit; NULL = ask */
	int cage_fd;      /* rules of os/landlock.h that it lives under; 0 or -1 = none */
	bool dies_with_parent; /* killed when the calling thread ends */
	bool no_handlers; /* this process handles no signal by a function: none need be held back
			     until the program is executed */
};

/* The signals that this process ignores now: asked once by who starts many. */
void proc_ignored(sigset_t *out);

enum proc_step {
	PROC_STEP_CLONE,
	PROC_STEP_PARENT,
	PROC_STEP_CWD,
	PROC_STEP_LIMITS,
	PROC_STEP_FILES,
	PROC_STEP_CAGE,
	PROC_STEP_EXEC
};

/*
 * Starts a process in its own session and group, with no signal blocked or ignored. Returns its pid
 * once the program runs, or -errno with *failed naming the step; then no process is left (it has
 * been reaped). Costs what posix_spawn costs, however large the caller is.
 */
pid_t proc_spawn(const struct proc_spawn *s, enum proc_step *failed);

/*
 * Makes a copy of this process that may think for longer than the caller can: it sees the memory as
 * it is now and shares no write with it. Returns its pid to the caller, who reaps it; 0 in the
 * copy; -errno when there is none. The copy holds no descriptor but the standard ones and `keep`,
 * so no lock and no connection outlives the caller by it; it is killed when the calling thread ends
 * and by itself after seconds_max. It must leave by _exit. Costs some microseconds a megabyte.
 */
pid_t proc_copy(const int *keep, size_t count, unsigned seconds_max);

/*
 * The same without an end of its own: it goes on when the caller is gone, and has to know its end
 * by itself. Negative descriptors in `keep` are passed over.
 */
pid_t proc_fork(const int *keep, size_t count);

/*
 * Finds the program for a word as execvp would: with a slash it is the path itself (relative to
 * cwd), else the first executable regular file in `path_list` (relative entries are relative to
 * cwd). Writes an absolute or cwd-relative path that is right after chdir(cwd). Returns 0, -ENOENT,
 * -EACCES (found, but none may be executed), -ENAMETOOLONG.
 */
int proc_find_program(const char *word, const char *path_list, const char *cwd, char *out,
		      size_t out_bytes);

#endif
