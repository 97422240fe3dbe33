/*
 * A bare word that is no declared rule is refused although it could be a program: nine times of ten
 * it is a misspelt name, and a check that quietly runs something else is worse than a refusal.
 */
#include "plan/plan_rule.h"

static int argv_read(const struct reading *r, const struct node *n, struct command_value *out)
{
	struct command_value c = { SPAN_NONE, NULL, 0 };

	if (n->len == 0)
		return value_problem(r, n, "%.*s: an empty list is no command. Try: [make, test]",
				     SPAN_ARG(node_key(n)));
	c.argv = arena_alloc(r->text, n->len * sizeof(*c.argv));
	for (const struct node *word = n->child; word; word = word->next) {
		int rc = value_text(r, word, &c.argv[c.argc]);

		if (rc < 0)
			return rc;
		if (c.argv[c.argc].len > COMMAND_BYTES_MAX)
			return value_problem(
				r, word, "argument longer than 128 KiB. Try: put it into a file");
		c.argc++;
	}
	if (c.argv[0].len == 0)
		return value_problem(r, n, "%.*s: the program's name is empty. Try: [make, test]",
				     SPAN_ARG(node_key(n)));
	*out = c;
	return 0;
}

int command_read(const struct reading *r, const struct node *n, struct command_value *out)
{
	struct span run;
	int rc;

	if (n->kind == NODE_LIST)
		return argv_read(r, n, out);
	rc = value_text(r, n, &run);
	if (rc < 0)
		return rc;
	while (run.len && strchr(" \t\r\n", run.p[run.len - 1]))
		run.len--;
	if (run.len == 0)
		return value_problem(r, n, "%.*s: empty command. Try: make test",
				     SPAN_ARG(node_key(n)));
	if (run.len > COMMAND_BYTES_MAX)
		return value_problem(r, n, "command longer than 128 KiB. Try: put it into a file");
	*out = (struct command_value){ run, NULL, 0 };
	return 0;
}

int timeout_read(const struct reading *r, const struct node *n, int64_t *out)
{
	if (n->kind == NODE_TEXT && span_is(node_text(n), "none")) {
		*out = TIMEOUT_NONE;
		return 0;
	}
	return value_duration(r, n, 1, TIMEOUT_S_MAX, out);
}

static struct span rule_name(const void *ctx, size_t index)
{
	return ((const struct rule_value *)ctx)[index].name;
}

enum { RULE_RUN, RULE_TIMEOUT, RULE_NAME, RULE_FIX, RULE_SLOTS };

/* {run: ..., timeout: ..., name: ..., fix: ...} */
static int read_rule_map(const struct reading *r, const struct node *n, struct rule_value *out)
{
	static const struct field words[] = { { "run", RULE_RUN },
					      { "command", RULE_RUN },
					      { "timeout", RULE_TIMEOUT },
					      { "name", RULE_NAME },
					      { "fix", RULE_FIX } };
	static const struct fields fields = { words, ARRAY_LEN(words), RULE_SLOTS, "a rule",
					      false };
	const struct node *slots[RULE_SLOTS];
	int rc = value_fields(r, n, &fields, slots);

	if (rc == 0 && !slots[RULE_RUN])
		rc = value_problem(r, n, "a rule without run. Try: {run: make test}");
	if (rc == 0)
		rc = command_read(r, slots[RULE_RUN], &out->command);
	if (rc == 0 && slots[RULE_TIMEOUT])
		rc = timeout_read(r, slots[RULE_TIMEOUT], &out->timeout_ms);
	if (rc == 0 && slots[RULE_NAME])
		rc = value_name(r, slots[RULE_NAME], &out->name);
	if (rc == 0 && slots[RULE_FIX])
		rc = command_read(r, slots[RULE_FIX], &out->fix);
	return rc;
}

