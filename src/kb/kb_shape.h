/*
 * The shape of a database: its tables, columns and indexes, compared with a model that has them as
 * they should be. What is there beyond the model is left alone: it belongs to another program.
 */
#ifndef SK_KB_SHAPE_H
#define SK_KB_SHAPE_H

#include "kb/kb_impl.h"

/* A model with no table yet, in memory. Closed with kb_disconnect. Returns SQLite's code. */
int kb_model_open(sqlite3 **out);

/* Takes the model from version number - 1 to this one. Its statements are our own: a failure ends
 * the process. */
void kb_model_grow(sqlite3 *model, unsigned number);

/* What was missing, each as a text for people: "table x", "column x.y", "index z". Or, where `look`
 * is set, is. */
struct kb_lack {
	bool look;          /* nothing is added, only told */
	const char *undone; /* what a failure leaves, for its sentence */
	struct buf words;   /* each with a NUL behind it */
	unsigned count;
};

#define KB_LACK_INIT(look, undone)        \
	{                                 \
		look, undone, BUF_INIT, 0 \
	}

void kb_lack_release(struct kb_lack *l);

/* Notes one thing. */
void kb_lack_put(struct kb_lack *l, const char *fmt, ...) PRINTF_LIKE(2, 3);

/*
 * Adds the tables and columns of the model that the database lacks, within the transaction that the
 * caller has begun. Returns 0 or a negative code: a table that lacks its key cannot be mended
 * (-SK_EREFUSED).
 */
int kb_shape_tables(struct kb *kb, sqlite3 *model, struct kb_lack *lack, struct err *e);

/* Likewise the indexes. */
int kb_shape_indexes(struct kb *kb, sqlite3 *model, struct kb_lack *lack, struct err *e);

/* Whether the table, which is not virtual, has the column. Returns SQLite's code. */
int kb_has_column(sqlite3 *db, const char *table, const char *column, bool *out);

#endif
