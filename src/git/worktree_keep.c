/*
 * One commit holds everything: its tree is the files as they lie on the disk, byte by byte, without
 * the filters and line ends that git would apply; its parents are what was checked out, what was
 * staged, what was being merged in and the branch. It is made with fast-import, because that takes
 * any path and needs no index, so the worktree's own stays untouched.
 *
 * (1) The name under refs/sk/kept is given only to a commit that was read back and found equal.
 * (2) When worktree_keep returns 0, objects and name are durable.
 *
 * What a kill leaves is objects without a name, or the name refs/sk/keeping/<name>, which the next
 * attempt replaces.
 */
#include "git/worktree_clean.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "git/worktree_impl.h"
#include "git/worktree_verify.h"
#include "os/fd.h"

#define FLUSH_BYTES (1024 * 1024)
#define INDEX_COPY "keep.index"
#define STREAM_NAME "keep.stream"
#define INDEX_BYTES_MAX (1024 * 1024 * 1024) /* of five million files */
#define PARENTS_MAX 8

struct keeping {
	const struct worktree *w;
	const struct worktree_facts *f;
	struct kept_files files;
	char parents[PARENTS_MAX][OID_BYTES_MAX];
	size_t parent_count;
	int top_fd, stream_fd;
	struct buf stream; /* what is not written to stream_fd yet */
};

static const char *const nobody[] = { "GIT_AUTHOR_NAME=sk", "GIT_AUTHOR_EMAIL=sk@localhost",
				      "GIT_COMMITTER_NAME=sk", "GIT_COMMITTER_EMAIL=sk@localhost",
				      NULL };

static int failed(const struct keeping *k, const char *what, int rc, struct err *e)
{
	return err_set(e, -SK_EIO, "worktree of \"%s\": %s: %s (%s): nothing was removed",
		       k->w->name, what, strerror(-rc), k->w->path);
}

static void add_parent(struct keeping *k, struct span oid)
{
	if (oid.len == 0 || oid.len >= OID_BYTES_MAX || k->parent_count == PARENTS_MAX)
		return;
	for (size_t i = 0; i < k->parent_count; i++)
		if (span_is(oid, k->parents[i]))
			return;
	snprintf(k->parents[k->parent_count++], OID_BYTES_MAX, "%.*s", SPAN_ARG(oid));
}

/* Commits that a half done merge brings in, each on a line of a file of git's. */
static void add_heads(struct keeping *k, int admin_fd, const char *name)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	if (fd_read_file_at(admin_fd, name, 4096, &text) < 0)
		return;
	for (size_t at = 0; at < text.len;) {
		size_t len = strcspn(text.p + at, "\n");

		add_parent(k, (struct span){ text.p + at, len });
		at += len + 1;
	}
}

/* A copy of the index, whose tree can be written without the lock that somebody may have left. */
static int copy_index(struct keeping *k, int admin_fd)
{
	CLEANUP(buf_release) struct buf index = BUF_INIT;
	CLEANUP(fd_close) int fd = -1;
	int rc = fd_read_file_at(admin_fd, "index", INDEX_BYTES_MAX, &index);

	if (rc < 0)
		return rc;
	fd = fd_open_at(k->w->folder_fd, INDEX_COPY, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	return fd < 0 ? fd : fd_write_all(fd, index.p, index.len);
}

/* What is staged becomes a commit of its own. An index in conflict has no tree: its sides are
 * commits that are parents anyway. */
static int keep_index(struct keeping *k, int admin_fd, struct err *e)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	CLEANUP(buf_release) struct buf variable = BUF_INIT;
	CLEANUP(mem_free) char *tree = NULL;
	const char *head = k->f->head;
	const char *vars[] = { NULL, NULL };
	struct git_call call = { .dir = k->w->path, .writes = true, .vars = vars };
	int rc = copy_index(k, admin_fd);

	if (rc < 0)
		return failed(k, "the index cannot be copied", rc, e);
	buf_putf(&variable, "GIT_INDEX_FILE=%s/" INDEX_COPY, k->w->folder);
	vars[0] = variable.p;
	call.words = GIT_WORDS("write-tree");
	rc = git_must(k->w->git, &call, &out, e);
	unlinkat(k->w->folder_fd, INDEX_COPY, 0);
	if (rc < 0)
		return rc;
	tree = span_dup((struct span){ out.out.p, strcspn(out.out.p, "\n") });
	call.vars = nobody;
	call.words = head[0] ? GIT_WORDS("commit-tree", "-p", head, "-m", "what was staged", tree)
			     : GIT_WORDS("commit-tree", "-m", "what was staged", tree);
	rc = git_must(k->w->git, &call, &out, e);
	if (rc == 0)
		add_parent(k, (struct span){ out.out.p, strcspn(out.out.p, "\n") });
	return rc;
}

