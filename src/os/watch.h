/* Waiting until a file in a folder changes, for commands that follow. It only tells that something
 * happened, not what. */
#ifndef SK_WATCH_H
#define SK_WATCH_H

#include "base/base.h"

/* A watch without folders: -> descriptor, closed by the caller, or -errno. */
int watch_open(void);

/* Adds the folder that is open as `dir`: writes, new files and renames in it. Returns 0 or -errno.
 */
int watch_add(int watch, int dir);

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
