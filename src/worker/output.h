/* What a task leaves to read: its SK_OUTPUT file, and the last lines of its log. */
#ifndef SK_OUTPUT_H
#define SK_OUTPUT_H

#include <sys/stat.h>

#include "base/buf.h"

/*
 * Reads and removes the file of key=value lines a task wrote. Appends a JSON object to *json, or
 * nothing when there is no file or no line in it. Returns 0; -EINVAL with a sentence in *why: the
 * file breaks the rules, nothing of it is used.
 */
int output_read(int dir_fd, const char *name, struct buf *json, struct buf *why);

/*
 * What the folder of these files looked like at some moment. Most tasks write none, and to see that
 * nothing was created is cheaper than to look for each file.
 */
struct output_folder {
	struct timespec changed;
	int64_t since_us; /* when it was first seen so */
	bool sure;        /* whoever creates something from now on makes it look different */
};

/* Looks at the folder again. `now_us` is of the monotonic clock. */
void output_folder_look(int dir_fd, int64_t now_us, struct output_folder *f);

/* Whether nothing was created between two looks, the former copied; false when that is not sure. */
bool output_folder_same(const struct output_folder *before, const struct output_folder *now);

/* Removes a file of an earlier attempt, if there is one. */
void output_remove(int dir_fd, const char *name);

/*
 * Appends the last lines of a log, at most TAIL_BYTES_MAX, safe for a terminal, as one line joined
 * by " | ". Nothing of what stands before the last header line ("=== ... ") is taken: that belongs
 * to an earlier command.
 */
void output_tail(int log_fd, struct buf *out);

#endif