static int find_parents(struct keeping *k, struct err *e)
{
	static const char *const heads[] = { "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD" };
	CLEANUP(mem_free) char *admin = worktree_find_admin(k->w);
	CLEANUP(fd_close) int admin_fd = admin ? fd_open_dir(admin) : -ENOENT;
	int rc = 0;

	add_parent(k, span_of(k->f->head));
	if (admin_fd < 0)
		return failed(k, "git's record of it cannot be opened", admin_fd, e);
	if (k->f->staged && !k->f->unmerged)
		rc = keep_index(k, admin_fd, e);
	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		add_heads(k, admin_fd, heads[i]);
	add_parent(k, span_of(k->f->tip));
	return rc;
}

static int flush(struct keeping *k, size_t beyond)
{
	int rc;

	if (k->stream.len <= beyond)
		return 0;
	rc = fd_write_all(k->stream_fd, k->stream.p, k->stream.len);
	buf_truncate(&k->stream, 0);
	return rc;
}

/* A path as fast-import reads any: in quotes. */
static void put_path(struct buf *out, const char *path)
{
	buf_putc(out, '"');
	for (; *path; path++) {
		if (*path == '"' || *path == '\\')
			buf_putc(out, '\\');
		if (*path == '\n')
			buf_puts(out, "\\n");
		else
			buf_putc(out, *path);
	}
	buf_puts(out, "\"\n");
}

static int put_bytes(struct keeping *k, struct kept_file *file)
{
	CLEANUP(fd_close) int fd = fd_open_at(k->top_fd, file->path, O_RDONLY | O_NONBLOCK, 0);
	uint64_t left = file->bytes;
	int rc = fd < 0 ? fd : 0;

	while (rc == 0 && left > 0) {
		size_t most = left < FLUSH_BYTES ? (size_t)left : FLUSH_BYTES;
		ssize_t n;

		buf_reserve(&k->stream, most);
		n = read(fd, k->stream.p + k->stream.len, most);
		if (n <= 0)
			return n < 0 ? -errno : -ESTALE; /* shorter than it was */
		k->stream.len += (size_t)n;
		left -= (uint64_t)n;
		rc = flush(k, FLUSH_BYTES);
	}
	return rc;
}

/* One file of the list: as it is now. */
static int put_file(struct keeping *k, struct kept_file *file)
{
	char target[PATH_MAX];
	ssize_t len;
	int rc = kept_file_look(k->top_fd, file);

	if (rc < 0)
		return rc;
	if (!file->mode) {
		buf_puts(&k->stream, "D ");
		put_path(&k->stream, file->path);
		return 0;
	}
	buf_putf(&k->stream, "M %o inline ", file->mode);
	put_path(&k->stream, file->path);
	buf_putf(&k->stream, "data %llu\n", (unsigned long long)file->bytes);
	if (file->mode == KEPT_LINK) {
		len = readlinkat(k->top_fd, file->path, target, sizeof(target));
		if (len != (ssize_t)file->bytes)
			return len < 0 ? -errno : -ESTALE;
		buf_put(&k->stream, target, (size_t)len);
	} else {
		rc = put_bytes(k, file);
	}
	buf_putc(&k->stream, '\n');
	return rc < 0 ? rc : flush(k, FLUSH_BYTES);
}

static int put_stream(struct keeping *k, int64_t now_ms)
{
	CLEANUP(buf_release) struct buf message = BUF_INIT;
	int rc = 0;

	buf_putf(&message, "kept by sk when the worktree of %s was cleaned up\n", k->w->name);
	buf_putf(&k->stream, "commit refs/sk/keeping/%s\ncommitter sk <sk@localhost> %lld +0000\n",
		 k->w->name, (long long)(now_ms / 1000));
	buf_putf(&k->stream, "data %zu\n%s", message.len, message.p);
	for (size_t i = 0; i < k->parent_count; i++)
		buf_putf(&k->stream, "%s %s\n", i == 0 ? "from" : "merge", k->parents[i]);
	if (!k->f->head[0])
		buf_puts(&k->stream,
			 "deleteall\n"); /* nothing is checked out that files would go from */
	/* What went first: a file may have made room for a folder of its name. */
	for (size_t i = 0; rc == 0 && i < k->files.count; i++) {
		rc = kept_file_look(k->top_fd, &k->files.v[i]);
		if (rc == 0 && !k->files.v[i].mode)
			rc = put_file(k, &k->files.v[i]);
	}
	for (size_t i = 0; rc == 0 && i < k->files.count; i++)
		if (k->files.v[i].mode)
			rc = put_file(k, &k->files.v[i]);
	buf_puts(&k->stream, "\ndone\n");
	if (rc == 0)
		rc = flush(k, 0);
	return rc == 0 && lseek(k->stream_fd, 0, SEEK_SET) < 0 ? -errno : rc;
}