int notify_read(const struct reading *r, const struct node *n, struct rule_value *out)
{
	static const struct field words[] = { { "run", RULE_RUN },
					      { "command", RULE_RUN },
					      { "timeout", RULE_TIMEOUT } };
	static const struct fields fields = { words, ARRAY_LEN(words), RULE_SLOTS, "notify",
					      false };
	const struct node *slots[RULE_SLOTS];
	int rc;

	out->timeout_ms = NOTIFY_TIMEOUT_S_DEFAULT * 1000LL;
	if (n->kind != NODE_MAP)
		return command_read(r, n, &out->command);
	rc = value_fields(r, n, &fields, slots);
	if (rc == 0 && !slots[RULE_RUN])
		rc = value_problem(r, n, "notify without run. Try: notify: ./tell-us.sh");
	if (rc == 0)
		rc = command_read(r, slots[RULE_RUN], &out->command);
	if (rc == 0 && slots[RULE_TIMEOUT])
		rc = value_duration(r, slots[RULE_TIMEOUT], 1, NOTIFY_TIMEOUT_S_MAX,
				    &out->timeout_ms);
	return rc;
}

/* A declared name, a command line in place, or a map. */
static int read_rule(const struct reading *r, const struct node *n, const struct rule_book *book,
		     struct rule_value *out)
{
	CLEANUP(buf_release) struct buf in_place = BUF_INIT;
	struct span text;
	const char *near;
	uint32_t known;
	int rc;

	if (n->kind == NODE_MAP)
		return read_rule_map(r, n, out);
	rc = value_line(r, n, COMMAND_BYTES_MAX, &text);
	if (rc < 0)
		return rc;
	known = map_find(&book->names, text);
	if (known != MAP_NONE) {
		*out = book->v[known];
		return 0;
	}
	near = value_nearest(r, text, &(struct words){ rule_name, book->v, book->count });
	buf_putf(&in_place, ". Try: {run: %.*s} for a command in place", SPAN_ARG(text));
	if (!name_problem(text))
		return value_problem(r, n, "rule %s is not declared under rules%s%s",
				     value_quote(r, text), near, near[0] ? "" : in_place.p);
	out->command = (struct command_value){ text, NULL, 0 };
	return 0;
}

int rule_list_read(const struct reading *r, const struct node *n, const struct rule_book *book,
		   struct rule_value *v, uint32_t *count)
{
	*count = 0;
	for (const struct node *at = value_first(n); at; at = value_next(n, at)) {
		CLEANUP(buf_release) struct buf name = BUF_INIT;
		struct rule_value *rule = &v[*count];
		int rc;

		if (*count == RULES_MAX)
			return value_problem(r, at, "more than %d rules in one list. Try: fewer",
					     RULES_MAX);
		*rule = (struct rule_value){ .timeout_ms = TIMEOUT_S_DEFAULT * 1000LL };
		rc = read_rule(r, at, book, rule);
		if (rc < 0)
			return rc;
		++*count;
		if (rule->name.len)
			continue;
		buf_putf(&name, "%.*s-%u", SPAN_ARG(node_key(n)), *count);
		rule->name = arena_copy(r->text, (struct span){ name.p, name.len });
	}
	return 0;
}

void rules_release(struct rule_book *book)
{
	mem_free(&book->v);
	map_release(&book->names);
	book->count = 0;
}

int rules_read(const struct reading *r, const struct node *n, struct rule_book *out)
{
	int rc = value_map(r, n);

	if (rc < 0)
		return rc;
	if (n->len > PLAN_RULES_MAX)
		return value_problem(r, n, "more than %d rules. Try: fewer", PLAN_RULES_MAX);
	out->v = mem_zalloc((n->len + 1) * sizeof(*out->v));
	for (const struct node *at = n->child; at; at = at->next) {
		struct rule_value *rule = &out->v[out->count];
		int bad;

		*rule = (struct rule_value){ .name = node_key(at),
					     .timeout_ms = TIMEOUT_S_DEFAULT * 1000LL };
		if (name_problem(rule->name))
			bad = problem_add(r->problems, r->source, node_key_place(at),
					  "invalid name %s: %s%s", value_quote(r, rule->name),
					  name_problem(rule->name),
					  value_name_advice(r->problems, rule->name));
		else
			bad = at->kind == NODE_MAP ? read_rule_map(r, at, rule)
						   : command_read(r, at, &rule->command);
		rc = bad < 0 ? bad : rc;
		map_put(&out->names, node_key(at), out->count++);
	}
	return rc;
}
