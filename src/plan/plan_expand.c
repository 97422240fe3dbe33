/*
 * The product of the axes is bounded before it is built. An exclusion that excludes nothing is
 * refused: it is always a value that was renamed in one place only. Files are sorted by bytes, so
 * that the order does not depend on the directory.
 */
#include "plan/plan_expand.h"

#include <glob.h>

#include "plan/plan_text.h"

#define LINES_BYTES_MAX (16 * 1024 * 1024)

void expansion_release(struct expansion *x)
{
	mem_free(&x->rows);
	*x = (struct expansion)EXPANSION_INIT;
}

void expansion_name(const struct expansion *x, struct span name, uint32_t i, struct buf *out)
{
	buf_put(out, name.p, name.len);
	if (x->numbered)
		buf_putf(out, "-%u", i + 1);
	for (uint32_t a = 0; !x->numbered && a < x->axis_count; a++) {
		buf_putc(out, '-');
		value_name_part(out, x->rows[(size_t)i * x->axis_count + a]);
	}
}

static struct span joined(const struct reading *r, const char *prefix, struct span name, bool upper)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	buf_puts(&text, prefix);
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];

		if (upper && c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		else if (upper && c == '-')
			c = '_';
		buf_putc(&text, c);
	}
	return arena_copy(r->text, (struct span){ text.p, text.len });
}

static void add_axis(const struct reading *r, struct expansion *x, struct span name)
{
	uint32_t a = x->axis_count++;

	x->axes[a] = name;
	x->references[a] = joined(r, "matrix.", name, false);
	x->variables[a] = joined(r, "SK_MATRIX_", name, true);
}

static int axis_declare(const struct reading *r, struct expansion *x, const struct node *n)
{
	struct span name = node_key(n);
	bool fits = name.len <= NAME_BYTES_MAX;

	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];

		fits &= (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
			(i > 0 && ((c >= '0' && c <= '9') || c == '-'));
	}
	if (!fits)
		return problem_add(r->problems, r->source, node_key_place(n),
				   "axis %s: use letters, digits, _ and -, starting with a letter. "
				   "Try: another name",
				   value_quote(r, name));
	if (x->axis_count == MATRIX_AXES_MAX)
		return problem_add(r->problems, r->source, node_key_place(n),
				   "more than %d axes. Try: fewer", MATRIX_AXES_MAX);
	add_axis(r, x, name);
	return 0;
}

static struct span *add_row(struct expansion *x)
{
	size_t used = (size_t)x->count * x->axis_count;

	mem_grow(&x->rows, &x->row_capacity, used + x->axis_count, sizeof(*x->rows));
	x->count++;
	return x->rows + used;
}

static struct span axis_name(const void *ctx, size_t index)
{
	return ((const struct expansion *)ctx)->axes[index];
}

/* One entry of include or exclude: values by axis; those not given are left alone. Sets bit a of
 * *given. */
static int read_entry(const struct reading *r, const struct expansion *x, const struct node *n,
		      struct span *values, unsigned *given)
{
	int rc = value_map(r, n);

	*given = 0;
	if (rc < 0)
		return rc;
	for (const struct node *at = n->child; at; at = at->next) {
		uint32_t a = 0;

		while (a < x->axis_count && !span_eq(x->axes[a], node_key(at)))
			a++;
		if (a == x->axis_count)
			return problem_add(
				r->problems, r->source, node_key_place(at), "unknown axis %s%s",
				value_quote(r, node_key(at)),
				value_suggest(r, node_key(at),
					      &(struct words){ axis_name, x, x->axis_count }));
		rc = value_text(r, at, &values[a]);
		if (rc < 0)
			return rc;
		*given |= 1u << a;
	}
	return 0;
}

