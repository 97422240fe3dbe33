/*
 * Nodes -> values, with parameters put in. Every function takes the node and reports what is wrong
 * with it; the node's key names it in messages. They return 0 or -SK_EUSAGE with the problem added,
 * and leave *out untouched on failure.
 */
#ifndef SK_PLAN_VALUE_H
#define SK_PLAN_VALUE_H

#include "plan/node.h"

/* ${{name}} stands for value. */
struct binding {
	struct span name, value;
};

struct bindings {
	const struct binding *v;
	size_t count;
	const struct bindings *outer; /* looked up next; may be NULL */
};

struct reading {
	struct problems *problems;
	const struct source *source;
	const struct bindings *bindings; /* NULL: nothing is put in */
	struct arena *text;              /* values with something put in are built here */
};

/* Adds a problem at a node. Returns -SK_EUSAGE. */
int value_problem(const struct reading *r, const struct node *n, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* For messages: the text in quotes. */
const char *value_quote(const struct reading *r, struct span text);

/* ", did you mean "x"?" with the nearest of the candidates, or "" when none is near. `count` words
 * from `next`. */
struct words {
	struct span (*get)(const void *ctx, size_t index);
	const void *ctx;
	size_t count;
};
const char *value_nearest(const struct reading *r, struct span word, const struct words *known);

/* The same, and where nothing is near what there is to choose from: ". Try: one of a, b, c". Empty
 * only when there is nothing known at all. */
const char *value_suggest(const struct reading *r, struct span word, const struct words *known);

/* What else a refused name could be: ". Try: con-1". Lives as long as the problems. */
const char *value_name_advice(struct problems *p, struct span name);

/* Replaces what `text` holds of ${{name}}; as_name turns values into parts of a name
 * (value_name_part). */
int value_fill(const struct reading *r, const struct node *n, struct span text, bool as_name,
	       struct span *out);

/* Appends `value` as a part of a task's name: bytes a name cannot have become "-"; nothing left
 * becomes "none". */
void value_name_part(struct buf *out, struct span value);

/* Any scalar but null, as written. */
int value_text(const struct reading *r, const struct node *n, struct span *out);

/* The same, not empty and at most `max` bytes. */
int value_line(const struct reading *r, const struct node *n, size_t max, struct span *out);

/* A name as of name_problem. */
int value_name(const struct reading *r, const struct node *n, struct span *out);

int value_bool(const struct reading *r, const struct node *n, bool *out);
int value_integer(const struct reading *r, const struct node *n, int64_t min, int64_t max,
		  int64_t *out);

/* "10m" or a number of seconds; min_s only bounds the message, anything above 0 passes when it
 * is 1. */
int value_duration(const struct reading *r, const struct node *n, int64_t min_s, int64_t max_s,
		   int64_t *out_ms);

/* Bytes: 512M, 2G, 4096. */
int value_bytes(const struct reading *r, const struct node *n, int64_t *out);

/* Checks the kind of a container. */
int value_map(const struct reading *r, const struct node *n);
int value_list(const struct reading *r, const struct node *n);

/*
 * The elements of a list, or the one scalar itself: needs: build means needs: [build]. NULL behind
 *the last. for (n = value_first(node); n; n = value_next(node, n))
 */
const struct node *value_first(const struct node *n);
const struct node *value_next(const struct node *parent, const struct node *n);

/* One allowed key; two keys with the same slot are two words for one thing. */
struct field {
	const char *name;
	unsigned slot;
};

/*
 * Sorts the members of a map into slots[0..slot_count), NULL where there is none. An unknown key is
 * a problem, unless `lenient` and no known key is near it. `what` names the map in messages.
 */
struct fields {
	const struct field *v;
	size_t count;
	size_t slot_count;
	const char *what;
	bool lenient;
};
int value_fields(const struct reading *r, const struct node *map, const struct fields *fields,
		 const struct node **slots);

#endif
