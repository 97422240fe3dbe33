/*
 * What was said a moment ago, and by whom: hosts that read two configurations deliver an event
 * twice. A table of fixed size in one file, never synced: what is lost of it makes something happen
 * twice, as it would have without.
 */
#ifndef SK_RECENT_H
#define SK_RECENT_H

#include "base/base.h"

#define RECENT_FILE "recent-events"

struct recent {
	int fd; /* -1: nothing is known, and nothing is kept */
	uint64_t who;
};

/*
 * Notes that `who` says `what` in this process, at a moment of the monotonic clock. Returns true
 * when the last thing that `who` said was the same, within RECENT_MS, and whoever was told then has
 * finished or is still at it. One that was killed has not been told: it is not repeated then.
 * `create`: makes the file when it is not there. *out is to be given to recent_end in any case.
 */
bool recent_begin(int dir_fd, uint64_t who, uint64_t what, int64_t now_ms, bool create,
		  struct recent *out);

/* What recent_begin noted has been done. */
void recent_end(struct recent *r);

#endif
