/*
 * Identity comes from /proc/pid/stat, read with one open and one read: the command name in it may
 * hold blanks and brackets, so fields are counted from the last closing bracket. A pidfd is opened
 * first and the start time compared after: whoever has the pid then is who the pidfd means, or the
 * process is gone and the signal fails.
 */
#include "os/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/fd.h"

#define STAT_BYTES_MAX 1024
#define FIELD_STATE 3
#define FIELD_START 22

/* Fills state and start time of a process. */
static int read_stat(uint64_t pid, char *state, uint64_t *start)
{
	char path[40], text[STAT_BYTES_MAX];
	const char *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%llu/stat", (unsigned long long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -ESRCH;
	text[n] = '\0';
	at = strrchr(text, ')');
	if (!at || at[1] != ' ')
		return -EINVAL;
	*state = at[2];
	at += 2;
	for (int field = FIELD_STATE; field < FIELD_START; field++) {
		at = strchr(at, ' ');
		if (!at)
			return -EINVAL;
		at++;
	}
	*start = 0;
	while (*at >= '0' && *at <= '9')
		*start = *start * 10 + (uint64_t)(*at++ - '0');
	return 0;
}

int proc_boot_id(char out[BOOT_ID_LEN + 1])
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	int rc = fd_read_proc("/proc/sys/kernel/random/boot_id", 256, &text);

	if (rc < 0)
		return rc;
	if (text.len < BOOT_ID_LEN)
		return -EINVAL;
	memcpy(out, text.p, BOOT_ID_LEN);
	out[BOOT_ID_LEN] = '\0';
	return 0;
}

int proc_start_time(uint64_t pid, uint64_t *out)
{
	char state;

	return read_stat(pid, &state, out);
}

int proc_self(struct proc_identity *out)
{
	struct proc_identity self = { .pid = (uint64_t)getpid() };
	int rc = proc_boot_id(self.boot_id);

	if (rc == 0)
		rc = proc_start_time(self.pid, &self.start);
	if (rc == 0)
		*out = self;
	return rc;
}

int proc_nonce(char out[NONCE_LEN + 1])
{
	unsigned char raw[NONCE_LEN / 2];
	size_t got = 0;

	while (got < sizeof(raw)) {
		ssize_t n = getrandom(raw + got, sizeof(raw) - got, 0);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			got += (size_t)n;
	}
	for (size_t i = 0; i < sizeof(raw); i++) {
		out[2 * i] = "0123456789abcdef"[raw[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[raw[i] & 15];
	}
	out[NONCE_LEN] = '\0';
	return 0;
}

/* 0 when the boot is the one the identity speaks of, or it does not speak of one. */
static int same_boot(const struct proc_identity *who)
{
	char boot[BOOT_ID_LEN + 1];
	int rc;

	if (!who->boot_id[0])
		return 0;
	rc = proc_boot_id(boot);
	if (rc < 0)
		return rc;
	return strcmp(boot, who->boot_id) == 0 ? 0 : -ESRCH;
}

int proc_alive(const struct proc_identity *who)
{
	uint64_t start;
	char state;
	int rc = same_boot(who);

	if (rc == 0)
		rc = read_stat(who->pid, &state, &start);
	if (rc == -ESRCH)
		return 0;
	if (rc < 0)
		return rc;
	return start == who->start && state != 'Z' && state != 'X';
}

int proc_pidfd(const struct proc_identity *who)
{
	uint64_t start;
	int fd, rc;

	if (who->pid == 0 || who->pid > INT_MAX)
		return -ESRCH;
	rc = same_boot(who);
	if (rc < 0)
		return rc;
	fd = (int)syscall(SYS_pidfd_open, (pid_t)who->pid, 0);
	if (fd < 0)
		return -errno;
	rc = proc_start_time(who->pid, &start);
	if (rc == 0 && start != who->start)
		rc = -ESRCH;
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return fd;
}

int proc_signal(const struct proc_identity *who, int signal_number)
{
	CLEANUP(fd_close) int fd = proc_pidfd(who);

	if (fd < 0)
		return fd;
	return syscall(SYS_pidfd_send_signal, fd, signal_number, NULL, 0) < 0 ? -errno : 0;
}

/* Whether this path (relative to cwd) is a regular file that may be executed. */
static int try_program(const char *path, const char *cwd)
{
	char joined[PATH_MAX];
	struct stat st;

	if (path[0] != '/' && cwd) {
		int n = snprintf(joined, sizeof(joined), "%s/%s", cwd, path);

		if (n < 0 || (size_t)n >= sizeof(joined))
			return -ENAMETOOLONG;
		path = joined;
	}
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
		return errno == EACCES ? -EACCES : -ENOENT;
	if (stat(path, &st) < 0)
		return -ENOENT;
	return S_ISREG(st.st_mode) ? 0 : -EACCES;
}

int proc_find_program(const char *word, const char *path_list, const char *cwd, char *out,
		      size_t out_bytes)
{
	bool denied = false;
	int n;

	if (strchr(word, '/')) {
		n = snprintf(out, out_bytes, "%s", word);
		return n < 0 || (size_t)n >= out_bytes ? -ENAMETOOLONG : try_program(out, cwd);
	}
	for (const char *at = path_list; *word; at++) {
		size_t len = strcspn(at, ":");
		int rc;

		/* An empty entry means the working directory. */
		n = snprintf(out, out_bytes, "%.*s%s%s", (int)len, at, len ? "/" : "./", word);
		at += len;
		rc = n < 0 || (size_t)n >= out_bytes ? -ENOENT : try_program(out, cwd);
		if (rc == 0)
			return 0;
		denied |= rc == -EACCES;
		if (!*at)
			break;
	}
	return denied ? -EACCES : -ENOENT;
}
