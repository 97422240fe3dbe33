/* A state as a person names it: now, behind a record, at a time, in a backup or in a file. */
#ifndef SK_PAST_H
#define SK_PAST_H

#include "cmd/cmd.h"
#include "core/state.h"
#include "os/vfs.h"

struct past {
	struct state st;
	char label[200]; /* "seq 12", "backups/current_...json": for people */
};

#define PAST_WORDS "current, a record's number, a time, latest, a backup's name or a file"

/* Fits CLEANUP; the state is initialised by past_read even when that fails. */
void past_release(struct past *p);

/*
 * Reads it without any lock. `word` is "current", a sequence number, a time as moment_decode takes
 * it, "latest" or a backup's name, or the path of a snapshot or a journal. Returns 0,
 * -SK_ENOTFOUND, -SK_ECORRUPT, -SK_EUSAGE, -SK_EIO.
 */
int past_read(struct cmd_ctx *c, const struct vfs *vfs, const char *word, struct past *out,
	      struct err *e);

/* The same for a moment that is known to be one. */
int past_read_seq(const struct vfs *vfs, uint64_t seq, struct past *out, struct err *e);
int past_read_time(const struct vfs *vfs, int64_t at_ms, struct past *out, struct err *e);

#endif
