/*
 * The index names what is stored by its content, so only files that differ from it are read: git
 * itself gives their names, as it would when they were added, and stores nothing. The digest is a
 * sum over the files, so that it does not matter in which list a file was found.
 */
#include "git/git_content.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "git/git_repo.h"
#include "git/git_status.h"
#include "os/fd.h"

#define MODE_FILE "100644"
#define MODE_PROGRAM "100755"
#define MODE_LINK "120000"
#define MODE_REPOSITORY "160000"

struct content {
	const struct git *g;
	const char *top;
	struct git_status status;
	struct span *differ; /* paths, sorted: what the index says of them does not hold */
	size_t count, capacity;
	uint64_t sum, files;
	uint64_t left;      /* bytes that may still be read */
	struct buf asked;   /* paths for git, one a line */
	struct span *names; /* the same, in order; in status.text */
	const char **modes;
	size_t name_count, name_capacity, mode_capacity;
	int top_fd;
};

static void content_release(struct content *c)
{
	git_status_release(&c->status);
	mem_free(&c->differ);
	mem_free(&c->names);
	mem_free(&c->modes);
	buf_release(&c->asked);
	fd_close(&c->top_fd);
}

static void take(struct content *c, struct span path, const char *mode, struct span content)
{
	uint64_t sum = hash64(path.p, path.len, 0);

	sum = hash64(mode, strlen(mode), sum);
	c->sum += hash64(content.p, content.len, sum);
	c->files++;
}

static int by_path(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	int order = memcmp(x->p, y->p, x->len < y->len ? x->len : y->len);

	return order ? order : x->len < y->len ? -1 : x->len > y->len;
}

static bool differs(const struct content *c, struct span path)
{
	return bsearch(&path, c->differ, c->count, sizeof(path), by_path) != NULL;
}

/* What the index says, but for what differs from it. "MODE NAME STAGE\tPATH\0". */
static int take_index(struct content *c, struct err *e)
{
	CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
	const struct git_call call = { .dir = c->top,
				       .words = GIT_WORDS("ls-files", "-s", "-z", "--", ":(top)",
							  ":(top,exclude).octogent",
							  ":(top,exclude).state") };
	int rc = git_must(c->g, &call, &said, e);

	for (size_t at = 0; rc == 0 && at < said.out.len;) {
		const char *line = said.out.p + at;
		const char *tab = strchr(line, '\t'), *blank = strchr(line, ' ');
		CLEANUP(mem_free) char *mode = NULL;
		struct span path;

		if (!tab || !blank || blank > tab)
			return err_set(e, -SK_EIO,
				       "git ls-files: what it printed cannot be read: nothing was "
				       "compared");
		path = span_of(tab + 1);
		mode = span_dup((struct span){ line, (size_t)(blank - line) });
		if (!differs(c, path))
			take(c, path, mode, (struct span){ blank + 1, strcspn(blank + 1, " ") });
		at = (size_t)(path.p - said.out.p) + path.len + 1;
	}
	return rc;
}

/* A link is stored as the text of its target. */
static int take_link(struct content *c, struct span path, const char *name, struct err *e)
{
	CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
	char target[PATH_MAX];
	ssize_t n = readlinkat(c->top_fd, name, target, sizeof(target));
	const struct git_call call = { .dir = c->top,
				       .words = GIT_WORDS("hash-object", "--stdin"),
				       .input = { target, n > 0 ? (size_t)n : 0 } };
	int rc = git_must(c->g, &call, &said, e);

	if (rc == 0)
		take(c, path, MODE_LINK, (struct span){ said.out.p, strcspn(said.out.p, "\n") });
	return rc;
}

/* A changed or untracked file, as it is on the disk: its name is asked of git when git would read
 * it. */
