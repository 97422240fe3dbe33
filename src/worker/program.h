/*
 * Which file a command's word means. As execvp would find it, but remembered: the folders of PATH
 * are watched, and what was found is forgotten the moment anything in one of them changes, so a
 * tool that one task installs is seen by the next.
 */
#ifndef SK_PROGRAM_H
#define SK_PROGRAM_H

#include "base/map.h"
#include "os/proc.h"

struct program_finder {
	int watch_fd;      /* inotify, or -1 */
	char *list;        /* the PATH that is watched, or NULL */
	uint64_t blind;    /* bit i: entry i cannot be watched and is asked each time */
	unsigned entries;  /* of PATH */
	struct map places; /* word -> index into found */
	struct program_found {
		char *word, *path;
		unsigned entry; /* of PATH, where it was found */
	} * found;
	size_t found_count, found_capacity;
};

#define PROGRAM_FINDER_INIT                          \
	{                                            \
		-1, NULL, 0, 0, MAP_INIT, NULL, 0, 0 \
	}

void program_finder_release(struct program_finder *f);

/* As proc_find_program, with the same results. */
int program_find(struct program_finder *f, const char *word, const char *path_list, const char *cwd,
		 char *out, size_t out_bytes);

#endif
