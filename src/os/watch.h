/*
 * Hearing of changes in folders. Commands that follow wait until something happened and are not
 * told what; who keeps files is told names.
 */
#ifndef SK_WATCH_H
#define SK_WATCH_H

#include "base/base.h"

/* A watch without folders: -> descriptor, closed by the caller, or -errno. */
int watch_open(void);

/* Adds the folder that is open as `dir`: writes, new files and renames in it. Returns 0 or -errno.
 */
int watch_add(int watch, int dir);

enum watch_what {
	WATCH_GONE,     /* the name was removed or taken elsewhere */
	WATCH_WRITTEN,  /* a file of this name was written */
	WATCH_APPEARED, /* a folder of this name was made or brought here */
	WATCH_MISSED,   /* more happened than could be kept: anything may be so. No name */
};

struct watch_notice {
	int folder; /* as watch_add_names called it */
	enum watch_what what;
	const char *name; /* valid during the call */
};

/* Adds the folder that is open as `dir` for watch_read. Returns a number for it, or -errno. A
 * folder that is removed is not watched any more. */
int watch_add_names(int watch, int dir);
void watch_remove(int watch, int folder);

/* Likewise, for names of files whose bytes were changed in place, and nothing else: to open one for
 * writing and leave it as it was is no change. */
int watch_add_writes(int watch, int dir);

/* Hands over what happened since the last call, in order; never waits. */
void watch_read(int watch, void (*fn)(void *ctx, const struct watch_notice *notice), void *ctx);

/*
 * Waits for a change at most timeout_ms (-1 = for ever). `out_fd` is where the caller prints: when
 * its reader has gone, there is nobody to wait for. Returns 1 after a change, 0 when the time is
 * over, -EPIPE when the reader has gone, or -errno. Changes that happened since the last call
 * count, so nothing is missed between looking and waiting.
 */
int watch_wait(int watch, int out_fd, int timeout_ms);

/*
 * After a look that took `took_ms`: waits four times as long, so that following a busy journal
 * never takes more than a fifth of a processor. Returns 0, or -EPIPE when the reader has gone.
 */
int watch_rest(int out_fd, int64_t took_ms);

#endif
