/*
 * A document as a tree of values that know where they stand. Both readers (YAML, JSON) build it
 * through the same calls, so limits and duplicate keys are checked in one place. Values point into
 * the file's bytes or into the tree's arena; everything goes with node_tree_release.
 */
#ifndef SK_NODE_H
#define SK_NODE_H

#include "base/arena.h"
#include "base/limits.h"
#include "base/str.h"
#include "plan/plan_problem.h"

enum node_kind { NODE_NULL, NODE_BOOL, NODE_NUMBER, NODE_TEXT, NODE_LIST, NODE_MAP };

struct node {
	const char *key_p; /* of a member of a map */
	union {
		const char
			*p; /* a scalar's text: "true", "1.10", ... as written, escapes resolved */
		struct node *child; /* first element or member */
	};
	struct node *next; /* sibling */
	uint32_t len;      /* bytes of a scalar; elements of a list or map */
	uint32_t line, column;
	uint32_t key_line, key_column;
	uint8_t kind; /* enum node_kind */
	uint8_t key_len;
};

static inline struct span node_text(const struct node *n)
{
	return (struct span){ n->p, n->len };
}

static inline struct span node_key(const struct node *n)
{
	return (struct span){ n->key_p, n->key_len };
}

static inline struct place node_place(const struct node *n)
{
	return (struct place){ n->line, n->column };
}

static inline struct place node_key_place(const struct node *n)
{
	return (struct place){ n->key_line, n->key_column };
}

static inline bool node_is_scalar(const struct node *n)
{
	return n->kind < NODE_LIST;
}

/* "a list", "text", "nothing", ... for messages. */
const char *node_kind_words(const struct node *n);

/* The member of a map, or NULL. Linear. */
const struct node *node_member(const struct node *map, const char *key);

struct node_tree {
	struct node *root;
	struct arena arena;
};

void node_tree_release(struct node_tree *t);

/* Builds one tree from a sequence of events; the first problem ends it. */
struct node_tree_builder {
	struct node_tree *tree;
	struct problems *problems;
	const struct source *source;
	struct {
		struct node *node;
		struct node **tail;
	} open[JSON_DEPTH_MAX + 1];
	unsigned depth; /* containers open */
	struct span key;
	struct place key_place;
	bool has_key;
};

void node_tree_build(struct node_tree_builder *b, struct node_tree *t, struct problems *p,
		     const struct source *source);

/* Whether the innermost open container is a map that waits for a key. */
bool node_tree_wants_key(const struct node_tree_builder *b);

/* Each returns 0 or -SK_EUSAGE with the problem added. The text is borrowed: it must live as long
 * as the tree. */
int node_tree_key(struct node_tree_builder *b, struct span key, struct place at);
int node_tree_scalar(struct node_tree_builder *b, enum node_kind kind, struct span text,
		     struct place at);
int node_tree_open(struct node_tree_builder *b, enum node_kind kind, struct place at);
int node_tree_close(struct node_tree_builder *b);

#endif
