/*
 * /proc is read with one open and one read a process. Processes that end in between are left out.
 * Descendants are found by passing over the table until nothing is added: parents usually have the
 * smaller pid and the table is in pid order, so that is one or two passes.
 */
#include "os/proc_table.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/fd.h"

#define ENVIRON_BYTES_MAX (4 * 1024 * 1024)

void proc_table_release(struct proc_table *t)
{
	mem_free(&t->v);
	t->count = t->capacity = 0;
}

int proc_row_read(uint64_t pid, struct proc_row *out)
{
	char path[40], text[1024];
	unsigned long long parent, session, start;
	const char *at;
	ssize_t n;
	char state;
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
	at = strrchr(text, ')'); /* the name may hold anything, brackets too */
	if (!at || sscanf(at + 1,
			  " %c %llu %*s %llu %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			  "%*s %*s %llu",
			  &state, &parent, &session, &start) != 4)
		return -EINVAL;
	*out = (struct proc_row){
		.pid = pid, .parent = parent, .session = session, .start = start, .state = state
	};
	return 0;
}

int proc_table_read(struct proc_table *t)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;

	if (!d)
		return -errno;
	t->count = 0;
	while ((entry = readdir(d))) {
		struct proc_row row;
		uint64_t pid;

		if (span_to_u64(span_of(entry->d_name), INT32_MAX, &pid) < 0 ||
		    proc_row_read(pid, &row) < 0)
			continue;
		mem_grow(&t->v, &t->capacity, t->count + 1, sizeof(*t->v));
		t->v[t->count++] = row;
	}
	closedir(d);
	return 0;
}

static bool parent_marked(const struct proc_table *t, uint64_t parent)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t->v[mid].pid == parent)
			return t->v[mid].marked;
		if (t->v[mid].pid < parent)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

static int by_pid(const void *a, const void *b)
{
	const struct proc_row *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

void proc_table_mark_descendants(struct proc_table *t)
{
	bool more = t->count > 0;

	if (more)
		qsort(t->v, t->count, sizeof(*t->v), by_pid);
	while (more) {
		more = false;
		for (size_t i = 0; i < t->count; i++)
			if (!t->v[i].marked && parent_marked(t, t->v[i].parent))
				t->v[i].marked = more = true;
	}
}

bool proc_word_starts(const struct buf *value, const char *prefix)
{
	size_t len = strlen(prefix);
	const char *at = value->p;

	while (at) {
		if (strncmp(at, prefix, len) == 0)
			return true;
		at = strchr(at, ' ');
		if (at)
			at++;
	}
	return false;
}

int proc_env_read(uint64_t pid, const char *name, struct buf *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	size_t name_len = strlen(name);
	char path[40];
	int rc;

	snprintf(path, sizeof(path), "/proc/%llu/environ", (unsigned long long)pid);
	rc = fd_read_proc(path, ENVIRON_BYTES_MAX, &text);
	if (rc < 0 && rc != -EFBIG)
		return rc == -ENOENT ? -ESRCH : rc;
	if (text.len == 0)
		return -ENODATA;
	for (size_t at = 0; at < text.len; at += strlen(text.p + at) + 1)
		if (strncmp(text.p + at, name, name_len) == 0 && text.p[at + name_len] == '=') {
			buf_truncate(out, 0);
			buf_puts(out, text.p + at + name_len + 1);
			return 1;
		}
	return 0;
}

int proc_env_word_starts(uint64_t pid, const char *name, const char *prefix)
{
	CLEANUP(buf_release) struct buf value = BUF_INIT;
	int rc = proc_env_read(pid, name, &value);

	return rc == 1 ? proc_word_starts(&value, prefix) : rc;
}

static bool runs(uint64_t pid, const char *program)
{
	CLEANUP(buf_release) struct buf name = BUF_INIT;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%llu/comm", (unsigned long long)pid);
	return fd_read_proc(path, 64, &name) == 0 && name.len == strlen(program) + 1 &&
	       memcmp(name.p, program, name.len - 1) == 0;
}

static int find_below(const char *path, const char *program, uint64_t *pid)
{
	CLEANUP(proc_table_release) struct proc_table t = PROC_TABLE_INIT;
	size_t len = strlen(path);
	int rc = proc_table_read(&t);

	*pid = 0;
	for (size_t i = 0; rc == 0 && i < t.count && *pid == 0; i++) {
		char link[48], cwd[PATH_MAX];
		ssize_t n;

		snprintf(link, sizeof(link), "/proc/%llu/cwd", (unsigned long long)t.v[i].pid);
		n = readlink(link, cwd, sizeof(cwd));
		if (n >= (ssize_t)len && memcmp(cwd, path, len) == 0 &&
		    (n == (ssize_t)len || cwd[len] == '/') &&
		    (!program || runs(t.v[i].pid, program)))
			*pid = t.v[i].pid;
	}
	return rc;
}

int proc_find_cwd_below(const char *path, uint64_t *pid)
{
	return find_below(path, NULL, pid);
}

int proc_find_program_below(const char *path, const char *program, uint64_t *pid)
{
	return find_below(path, program, pid);
}
