/* Lines of shell as agents write them: the commits and pushes in each, and none where there is
 * none. */
#include "test.h"

#include <stdlib.h>

#include "core/shell_git.h"

static void put(void *ctx, const struct shell_git *g)
{
	struct buf *out = ctx;

	buf_putf(out, "%s%s", out->len ? " | " : "",
		 g->verb == SHELL_GIT_COMMIT ? "commit" : "push");
	if (g->named)
		buf_puts(out, " named");
	if (g->unsure)
		buf_puts(out, " ?");
	else if (g->dir.len)
		buf_putf(out, " in %.*s", SPAN_ARG(g->dir));
}

static const struct {
	const char *line, *found;
} rows[] = {
	{ "git commit -m text", "commit" },
	{ "git push", "push" },
	{ "git push origin main", "push named" },
	{ "git push -u origin", "push" },
	{ "git status && git add -A && git commit -qm 'a b'; git push", "commit | push" },
	{ "/usr/bin/git commit", "commit" },
	{ "git -C sub commit", "commit in sub" },
	{ "git -C /a -C b commit", "commit in /a/b" },
	{ "git -c user.name=x -c a=b --no-pager commit", "commit" },
	{ "git --git-dir=/x/.git commit", "commit ?" },
	{ "git --git-dir /x/.git --work-tree /x commit", "commit ?" },
	{ "GIT_DIR=/x git commit", "commit ?" },
	{ "SK_GUARD=off A=b git commit", "commit" },
	{ "env -u A B=c git commit", "commit" },
	{ "timeout -k 5 10s git push", "push" },
	{ "sudo -u me git push", "push" },
	{ "nice -n 5 git push", "push" },
	{ "command git commit", "commit" },
	{ "cd sub && git commit", "commit in sub" },
	{ "cd /a; cd b; git commit", "commit in /a/b" },
	{ "cd \"$there\" && git commit", "commit ?" },
	{ "cd $(mktemp -d) && cd /a && git commit", "commit in /a" },
	{ "(cd sub && git commit); git push", "commit in sub | push" },
	{ "cd - && git push", "push ?" },
	{ "git -C ~/x push", "push ?" },
	{ "if true; then git commit; fi", "commit" },
	{ "! git commit || git push", "commit | push" },
	{ "{ git commit; }", "commit" },
	{ "sh -c 'git commit -m \"x y\" && git push'", "commit | push" },
	{ "cd a && bash -lc \"cd b && git commit\"", "commit in a/b" },
	{ "git commit -m \"$(cat <<'EOF'\nIt's git push that (failed\n\nEOF\n)\" && git push",
	  "commit | push" },
	{ "git commit -F - <<EOF\ngit push\nEOF\ngit status", "commit" },
	{ "git commit -F - <<-\"END OF\" && git push\n\tgit push origin\n\tEND OF\n",
	  "commit | push" },
	{ "cat <<A <<B\ngit push\nA\ngit push\nB\ngit commit", "commit" },
	{ "cat <<<'git push'; git commit", "commit" },
	{ "<<'' git commit\ngit push\n\ngit push", "commit | push" },
	{ "'' git commit; git '' commit; git commit ''", "commit" },
	{ "git commit 2>&1 >log | tee x", "commit" },
	{ "git 2>/dev/null commit", "commit" },
	{ "x=$(git push)", "push" },
	{ "git com\\\nmit", "commit" },
	{ "git \\\n  commit", "commit" },
	{ "g'i't \"com\"mit", "commit" },
	{ "git commit --dry-run", "" },
	{ "git push -n", "" },
	{ "git commit -n", "commit" },
	{ "git commit --no-verify", "commit" },
	{ "git commit -- --dry-run", "commit" },
	/* Nothing of the kind. */
	{ "", "" },
	{ "git", "" },
	{ "git log --grep commit", "" },
	{ "git stash push", "" },
	{ "echo git commit", "" },
	{ "echo 'git commit && git push'", "" },
	{ "# git commit\nls", "" },
	{ "ls # git commit", "" },
	{ "ls x#; git commit", "commit" },
	{ "grep -r 'git push' .", "" },
	{ "gitk commit", "" },
	{ "cat git commit", "" },
	{ "$GIT commit", "" },
	{ "git $verb", "" },
	{ "bash script.sh git commit", "" },
	{ "git commit-graph write", "" },
	/* Broken off. */
	{ "git commit -m 'x", "commit" },
	{ "git commit -m \"$(cat <<EOF\ngit push", "commit" },
	{ "git commit -m \"`", "commit" },
	{ "git commit \\", "commit" },
	{ "git commit ${", "commit" },
	{ "))) git commit", "commit" },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_release) struct buf out = BUF_INIT;

		shell_git_read(span_of(rows[i].line), put, &out);
		if (strcmp(out.p ? out.p : "", rows[i].found) != 0)
			fail_msg("%s: found '%s', expected '%s'", rows[i].line, out.p ? out.p : "",
				 rows[i].found);
	}
}

/* Whatever it is, it ends, and reads nothing but its text: each row cut at every byte, behind bytes
 * of all kinds, in exactly its own memory. */
static void test_any_text(void **state)
{
	static const char odd[] = "'\"`$(){}<>|&;\\#\n\t \0=~*-/";
	unsigned seed = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t cut = 0; cut <= strlen(rows[i].line); cut++) {
			CLEANUP(buf_release) struct buf out = BUF_INIT;
			CLEANUP(mem_free) char *own = mem_alloc(cut + 1);

			memcpy(own, rows[i].line, cut);
			shell_git_read((struct span){ own, cut }, put, &out);
			if (!cut)
				continue;
			seed = seed * 1103515245u + 12345u;
			own[seed / 65536 % cut] = odd[seed / 7 % (sizeof(odd) - 1)];
			shell_git_read((struct span){ own, cut }, put, &out);
		}
}

/* Levels without end are given up, not followed. */
static void test_deep(void **state)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT, out = BUF_INIT;

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		buf_puts(&text, "$(");
	buf_puts(&text, "git commit");
	shell_git_read((struct span){ text.p, text.len }, put, &out);
	assert_int_equal(out.len, 0);
	buf_truncate(&text, 0);
	for (unsigned i = 0; i < 3; i++)
		buf_puts(&text, "$(echo ");
	buf_puts(&text, "$(git commit))))");
	shell_git_read((struct span){ text.p, text.len }, put, &out);
	assert_string_equal(out.p, "commit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_any_text),
		cmocka_unit_test(test_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
