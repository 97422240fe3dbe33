/*
 * The rules of git's check-ref-format, written out: asking git costs a process for each name, and a
 * name that begins with a dash must not even get there.
 */
#include "git/git_name.h"

#include "base/limits.h"

static const char *part_problem(struct span part)
{
	if (part.len == 0)
		return "has a slash too many";
	if (part.p[0] == '.')
		return "has a part that begins with a dot";
	if (part.len >= 5 && memcmp(part.p + part.len - 5, ".lock", 5) == 0)
		return "has a part that ends in .lock";
	return NULL;
}

static const char *bytes_problem(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (c <= ' ' || c == 0x7f)
			return c == ' ' ? "holds a blank" : "holds a control character";
		if (memchr("~^:?*[\\", c, 7))
			return "holds one of ~ ^ : ? * [ \\";
		if (c == '.' && i + 1 < name.len && name.p[i + 1] == '.')
			return "holds \"..\"";
		if (c == '@' && i + 1 < name.len && name.p[i + 1] == '{')
			return "holds \"@{\"";
	}
	return NULL;
}

const char *git_branch_problem(struct span name)
{
	const char *problem;

	if (name.len == 0)
		return "is empty";
	if (name.len > GIT_BRANCH_BYTES_MAX)
		return "is longer than 200 bytes";
	if (name.p[0] == '-')
		return "begins with a dash";
	if (span_is(name, "HEAD") || span_is(name, "@"))
		return "means the current commit";
	if (span_starts(name, "refs/"))
		return "begins with refs/: give it without refs/heads/";
	if (name.p[name.len - 1] == '.')
		return "ends with a dot";
	problem = bytes_problem(name);
	for (size_t from = 0; !problem && from <= name.len;) {
		const char *slash = memchr(name.p + from, '/', name.len - from);
		size_t end = slash ? (size_t)(slash - name.p) : name.len;

		problem = part_problem((struct span){ name.p + from, end - from });
		from = end + 1;
	}
	return problem;
}

int git_branch_check(struct span name, struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	const char *problem = git_branch_problem(name);

	if (!problem)
		return 0;
	buf_put_quoted(&shown, name, 80);
	return err_set(e, -SK_EUSAGE,
		       "%s is not a valid branch name: it %s: nothing was done. Try: letters, "
		       "digits, . _ - and /",
		       shown.p, problem);
}

bool git_is_oid(struct span text)
{
	if (text.len != 40 && text.len != 64)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!(text.p[i] >= '0' && text.p[i] <= '9') &&
		    !(text.p[i] >= 'a' && text.p[i] <= 'f'))
			return false;
	return true;
}