static int take_disk(struct content *c, struct span path, struct err *e)
{
	CLEANUP(mem_free) char *name = span_dup(path);
	struct stat st;
	uint64_t odd[3];

	if (fstatat(c->top_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* it is gone: no file is what it is */
	if (S_ISLNK(st.st_mode))
		return take_link(c, path, name, e);
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size <= c->left && !strchr(name, '\n')) {
		c->left -= (uint64_t)st.st_size;
		mem_grow(&c->names, &c->name_capacity, c->name_count + 1, sizeof(*c->names));
		mem_grow(&c->modes, &c->mode_capacity, c->name_count + 1, sizeof(*c->modes));
		c->names[c->name_count] = path;
		c->modes[c->name_count++] = st.st_mode & S_IXUSR ? MODE_PROGRAM : MODE_FILE;
		buf_putf(&c->asked, "%s\n", name);
		return 0;
	}
	odd[0] = (uint64_t)st.st_size;
	odd[1] = (uint64_t)st.st_mtim.tv_sec;
	odd[2] = (uint64_t)st.st_mtim.tv_nsec;
	take(c, path, S_ISDIR(st.st_mode) ? MODE_REPOSITORY : MODE_FILE,
	     (struct span){ (const char *)odd, sizeof(odd) });
	return 0;
}

static int take_asked(struct content *c, struct err *e)
{
	CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
	const struct git_call call = { .dir = c->top,
				       .words = GIT_WORDS("hash-object", "--stdin-paths"),
				       .input = { c->asked.p, c->asked.len } };
	size_t at = 0;
	int rc;

	if (!c->name_count)
		return 0;
	rc = git_must(c->g, &call, &said, e);
	for (size_t i = 0; rc == 0 && i < c->name_count; i++) {
		struct span name = { said.out.p + at, strcspn(said.out.p + at, "\n") };

		if (!name.len)
			return err_set(e, -SK_EIO,
				       "git hash-object: it named fewer files than it was asked "
				       "for: nothing was compared");
		take(c, c->names[i], c->modes[i], name);
		at += name.len + 1;
	}
	return rc;
}

/* The lists of what differs. Untracked files are in it as well: they are in no index. */
static void sort_out(struct content *c)
{
	struct git_status_entry entry;
	size_t at = 0;

	while (git_status_next(&c->status, &at, &entry)) {
		if (entry.kind == '1' && entry.disk == '.')
			continue;
		mem_grow(&c->differ, &c->capacity, c->count + 1, sizeof(*c->differ));
		c->differ[c->count++] = entry.path;
	}
	if (c->count)
		qsort(c->differ, c->count, sizeof(*c->differ), by_path);
}

int git_content_hash(const struct git *g, const char *dir, char out[GIT_CONTENT_BYTES_MAX],
		     struct err *e)
{
	CLEANUP(git_repo_release) struct git_repo r = GIT_REPO_INIT;
	CLEANUP(content_release)
	struct content c = { .g = g, .status = GIT_STATUS_INIT, .left = GIT_TREE_BYTES_MAX };
	bool begins = git_repo_begins(dir);
	int rc = begins ? 1 : git_repo_read(g, dir, &r, e);

	c.top_fd = -1;
	c.top = begins ? dir : r.top;
	snprintf(out, GIT_CONTENT_BYTES_MAX, "none");
	if (rc <= 0 || r.bare)
		return rc < 0 ? rc : 0;
	rc = git_status_read(g, dir, 0, &c.status, e);
	if (rc < 0)
		return rc;
	c.top_fd = fd_open_dir(c.top ? c.top : ".");
	if (c.top_fd < 0)
		return err_set(e, -SK_EIO, "%s: cannot be opened: %s: nothing was compared",
			       c.top ? c.top : ".", strerror(-c.top_fd));
	sort_out(&c);
	rc = take_index(&c, e);
	for (size_t i = 0; rc == 0 && i < c.count; i++)
		rc = take_disk(&c, c.differ[i], e);
	if (rc == 0)
		rc = take_asked(&c, e);
	if (c.files)
		snprintf(out, GIT_CONTENT_BYTES_MAX, "files:%016llx", (unsigned long long)c.sum);
	return rc;
}
