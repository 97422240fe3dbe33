/* Which paths lie inside of a scope: every form of an entry against paths that fit and paths that
 * nearly do. */
#include "test.h"

#include "base/limits.h"
#include "core/scope.h"

static void added(struct scope *s, const char *entry)
{
	const char *problem = scope_add(s, span_of(entry));

	if (problem)
		fail_msg("'%s' %s", entry, problem);
}

static bool has(const char *entry, const char *path)
{
	struct scope s = SCOPE_INIT;
	bool is;

	added(&s, entry);
	is = scope_has(&s, span_of(path));
	scope_release(&s);
	return is;
}

struct sample {
	const char *entry, *path;
	bool inside;
};

static const struct sample samples[] = {
	/* a name is the file, or the folder with all below it */
	{ "src", "src", true },
	{ "src", "src/a/b.c", true },
	{ "src", "srcs/a", false },
	{ "src", "sr", false },
	{ "src", "lib/src/a", false },
	{ "src/a.c", "src/a.c", true },
	{ "src/a.c", "src/a.cc", false },
	{ "src/a.c", "src/b.c", false },
	{ "src/", "src/x", true },
	{ "src/", "src", false },
	{ "src", "Src/x", false },
	/* all forms of one path */
	{ "./src//a/", "src/a/b", true },
	{ "src/./a", "src/a", true },
	{ "src", "./src/x", true },
	{ "src", "src//x", true },
	{ "src", "src/./x", true },
	/* everything */
	{ ".", "a", true },
	{ "./", "a/b/c", true },
	{ "**", "a/b/c", true },
	{ "*", "a", true },
	{ "*", "a/b", false },
	/* stars inside of a name */
	{ "src/*.c", "src/a.c", true },
	{ "src/*.c", "src/.c", true },
	{ "src/*.c", "src/a.h", false },
	{ "src/*.c", "src/a/b.c", false },
	{ "src/*.c", "src/a.c/b", false },
	{ "src/a*b*c", "src/aXbYc", true },
	{ "src/a*b*c", "src/abbbc", true },
	{ "src/a*b*c", "src/abbb", false },
	{ "*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", false },
	{ "a**b", "aXXb", true },
	{ "a**b", "aX/Xb", false },
	{ "test_?.py", "test_a.py", true },
	{ "test_?.py", "test_.py", false },
	{ "test_?.py", "test_ab.py", false },
	{ "test_?.py", "test_\xc3\xa9.py", true }, /* one character of two bytes */
	{ "x?y", "x/y", false },
	/* brackets */
	{ "[abc].c", "b.c", true },
	{ "[abc].c", "d.c", false },
	{ "[a-c]x", "bx", true },
	{ "[a-c]x", "dx", false },
	{ "[!a-c]x", "dx", true },
	{ "[!a-c]x", "ax", false },
	{ "[!a]x", "\xc3\xa9x", true },
	{ "[]]x", "]x", true },
	{ "[a-]x", "-x", true },
	/* a backslash */
	{ "a\\*b", "a*b", true },
	{ "a\\*b", "aXb", false },
	{ "a\\[b", "a[b", true },
	{ "a\\\\[b]", "a\\b", true },
	/* any number of folders */
	{ "src/**/t.c", "src/t.c", true },
	{ "src/**/t.c", "src/a/t.c", true },
	{ "src/**/t.c", "src/a/b/c/t.c", true },
	{ "src/**/t.c", "src/a/b/tt.c", false },
	{ "src/**/t.c", "lib/t.c", false },
	{ "**/t.c", "t.c", true },
	{ "**/t.c", "a/b/t.c", true },
	{ "src/**", "src/a", true },
	{ "src/**", "src/a/b", true },
	{ "src/**", "src", false },
	{ "a/**/b/**/c", "a/x/b/y/z/c", true },
	{ "a/**/b/**/c", "a/b/c", true },
	{ "a/**/b/**/c", "a/b/b/x", false },
	{ "a/**/**/c", "a/c", true },
	{ "**/b/c", "b/x/b/c", true },
	/* folders that fit */
	{ "src/*/tests/", "src/a/tests/x.c", true },
	{ "src/*/tests/", "src/a/tests/x/y.c", true },
	{ "src/*/tests/", "src/a/tests", false },
	{ "src/*/tests/", "src/tests/x", false },
	{ "**/tests/", "a/b/tests/x", true },
	{ "**/tests/", "tests/x", true },
	{ "**/tests/", "a/tests", false },
	{ "src/**/", "src/a/b", true },
	{ "src/**/", "src/a", false },
	/* never: out of the repository, and what is kept by git and by us */
	{ ".", "../a", false },
	{ ".", "a/../../b", false },
	{ "src", "src/../etc", false },
	{ ".", "/etc/passwd", false },
	{ "**", ".git/config", false },
	{ ".", ".octogent/goal.json", false },
	{ ".", ".state/x", false },
	{ ".", "./.git/hooks/pre-commit", false },
	{ ".", ".gitignore", true },
	{ ".", "a/.git/x", true }, /* a repository inside; git itself lists nothing of it */
	{ ".", "", false },
	{ ".", ".", false },
};

