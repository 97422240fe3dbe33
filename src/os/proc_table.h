/* One look at all processes, for whoever has to find a tree among them. It is out of date when it
 * returns. */
#ifndef SK_PROC_TABLE_H
#define SK_PROC_TABLE_H

#include "base/buf.h"

struct proc_row {
	uint64_t pid, parent, session, start;
	char state;  /* as in /proc/pid/stat: R S D T Z ... */
	bool marked; /* for the caller */
};

struct proc_table {
	struct proc_row *v;
	size_t count, capacity;
};

#define PROC_TABLE_INIT    \
	{                  \
		NULL, 0, 0 \
	}

void proc_table_release(struct proc_table *t);

/* Replaces the content by what runs now, zombies included. Returns 0 or -errno. */
int proc_table_read(struct proc_table *t);

/* Marks everything that descends from a marked row. */
void proc_table_mark_descendants(struct proc_table *t);

/*
 * The value of `name` in the environment the process was started with, replacing *out. Returns 1, 0
 * when it has no such variable, or -errno: -EACCES (of another user, or hidden), -ESRCH (gone),
 * -ENODATA (it has no environment at all, which is also what a process shows for a moment while it
 * executes a program or exits).
 */
int proc_env_read(uint64_t pid, const char *name, struct buf *out);

/* Whether one of the words of a value, separated by blanks, starts with `prefix`. */
bool proc_word_starts(const struct buf *value, const char *prefix);

/* Both at once: 1, 0 or -errno. */
int proc_env_word_starts(uint64_t pid, const char *name, const char *prefix);

/*
 * Somebody whose working directory is the absolute path or lies below it: 0 with *pid = one of
 * them, or 0 when nobody is seen (processes of other users are not, unless we are root), or -errno.
 */
int proc_find_cwd_below(const char *path, uint64_t *pid);

/* The same for those that run a program of that name (at most 15 bytes of it count). */
int proc_find_program_below(const char *path, const char *program, uint64_t *pid);

/* A row read alone: 0, -ESRCH or another -errno. */
int proc_row_read(uint64_t pid, struct proc_row *out);

#endif
