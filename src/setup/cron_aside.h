/*
 * Copies of the knowledge database that lie beside it: backups that were made by themselves, and
 * what was moved aside when it was restored or put into quarantine. They are told by their names.
 */
#ifndef SK_CRON_ASIDE_H
#define SK_CRON_ASIDE_H

#include "base/str.h"

/* word */
#define CRON_ASIDES(X)          \
	X(BACKUP, "backup")     \
	X(REPLACED, "replaced") \
	X(CORRUPT, "corrupt")   \
	X(ORPHAN, "orphan")

#define X(name, word) CRON_ASIDE_##name,
enum cron_aside_kind { CRON_ASIDES(X) CRON_ASIDE_COUNT };
#undef X

struct cron_aside {
	enum cron_aside_kind kind;
	int64_t at_ms;
	uint64_t number; /* of several of one second: 1, 2, ... */
};

/*
 * Whether `name` is such a copy of the database `db` (both names in one folder):
 * "knowledge.db.corrupt-20261121T214425Z", with "-2" when there were two of one second, with -wal,
 * -shm or -journal behind it when it is a part of one.
 */
bool cron_aside_decode(struct span name, struct span db, struct cron_aside *out);

/* Whether `a` is an older copy than `b`, of the same kind. */
bool cron_aside_older(const struct cron_aside *a, const struct cron_aside *b);

/*
 * Removes from the folder the copies of `db` that are older than `before_ms`, but of each kind the
 * newest one stays, however old. At most CRON_REPORTS_PRUNED_MAX. Returns how many files, or
 * -errno when the folder cannot be listed.
 */
int cron_aside_remove(int folder_fd, struct span db, int64_t before_ms);

#endif