static int drop_temporary(const struct keeping *k, struct err *e)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	CLEANUP(buf_release) struct buf ref = BUF_INIT;
	struct git_call call = { .dir = k->w->main_root, .writes = true };

	buf_putf(&ref, "refs/sk/keeping/%s", k->w->name);
	call.words = GIT_WORDS("update-ref", "-d", ref.p);
	return git_must(k->w->git, &call, &out, e);
}

/* A file without a name, or one that loses it at once where the file system knows none. */
static int open_stream(int folder_fd)
{
	int fd = openat(folder_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd < 0 ? -errno : fd;
	fd = fd_open_at(folder_fd, STREAM_NAME, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd >= 0)
		unlinkat(folder_fd, STREAM_NAME, 0);
	return fd;
}

/* Makes the commit; it has only the temporary name then. */
static int make_commit(struct keeping *k, int64_t now_ms, char out[OID_BYTES_MAX], struct err *e)
{
	CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
	CLEANUP(buf_release) struct buf ref = BUF_INIT, oid = BUF_INIT;
	struct git_call call = { .dir = k->w->main_root,
				 .words = GIT_WORDS("fast-import", "--quiet", "--force", "--done",
						    "--date-format=raw"),
				 .writes = true,
				 .limit_ms = GIT_CHECKOUT_LIMIT_MS };
	int rc;

	k->stream_fd = open_stream(k->w->folder_fd);
	if (k->stream_fd < 0)
		return failed(k, "no temporary file can be made", k->stream_fd, e);
	rc = put_stream(k, now_ms);
	if (rc == -ESTALE)
		return err_set(e, -SK_EREFUSED,
			       "worktree of \"%s\": a file changed while it was being kept (%s): "
			       "nothing was removed. Try: again when nobody works in it",
			       k->w->name, k->w->path);
	if (rc < 0)
		return failed(k, "its files cannot be read", rc, e);
	rc = drop_temporary(k, e);
	call.input_fd = k->stream_fd;
	if (rc == 0)
		rc = git_must(k->w->git, &call, &said, e);
	buf_putf(&ref, "refs/sk/keeping/%s", k->w->name);
	if (rc == 0)
		rc = git_line(k->w->git, k->w->main_root, GIT_WORDS("rev-parse", "--verify", ref.p),
			      &oid, e);
	if (rc == 0)
		snprintf(out, OID_BYTES_MAX, "%s", oid.p);
	return rc;
}

static int give_name(const struct keeping *k, const char *ref, const char *oid, struct err *e)
{
	CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
	struct git_call call = { .dir = k->w->main_root,
				 .words = GIT_WORDS("update-ref", "-m", "sk: kept", ref, oid, ""),
				 .writes = true };
	int rc = git_must(k->w->git, &call, &said, e); /* "": it must not be there yet */

	if (rc == 0)
		rc = drop_temporary(k, e);
	return rc == 0 ? worktree_sync(k->w->common_dir, NULL, e) : rc;
}

static int keep(struct keeping *k, const char *ref, int64_t now_ms, char out[OID_BYTES_MAX],
		struct err *e)
{
	int rc = find_parents(k, e);

	if (rc < 0)
		return rc;
	kept_files_fill(&k->files, &k->f->keep);
	if (k->files.count == 0 && k->parent_count == 1)
		snprintf(out, OID_BYTES_MAX, "%s", k->parents[0]); /* nothing but its commits */
	else
		rc = make_commit(k, now_ms, out, e);
	if (rc < 0)
		return rc;
	worktree_step(k->w, WORKTREE_STEP_VERIFY);
	rc = kept_files_verify(k->w, &k->files, k->top_fd, out, e);
	if (rc < 0)
		return rc;
	worktree_step(k->w, WORKTREE_STEP_REF);
	return give_name(k, ref, out, e);
}

int worktree_keep(const struct worktree *w, const struct worktree_facts *f, const char *ref,
		  int64_t now_ms, char out[OID_BYTES_MAX], struct err *e)
{
	struct keeping k = { .w = w, .f = f, .stream_fd = -1, .stream = BUF_INIT };
	int rc;

	k.top_fd = fd_open_dir(w->path);
	if (k.top_fd < 0)
		return failed(&k, "it cannot be opened", k.top_fd, e);
	rc = keep(&k, ref, now_ms, out, e);
	kept_files_release(&k.files);
	buf_release(&k.stream);
	fd_close(&k.top_fd);
	fd_close(&k.stream_fd);
	return rc;
}
