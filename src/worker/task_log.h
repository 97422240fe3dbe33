/*
 * The log of a task that may have nothing to say. Most tasks of a large plan print nothing, and to
 * create a file for each costs more than all else that the worker does for them. So a task writes
 * into a file without a name, which gets the task's name when there is something in it, when the
 * task lasts, or when it goes wrong; if none of it happens, the next task has the file.
 *
 * The header lines of the task are not written until then: the file begins with a hole of exactly
 * their length, and what the task prints is appended behind it. A file that is only the hole is a
 * file in which nothing was printed.
 *
 * After a crash of the worker a file without a name is gone, with all that was printed into it.
 */
#ifndef SK_TASK_LOG_H
#define SK_TASK_LOG_H

#include "base/buf.h"
#include "base/str.h"

struct task_log {
	int fd;          /* the file without a name, kept from task to task; or -1 */
	bool pending;    /* a task has it */
	bool written;    /* its head stands in the file, no longer the hole */
	bool refused;    /* it could not get its name: something has it already */
	bool useless;    /* files without a name are no good on this file system */
	size_t size;     /* of the file, when nothing was printed */
	size_t copied;   /* of it, to what has its name */
	struct buf head; /* header lines of the task */
};

/* Where logs are. Both are borrowed. */
struct log_folder {
	int fd;
	int own_fds; /* /proc/self/fd, through which a file without a name is reached; or negative
		      */
};

#define TASK_LOG_INIT                      \
	{                                  \
		.fd = -1, .head = BUF_INIT \
	}

void task_log_release(struct task_log *l);

/*
 * Prepares for a new task whose log is to be `name` in the folder. Returns 1; 0 when there is
 * something of that name already, to which its output must be appended; or -errno when a file
 * without a name cannot be had, now or (then it is not tried again) on this file system.
 */
int task_log_begin(struct task_log *l, const struct log_folder *in, const char *name);

/*
 * Adds a header line, and opens the file for the process that it announces. Returns a descriptor,
 * which is the caller's; or -errno, -EFBIG for one header too many: then the file is to be named,
 * and the header belongs behind what is in it.
 */
int task_log_add(struct task_log *l, const struct log_folder *in, struct span header);

/* Whether nothing was printed into it so far. */
bool task_log_is_quiet(const struct task_log *l);

/*
 * Gives the file its name, the head in front; the task is no longer pending. When there is
 * something under that name already, what is new is appended to that; the task stays pending, to be
 * named again, until `last`. Returns 0, or -errno when a part of the log is missing or cannot be
 * found.
 */
int task_log_name(struct task_log *l, const struct log_folder *in, const char *name, bool last);

/*
 * The task is over and was quiet: keeps the file for the next one. Returns 0; or -EBUSY when
 * somebody outside of the task still has the file open, or another code when that cannot be told.
 * Then it must be named, or what is printed yet would come into the log of another.
 */
int task_log_keep(struct task_log *l);

#endif
