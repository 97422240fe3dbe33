/*
 * What the tables of the knowledge database are: a numbered list of versions, each with the
 * statements that make it out of the one before. The list is only ever added to: databases of every
 * version are out there, and a number means the same in all of them.
 *
 * The statements are run on an empty database in memory (the model), and what the model has and a
 * real database lacks is then added to it (kb_shape.h). So it does not matter how far another
 * program came before it was interrupted: what is there already is seen, not stumbled over.
 */
#ifndef SK_KB_SCHEMA_H
#define SK_KB_SCHEMA_H

#define KB_SCHEMA_VERSION 35     /* the newest that this program knows */
#define KB_SCHEMA_FTS_VERSION 25 /* where the search index of entries got its last form */

struct kb_schema_version {
	unsigned number;
	const char *name;   /* as people read it, and as it is recorded */
	const char *tables; /* of the model; NULL = none */
	const char
		*data; /* what is done to rows that are there; may be done again; NULL = nothing */
	const char *indexes; /* of the model, made behind the data; NULL = none */
};

/* Version `number`, 1..KB_SCHEMA_VERSION. */
const struct kb_schema_version *kb_schema_version(unsigned number);

#endif
