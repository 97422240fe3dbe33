/* A disk driver that cheats in one chosen way, as programs do that were not tested against power
 * cuts. */
#ifndef SK_FAULTY_H
#define SK_FAULTY_H

#include "os/vfs.h"

#define FAULTS(X)                                                                               \
	X(NONE, "no fault")                                                                     \
	X(NO_JOURNAL_SYNC, "a turn is acknowledged before the journal is synced")               \
	X(LATE_JOURNAL_SYNC, "a turn is synced only when the next one is written")              \
	X(SNAPSHOT_FIRST, "the snapshot is durable before the journal is")                      \
	X(NO_TEMP_SYNC, "a temporary file is renamed without ever being synced")                \
	X(RENAME_BEFORE_SYNC, "a temporary file is synced only after it was renamed")           \
	X(NO_DIR_SYNC, "no directory is ever synced")                                           \
	X(NO_ARCHIVE_SYNC, "a closed segment loses its old name before the new one is durable") \
	X(NO_TORN_COPY_SYNC, "the torn tail is cut before its copy is durable")                 \
	X(IN_PLACE, "the snapshot is replaced in place")

enum fault {
#define X(name, word) FAULT_##name,
	FAULTS(X)
#undef X
		FAULT_COUNT
};

const char *fault_word(enum fault fault);

#define FAULTY_HANDLES 16

struct faulty {
	struct vfs vfs;
	const struct vfs *inner;
	enum fault fault;
	enum { FILE_OTHER, FILE_JOURNAL, FILE_TEMP, FILE_TORN } role[FAULTY_HANDLES];
	int owed; /* handle whose sync is still owed, -1 = none */
	char owed_path[64];
};

/* fault NONE passes everything on. The inner vfs must outlive it. */
void faulty_init(struct faulty *f, const struct vfs *inner, enum fault fault);

#endif