/* Axes of a matrix that has nothing but include: the keys of its first entry. */
static int axes_of_include(const struct reading *r, struct expansion *x, const struct node *include)
{
	int rc = value_list(r, include);

	if (rc < 0)
		return rc;
	if (!include->child || include->child->kind != NODE_MAP || include->child->len == 0)
		return value_problem(r, include,
				     "include: expected a list of maps. Try: [{os: linux}]");
	for (const struct node *at = include->child->child; at; at = at->next) {
		rc = axis_declare(r, x, at);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int read_include(const struct reading *r, struct expansion *x, const struct node *include)
{
	int rc = value_list(r, include);

	if (rc < 0)
		return rc;
	for (const struct node *at = include->child; at; at = at->next) {
		struct span values[MATRIX_AXES_MAX];
		unsigned given;

		rc = read_entry(r, x, at, values, &given);
		if (rc < 0)
			return rc;
		if (given != (1u << x->axis_count) - 1)
			return value_problem(r, at,
					     "include: not a value for each of the %u axes. Try: "
					     "give all of them",
					     x->axis_count);
		if (x->count == EXPANSION_MAX)
			return value_problem(r, at, "more than %d combinations. Try: fewer",
					     EXPANSION_MAX);
		memcpy(add_row(x), values, x->axis_count * sizeof(values[0]));
	}
	return 0;
}

static bool row_fits(const struct expansion *x, const struct span *row, const struct span *values,
		     unsigned given)
{
	for (uint32_t a = 0; a < x->axis_count; a++)
		if ((given >> a & 1) && !span_eq(row[a], values[a]))
			return false;
	return true;
}

static int read_exclude(const struct reading *r, struct expansion *x, const struct node *exclude)
{
	int rc = value_list(r, exclude);

	if (rc < 0)
		return rc;
	for (const struct node *at = exclude->child; at; at = at->next) {
		struct span values[MATRIX_AXES_MAX];
		uint32_t kept = 0, before = x->count;
		unsigned given;

		rc = read_entry(r, x, at, values, &given);
		if (rc < 0)
			return rc;
		for (uint32_t i = 0; i < before; i++) {
			struct span *row = x->rows + (size_t)i * x->axis_count;

			if (row_fits(x, row, values, given))
				continue;
			memmove(x->rows + (size_t)kept++ * x->axis_count, row,
				x->axis_count * sizeof(*row));
		}
		x->count = kept;
		if (kept == before || given == 0)
			return value_problem(r, at,
					     "exclude: this fits no combination. Try: take it out");
	}
	return 0;
}

/* Every combination, the last axis changing fastest. */
static int multiply(const struct reading *r, struct expansion *x, const struct node *const *values,
		    const struct node *n)
{
	const struct node *at[MATRIX_AXES_MAX];
	uint64_t product = 1;
	int rc;

	for (uint32_t a = 0; a < x->axis_count; a++) {
		rc = value_list(r, values[a]);
		if (rc < 0)
			return rc;
		if (values[a]->len == 0)
			return value_problem(r, values[a], "an axis without values. Try: [A, B]");
		at[a] = values[a]->child;
		product *= values[a]->len;
		if (product > EXPANSION_MAX)
			return value_problem(r, n, "more than %d combinations. Try: fewer",
					     EXPANSION_MAX);
	}
	while (product-- > 0) {
		struct span *row = add_row(x);

		for (uint32_t a = 0; a < x->axis_count; a++) {
			rc = value_text(r, at[a], &row[a]);
			if (rc < 0)
				return rc;
		}
		for (uint32_t a = x->axis_count; a-- > 0;) {
			at[a] = at[a]->next;
			if (at[a])
				break;
			at[a] = values[a]->child;
		}
	}
	return 0;
}

static int read_matrix(const struct reading *r, const struct node *n, struct expansion *x)
{
	const struct node *values[MATRIX_AXES_MAX], *include, *exclude;
	int rc = value_map(r, n);

	if (rc < 0)
		return rc;
	include = node_member(n, "include");
	exclude = node_member(n, "exclude");
	for (const struct node *at = n->child; at; at = at->next) {
		if (at == include || at == exclude)
			continue;
		rc = axis_declare(r, x, at);
		if (rc < 0)
			return rc;
		values[x->axis_count - 1] = at;
	}
	if (x->axis_count > 0)
		rc = multiply(r, x, values, n);
	else if (include)
		rc = axes_of_include(r, x, include);
	else
		rc = value_problem(r, n, "a matrix without axes. Try: {os: [linux, mac]}");
	if (rc == 0 && exclude)
		rc = read_exclude(r, x, exclude);
	if (rc == 0 && include)
		rc = read_include(r, x, include);
	if (rc == 0 && x->count == 0)
		rc = value_problem(r, n, "every combination is excluded. Try: exclude less");
	return rc;
}

static int add_item(const struct reading *r, const struct node *n, struct expansion *x,
		    struct span item)
{
	if (x->count == EXPANSION_MAX)
		return value_problem(r, n, "more than %d items. Try: fewer", EXPANSION_MAX);
	*add_row(x) = item;
	return 0;
}

/* `name` as the tasks would open it. */
static char *path_below(struct span directory, struct span name)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;

	if (name.len && name.p[0] != '/')
		buf_putf(&path, "%.*s/", SPAN_ARG(directory));
	buf_put(&path, name.p, name.len);
	return buf_take(&path);
}

static int read_lines(const struct reading *r, const struct node *n, struct span directory,
		      struct expansion *x)
{
	CLEANUP(mem_free) char *path = NULL;
	CLEANUP(buf_release) struct buf raw = BUF_INIT;
	const struct source *source;
	struct span name, text;
	int rc = value_line(r, n, 4095, &name);

	if (rc < 0)
		return rc;
	path = path_below(directory, name);
	source = problems_source(r->problems, name);
	rc = text_read(r->problems, source, path, LINES_BYTES_MAX, &raw);
	if (rc == 0 && raw.len > 0)
		rc = text_check(r->problems, source, (struct span){ raw.p, raw.len });
	if (rc < 0)
		return rc;
	text = arena_copy(r->text, (struct span){ raw.p, raw.len });
	while (text.len) {
		const char *end = memchr(text.p, '\n', text.len);
		struct span line = { text.p, end ? (size_t)(end - text.p) : text.len };
		size_t used = line.len + (end != NULL);

		if (line.len && line.p[line.len - 1] == '\r')
			line.len--;
		rc = line.len ? add_item(r, n, x, line) : 0;
		if (rc < 0)
			return rc;
		text.p += used;
		text.len -= used;
	}
	return x->count ? 0 : value_problem(r, n, "no lines in %s", value_quote(r, name));
}

/* Special characters of the directory are its own, only those of the pattern mean something. */
static void put_escaped(struct buf *out, struct span directory)
{
	for (size_t i = 0; i < directory.len; i++) {
		if (strchr("*?[]\\", directory.p[i]))
			buf_putc(out, '\\');
		buf_putc(out, directory.p[i]);
	}
	buf_putc(out, '/');
}

static int read_glob(const struct reading *r, const struct node *n, struct span directory,
		     struct expansion *x)
{
	CLEANUP(globfree) glob_t found = { .gl_pathc = 0 };
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	size_t prefix = 0;
	struct span pattern;
	int rc = value_line(r, n, 4095, &pattern);

	if (rc < 0)
		return rc;
	if (pattern.p[0] != '/') {
		put_escaped(&path, directory);
		prefix = directory.len + 1;
	}
	buf_put(&path, pattern.p, pattern.len);
	rc = glob(path.p, 0, NULL, &found);
	if (rc != 0 && rc != GLOB_NOMATCH)
		return value_problem(r, n, "glob %s: cannot read the directory",
				     value_quote(r, pattern));
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct span item = span_of(found.gl_pathv[i] + prefix);

		for (size_t at = 0; at < item.len;) {
			size_t len = utf8_len(item.p + at, item.len - at);

			if (len == 0)
				return value_problem(r, n, "glob %s: file name %s is not UTF-8",
						     value_quote(r, pattern), value_quote(r, item));
			at += len;
		}
		rc = add_item(r, n, x, arena_copy(r->text, item));
		if (rc < 0)
			return rc;
	}
	return x->count ? 0
			: value_problem(r, n, "glob %s matches no file. Try: another pattern",
					value_quote(r, pattern));
}

