/*
 * A scope is a promise about paths, so a path is brought into its one form before anything is
 * compared: "src/../etc" must not pass for something below src. Patterns are matched by going back
 * to the last star only, which is enough because a star that comes later can make up for anything
 * an earlier one would have taken; the cost is the product of both lengths, whatever is typed.
 */
#include "core/scope.h"

#include "base/limits.h"

void scope_release(struct scope *s)
{
	mem_free(&s->v);
	buf_release(&s->text);
	*s = (struct scope)SCOPE_INIT;
}

/* The first name of a path, and the rest behind its slash. */
static struct span first_name(struct span path, struct span *rest)
{
	const char *slash = path.len ? memchr(path.p, '/', path.len) : NULL;
	size_t len = slash ? (size_t)(slash - path.p) : path.len;

	*rest = slash ? (struct span){ slash + 1, path.len - len - 1 } : SPAN_NONE;
	return (struct span){ path.p, len };
}

static const char *bytes_problem(struct span path)
{
	if (path.len == 0)
		return "is empty";
	if (path.len > SCOPE_ENTRY_BYTES_MAX)
		return "is longer than 4096 bytes";
	if (memchr(path.p, '\0', path.len))
		return "holds a NUL byte";
	if (path.p[0] == '/')
		return "is absolute: give it relative to the repository's root";
	if (path.p[0] == '~')
		return "begins with ~, which only a shell understands: give it relative to the "
		       "repository's root";
	return NULL;
}

const char *scope_path(struct span path, struct buf *out)
{
	const char *problem = bytes_problem(path);
	size_t before = out->len;

	if (problem)
		return problem;
	while (path.p && path.len) {
		struct span rest, name = first_name(path, &rest);

		path = rest;
		if (name.len == 0 || span_is(name, "."))
			continue;
		if (span_is(name, "..")) {
			buf_truncate(out, before);
			return "climbs with \"..\"";
		}
		if (out->len > before)
			buf_putc(out, '/');
		buf_put(out, name.p, name.len);
	}
	return NULL;
}

/* Folders that belong to git and to us: no agent's scope reaches into them. */
static bool is_kept_out(struct span path)
{
	struct span rest, name = first_name(path, &rest);

	return span_is(name, ".git") || span_is(name, ".octogent") || span_is(name, ".state");
}

/* The index of the ] that ends the bracket at `from`, or SIZE_MAX. */
static size_t bracket_end(struct span text, size_t from)
{
	size_t first = from + 1;

	if (first < text.len && text.p[first] == '!')
		first++;
	for (size_t i = first; i < text.len && text.p[i] != '/'; i++)
		if (text.p[i] == ']' && i > first)
			return i;
	return SIZE_MAX;
}

/* What would silently mean something else than was typed. */
static const char *pattern_problem(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		size_t end;

		if (text.p[i] == '\\') {
			if (++i == text.len || text.p[i] == '/')
				return "has a backslash with nothing behind it";
			continue;
		}
		if (text.p[i] != '[')
			continue;
		end = bracket_end(text, i);
		if (end == SIZE_MAX)
			return "has a [ without its ]";
		for (; i < end; i++)
			if ((unsigned char)text.p[i] >= 0x80)
				return "has a character in [ ] that is not ASCII";
	}
	return NULL;
}

static bool is_pattern(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (memchr("*?[\\", text.p[i], 4))
			return true;
	return false;
}

const char *scope_add(struct scope *s, struct span entry)
{
	struct scope_entry new = { .at = s->text.len };
	const char *problem;
	struct span text;

	if (s->count == SCOPE_ENTRIES_MAX)
		return "is one too many: a scope has at most 256 entries";
	problem = scope_path(entry, &s->text);
	if (problem)
		return problem;
	new.len = s->text.len - new.at;
	text = (struct span){ s->text.p ? s->text.p + new.at : NULL, new.len };
	new.pattern = is_pattern(text);
	new.folder = entry.p[entry.len - 1] == '/' || new.len == 0;
	if (is_kept_out(text))
		problem = "is kept by git or by sk itself";
	else
		problem = pattern_problem(text);
	if (problem) {
		buf_truncate(&s->text, new.at);
		return problem;
	}
	mem_grow(&s->v, &s->capacity, s->count + 1, sizeof(*s->v));
	s->v[s->count++] = new;
	return NULL;
}

static struct span trimmed(struct span text)
{
	while (text.len && text.p[0] == ' ')
		text = (struct span){ text.p + 1, text.len - 1 };
	while (text.len && text.p[text.len - 1] == ' ')
		text.len--;
	return text;
}

const char *scope_add_list(struct scope *s, struct span list, struct span *wrong)
{
	for (;;) {
		const char *comma = list.len ? memchr(list.p, ',', list.len) : NULL;
		size_t len = comma ? (size_t)(comma - list.p) : list.len;
		const char *problem;

		*wrong = trimmed((struct span){ list.p, len });
		problem = scope_add(s, *wrong);
		if (problem || !comma)
			return problem;
		list = (struct span){ comma + 1, list.len - len - 1 };
	}
}

struct span scope_entry_text(const struct scope *s, size_t index)
{
	const struct scope_entry *e = &s->v[index];

	return e->len ? (struct span){ s->text.p + e->at, e->len } : SPAN_LIT(".");
}

/* Bytes of the character at p: one of UTF-8, or a byte that is none. */
static size_t char_len(const char *p, size_t left)
{
	size_t len = utf8_len(p, left);

	return len ? len : 1;
}

