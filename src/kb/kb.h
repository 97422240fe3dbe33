/*
 * The knowledge database: one SQLite file at the level of the home directory, which other programs
 * of the same user may read and write at the same time. This folder is the only one that knows
 * SQLite; what others get are values.
 *
 * A process opens a database at most once at a time: closing any descriptor of a file drops the
 * locks that the kernel holds for the whole process.
 *
 * What a failed call returns, and the exit code that follows from it:
 *   -SK_ENOTFOUND  missing: there is no such file, or no such folder
 *   -SK_EBUSY      somebody else is at work in it, and was for the whole patience; *e names who
 *   -SK_ECORRUPT   damaged, empty, or no database at all
 *   -SK_EREFUSED   newer than this program; older than it, where that was not allowed; not a
 *                  knowledge database; a link, no file, of another user
 *   -SK_EUSAGE     the path cannot be one
 *   -SK_EIO        the disk or the system refused
 */
#ifndef SK_KB_H
#define SK_KB_H

#include "base/buf.h"
#include "base/err.h"

#define KB_FOLDER \
	"session-state" /* in .copilot, where the database is unless somebody says otherwise */

struct kb;

enum kb_mode {
	KB_READ, /* changes nothing, and works in a folder that cannot be written */
	KB_WRITE
};

/* Which versions of the schema a caller can work with. */
enum kb_versions {
	KB_CURRENT,          /* that of this program alone; an older one needs `sk migrate` */
	KB_CURRENT_OR_OLDER, /* the caller asks kb_version */
	KB_ANY_VERSION       /* the caller touches no table */
};

struct kb_open {
	const char *path;
	enum kb_mode mode;
	enum kb_versions versions;
	int64_t busy_ms; /* patience with others; 0 = KB_BUSY_MS */
	const char *who; /* "sk learn": what others are told while we write */
};

/*
 * Replaces *out by the path of the database: `option` when it is not NULL, else `variable` (the
 * value of SK_DB_PATH) when that is set and not empty, else session-state/knowledge.db in the
 * folder .copilot, in `sk_home` (SK_HOME) or `home` (HOME). Nothing is opened or made. Returns 0 or
 * a negative code.
 */
int kb_default_path(const char *option, const char *variable, const char *sk_home, const char *home,
		    struct buf *out, struct err *e);

/*
 * Opens a database that exists: never makes one. The file must be a regular one of ours; links are
 * followed in the path to its folder only. Whatever is acknowledged later is on disk (WAL,
 * synchronous=FULL); what a file says cannot make the program run anything (defensive, no trusted
 * schema). Returns 0, and *out is closed with kb_close, or a negative code.
 */
int kb_open(const struct kb_open *how, struct kb **out, struct err *e);

/* Closes *kb unless it is NULL, and sets it to NULL: fits CLEANUP. A transaction that is still open
 * is rolled back. */
void kb_close(struct kb **kb);

/* The version of its schema: 0 when it has none yet. */
unsigned kb_version(const struct kb *kb);

/*
 * Begins to write: waits for others within the patience, first for those of this program, in the
 * order in which they came, then for any other. Returns 0 or a negative code; then nothing is
 * begun.
 */
int kb_begin(struct kb *kb, struct err *e);

/*
 * Makes durable what was written since kb_begin: after 0 it survives power loss, after a negative
 * code none of it has happened, and the transaction is over in both cases. A kill at any moment
 * leaves all of it or nothing.
 */
int kb_commit(struct kb *kb, struct err *e);

/* Undoes what was written since kb_begin. Does nothing outside of a transaction. */
void kb_rollback(struct kb *kb);

#endif