static void entries_and_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++)
		if (has(samples[i].entry, samples[i].path) != samples[i].inside)
			fail_msg("'%s' %s '%s'", samples[i].path,
				 samples[i].inside ? "should lie in" : "should lie outside of",
				 samples[i].entry);
}

static void refused(const char *entry, const char *says)
{
	struct scope s = SCOPE_INIT;
	const char *problem;

	added(&s, "keep");
	problem = scope_add(&s, span_of(entry));
	assert_non_null(problem);
	if (!strstr(problem, says))
		fail_msg("'%s' %s, expected: %s", entry, problem, says);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.text.len, strlen("keep"));
	assert_true(scope_has(&s, span_of("keep/x")));
	scope_release(&s);
}

static void entries_that_cannot_be(void **state)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	(void)state;
	refused("", "is empty");
	refused("/etc", "is absolute");
	refused("~/x", "begins with ~");
	refused("..", "climbs with \"..\"");
	refused("src/../../x", "climbs with \"..\"");
	refused("src/..", "climbs with \"..\"");
	refused(".git", "is kept by git");
	refused("./.git/hooks", "is kept by git");
	refused(".octogent/", "is kept by git or by sk");
	refused(".state", "is kept by git or by sk");
	refused("a[b", "has a [ without its ]");
	refused("a\\\\[b", "has a [ without its ]");
	refused("x[!/]", "has a [ without its ]");
	refused("a[b/c]", "has a [ without its ]");
	refused("a[]", "has a [ without its ]");
	refused("a[!]", "has a [ without its ]");
	refused("a\\", "has a backslash");
	refused("a\\/b", "has a backslash");
	refused("[\xc3\xa9]", "is not ASCII");
	for (size_t i = 0; i <= SCOPE_ENTRY_BYTES_MAX; i++)
		buf_putc(&text, 'x');
	refused(text.p, "is longer than 4096 bytes");
}

static void a_nul_byte_is_no_path(void **state)
{
	struct scope s = SCOPE_INIT;

	(void)state;
	assert_non_null(scope_add(&s, (struct span){ "a\0b", 3 }));
	added(&s, ".");
	assert_false(scope_has(&s, (struct span){ "a\0b", 3 }));
	scope_release(&s);
}

static void several_entries(void **state)
{
	struct scope s = SCOPE_INIT;
	struct span wrong;

	(void)state;
	assert_false(scope_has(&s, span_of("a")));
	assert_null(scope_add_list(&s, SPAN_LIT("src/a , docs/,*.md"), &wrong));
	assert_int_equal(s.count, 3);
	assert_true(span_is(scope_entry_text(&s, 1), "docs"));
	assert_true(scope_has(&s, span_of("src/a/x")));
	assert_true(scope_has(&s, span_of("docs/x")));
	assert_true(scope_has(&s, span_of("README.md")));
	assert_false(scope_has(&s, span_of("src/b")));
	assert_non_null(scope_add_list(&s, SPAN_LIT("ok,../x,never"), &wrong));
	assert_true(span_is(wrong, "../x"));
	assert_non_null(scope_add_list(&s, SPAN_LIT("a,,b"), &wrong));
	assert_int_equal(wrong.len, 0);
	scope_release(&s);
	added(&s, ".");
	assert_true(span_is(scope_entry_text(&s, 0), "."));
	scope_release(&s);
}

static void at_most_so_many(void **state)
{
	struct scope s = SCOPE_INIT;

	(void)state;
	for (size_t i = 0; i < SCOPE_ENTRIES_MAX; i++)
		added(&s, "a");
	assert_non_null(strstr(scope_add(&s, SPAN_LIT("b")), "at most 256"));
	scope_release(&s);
}

