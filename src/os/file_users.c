/*
 * A database tells that it is busy and not by whom, and a person who does not know whom to stop
 * removes the files that look like locks. The kernel knows: each descriptor of each process leads
 * to its file. Files are compared by device and inode, since names may have changed.
 */
#include "os/file_users.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/fd.h"

#define FILES_MAX 8

struct wanted {
	dev_t device;
	ino_t file;
};

static size_t identify(const char *const *paths, size_t path_count, struct wanted *out)
{
	size_t count = 0;
	struct stat st;

	INVARIANT(path_count <= FILES_MAX);
	for (size_t i = 0; i < path_count; i++)
		if (stat(paths[i], &st) == 0)
			out[count++] = (struct wanted){ st.st_dev, st.st_ino };
	return count;
}

/* Whether one of the descriptors in this folder of /proc leads to a wanted file. */
static bool has_open(const char *fds, const struct wanted *wanted, size_t count)
{
	DIR *dir = opendir(fds);
	bool found = false;
	struct dirent *entry;
	struct stat st;

	if (!dir)
		return false;
	while (!found && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || fstatat(dirfd(dir), entry->d_name, &st, 0) < 0)
			continue;
		for (size_t i = 0; i < count; i++)
			found |= st.st_dev == wanted[i].device && st.st_ino == wanted[i].file;
	}
	closedir(dir);
	return found;
}

static void describe(uint64_t pid, struct file_user *out)
{
	CLEANUP(buf_release) struct buf words = BUF_INIT;
	char path[64];
	size_t len;

	out->pid = pid;
	snprintf(path, sizeof(path), "/proc/%llu/cmdline", (unsigned long long)pid);
	fd_read_proc(path, FILE_USER_COMMAND_BYTES_MAX, &words);
	len = words.len < sizeof(out->command) ? words.len : sizeof(out->command) - 1;
	while (len > 0 && words.p[len - 1] == '\0')
		len--;
	for (size_t i = 0; i < len; i++)
		out->command[i] = (unsigned char)words.p[i] < ' ' ? ' ' : words.p[i];
	out->command[len] = '\0';
	if (len == 0)
		snprintf(out->command, sizeof(out->command), "a process without a name");
}

static int by_pid(const void *a, const void *b)
{
	const struct file_user *one = a, *other = b;

	return (one->pid > other->pid) - (one->pid < other->pid);
}

int file_users_find(const char *const *paths, size_t path_count, struct file_user *out, size_t max)
{
	struct wanted wanted[FILES_MAX];
	size_t wanted_count = identify(paths, path_count, wanted), count = 0;
	struct dirent *entry;
	DIR *proc;

	if (wanted_count == 0)
		return 0;
	proc = opendir("/proc");
	if (!proc)
		return -errno;
	while (count < max && (entry = readdir(proc))) {
		char path[64], *end;
		unsigned long long pid = strtoull(entry->d_name, &end, 10);

		if (*end || entry->d_name[0] < '1' || entry->d_name[0] > '9' ||
		    pid == (unsigned long long)getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/%llu/fd", pid);
		if (has_open(path, wanted, wanted_count))
			describe(pid, &out[count++]);
	}
	closedir(proc);
	qsort(out, count, sizeof(*out), by_pid);
	return (int)count;
}