enum { FROM_GLOB, FROM_LINES, FROM_SLOTS };

static int read_foreach(const struct reading *r, const struct node *n, struct span directory,
			struct expansion *x)
{
	static const struct field words[] = { { "glob", FROM_GLOB }, { "lines", FROM_LINES } };
	static const struct fields fields = { words, ARRAY_LEN(words), FROM_SLOTS, "foreach",
					      false };
	const struct node *slots[FROM_SLOTS];
	int rc;

	x->numbered = true;
	x->axis_count = 1;
	x->axes[0] = x->references[0] = SPAN_LIT("item");
	x->variables[0] = SPAN_LIT("SK_ITEM");
	if (n->kind == NODE_MAP) {
		rc = value_fields(r, n, &fields, slots);
		if (rc < 0)
			return rc;
		if (!slots[FROM_GLOB] == !slots[FROM_LINES])
			return value_problem(r, n,
					     "foreach: no items given. Try: a list, {glob: "
					     "PATTERN} or {lines: FILE}");
		return slots[FROM_GLOB] ? read_glob(r, slots[FROM_GLOB], directory, x)
					: read_lines(r, slots[FROM_LINES], directory, x);
	}
	rc = value_list(r, n);
	if (rc < 0)
		return rc;
	for (const struct node *at = n->child; at; at = at->next) {
		struct span item;

		rc = value_text(r, at, &item);
		if (rc == 0)
			rc = add_item(r, at, x, item);
		if (rc < 0)
			return rc;
	}
	return x->count ? 0 : value_problem(r, n, "foreach: an empty list. Try: [A, B]");
}

int expansion_read(const struct reading *r, const struct node *matrix, const struct node *foreach,
		   struct span directory, struct expansion *out)
{
	out->count = 1;
	if (!matrix && !foreach)
		return 0;
	out->count = 0;
	out->grouped = true;
	if (matrix && foreach)
		return value_problem(r, foreach,
				     "a task has either matrix or foreach. Try: keep one");
	return matrix ? read_matrix(r, matrix, out) : read_foreach(r, foreach, directory, out);
}
