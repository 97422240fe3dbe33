/* What the files of this folder share: the connection itself, and how its failures are told. */
#ifndef SK_KB_IMPL_H
#define SK_KB_IMPL_H

#include <sqlite3.h>
#include <sys/stat.h>

#include "kb/kb.h"
#include "os/lock.h"

#define KB_LOCK_SUFFIX ".lock" /* behind the file's name: held by whoever of us writes */

/* Where a database is: its folder, which is held, and its name in it. */
struct kb_place {
	int dir_fd;
	char *dir;  /* absolute, without links */
	char *path; /* dir and name */
	char *name; /* borrowed from path */
};

#define KB_PLACE_INIT                \
	{                            \
		-1, NULL, NULL, NULL \
	}

struct kb {
	sqlite3 *db;
	struct kb_place place;
	struct lock lock;
	char *lock_name;
	const char *who;
	const char *undone; /* what a failed transaction leaves, for its sentence */
	int64_t busy_ms;
	unsigned version;
	bool empty; /* a database without any table */
	bool in_transaction;
	bool keeps_lock; /* `lock` is held for longer than a transaction */
	int wal_frames;  /* as of the last commit */
};

/*
 * Finds the folder of a path and opens it. The file itself need not exist. Returns 0;
 * -SK_EUSAGE for what can be no path of a file; -SK_ENOTFOUND when the folder is not there.
 */
int kb_place_open(const char *path, struct kb_place *out, struct err *e);
void kb_place_close(struct kb_place *p);

/* `suffix` behind its path or name; freed with mem_free. */
char *kb_place_beside(const struct kb_place *p, const char *suffix);
char *kb_name_beside(const struct kb_place *p, const char *suffix);

/*
 * What kind of thing is there: a file of ours that begins as a database does. Must not be called
 * while this process has it open. Returns 0 with *out filled, or one of the codes of kb.h.
 */
int kb_place_look(const struct kb_place *p, struct stat *out, struct err *e);

/* The first part of it: a link, what is no file, what belongs to others is refused. */
int kb_place_kind(const struct kb_place *p, const struct stat *st, struct err *e);

/* Size in bytes of a file beside it ("", "-wal", ...), 0 when there is none. */
int64_t kb_place_bytes(const struct kb_place *p, const char *suffix);

/*
 * Takes our own lock, within the patience, or tells who has it. Held around whatever writes to the
 * database or copies its WAL back: the library in use may damage a WAL that two processes do that
 * to in the same instant.
 */
int kb_lock(const struct kb_place *p, const char *who, int64_t patience_ms, struct lock *out,
	    struct err *e);

/*
 * The sentence about the last failure of a connection (which may be NULL) with the code of SQLite
 * `rc`; `undone` is what was not done, as "nothing was changed". Returns the negative code.
 */
int kb_fail(const struct kb_place *p, sqlite3 *db, int rc, const char *undone, struct err *e);

/* Somebody is at work in it: names those who have it open. Returns -SK_EBUSY. */
int kb_fail_busy(const struct kb_place *p, const char *undone, struct err *e);

/* 0 when no other process has it open, as far as can be seen; else -SK_EBUSY, naming them. */
int kb_refuse_open(const struct kb_place *p, const char *undone, struct err *e);

/* Runs statements that return nothing. Returns 0 or a negative code. */
int kb_run(struct kb *kb, const char *sql, const char *undone, struct err *e);

/* The integer that a query gives; 0 when it gives no row. Returns 0 or SQLite's code. */
int kb_ask(sqlite3 *db, const char *sql, int64_t *out);

/* The text that a query gives, replacing *out; empty when it gives no row or NULL. Returns SQLite's
 * code. */
int kb_ask_text(sqlite3 *db, const char *sql, struct buf *out);

/* PRAGMA quick_check: 0, -SK_ECORRUPT with the first finding in *e, or another code. */
int kb_quick_check(const struct kb_place *p, sqlite3 *db, const char *undone, struct err *e);

/* The same for an open one. What is not sound is closed such that its WAL stays as it is: it may be
 * wanted by whoever looks what happened. */
int kb_check(struct kb *kb, const char *undone, struct err *e);

/* Opens the connection with all that kb.h promises of one; `immutable` for a file that nobody can
 * write. Returns SQLite's code; *out is set unless there was no memory. */
int kb_connect(const char *path, enum kb_mode mode, bool immutable, int64_t busy_ms, sqlite3 **out);

/* Closes a connection: fits CLEANUP. */
void kb_disconnect(sqlite3 **db);

#endif