/*
 * Whether the character c fits the bracket at p[0..len), which begins with '['. *used = its bytes.
 * Only single bytes can be in a range; any other character fits what is negated.
 */
static bool bracket_fits(const char *p, size_t len, struct span c, size_t *used)
{
	size_t i = 1;
	bool negated = len > 1 && p[1] == '!', fits = false;

	i += negated;
	for (size_t from = i; i < len && (p[i] != ']' || i == from); i++) {
		unsigned char low = (unsigned char)p[i], high = low, what = (unsigned char)c.p[0];

		if (i + 2 < len && p[i + 1] == '-' && p[i + 2] != ']') {
			high = (unsigned char)p[i + 2];
			i += 2;
		}
		fits |= c.len == 1 && low <= what && what <= high;
	}
	*used = i + 1;
	return fits != negated;
}

/* Whether one character of the name fits what stands at the pattern's front. *used = bytes of the
 * pattern, *taken = bytes of the name. */
static bool one_fits(struct span pattern, struct span name, size_t *used, size_t *taken)
{
	*used = 1;
	*taken = 1;
	if (pattern.p[0] == '?' || pattern.p[0] == '[')
		*taken = char_len(name.p, name.len);
	if (pattern.p[0] == '?')
		return true;
	if (pattern.p[0] == '[')
		return bracket_fits(pattern.p, pattern.len, (struct span){ name.p, *taken }, used);
	if (pattern.p[0] == '\\' && pattern.len > 1) {
		*used = 2;
		return pattern.p[1] == name.p[0];
	}
	return pattern.p[0] == name.p[0];
}

/* Whether one name fits one name of a pattern. */
static bool name_fits(struct span pattern, struct span name)
{
	size_t p = 0, n = 0, star = SIZE_MAX, back = 0, used, taken;

	while (n < name.len) {
		if (p < pattern.len && pattern.p[p] == '*') {
			star = ++p;
			back = n;
		} else if (p < pattern.len &&
			   one_fits((struct span){ pattern.p + p, pattern.len - p },
				    (struct span){ name.p + n, name.len - n }, &used, &taken)) {
			p += used;
			n += taken;
		} else if (star != SIZE_MAX) {
			back += char_len(name.p + back, name.len - back);
			n = back;
			p = star;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.p[p] == '*')
		p++;
	return p == pattern.len;
}

/* Whether the path fits the pattern; with `below`, whether one of its folders does. */
static bool path_fits(struct span pattern, struct span path, bool below)
{
	struct span back_pattern = SPAN_NONE, back_path = SPAN_NONE;

	while (path.len) {
		struct span rest_pattern, rest_path;
		struct span want = first_name(pattern, &rest_pattern);
		struct span name = first_name(path, &rest_path);

		if (span_is(want, "**")) {
			if (!rest_pattern.len)
				return !below || rest_path.len; /* it stands for one at least */
			back_pattern = pattern = rest_pattern;
			back_path = path;
		} else if (want.len && name_fits(want, name)) {
			pattern = rest_pattern;
			path = rest_path;
			if (below && !pattern.len && path.len)
				return true;
		} else if (back_pattern.len) {
			first_name(back_path, &back_path);
			path = back_path;
			pattern = back_pattern;
		} else {
			return false;
		}
	}
	return !pattern.len && !below;
}

static bool entry_has(const struct scope *s, const struct scope_entry *e, struct span path)
{
	struct span text = { e->len ? s->text.p + e->at : NULL, e->len };

	if (text.len == 0)
		return true;
	if (e->pattern)
		return path_fits(text, path, e->folder);
	if (path.len < text.len || memcmp(path.p, text.p, text.len) != 0)
		return false;
	return path.len == text.len ? !e->folder : path.p[text.len] == '/';
}

/* What all paths of an entry begin with. */
static struct span fixed_part(const struct scope *s, const struct scope_entry *e)
{
	struct span text = { e->len ? s->text.p + e->at : "", e->len };
	size_t len = 0;

	if (!e->pattern)
		return text;
	while (len < text.len && !strchr("*?[\\", text.p[len]))
		len++;
	return (struct span){ text.p, len };
}

/* Entries are apart when their beginnings differ. A beginning that ends within a name may go on as
 * another one's, so lib and library count as one when either holds a pattern. */
static bool entries_apart(const struct scope *a, const struct scope_entry *one,
			  const struct scope *b, const struct scope_entry *other)
{
	struct span x = fixed_part(a, one), y = fixed_part(b, other);
	size_t len = x.len < y.len ? x.len : y.len;

	if (!len)
		return false;
	if (memcmp(x.p, y.p, len) != 0)
		return true;
	if (x.len == y.len)
		return false;
	/* The shorter one is a folder around the longer one, or the beginning of another name. */
	return x.len < y.len ? !one->pattern && y.p[len] != '/'
			     : !other->pattern && x.p[len] != '/';
}

bool scope_apart(const struct scope *a, const struct scope *b)
{
	for (size_t i = 0; i < a->count; i++)
		for (size_t k = 0; k < b->count; k++)
			if (!entries_apart(a, &a->v[i], b, &b->v[k]))
				return false;
	return a->count && b->count;
}

bool scope_has(const struct scope *s, struct span path)
{
	CLEANUP(buf_release) struct buf normal = BUF_INIT;
	struct span plain;

	if (scope_path(path, &normal) || normal.len == 0)
		return false;
	plain = (struct span){ normal.p, normal.len };
	if (is_kept_out(plain))
		return false;
	for (size_t i = 0; i < s->count; i++)
		if (entry_has(s, &s->v[i], plain))
			return true;
	return false;
}
