/* Who has a file open: for the sentence that tells a person whom to stop. It decides nothing. */
#ifndef SK_FILE_USERS_H
#define SK_FILE_USERS_H

#include "base/base.h"

#define FILE_USER_COMMAND_BYTES_MAX 80

struct file_user {
	uint64_t pid;
	char command[FILE_USER_COMMAND_BYTES_MAX]; /* its words, blanks between, cut to fit; never
						      empty */
};

/*
 * Other processes than this one that have one of the files open, at most `max` of them, by pid.
 * Paths that do not exist are no file that anybody has open. Processes of other users are not seen,
 * unless we are root. Returns how many were written to out, or -errno. Out of date when it returns.
 */
int file_users_find(const char *const *paths, size_t path_count, struct file_user *out, size_t max);

#endif
