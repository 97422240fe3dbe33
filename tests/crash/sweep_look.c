/*
 * The table holds what can be seen from outside after a death (files, names, modes, messages) and
 * what makes processes. Locks are in it only to be lied about: taking one changes nothing that
 * lasts.
 */
#include "sweep_look.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static const struct call calls[] = {
	{ SYS_write, "write", IF_NOT_STANDARD, true },
	{ SYS_pwrite64, "pwrite", ALWAYS, true },
	{ SYS_writev, "writev", IF_NOT_STANDARD, true },
	{ SYS_pwritev, "pwritev", ALWAYS, true },
	{ SYS_fdatasync, "fdatasync", ALWAYS, true },
	{ SYS_fsync, "fsync", ALWAYS, true },
	{ SYS_renameat, "renameat", ALWAYS, false },
	{ SYS_renameat2, "renameat2", ALWAYS, false },
	{ SYS_unlinkat, "unlinkat", ALWAYS, false },
	{ SYS_linkat, "linkat", ALWAYS, false },
	{ SYS_mkdirat, "mkdirat", ALWAYS, false },
	{ SYS_symlinkat, "symlinkat", ALWAYS, false },
	{ SYS_fchmodat, "fchmodat", ALWAYS, false },
	{ SYS_fchmod, "fchmod", ALWAYS, true },
	{ SYS_utimensat, "utimensat", ALWAYS, false },
	{ SYS_ftruncate, "ftruncate", ALWAYS, true },
	{ SYS_fallocate, "fallocate", ALWAYS, true },
	{ SYS_openat, "openat", IF_CREATES, false },
	{ SYS_read, "read", IF_SOCKET, true },
	{ SYS_sendto, "sendto", ALWAYS, true },
	{ SYS_recvfrom, "recvfrom", ALWAYS, true },
	{ SYS_bind, "bind", ALWAYS, true },
	{ SYS_connect, "connect", ALWAYS, true },
	{ SYS_accept4, "accept4", ALWAYS, true },
	{ SYS_clone, "clone", ALWAYS, false },
	{ SYS_clone3, "clone3", ALWAYS, false },
	{ SYS_pidfd_send_signal, "pidfd_send_signal", ALWAYS, false },
	{ SYS_flock, "flock", NEVER,
	  true }, /* only to be lied about: it changes nothing that lasts */
#ifdef SYS_rename
	{ SYS_rename, "rename", ALWAYS, false },
	{ SYS_unlink, "unlink", ALWAYS, false },
	{ SYS_link, "link", ALWAYS, false },
	{ SYS_mkdir, "mkdir", ALWAYS, false },
	{ SYS_symlink, "symlink", ALWAYS, false },
	{ SYS_chmod, "chmod", ALWAYS, false },
	{ SYS_vfork, "vfork", ALWAYS, false },
	{ SYS_kill, "kill", ALWAYS, false },
#endif
};

void fd_path(pid_t pid, int fd, char out[PATH_BYTES])
{
	char link[64];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)pid, fd);
	len = readlink(link, out, PATH_BYTES - 1);
	out[len > 0 ? len : 0] = '\0';
}

pid_t parent_of(pid_t pid)
{
	char path[64], line[256];
	int parent = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "PPid: %d", &parent) == 1)
			break;
	if (f)
		fclose(f);
	return parent;
}

bool is_worker(pid_t pid)
{
	char path[64], words[256] = "";
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? 0 : read(fd, words, sizeof(words) - 1);
	if (fd >= 0)
		close(fd);
	return len > 0 && strlen(words) + 1 < (size_t)len &&
	       strcmp(words + strlen(words) + 1, "worker") == 0;
}

const struct call *call_of(uint64_t number)
{
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		if (calls[i].number == (long)number)
			return &calls[i];
	return NULL;
}

const struct call *call_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		if (strcmp(calls[i].name, name) == 0)
			return &calls[i];
	return NULL;
}

bool call_counts(const struct call *c, pid_t pid, const uint64_t args[6])
{
	char path[PATH_BYTES];

	switch (c->counts) {
	case NEVER:
		return false;
	case IF_CREATES:
		return (args[2] & O_CREAT) != 0;
	case IF_SOCKET:
		fd_path(pid, (int)args[0], path);
		return strncmp(path, "socket:", 7) == 0;
	case IF_NOT_STANDARD:
		return args[0] > 2;
	default:
		return true;
	}
}
