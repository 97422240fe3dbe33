/*
 * The proof reads the objects as git gives them out and the files as they are now, so it also finds
 * what changed while it was being kept, an object that was written badly, and a mistake of ours in
 * making the commit.
 */
#include "git/worktree_verify.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "git/git_name.h"
#include "os/fd.h"

#define CHUNK_BYTES 65536
#define HEADER_BYTES_MAX 256

void kept_files_release(struct kept_files *k)
{
	mem_free(&k->v);
	k->count = 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct kept_file *)a)->path, ((const struct kept_file *)b)->path);
}

void kept_files_fill(struct kept_files *k, const struct buf *names)
{
	size_t count = 0, kept = 0, capacity = 0;

	for (size_t at = 0; at < names->len; at += strlen(names->p + at) + 1) {
		mem_grow(&k->v, &capacity, count + 1, sizeof(*k->v));
		k->v[count++] = (struct kept_file){ .path = names->p + at };
	}
	if (count)
		qsort(k->v, count, sizeof(*k->v), by_path);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || strcmp(k->v[i].path, k->v[kept - 1].path) != 0)
			k->v[kept++] = k->v[i];
	k->count = kept;
}

int kept_file_look(int top_fd, struct kept_file *file)
{
	struct stat st;

	file->mode = 0;
	file->bytes = 0;
	if (fstatat(top_fd, file->path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	if (S_ISREG(st.st_mode))
		file->mode = st.st_mode & S_IXUSR ? KEPT_PROGRAM : KEPT_FILE;
	else if (S_ISLNK(st.st_mode))
		file->mode = KEPT_LINK;
	file->bytes = file->mode ? (uint64_t)st.st_size : 0;
	return 0;
}

/* "100644 blob <oid>\t<path>" */
static void note_line(struct kept_files *k, struct span line)
{
	const char *tab = memchr(line.p, '\t', line.len);
	const char *word = memchr(line.p, ' ', line.len);
	struct kept_file key, *file;
	struct span oid;

	if (!tab || !word || tab - word < 6 || memcmp(word, " blob ", 6) != 0)
		return;
	oid = (struct span){ word + 6, (size_t)(tab - word - 6) };
	key.path = tab + 1;
	file = k->count ? bsearch(&key, k->v, k->count, sizeof(*k->v), by_path) : NULL;
	if (!file || !git_is_oid(oid))
		return;
	snprintf(file->oid, sizeof(file->oid), "%.*s", SPAN_ARG(oid));
	file->oid_mode = (unsigned)strtoul(line.p, NULL, 8);
}

static int read_tree(const struct worktree *w, struct kept_files *k, const char *oid, struct err *e)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	struct git_call call = { .dir = w->main_root,
				 .words = GIT_WORDS("ls-tree", "-r", "-z", "--full-tree", oid),
				 .output_bytes_max = WORKTREE_LIST_BYTES_MAX };
	int rc = git_must(w->git, &call, &out, e);

	for (size_t at = 0; rc == 0 && at < out.out.len;) {
		struct span line = span_of(out.out.p + at);

		note_line(k, line);
		at += line.len + 1;
	}
	return rc;
}

/* The objects as they come out of git, compared with the files. */
struct comparison {
	struct kept_files *k;
	int top_fd, fd;
	size_t index;
	bool inside; /* of the bytes of an object, whose header was read */
	uint64_t left;
	struct buf header, link;
};

static struct kept_file *current(struct comparison *c)
{
	while (c->index < c->k->count && !c->k->v[c->index].mode)
		c->index++;
	return c->index < c->k->count ? &c->k->v[c->index] : NULL;
}

/* "<oid> blob <bytes>": opens what it is to be compared with. */
static int begin(struct comparison *c)
{
	CLEANUP(buf_release) struct buf expected = BUF_INIT;
	struct kept_file *file = current(c);

	if (!file)
		return -EUCLEAN;
	buf_putf(&expected, "%s blob %llu", file->oid, (unsigned long long)file->bytes);
	if (strcmp(expected.p, c->header.p) != 0)
		return -EUCLEAN;
	if (file->mode == KEPT_LINK) {
		char target[PATH_MAX];
		ssize_t n = readlinkat(c->top_fd, file->path, target, sizeof(target));

		if (n != (ssize_t)file->bytes)
			return -EUCLEAN;
		buf_put(&c->link, target, (size_t)n);
	} else {
		c->fd = fd_open_at(c->top_fd, file->path, O_RDONLY | O_NONBLOCK, 0);
		if (c->fd < 0)
			return -EUCLEAN;
	}
	c->left = file->bytes;
	c->inside = true;
	buf_truncate(&c->header, 0);
	return 0;
}

/* The same number of bytes of the file or the link, taken away. */
static int compare(struct comparison *c, struct span bytes)
{
	char chunk[CHUNK_BYTES];

	if (c->fd < 0) {
		if (memcmp(c->link.p, bytes.p, bytes.len) != 0)
			return -EUCLEAN;
		buf_consume(&c->link, bytes.len);
		return 0;
	}
	while (bytes.len) {
		ssize_t n =
			read(c->fd, chunk, bytes.len < sizeof(chunk) ? bytes.len : sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || memcmp(chunk, bytes.p, (size_t)n) != 0)
			return -EUCLEAN;
		bytes = (struct span){ bytes.p + n, bytes.len - (size_t)n };
	}
	return 0;
}

/* Behind the last byte stands a newline, and the file must be at its end as well. */
static int finish(struct comparison *c, char newline)
{
	char more;

	if (newline != '\n' || (c->fd >= 0 && read(c->fd, &more, 1) != 0))
		return -EUCLEAN;
	fd_close(&c->fd);
	buf_truncate(&c->link, 0);
	c->inside = false;
	c->index++;
	return 0;
}

static int compare_some(void *ctx, struct span bytes)
{
	struct comparison *c = ctx;
	int rc = 0;

	while (rc == 0 && bytes.len) {
		size_t used = 1;

		if (!c->inside && bytes.p[0] == '\n') {
			rc = begin(c);
		} else if (!c->inside) {
			buf_putc(&c->header, bytes.p[0]);
			if (c->header.len > HEADER_BYTES_MAX)
				rc = -EUCLEAN;
		} else if (c->left) {
			used = c->left < bytes.len ? (size_t)c->left : bytes.len;
			rc = compare(c, (struct span){ bytes.p, used });
			c->left -= used;
		} else {
			rc = finish(c, bytes.p[0]);
		}
		bytes = (struct span){ bytes.p + used, bytes.len - used };
	}
	return rc;
}

static int compare_all(const struct worktree *w, struct kept_files *k, int top_fd, struct err *e)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	struct comparison c = { .k = k, .top_fd = top_fd, .fd = -1 };
	struct git_call call = { .dir = w->main_root,
				 .words = GIT_WORDS("cat-file", "--batch"),
				 .output_bytes_max = SIZE_MAX,
				 .limit_ms = GIT_CHECKOUT_LIMIT_MS,
				 .sink = compare_some,
				 .ctx = &c };
	int rc;

	for (size_t i = 0; i < k->count; i++)
		if (k->v[i].mode)
			buf_putf(&names, "%s\n", k->v[i].oid);
	if (!names.len)
		return 0;
	call.input = (struct span){ names.p, names.len };
	rc = git_must(w->git, &call, &out, e);
	if (rc == 0 && (c.inside || c.header.len || current(&c)))
		rc = -EUCLEAN;
	fd_close(&c.fd);
	buf_release(&c.header);
	buf_release(&c.link);
	return rc;
}

int kept_files_verify(const struct worktree *w, struct kept_files *k, int top_fd, const char *oid,
		      struct err *e)
{
	int rc = read_tree(w, k, oid, e);

	for (size_t i = 0; rc == 0 && i < k->count; i++) {
		rc = kept_file_look(top_fd, &k->v[i]);
		if (rc == 0 && k->v[i].mode != k->v[i].oid_mode)
			rc = -EUCLEAN;
	}
	if (rc == 0)
		rc = compare_all(w, k, top_fd, e);
	if (rc == 0 || (e && e->code))
		return rc;
	return err_set(e, -SK_EREFUSED,
		       "worktree of \"%s\": what was kept is not what is there now, because "
		       "somebody changed it meanwhile (%s): nothing was removed. Try: again when "
		       "nobody works in it",
		       w->name, w->path);
}
