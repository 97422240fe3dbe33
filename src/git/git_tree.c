/*
 * The digest takes git's own words about the index, which name what is staged by its content, and
 * reads from the disk only what differs from it: a clean tree costs one call of git, whatever its
 * size. It proves nothing against somebody who wants two trees to look alike; it notices change.
 */
#include "git/git_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "git/git_name.h"
#include "git/git_repo.h"
#include "git/git_status.h"
#include "os/fd.h"

#define CHUNK_BYTES 65536

struct digest {
	uint64_t sum;
	uint64_t left; /* bytes that may still be read */
	int top_fd;
};

static void take(struct digest *d, const void *p, size_t len)
{
	uint64_t size = len;

	d->sum = hash64(&size, sizeof(size), d->sum); /* so that "a" and "b" are not "ab" */
	d->sum = hash64(p, len, d->sum);
}

static void take_number(struct digest *d, uint64_t n)
{
	d->sum = hash64(&n, sizeof(n), d->sum);
}

/* The bytes of an open file; what cannot be read any more counts by its error. */
static void take_bytes(struct digest *d, int fd)
{
	char chunk[CHUNK_BYTES];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			take_number(d, (uint64_t)errno);
		if (n <= 0)
			return;
		take(d, chunk, (size_t)n);
	}
}