/* Another way to match, so slow and plain that it is seen to be right: tries everything. */
static bool slow_name(const char *p, const char *pe, const char *n, const char *ne)
{
	if (p == pe)
		return n == ne;
	if (*p == '*')
		return slow_name(p + 1, pe, n, ne) || (n < ne && slow_name(p, pe, n + 1, ne));
	return n < ne && (*p == '?' || *p == *n) && slow_name(p + 1, pe, n + 1, ne);
}

static bool slow_path(const char *p, const char *n)
{
	size_t p_len = strcspn(p, "/"), n_len = strcspn(n, "/");
	const char *p_rest = p[p_len] ? p + p_len + 1 : p + p_len;
	const char *n_rest = n[n_len] ? n + n_len + 1 : n + n_len;

	if (!*p || !*n)
		return !*p && !*n;
	if (p_len == 2 && memcmp(p, "**", 2) == 0)
		return *p_rest ? slow_path(p_rest, n) || slow_path(p, n_rest) : true;
	return slow_name(p, p + p_len, n, n + n_len) && slow_path(p_rest, n_rest);
}

static void random_text(uint64_t *seed, const char *letters, char *out, unsigned names)
{
	size_t at = 0;

	for (unsigned i = 0; i < names; i++) {
		unsigned len = 1 + test_below(seed, 4);

		if (i > 0)
			out[at++] = '/';
		if (letters[2] == '*' && test_below(seed, 4) == 0) {
			out[at++] = '*';
			out[at++] = '*';
			continue;
		}
		while (len--)
			out[at++] = letters[test_below(seed, (unsigned)strlen(letters))];
	}
	out[at] = '\0';
}

static void agrees_with_the_slow_way(void **state)
{
	unsigned fits = 0;

	(void)state;
	for (unsigned round = 0; round < test_rounds(100000, 3000000); round++) {
		uint64_t seed = round;
		char pattern[64], path[64];
		bool is;

		random_text(&seed, "ab*?", pattern, 1 + test_below(&seed, 4));
		random_text(&seed, "ab", path, 1 + test_below(&seed, 5));
		if (!strpbrk(pattern, "*?"))
			continue; /* a plain name also means what is below it */
		is = has(pattern, path);
		fits += is;
		if (is != slow_path(pattern, path))
			fail_msg("round %u: '%s' and '%s': %d", round, pattern, path, is);
	}
	assert_true(fits > 1000);
}

/* Both ways round, and what both hold is in neither of two that are apart. */
static void scopes_that_are_apart(void **state)
{
	static const struct {
		const char *a, *b;
		bool apart;
	} pairs[] = {
		{ "src", "docs", true },         { "src", "src", false },
		{ "src", "src/core", false },    { "src", "srcs", true },
		{ "src/a.c", "src/b.c", true },  { "src/*.c", "src/*.h", false },
		{ "src/*.c", "docs/*.c", true }, { "**", "docs", false },
		{ ".", "docs", false },          { "src/a*", "src/b", true },
		{ "src/a*", "src/abc", false },  { "src/", "src/x", false },
		{ "lib*", "library", false },    { "lib", "lib*", false },
		{ "lib/x", "li?/y", false },     { "docs", "src/*/x", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct scope a = SCOPE_INIT, b = SCOPE_INIT, none = SCOPE_INIT;

		added(&a, pairs[i].a);
		added(&b, pairs[i].b);
		if (scope_apart(&a, &b) != pairs[i].apart || scope_apart(&b, &a) != pairs[i].apart)
			fail_msg("%s and %s", pairs[i].a, pairs[i].b);
		assert_false(scope_apart(&a, &none));
		assert_false(scope_apart(&none, &a));
		added(&a, "tools");
		added(&b, "tools/x");
		assert_false(scope_apart(&a, &b));
		scope_release(&a);
		scope_release(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_and_paths),
		cmocka_unit_test(entries_that_cannot_be),
		cmocka_unit_test(a_nul_byte_is_no_path),
		cmocka_unit_test(several_entries),
		cmocka_unit_test(scopes_that_are_apart),
		cmocka_unit_test(at_most_so_many),
		cmocka_unit_test(agrees_with_the_slow_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
