/*
 * One reader for each kind of value, so that the same mistake gets the same sentence wherever it is
 * made. A field that wants text takes any scalar as it stands (1.10 stays 1.10); a field that wants
 * a number takes text only where a parameter was put in, because a number in quotes is usually a
 * mistake.
 */
#include "plan/plan_value.h"

#include "base/when.h"

#define SUGGESTED_MAX 8 /* of many names the first: more are read nowhere */

int value_problem(const struct reading *r, const struct node *n, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	va_list args;

	va_start(args, fmt);
	buf_putfv(&text, fmt, args);
	va_end(args);
	return problem_add(r->problems, r->source, node_place(n), "%s", text.p);
}

const char *value_quote(const struct reading *r, struct span text)
{
	return problem_quote(r->problems, text);
}

/* How many slips a word of this length may hold and still be meant: a swap of two letters counts
 * two. */
static unsigned slips_max(size_t len)
{
	if (len < 4)
		return len == 3;
	return len < 9 ? 2 : 3;
}

const char *value_nearest(const struct reading *r, struct span word, const struct words *known)
{
	unsigned limit = slips_max(word.len), best = limit + 1;
	struct span nearest = SPAN_NONE;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct span copy;

	for (size_t i = 0; i < known->count; i++) {
		struct span candidate = known->get(known->ctx, i);
		size_t apart = candidate.len > word.len ? candidate.len - word.len
							: word.len - candidate.len;
		unsigned distance =
			apart > limit ? limit + 1 : word_distance(word, candidate, limit);

		if (distance < best) {
			best = distance;
			nearest = candidate;
		}
	}
	if (!nearest.p)
		return "";
	buf_putf(&text, "; did you mean %s?", problem_quote(r->problems, nearest));
	copy = arena_copy(&r->problems->text, (struct span){ text.p, text.len + 1 });
	return copy.p;
}

const char *value_suggest(const struct reading *r, struct span word, const struct words *known)
{
	const char *near = value_nearest(r, word, known);
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	if (near[0] || known->count == 0)
		return near;
	buf_puts(&text, known->count == 1 ? ". Try: " : ". Try: one of ");
	for (size_t i = 0; i < known->count && i < SUGGESTED_MAX; i++) {
		if (i > 0)
			buf_puts(&text, ", ");
		buf_put_visible(&text, known->get(known->ctx, i));
	}
	if (known->count > SUGGESTED_MAX)
		buf_puts(&text, ", ...");
	return arena_copy(&r->problems->text, (struct span){ text.p, text.len + 1 }).p;
}

void value_name_part(struct buf *out, struct span value)
{
	size_t before = out->len;

	for (size_t i = 0; i < value.len; i++) {
		char c = value.p[i];
		bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || ((c == '.' || c == '_') && out->len > before);

		if (fits)
			buf_putc(out, c);
		else if (out->len > before && out->p[out->len - 1] != '-')
			buf_putc(out, '-');
	}
	while (out->len > before && (out->p[out->len - 1] == '-' || out->p[out->len - 1] == '.'))
		buf_truncate(out, out->len - 1);
	if (out->len == before)
		buf_puts(out, "none");
}

const char *value_name_advice(struct problems *p, struct span name)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	size_t lead;

	buf_puts(&text, ". Try: ");
	lead = text.len;
	value_name_part(&text, name);
	if (strcmp(text.p + lead, "none") == 0) { /* nothing of it could stay */
		buf_truncate(&text, lead);
		buf_puts(&text, "another-name");
	}
	if (text.len - lead > NAME_BYTES_MAX)
		buf_truncate(&text, lead + NAME_BYTES_MAX - 2);
	if (name_problem((struct span){ text.p + lead, text.len - lead }))
		buf_puts(&text, "-1");
	return arena_copy(&p->text, (struct span){ text.p, text.len + 1 }).p;
}

