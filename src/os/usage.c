/*
 * Read from /proc, because the process that is asked about may be another one than ours: `sk
 * metrics` tells of the orchestrator. It may end while it is read; what was not read by then stays
 * unknown.
 */
#include "os/usage.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "os/fd.h"

#define PROC_BYTES_MAX 4096

static bool read_proc(uint64_t pid, const char *name, struct buf *out)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%llu/%s", (unsigned long long)pid, name);
	buf_truncate(out, 0);
	return fd_read_proc(path, PROC_BYTES_MAX, out) == 0 && out->len;
}

static void read_memory(uint64_t pid, struct buf *text, struct usage *out)
{
	unsigned long long size, resident;

	if (read_proc(pid, "statm", text) && sscanf(text->p, "%llu %llu", &size, &resident) == 2)
		out->rss_kb = (int64_t)resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* The name of the program may hold anything, so counting starts behind its last bracket. */
static void read_time(uint64_t pid, struct buf *text, struct usage *out)
{
	unsigned long long user, kernel;
	const char *at;

	if (!read_proc(pid, "stat", text) || !(at = strrchr(text->p, ')')))
		return;
	if (sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
		   &kernel) == 2)
		out->cpu_ms = (int64_t)(user + kernel) * 1000 / sysconf(_SC_CLK_TCK);
}

static void count_descriptors(uint64_t pid, struct usage *out)
{
	char path[64];
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%llu/fd", (unsigned long long)pid);
	d = opendir(path);
	if (!d)
		return;
	out->open_fds = pid == (uint64_t)getpid() ? -1 : 0; /* not the one that is open here */
	for (const struct dirent *entry = readdir(d); entry; entry = readdir(d))
		out->open_fds += entry->d_name[0] != '.';
	closedir(d);
}

void usage_read(uint64_t pid, int dir_fd, struct usage *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct statvfs disk;
	double load;

	*out = (struct usage)USAGE_UNKNOWN;
	if (pid) {
		read_memory(pid, &text, out);
		read_time(pid, &text, out);
		count_descriptors(pid, out);
	}
	if (getloadavg(&load, 1) == 1)
		out->load1_thousandths = (int64_t)(load * 1000);
	if (dir_fd >= 0 && fstatvfs(dir_fd, &disk) == 0)
		out->disk_free_bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
}
