/*
 * What keeps the knowledge database small and fast, for whoever does it by the clock. Both may be
 * killed at any moment: the database is as it was, or done; a database that somebody is using is
 * left alone and told as busy.
 */
#ifndef SK_KB_MAINTAIN_H
#define SK_KB_MAINTAIN_H

#include "base/err.h"

enum kb_outcome { KB_OK, KB_BUSY, KB_MISSING, KB_CORRUPT, KB_ERROR, KB_OUTCOME_COUNT };

/* "ok", "busy", "missing", "corrupt", "error". */
const char *kb_outcome_word(enum kb_outcome outcome);

struct kb_checkpoint {
	enum kb_outcome outcome;
	int busy;                    /* 1 when somebody held something up, as SQLite tells it */
	int64_t log_frames;          /* pages in the WAL; -1 when it has none */
	int64_t checkpointed_frames; /* of these, copied into the database; -1 likewise */
	int64_t bytes_before, bytes_after;         /* of the database */
	int64_t wal_bytes_before, wal_bytes_after; /* of its WAL */
};

/*
 * Copies what is in the WAL into the database and empties the WAL (wal_checkpoint(TRUNCATE)),
 * waiting at most busy_ms for others (0 = KB_MAINTAIN_BUSY_MS). `who` is what others are told
 * meanwhile. *out is always filled. Returns 0 when it is done, else the negative code that belongs
 * to the outcome, with *e filled; readers or writers that held it up are -SK_EBUSY, and nothing is
 * lost: the WAL stays, and another time does it.
 */
int kb_checkpoint(const char *path, int64_t busy_ms, const char *who, struct kb_checkpoint *out,
		  struct err *e);

struct kb_vacuum {
	enum kb_outcome outcome;
	int64_t bytes_before, bytes_after; /* of the database with its WAL */
	int64_t freed_bytes;               /* what that makes less; 0 when it grew */
};

/*
 * Writes the database anew without its gaps (VACUUM), then checks it (quick_check). Same arguments
 * and returns. It needs about the size of the database twice over on the disk meanwhile.
 */
int kb_vacuum(const char *path, int64_t busy_ms, const char *who, struct kb_vacuum *out,
	      struct err *e);

#endif