/* What a scalar's text becomes once parameters are in. */
static struct span trim(struct span s)
{
	while (s.len && (s.p[0] == ' ' || s.p[0] == '\t'))
		s.p++, s.len--;
	while (s.len && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static struct span binding_name(const void *ctx, size_t index)
{
	const struct bindings *b = ctx;

	for (; b && index >= b->count; b = b->outer)
		index -= b->count;
	return b ? b->v[index].name : SPAN_NONE;
}

static const struct binding *binding_find(const struct bindings *b, struct span name)
{
	for (; b; b = b->outer)
		for (size_t i = 0; i < b->count; i++)
			if (span_eq(b->v[i].name, name))
				return &b->v[i];
	return NULL;
}

static int unknown_value(const struct reading *r, const struct node *n, struct span name)
{
	size_t count = 0;

	for (const struct bindings *b = r->bindings; b; b = b->outer)
		count += b->count;
	if (span_starts(name, "matrix.") || span_is(name, "item"))
		return value_problem(
			r, n, "unknown value %s: %s%s", value_quote(r, name),
			span_is(name, "item") ? "this is no task with foreach"
					      : "no such axis in a matrix of this task",
			value_suggest(r, name,
				      &(struct words){ binding_name, r->bindings, count }));
	return value_problem(
		r, n, "unknown parameter %s: it is not declared under params%s",
		value_quote(r, name),
		value_suggest(r, name, &(struct words){ binding_name, r->bindings, count }));
}

int value_fill(const struct reading *r, const struct node *n, struct span text, bool as_name,
	       struct span *out)
{
	const char *at = text.p, *end = text.p + text.len, *open;
	CLEANUP(buf_release) struct buf filled = BUF_INIT;

	if (!r->bindings || !text.len || !memmem(text.p, text.len, "${{", 3)) {
		*out = text;
		return 0;
	}
	while ((open = memmem(at, (size_t)(end - at), "${{", 3)) != NULL) {
		const char *close = memmem(open, (size_t)(end - open), "}}", 2);
		const struct binding *b;
		struct span name;

		if (open > at && open[-1] == '$') { /* $${{ stands for ${{ itself */
			buf_put(&filled, at, (size_t)(open - at) - 1);
			buf_puts(&filled, "${{");
			at = open + 3;
			continue;
		}
		if (!close)
			return value_problem(r, n,
					     "\"${{\" without \"}}\". Try: ${{NAME}}, or $${{ for "
					     "the text itself");
		name = trim((struct span){ open + 3, (size_t)(close - open) - 3 });
		b = binding_find(r->bindings, name);
		if (!b)
			return unknown_value(r, n, name);
		buf_put(&filled, at, (size_t)(open - at));
		if (as_name)
			value_name_part(&filled, b->value);
		else
			buf_put(&filled, b->value.p, b->value.len);
		at = close + 2;
		if (filled.len > COMMAND_BYTES_MAX * 2)
			return value_problem(r, n,
					     "longer than 256 KiB with its parameters put in");
	}
	buf_put(&filled, at, (size_t)(end - at));
	*out = filled.len ? arena_copy(r->text, (struct span){ filled.p, filled.len })
			  : SPAN_LIT("");
	return 0;
}

/* How a message calls the value: by its key, or "value" inside a list. */
static struct span what_of(const struct node *n)
{
	return n->key_len ? node_key(n) : SPAN_LIT("value");
}

static int expected(const struct reading *r, const struct node *n, const char *wanted,
		    const char *example)
{
	return value_problem(r, n, "%.*s: expected %s, found %s. Try: %s", SPAN_ARG(what_of(n)),
			     wanted, node_kind_words(n), example);
}

int value_text(const struct reading *r, const struct node *n, struct span *out)
{
	if (!node_is_scalar(n) || n->kind == NODE_NULL)
		return expected(r, n, "text", "\"some text\"");
	return value_fill(r, n, node_text(n), false, out);
}

int value_line(const struct reading *r, const struct node *n, size_t max, struct span *out)
{
	struct span text;
	int rc = value_text(r, n, &text);

	if (rc < 0)
		return rc;
	if (text.len == 0)
		return value_problem(r, n, "%.*s: must not be empty. Try: leave it out",
				     SPAN_ARG(what_of(n)));
	if (text.len > max)
		return value_problem(r, n, "%.*s: longer than %zu bytes", SPAN_ARG(what_of(n)),
				     max);
	*out = text;
	return 0;
}

int value_name(const struct reading *r, const struct node *n, struct span *out)
{
	const char *problem;
	struct span name;
	int rc = value_text(r, n, &name);

	if (rc < 0)
		return rc;
	problem = name_problem(name);
	if (problem)
		return value_problem(r, n, "invalid name %s: %s%s", value_quote(r, name), problem,
				     value_name_advice(r->problems, name));
	*out = name;
	return 0;
}

/* Whether a parameter may have turned text into something else. */
static bool filled_in(const struct reading *r, const struct node *n)
{
	return n->kind == NODE_TEXT && r->bindings && n->len && memmem(n->p, n->len, "${{", 3);
}

int value_bool(const struct reading *r, const struct node *n, bool *out)
{
	struct span text;
	int rc;

	if (n->kind != NODE_BOOL && !filled_in(r, n))
		return expected(r, n, "true or false", "true");
	rc = value_text(r, n, &text);
	if (rc < 0)
		return rc;
	if (!span_is(text, "true") && !span_is(text, "false"))
		return value_problem(r, n, "%.*s %s: expected true or false. Try: true",
				     SPAN_ARG(what_of(n)), value_quote(r, text));
	*out = span_is(text, "true");
	return 0;
}

static bool parse_integer(struct span text, int64_t min, int64_t max, int64_t *out)
{
	bool negative = text.len && text.p[0] == '-';
	struct span digits = { text.p + negative, text.len - negative };
	uint64_t v;
	int64_t value;

	if (span_to_u64(digits, INTEGER_MAX, &v) < 0)
		return false;
	value = negative ? -(int64_t)v : (int64_t)v;
	if (value < min || value > max)
		return false;
	*out = value;
	return true;
}

int value_integer(const struct reading *r, const struct node *n, int64_t min, int64_t max,
		  int64_t *out)
{
	struct span text;
	int rc;

	if (n->kind != NODE_NUMBER && !filled_in(r, n))
		return expected(r, n, "a whole number", "3");
	rc = value_text(r, n, &text);
	if (rc < 0)
		return rc;
	if (!parse_integer(text, min, max, out))
		return value_problem(
			r, n, "%.*s %.*s: expected a whole number, %lld..%lld. Try: %lld",
			SPAN_ARG(what_of(n)),
			SPAN_ARG(((struct span){ text.p, text.len > 64 ? 64 : text.len })),
			(long long)min, (long long)max, (long long)(min < 3 && max >= 3 ? 3 : min));
	return 0;
}

int value_duration(const struct reading *r, const struct node *n, int64_t min_s, int64_t max_s,
		   int64_t *out_ms)
{
	struct span text;
	int64_t ms;
	int rc;

	if (n->kind != NODE_NUMBER && n->kind != NODE_TEXT)
		return expected(r, n, "a duration", "90s");
	rc = value_text(r, n, &text);
	if (rc < 0)
		return rc;
	if (duration_decode(text, &ms) < 0 || ms > max_s * 1000 || (min_s > 0 && ms == 0)) {
		bool number = n->kind == NODE_NUMBER || duration_decode(text, &ms) == 0;
		const char *shown = number && text.len <= 64 ? NULL : value_quote(r, text);

		return value_problem(
			r, n, "%.*s %.*s: expected %lld..%lld seconds%s", SPAN_ARG(what_of(n)),
			SPAN_ARG(shown ? span_of(shown) : text), (long long)min_s, (long long)max_s,
			number ? ". Try: 90s" : ", written as 90, 90s, 10m or 1h30m. Try: 90s");
	}
	*out_ms = ms;
	return 0;
}

int value_bytes(const struct reading *r, const struct node *n, int64_t *out)
{
	static const struct {
		const char *unit;
		unsigned shift;
	} units[] = { { "", 0 },   { "K", 10 },   { "M", 20 },   { "G", 30 },
		      { "T", 40 }, { "KiB", 10 }, { "MiB", 20 }, { "GiB", 30 } };
	struct span text, number, unit;
	uint64_t v;
	int rc;

	if (n->kind != NODE_NUMBER && n->kind != NODE_TEXT)
		return expected(r, n, "a size", "512M");
	rc = value_text(r, n, &text);
	if (rc < 0)
		return rc;
	number = (struct span){ text.p, 0 };
	while (number.len < text.len && text.p[number.len] >= '0' && text.p[number.len] <= '9')
		number.len++;
	unit = (struct span){ text.p + number.len, text.len - number.len };
	for (size_t u = 0; u < ARRAY_LEN(units); u++) {
		if (!span_is(unit, units[u].unit))
			continue;
		if (span_to_u64(number, (uint64_t)INTEGER_MAX >> units[u].shift, &v) < 0 || v == 0)
			break;
		*out = (int64_t)(v << units[u].shift);
		return 0;
	}
	return value_problem(r, n, "%.*s %s: not a size. Try: 512M", SPAN_ARG(what_of(n)),
			     value_quote(r, text));
}

int value_map(const struct reading *r, const struct node *n)
{
	return n->kind == NODE_MAP ? 0 : expected(r, n, "a map", "{KEY: VALUE}");
}

int value_list(const struct reading *r, const struct node *n)
{
	return n->kind == NODE_LIST ? 0 : expected(r, n, "a list", "[A, B]");
}

const struct node *value_first(const struct node *n)
{
	return n->kind == NODE_LIST ? n->child : n;
}

const struct node *value_next(const struct node *parent, const struct node *n)
{
	return parent->kind == NODE_LIST ? n->next : NULL;
}

static struct span field_name(const void *ctx, size_t index)
{
	return span_of(((const struct field *)ctx)[index].name);
}

/* Words of other tools for our keys; no edit distance finds these. */
static const char *other_word(struct span key)
{
	static const char *const words[][2] = {
		{ "depends_on", "needs" },
		{ "dependencies", "needs" },
		{ "deps", "needs" },
		{ "after_tasks", "needs" },
		{ "requires", "needs" },
		{ "cmd", "run" },
		{ "script", "run" },
		{ "shell", "run" },
		{ "exec", "run" },
		{ "cwd", "working_directory" },
		{ "dir", "working_directory" },
		{ "directory", "working_directory" },
		{ "workdir", "working_directory" },
		{ "max_retries", "retries" },
		{ "retry", "retries" },
		{ "attempts", "retries" },
		{ "timeout_seconds", "timeout" },
		{ "concurrency", "max_parallel" },
		{ "parallel", "max_parallel" },
		{ "environment", "env" },
		{ "vars", "params" },
		{ "parameters", "params" },
		{ "jobs", "tasks" },
		{ "steps", "tasks" },
		{ "pools", "resources" },
		{ "locks", "resources" },
		{ "strategy", "matrix" },
		{ "delay", "backoff" },
		{ "retry_delay", "backoff" },
		{ "for_each", "foreach" },
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (span_is(key, words[i][0]))
			return words[i][1];
	return NULL;
}

static int unknown_key(const struct reading *r, const struct node *n, const struct fields *fields)
{
	const char *near = value_nearest(r, node_key(n),
					 &(struct words){ field_name, fields->v, fields->count });
	const char *other = near[0] ? NULL : other_word(node_key(n));

	if (fields->lenient && !near[0])
		return 0;
	for (size_t i = 0; other && i < fields->count; i++)
		if (strcmp(fields->v[i].name, other) == 0)
			return problem_add(r->problems, r->source, node_key_place(n),
					   "unknown key %s in %s; did you mean \"%s\"?",
					   value_quote(r, node_key(n)), fields->what, other);
	return problem_add(r->problems, r->source, node_key_place(n), "unknown key %s in %s%s",
			   value_quote(r, node_key(n)), fields->what,
			   value_suggest(r, node_key(n),
					 &(struct words){ field_name, fields->v, fields->count }));
}

int value_fields(const struct reading *r, const struct node *map, const struct fields *fields,
		 const struct node **slots)
{
	int rc = 0;

	for (size_t i = 0; i < fields->slot_count; i++)
		slots[i] = NULL;
	if (map->kind != NODE_MAP)
		return value_problem(r, map, "%s: expected a map, found %s. Try: {KEY: VALUE}",
				     fields->what, node_kind_words(map));
	for (const struct node *n = map->child; n; n = n->next) {
		const struct field *f = fields->v, *end = f + fields->count;

		while (f < end && !span_is(node_key(n), f->name))
			f++;
		if (f == end) {
			int bad = unknown_key(r, n, fields);

			rc = bad < 0 ? bad : rc;
		} else if (slots[f->slot]) {
			rc = problem_add(r->problems, r->source, node_key_place(n),
					 "\"%s\" and \"%.*s\" say the same. Try: keep one", f->name,
					 SPAN_ARG(node_key(slots[f->slot])));
		} else {
			slots[f->slot] = n;
		}
	}
	return rc;
}
