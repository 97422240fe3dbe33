/*
 * One node a value, also for a member of a map: the largest plans have ten million values, so a
 * node has 56 bytes and no key of its own kind. Duplicate keys are looked for when a map closes,
 * where the number of its members is known.
 */
#include "plan/node.h"

#include "base/map.h"

#define KEY_BYTES_MAX 255 /* what a map takes */
#define FEW_MEMBERS 8     /* up to here comparing all pairs is cheaper than a map */

const char *node_kind_words(const struct node *n)
{
	static const char *const words[] = { "nothing", "true or false", "a number",
					     "text",    "a list",        "a map" };

	return words[n->kind];
}

const struct node *node_member(const struct node *map, const char *key)
{
	for (const struct node *n = map->child; n; n = n->next)
		if (span_is(node_key(n), key))
			return n;
	return NULL;
}

void node_tree_release(struct node_tree *t)
{
	arena_release(&t->arena);
	t->root = NULL;
}

void node_tree_build(struct node_tree_builder *b, struct node_tree *t, struct problems *p,
		     const struct source *source)
{
	*b = (struct node_tree_builder){ .tree = t, .problems = p, .source = source };
}

bool node_tree_wants_key(const struct node_tree_builder *b)
{
	return b->depth > 0 && b->open[b->depth].node->kind == NODE_MAP && !b->has_key;
}

int node_tree_key(struct node_tree_builder *b, struct span key, struct place at)
{
	INVARIANT(node_tree_wants_key(b));
	if (key.len == 0)
		return problem_add(b->problems, b->source, at, "empty key. Try: give it a name");
	if (key.len > KEY_BYTES_MAX)
		return problem_add(b->problems, b->source, at,
				   "key longer than %d bytes. Try: a short one", KEY_BYTES_MAX);
	b->key = key;
	b->key_place = at;
	b->has_key = true;
	return 0;
}

/* The task map may be as large as the largest plan; any other map is bounded. */
static uint32_t members_max(const struct node_tree_builder *b)
{
	const struct node *map = b->open[b->depth].node;

	if (map->kind == NODE_LIST)
		return TASKS_MAX;
	return b->depth == 2 && span_is(node_key(map), "tasks") ? PLAN_KEYS_MAX
								: PLAN_FIELD_KEYS_MAX;
}

static int add_node(struct node_tree_builder *b, enum node_kind kind, struct place at,
		    struct node **out)
{
	struct node *n = arena_alloc(&b->tree->arena, sizeof(*n));

	*n = (struct node){ .kind = (uint8_t)kind, .line = at.line, .column = at.column };
	*out = n;
	if (b->depth == 0) {
		b->tree->root = n;
		return 0;
	}
	if (b->has_key) {
		n->key_p = b->key.p;
		n->key_len = (uint8_t)b->key.len;
		n->key_line = b->key_place.line;
		n->key_column = b->key_place.column;
		b->has_key = false;
	}
	*b->open[b->depth].tail = n;
	b->open[b->depth].tail = &n->next;
	if (++b->open[b->depth].node->len > members_max(b))
		return problem_add(
			b->problems, b->source, at, "more than %u %s. Try: fewer", members_max(b),
			b->open[b->depth].node->kind == NODE_MAP ? "keys in one object"
								 : "elements in one list");
	return 0;
}

int node_tree_scalar(struct node_tree_builder *b, enum node_kind kind, struct span text,
		     struct place at)
{
	struct node *n;
	int rc = add_node(b, kind, at, &n);

	n->p = text.p ? text.p : "";
	n->len = (uint32_t)text.len;
	return rc;
}

int node_tree_open(struct node_tree_builder *b, enum node_kind kind, struct place at)
{
	struct node *n;
	int rc;

	if (b->depth == JSON_DEPTH_MAX)
		return problem_add(b->problems, b->source, at,
				   "nesting deeper than %d. Try: fewer levels", JSON_DEPTH_MAX);
	rc = add_node(b, kind, at, &n);
	b->depth++;
	b->open[b->depth].node = n;
	b->open[b->depth].tail = &n->child;
	return rc;
}

static int twice(struct node_tree_builder *b, const struct node *first, const struct node *second)
{
	return problem_add(b->problems, b->source, node_key_place(second),
			   "key %s appears twice (lines %u and %u). Try: keep one",
			   problem_quote(b->problems, node_key(second)), first->key_line,
			   second->key_line);
}

static int check_few(struct node_tree_builder *b, const struct node *map)
{
	for (const struct node *n = map->child; n; n = n->next)
		for (const struct node *before = map->child; before; before = before->next) {
			if (before == n)
				break;
			if (span_eq(node_key(before), node_key(n)))
				return twice(b, before, n);
		}
	return 0;
}

static int check_many(struct node_tree_builder *b, const struct node *map)
{
	CLEANUP(map_release) struct map seen = MAP_INIT;

	map_reserve(&seen, map->len);
	for (const struct node *n = map->child; n; n = n->next) {
		uint32_t line = map_find(&seen, node_key(n));

		if (line != MAP_NONE)
			return twice(b, &(struct node){ .key_line = line }, n);
		map_put(&seen, node_key(n), n->key_line);
	}
	return 0;
}

int node_tree_close(struct node_tree_builder *b)
{
	const struct node *n = b->open[b->depth].node;

	INVARIANT(b->depth > 0);
	b->depth--;
	if (n->kind != NODE_MAP)
		return 0;
	return n->len <= FEW_MEMBERS ? check_few(b, n) : check_many(b, n);
}
