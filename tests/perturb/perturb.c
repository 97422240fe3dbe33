/*
 * A quiet machine shows a race between two processes once in a thousand runs, and always on
 * somebody else's. Here every system call at which another process may come in between takes its
 * time now and then: mostly some milliseconds, seldom as long as a machine that swaps. The linker
 * puts these in front of the C library's own (--wrap), in this build alone; sk itself knows nothing
 * of it.
 *
 * The delays are drawn from the clock. A run cannot be repeated, but what fails in such a build
 * fails again within some runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* One call in `of` is held up for `least` to `most` microseconds. */
static const struct {
	uint64_t of, least_us, most_us;
} delays[] = { { 1024, 100000, 300000 }, { 256, 20000, 70000 }, { 8, 0, 8000 } };

static uint64_t draw(void)
{
	struct timespec now;
	uint64_t x;

	clock_gettime(CLOCK_MONOTONIC, &now);
	x = (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15u ^ (uint64_t)now.tv_sec ^
	    (uint64_t)getpid() << 20;
	x = (x ^ x >> 31) * 0xbf58476d1ce4e5b9u;
	return x ^ x >> 29;
}

static void hold_up(void)
{
	int before = errno;
	uint64_t x = draw(), us = 0;

	for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]) && !us; i++)
		if (x % delays[i].of == i)
			us = delays[i].least_us +
			     (x >> 12) % (delays[i].most_us - delays[i].least_us);
	if (us)
		nanosleep(&(struct timespec){ .tv_nsec = (long)us * 1000 }, NULL);
	errno = before;
}

/* A function in front of NAME, held up before it and behind it. */
#define IN_FRONT(type, name, parameters, arguments)                     \
	type __real_##name parameters; /* NOLINT: the linker's names */ \
	type __wrap_##name parameters; /* NOLINT */                     \
	type __wrap_##name parameters  /* NOLINT */                     \
	{                                                               \
		type result;                                            \
                                                                        \
		hold_up();                                              \
		result = __real_##name arguments;                       \
		hold_up();                                              \
		return result;                                          \
	}

IN_FRONT(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n))
IN_FRONT(ssize_t, send, (int fd, const void *p, size_t n, int flags), (fd, p, n, flags))
IN_FRONT(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags))
IN_FRONT(int, fsync, (int fd), (fd))
IN_FRONT(int, fdatasync, (int fd), (fd))
IN_FRONT(int, rename, (const char *from, const char *to), (from, to))
IN_FRONT(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
IN_FRONT(int, unlink, (const char *path), (path))
IN_FRONT(int, unlinkat, (int dir, const char *path, int flags), (dir, path, flags))
IN_FRONT(int, connect, (int fd, const struct sockaddr *to, socklen_t n), (fd, to, n))
IN_FRONT(int, accept4, (int fd, struct sockaddr *from, socklen_t *n, int flags),
	 (fd, from, n, flags))
IN_FRONT(int, pipe2, (int ends[2], int flags), (ends, flags))
IN_FRONT(int, fstatat, (int dir, const char *path, struct stat *st, int flags),
	 (dir, path, st, flags))
IN_FRONT(int, poll, (struct pollfd * p, nfds_t n, int ms), (p, n, ms))
IN_FRONT(int, epoll_wait, (int fd, struct epoll_event *events, int most, int ms),
	 (fd, events, most, ms))
IN_FRONT(int, kill, (pid_t pid, int signal_number), (pid, signal_number))
IN_FRONT(pid_t, fork, (void), ())
IN_FRONT(pid_t, waitpid, (pid_t pid, int *status, int options), (pid, status, options))
IN_FRONT(int, execve, (const char *path, char *const argv[], char *const envp[]),
	 (path, argv, envp))

/* These two may be called without a mode. */
#define IN_FRONT_OF_OPEN(name, parameters, arguments)  \
	int __real_##name parameters; /* NOLINT */     \
	int __wrap_##name parameters; /* NOLINT */     \
	int __wrap_##name parameters  /* NOLINT */     \
	{                                              \
		mode_t mode = 0;                       \
		va_list more;                          \
                                                       \
		if (flags & (O_CREAT | __O_TMPFILE)) { \
			va_start(more, flags);         \
			mode = va_arg(more, mode_t);   \
			va_end(more);                  \
		}                                      \
		hold_up();                             \
		return __real_##name arguments;        \
	}

IN_FRONT_OF_OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
IN_FRONT_OF_OPEN(openat, (int dir, const char *path, int flags, ...), (dir, path, flags, mode))
