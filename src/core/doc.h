/*
 * A document as a table of members: one description serves reading, writing, comparing and folding.
 * Goals and tentacles are such documents. An event records what changed as a JSON object of the
 * members that differ (doc_diff), and folding it is reading that object over the old value
 * (doc_merge): so a member can not be written and forgotten in replay.
 *
 * A document is a plain struct whose text and lists lie in somebody's arena: copying the struct
 * makes a draft. Lists are shared by copies, so change one only through doc_list_add and
 * doc_list_own, which give the draft a list of its own.
 */
#ifndef SK_DOC_H
#define SK_DOC_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

enum doc_kind {
	DOC_TEXT,   /* struct span */
	DOC_WORD,   /* uint8_t: one of `words` */
	DOC_U64,    /* uint64_t; 0 is not written */
	DOC_I64,    /* int64_t; DOC_NO_NUMBER is not written */
	DOC_TIME,   /* int64_t, wall clock ms; 0 is not written */
	DOC_BOOL,   /* bool; false is not written */
	DOC_TEXTS,  /* struct texts: an array of strings */
	DOC_OBJECT, /* a struct of the type `of`, in place */
	DOC_LIST,   /* struct doc_list of the type `of` */
	DOC_REST,   /* struct span: members nobody knows, as they were written; at most one a type.
		       Without it they are passed over */
};

#define DOC_NO_NUMBER INT64_MIN

enum doc_flags {
	/* A text or list that is only added to: a change records what is new. Of a list the newest
	   `max` stay. */
	DOC_GROWS = 1 << 0,
	/* A list written as an object: the first member of its type is the key. A change records
	   the elements that differ; none is ever taken out. */
	DOC_KEYED = 1 << 1,
	DOC_OURS = 1 << 2, /* not for people to change in the file */
	/* Has a file of its own: left out when the document is written for people. */
	DOC_APART = 1 << 3,
	DOC_NEEDED = 1 << 4, /* a whole document without it is refused */
	DOC_TRUE = 1 << 5,   /* a DOC_BOOL that is true where nothing is said; always written */
};

struct texts {
	struct span *v;
	size_t count;
};

struct doc_list {
	void *v;
	size_t count;
};

struct doc_type;
struct scan;

struct doc_member {
	const char *key;
	uint8_t kind;
	uint8_t flags;
	uint16_t offset;
	uint64_t max; /* bytes of a text, the largest number, most elements */
	uint64_t min; /* of a number that is there */
	const struct doc_type *of;
	const char *const *words;
	uint8_t word_count;
};

struct doc_type {
	const char *name;
	size_t bytes;
	const struct doc_member *members;
	size_t count;
	const char *const *views; /* keys that others write into the file, NULL behind the last; or
				     NULL */
};

/* What was wrong with a document, for people. */
struct doc_problem {
	char what[240];
	size_t at; /* byte of the text */
};

enum doc_form {
	DOC_COMPACT, /* one line, all members: journal and snapshot */
	DOC_PEOPLE,  /* two blanks a level, without members DOC_APART */
};

/* Appends the document as an object. */
void doc_encode(const struct doc_type *type, const void *doc, enum doc_form form, struct buf *out);

/* Appends its members without the brackets, each with a comma in front (unless `first`). */
void doc_encode_members(const struct doc_type *type, const void *doc, enum doc_form form,
			bool first, struct buf *out);

/* Appends the object of what differs. Returns whether anything does; then out grew, else not. */
bool doc_diff(const struct doc_type *type, const void *was, const void *now, struct buf *out);

enum doc_reading {
	DOC_MERGE,  /* what doc_diff wrote, or a whole document from a snapshot */
	DOC_FILE,   /* a whole document from people: members DOC_OURS are passed over, a list stands
		       for itself whole, and what is not there is empty */
	DOC_IMPORT, /* likewise, of a document nobody here knows yet: every member counts */
};

/*
 * Reads `json` over *doc, copying into the arena what is kept. Returns 0, or -EINVAL with *problem
 * filled; *doc is undefined then.
 */
int doc_merge(const struct doc_type *type, struct span json, enum doc_reading reading,
	      struct arena *arena, void *doc, struct doc_problem *problem);

/*
 * The same of a document that stands inside of another text, as a snapshot holds it: reads the next
 * value of *s over *doc, in one pass. Returns 0, with *s behind it or, where it is no JSON, in its
 * error; -EINVAL with *problem filled, and *s in front of it as it was.
 */
int doc_scan(const struct doc_type *type, struct scan *s, struct arena *arena, void *doc,
	     struct doc_problem *problem);

/*
 * The byte at which the value of a member begins: "title", "gates[1].id". Returns false when there
 * is none; *at is where the last part of the path begins that is there.
 */
bool doc_place(struct span json, struct span path, size_t *at);

/*
 * Whether a document of people says something else than `was` in a member that is DOC_OURS, but
 * for the one with the key `but`. What it does not say at all counts as unchanged. Then *problem
 * tells which; also when one of them cannot be read.
 */
bool doc_touched(const struct doc_type *type, struct span json, const char *but, const void *was,
		 struct doc_problem *problem);

/* Adds an element, all empty, and returns it; valid until the next call for the list. */
void *doc_list_add(const struct doc_type *of, struct arena *arena, struct doc_list *list);

/* Gives the list elements of its own: what is changed in them is not seen by others. */
void *doc_list_own(const struct doc_type *of, struct arena *arena, struct doc_list *list);

/* Takes out element `at`; the list gets elements of its own. */
void doc_list_remove(const struct doc_type *of, struct arena *arena, struct doc_list *list,
		     size_t at);

/* A struct of the type with nothing in it: numbers that can be absent are. */
void doc_clear(const struct doc_type *type, void *doc);

bool texts_have(const struct texts *t, struct span text);
/* Adds it unless it is there already. The text is copied. */
void texts_add(struct arena *arena, struct texts *t, struct span text);
void texts_remove(struct arena *arena, struct texts *t, struct span text);

#endif
