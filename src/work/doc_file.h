/*
 * A document as a file that people may edit. Ours ends in the number of the last event it contains
 * and a checksum over all before it, so an older version of ours (a rename that a power cut undid)
 * is told from an edit: the one is written again, the other is taken in.
 */
#ifndef SK_DOC_FILE_H
#define SK_DOC_FILE_H

#include "base/err.h"
#include "core/doc.h"
#include "os/vfs.h"

enum doc_file_found {
	DOC_FILE_NONE,
	DOC_FILE_OURS,   /* as we wrote it, now or before */
	DOC_FILE_EDITED, /* somebody else's bytes */
};

struct doc_file {
	enum doc_file_found found;
	struct buf text;
	uint64_t seq; /* of the last event it contains, if it is ours */
};

#define DOC_FILE_INIT                            \
	{                                        \
		DOC_FILE_NONE, { NULL, 0, 0 }, 0 \
	}

void doc_file_release(struct doc_file *f);

/*
 * Reads `path` and replaces *out, whose text is the caller's to release. A file that cannot be used
 * at all (too large, no regular file, not readable) is a failure with a sentence in *e that names
 * it; 0 otherwise.
 */
int doc_file_read(const struct vfs *vfs, const char *path, int64_t max, struct doc_file *out,
		  struct err *e);

/* Closes the text of an object for people, "{...\n}", with number and checksum. */
void doc_file_seal(struct buf *text, uint64_t seq);

/* Whether both say the same, whatever event they end with. */
bool doc_file_same(const struct buf *a, const struct buf *b);

/*
 * Checks that a text is one JSON document such as every reader understands alike, and then reads it
 * as a DOC_FILE of the type over *doc. Returns 0, or -SK_EUSAGE with a sentence in *e that names
 * file, line and column.
 */
int doc_file_decode(const char *path, struct span text, const struct doc_type *type,
		    enum doc_reading reading, struct arena *arena, void *doc, struct err *e);

/*
 * Whether the text says something else than `was` in a member that is not for people to change;
 * updated_at tells the version, and is looked at by who compares versions. Then *e tells which.
 */
bool doc_file_touched(const char *path, struct span text, const struct doc_type *type,
		      const void *was, struct err *e);

/* The sentence for a text that broke a rule: `why` begins with the path of a member and a colon. */
void doc_file_refused(const char *path, struct span text, struct span why, struct err *e);

/*
 * Writes it in place of what is there, synced. What stood there must be `before` (NULL: nothing):
 * when somebody changed it since, theirs stays, nothing is written, and it is -SK_EBUSY.
 */
int doc_file_write(const struct vfs *vfs, const char *path, const struct buf *before,
		   const struct buf *text, struct err *e);

#endif