static void take_file(struct digest *d, const char *path)
{
	CLEANUP(fd_close) int fd = -1;
	char target[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (fstatat(d->top_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		take_number(d, (uint64_t)errno);
		return;
	}
	take_number(d, st.st_mode);
	if (S_ISLNK(st.st_mode)) {
		n = readlinkat(d->top_fd, path, target, sizeof(target));
		if (n > 0)
			take(d, target, (size_t)n);
		return;
	}
	if (!S_ISREG(st.st_mode))
		return;
	if ((uint64_t)st.st_size <= d->left)
		fd = fd_open_at(d->top_fd, path, O_RDONLY | O_NONBLOCK, 0);
	if (fd >= 0) {
		d->left -= (uint64_t)st.st_size;
		take_bytes(d, fd);
		return;
	}
	take_number(d, (uint64_t)st.st_size);
	take_number(d, (uint64_t)st.st_mtim.tv_sec);
	take_number(d, (uint64_t)st.st_mtim.tv_nsec);
}

static void take_entries(struct digest *d, const struct git_status *s)
{
	struct git_status_entry entry;
	size_t at = 0, before = s->entries_at;

	while (git_status_next(s, &at, &entry)) {
		CLEANUP(mem_free) char *path = span_dup(entry.path);

		take(d, s->text.p + before, at - before); /* the line itself */
		before = at;
		if (entry.kind == '?' || entry.disk != '.')
			take_file(d, path);
	}
}

/* Sets *top. Returns 1; 0 when `out` is said already: no repository, or one without files. Where a
 * checkout begins it is its own top, and git need not be asked. */
static int find_top(const struct git *g, const char *dir, char **top,
		    char out[GIT_TREE_HASH_BYTES_MAX], struct err *e)
{
	CLEANUP(git_repo_release) struct git_repo r = GIT_REPO_INIT;
	int rc;

	if (git_repo_begins(dir)) {
		*top = mem_strdup(dir ? dir : ".");
		return 1;
	}
	rc = git_repo_read(g, dir, &r, e);
	if (rc <= 0 || r.bare) {
		snprintf(out, GIT_TREE_HASH_BYTES_MAX, "%s",
			 rc <= 0  ? "none"
			 : r.head ? r.head
				  : "unborn");
		return rc < 0 ? rc : 0;
	}
	*top = mem_strdup(r.top);
	return 1;
}

int git_tree_hash(const struct git *g, const char *dir, char out[GIT_TREE_HASH_BYTES_MAX],
		  struct err *e)
{
	CLEANUP(git_status_release) struct git_status s = GIT_STATUS_INIT;
	CLEANUP(mem_free) char *top = NULL;
	struct digest d = { .left = GIT_TREE_BYTES_MAX };
	int rc = find_top(g, dir, &top, out, e);
	struct span head;

	if (rc <= 0)
		return rc;
	rc = git_status_read(g, dir, 0, &s, e);
	if (rc < 0)
		return rc;
	d.top_fd = fd_open_dir(top);
	if (d.top_fd < 0)
		return err_set(e, -SK_EIO, "%s: cannot be opened: %s: nothing was done", top,
			       strerror(-d.top_fd));
	take_entries(&d, &s);
	fd_close(&d.top_fd);
	head = git_is_oid(s.head) ? s.head : SPAN_LIT("unborn");
	if (s.entries_at == s.text.len)
		snprintf(out, GIT_TREE_HASH_BYTES_MAX, "%.*s", SPAN_ARG(head));
	else
		snprintf(out, GIT_TREE_HASH_BYTES_MAX, "%.*s+%016llx", SPAN_ARG(head),
			 (unsigned long long)d.sum);
	return 0;
}

void git_changes_release(struct git_changes *c)
{
	buf_release(&c->names);
	c->count = 0;
}

struct span git_changes_next(const struct git_changes *c, size_t *at)
{
	struct span name = SPAN_NONE;

	if (*at < c->names.len)
		name = span_of(c->names.p + *at);
	*at += name.len + 1;
	return name;
}

static void add(struct git_changes *c, struct span name)
{
	buf_put(&c->names, name.p, name.len);
	buf_putc(&c->names, '\0');
	c->count++;
}

void git_changes_outside(const struct git_changes *c, const struct scope *scope,
			 struct git_changes *out)
{
	struct span name;
	size_t at = 0;

	while ((name = git_changes_next(c, &at)).len)
		if (!scope_has(scope, name))
			add(out, name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_once(struct git_changes *c)
{
	const char **list = mem_alloc((c->count + 1) * sizeof(*list));
	struct git_changes sorted = GIT_CHANGES_INIT;
	size_t n = 0, at = 0;
	struct span name;

	while ((name = git_changes_next(c, &at)).len)
		list[n++] = name.p;
	qsort(list, n, sizeof(*list), by_name);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || strcmp(list[i], list[i - 1]) != 0)
			add(&sorted, span_of(list[i]));
	mem_free(&list);
	git_changes_release(c);
	*c = sorted;
}

/* What commits changed that are in the history of nobody else: as those changed it, so the change
 * of one that another took back is among it. */
static int read_own(const struct git *g, const char *dir, const char *base,
		    const char *const *others, struct git_changes *out, struct err *e)
{
	const char *words[GIT_OTHERS_MAX + 16] = {
		"log", "-c", "-z", "--name-only", "--no-renames", "--format=", "HEAD", "--not", base
	};
	CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
	struct git_call call = { .dir = dir };
	size_t n = 9;
	int rc = 0;

	for (size_t i = 0; rc >= 0 && others[i] && n < GIT_OTHERS_MAX + 9; i++) {
		CLEANUP(buf_release) struct buf commit = BUF_INIT;

		buf_putf(&commit, "%s^{commit}", others[i]);
		call.words = GIT_WORDS("rev-parse", "-q", "--verify", "--end-of-options", commit.p);
		rc = git_run(g, &call, &said, e);
		if (rc == 0)
			words[n++] = others[i];
	}
	if (!others[0]) {
		words[n++] = "--first-parent";
		words[n++] = "--no-merges";
	}
	words[n] = "--";
	call.words = words;
	rc = rc < 0 ? rc : git_must(g, &call, &said, e);
	for (size_t at = 0; rc == 0 && at < said.out.len;) {
		struct span name = span_of(said.out.p + at);

		at += name.len + 1;
		while (name.len && name.p[0] == '\n') /* between two commits */
			name = (struct span){ name.p + 1, name.len - 1 };
		if (name.len)
			add(out, name);
	}
	sort_once(out);
	return rc;
}

/* What is committed here since the history left that of base. */
static int add_committed(const struct git *g, const char *dir, const char *base,
			 const char *const *others, struct git_changes *c, struct err *e)
{
	CLEANUP(git_changes_release) struct git_changes own = GIT_CHANGES_INIT;
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	CLEANUP(mem_free) char *from = NULL;
	struct git_call call = { .dir = dir };
	struct git_changes all = GIT_CHANGES_INIT;
	struct span name, own_name;
	size_t at = 0, own_at = 0;
	int rc;

	call.words = GIT_WORDS("merge-base", "--end-of-options", base, "HEAD");
	rc = git_run(g, &call, &out, e);
	if (rc < 0)
		return rc;
	buf_put_quoted(&shown, span_of(base), 80);
	if (rc == 1)
		return err_set(e, -SK_EREFUSED,
			       "%s and what is checked out have no commit in common (in %s): "
			       "changes cannot be told",
			       shown.p, dir ? dir : ".");
	if (rc > 1)
		return err_set(e, -SK_EUSAGE, "%s is no commit here (in %s): nothing was compared",
			       shown.p, dir ? dir : ".");
	from = span_dup((struct span){ out.out.p, strcspn(out.out.p, "\n") });
	call.words = GIT_WORDS("diff-tree", "-r", "-z", "--name-only", "--no-renames", from, "HEAD",
			       "--");
	rc = git_must(g, &call, &out, e);
	if (rc == 0 && others)
		rc = read_own(g, dir, from, others, &own, e);
	if (rc < 0)
		return rc;
	all.names = out.out;
	own_name = git_changes_next(&own, &own_at);
	while ((name = git_changes_next(&all, &at)).len) {
		while (others && own_name.len && strcmp(own_name.p, name.p) < 0)
			own_name = git_changes_next(&own, &own_at); /* both are sorted */
		if (!others || span_eq(own_name, name))
			add(c, name);
	}
	return 0;
}

int git_changes_read(const struct git *g, const char *dir, const char *base,
		     const char *const *others, struct git_changes *out, struct err *e)
{
	CLEANUP(git_status_release) struct git_status s = GIT_STATUS_INIT;
	CLEANUP(git_changes_release) struct git_changes c = GIT_CHANGES_INIT;
	struct git_status_entry entry;
	size_t at = 0;
	int rc = git_status_read(g, dir, 0, &s, e);

	if (rc < 0)
		return rc;
	if (base && s.head.len)
		rc = add_committed(g, dir, base, others, &c, e);
	if (rc < 0)
		return rc;
	while (git_status_next(&s, &at, &entry))
		add(&c, entry.path);
	sort_once(&c);
	*out = c;
	c = (struct git_changes)GIT_CHANGES_INIT;
	return 0;
}
