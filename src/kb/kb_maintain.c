/*
 * Both hold our own lock from before the connection is used until it is closed: no other process of
 * this program writes or copies back meanwhile, which the library in use could not stand.
 */
#include "kb/kb_maintain.h"

#include <string.h>

#include "base/limits.h"
#include "kb/kb_impl.h"

const char *kb_outcome_word(enum kb_outcome outcome)
{
	static const char *const words[KB_OUTCOME_COUNT] = { "ok", "busy", "missing", "corrupt",
							     "error" };

	INVARIANT(outcome < KB_OUTCOME_COUNT);
	return words[outcome];
}

static enum kb_outcome outcome_of(int rc)
{
	switch (-rc) {
	case 0:
		return KB_OK;
	case SK_EBUSY:
		return KB_BUSY;
	case SK_ENOTFOUND:
		return KB_MISSING;
	case SK_ECORRUPT:
		return KB_CORRUPT;
	default:
		return KB_ERROR;
	}
}

/* Opens it for what touches no table, and keeps others of us away until it is closed. */
static int open_alone(const char *path, int64_t busy_ms, const char *who, struct kb **out,
		      struct err *e)
{
	struct kb_open how = { .path = path,
			       .mode = KB_WRITE,
			       .versions = KB_ANY_VERSION,
			       .busy_ms = busy_ms ? busy_ms : KB_MAINTAIN_BUSY_MS,
			       .who = who };
	CLEANUP(kb_close) struct kb *kb = NULL;
	int rc = kb_open(&how, &kb, e);

	if (rc == 0)
		rc = kb_lock(&kb->place, who, kb->busy_ms, &kb->lock, e);
	if (rc < 0)
		return rc;
	*out = kb;
	kb = NULL;
	return 0;
}

int kb_checkpoint(const char *path, int64_t busy_ms, const char *who, struct kb_checkpoint *out,
		  struct err *e)
{
	static const char undone[] = "the WAL was kept as it is";
	CLEANUP(kb_close) struct kb *kb = NULL;
	int log = -1, done = -1, rc;

	memset(out, 0, sizeof(*out));
	out->log_frames = out->checkpointed_frames = -1;
	rc = open_alone(path, busy_ms, who, &kb, e);
	if (rc == 0) {
		out->bytes_before = out->bytes_after = kb_place_bytes(&kb->place, "");
		out->wal_bytes_before = out->wal_bytes_after = kb_place_bytes(&kb->place, "-wal");
		rc = sqlite3_wal_checkpoint_v2(kb->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &log,
					       &done);
		out->busy = (rc & 0xff) == SQLITE_BUSY;
		rc = rc == SQLITE_OK ? 0 : kb_fail(&kb->place, kb->db, rc, undone, e);
		out->log_frames = log;
		out->checkpointed_frames = done;
		out->bytes_after = kb_place_bytes(&kb->place, "");
		out->wal_bytes_after = kb_place_bytes(&kb->place, "-wal");
	}
	out->busy |= rc == -SK_EBUSY;
	out->outcome = outcome_of(rc);
	return rc;
}

static int64_t bytes_of(const struct kb *kb)
{
	return kb_place_bytes(&kb->place, "") + kb_place_bytes(&kb->place, "-wal");
}

int kb_vacuum(const char *path, int64_t busy_ms, const char *who, struct kb_vacuum *out,
	      struct err *e)
{
	CLEANUP(kb_close) struct kb *kb = NULL;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = open_alone(path, busy_ms, who, &kb, e);
	if (rc == 0) {
		out->bytes_before = out->bytes_after = bytes_of(kb);
		rc = kb_run(kb, "VACUUM", "it was kept as it is", e);
		/* A reader may hold this up. The space is free inside of the file then, and the
		 * next time gives it back. */
		sqlite3_wal_checkpoint_v2(kb->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
		if (rc == 0)
			rc = kb_quick_check(&kb->place, kb->db, "it was left as it is", e);
		out->bytes_after = bytes_of(kb);
	}
	if (out->bytes_before > out->bytes_after)
		out->freed_bytes = out->bytes_before - out->bytes_after;
	out->outcome = outcome_of(rc);
	return rc;
}
