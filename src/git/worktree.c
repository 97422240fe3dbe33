/*
 * Whether a folder is the worktree we made is decided by reading the three small files in which git
 * links both ends, not by asking git: git would first read the settings that these files point to.
 *
 * The name of the repository's folder is for people; the digest behind it keeps two repositories of
 * one name apart.
 *
 * (1) The record is durable before what it announces is begun, and what it announces is durable
 *     before the next record.
 */
#include "git/worktree_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/scan.h"
#include "base/when.h"
#include "git/git_name.h"
#include "git/git_repo.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/home.h"
#include "os/vfs.h"

#define LOCK_NAME "sk-worktree.lock"
#define LOOK_MS 20
#define POINTER_BYTES_MAX (PATH_MAX + 16) /* "gitdir: " and one path */
#define RECORD_FILE_BYTES_MAX 16384

static const char *const state_words[] = { "none", "making", "ready" };
static const char *const merging_words[] = { "nothing", "worktree", "main" };

static void record_release(struct worktree_record *r)
{
	mem_free(&r->base_branch);
	*r = (struct worktree_record){ .state = WORKTREE_NONE };
}

void worktree_close(struct worktree *w)
{
	mem_free(&w->name);
	mem_free(&w->branch);
	mem_free(&w->main_root);
	mem_free(&w->common_dir);
	mem_free(&w->folder);
	mem_free(&w->path);
	fd_close(&w->folder_fd);
	lock_release(&w->lock);
	record_release(&w->record);
}

void worktree_step(const struct worktree *w, enum worktree_step step)
{
	if (w->step)
		w->step(w->ctx, step);
}

/* "holdfast-1f2e3d4c": the last name of the main checkout as a file name, and a digest. */
static void put_slug(struct buf *out, const struct git_repo *r)
{
	const char *name = strrchr(r->main_root, '/') + 1;
	size_t from = out->len;

	for (; *name && out->len - from < 40; name++) {
		char c = *name >= 'A' && *name <= 'Z' ? (char)(*name + 32) : *name;
		bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (fine || ((c == '.' || c == '_' || c == '-') && out->len > from))
			buf_putc(out, c);
	}
	if (out->len == from)
		buf_puts(out, "repo");
	buf_putf(out, "-%08llx",
		 (unsigned long long)(hash64(r->common_dir, strlen(r->common_dir), 0) >> 32));
}

static int open_folder(struct worktree *w, const struct git_repo *r, const char *copilot,
		       bool create, struct err *e)
{
	CLEANUP(buf_release) struct buf below = BUF_INIT, why = BUF_INIT, path = BUF_INIT;
	char real[PATH_MAX];

	buf_puts(&below, "session-state/worktrees/");
	put_slug(&below, r);
	buf_putf(&below, "/%s", w->name);
	buf_putf(&path, "%s/%s", copilot, below.p);
	w->folder_fd = home_open(copilot, below.p, create, &why);
	if (w->folder_fd < 0 && (w->folder_fd != -ENOENT || create))
		return err_set(e, w->folder_fd == -EPERM ? -SK_EREFUSED : -SK_EIO,
			       "worktree of \"%s\": %s", w->name, why.p ? why.p : "no folder");
	if (w->folder_fd < 0)
		w->folder_fd = -1;
	w->folder = mem_strdup(realpath(path.p, real) ? real : path.p);
	buf_truncate(&path, 0);
	buf_putf(&path, "%s/%s", w->folder, WORKTREE_REPO);
	if (path.len >= PATH_MAX - 64)
		return err_set(e, -SK_EREFUSED,
			       "worktree of \"%s\": its path is too long: nothing "
			       "was done. Try: SK_HOME=/a/shorter/path",
			       w->name);
	w->path = buf_take(&path);
	return 0;
}

int worktree_open(struct worktree *w, const struct git *g, const char *dir, const char *copilot,
		  const char *name, bool create, struct err *e)
{
	CLEANUP(git_repo_release) struct git_repo r = GIT_REPO_INIT;
	CLEANUP(buf_release) struct buf branch = BUF_INIT, shown = BUF_INIT;
	const char *problem = name_problem(span_of(name));
	int rc;

	*w = (struct worktree)WORKTREE_INIT;
	w->git = g;
	buf_put_quoted(&shown, span_of(name), 80);
	if (problem)
		return err_set(e, -SK_EUSAGE, "tentacle %s: the name %s: nothing was done", shown.p,
			       problem);
	buf_putf(&branch, "sk/%s", name);
	if (git_branch_check((struct span){ branch.p, branch.len }, e) < 0)
		return e ? e->code : -SK_EUSAGE;
	rc = git_repo_read(g, dir, &r, e);
	if (rc == 0)
		return err_set(e, -SK_EREFUSED,
			       "worktree of %s: there is no git repository here (%s): nothing was "
			       "done. Try: git init",
			       shown.p, dir ? dir : ".");
	if (rc < 0)
		return rc;
	w->name = mem_strdup(name);
	w->branch = buf_take(&branch);
	w->main_root = mem_strdup(r.main_root);
	w->common_dir = mem_strdup(r.common_dir);
	rc = open_folder(w, &r, copilot, create, e);
	return rc < 0 ? rc : worktree_record_read(w, e);
}

int worktree_lock(struct worktree *w, const char *command, struct err *e)
{
	CLEANUP(fd_close) int dir = fd_open_dir(w->common_dir);
	int64_t until_ms =
		clock_mono_ms(&clock_real) + (w->patience_ms ? w->patience_ms : WORKTREE_LOCK_MS);
	struct lock_holder holder = { .command = "" };
	CLEANUP(buf_release) struct buf who = BUF_INIT;
	int rc = dir;

	for (;;) {
		if (dir >= 0)
			rc = lock_take(dir, LOCK_NAME, command, &w->lock, &holder);
		if (rc != -SK_EBUSY || clock_mono_ms(&clock_real) >= until_ms)
			break;
		nanosleep(&(struct timespec){ 0, LOOK_MS * 1000000L }, NULL);
	}
	if (rc == -SK_EBUSY) {
		buf_put_visible(&who, span_of(holder.command));
		return err_set(e, rc,
			       "worktrees of %s: pid %llu (%s) is at work on them: nothing was "
			       "done. Try: again when it has ended",
			       w->main_root, (unsigned long long)holder.who.pid,
			       who.len ? who.p : "?");
	}
	if (rc < 0)
		return err_set(e, -SK_EIO,
			       "worktrees of %s: cannot be locked: %s (%s/%s): nothing "
			       "was done",
			       w->main_root, strerror(-rc), w->common_dir, LOCK_NAME);
	return worktree_record_read(w, e); /* it may have been another one's turn */
}

static int decode_state(struct span word, enum worktree_state *out)
{
	for (size_t i = WORKTREE_MAKING; i < ARRAY_LEN(state_words); i++)
		if (span_is(word, state_words[i])) {
			*out = (enum worktree_state)i;
			return 0;
		}
	return -EINVAL;
}

static void decode_merging(struct scan *s, enum worktree_merging *out)
{
	struct scan_text value;

	scan_string(s, &value);
	for (size_t i = 0; !s->error && i < ARRAY_LEN(merging_words); i++)
		if (span_is(value.raw, merging_words[i])) {
			*out = (enum worktree_merging)i;
			return;
		}
	if (!s->error)
		scan_fail(s, "a place that is unknown");
}

static void decode_oid(struct scan *s, char out[OID_BYTES_MAX])
{
	struct scan_text value;

	scan_string(s, &value);
	if (!s->error && !git_is_oid(value.raw))
		scan_fail(s, "no name of a commit");
	else if (!s->error)
		snprintf(out, OID_BYTES_MAX, "%.*s", SPAN_ARG(value.raw));
}

static char *text_of(struct scan *s)
{
	struct buf text = BUF_INIT;
	struct scan_text value;

	if (scan_peek(s) == 'n') {
		scan_null(s);
		return NULL;
	}
	scan_string(s, &value);
	buf_puts(&text, "");
	scan_unescape(&text, value);
	return buf_take(&text);
}

static int decode_record(struct span text, struct worktree_record *out)
{
	struct worktree_record r = { .state = WORKTREE_NONE };
	struct scan_text key, value;
	struct scan s;

	scan_init(&s, text);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		if (span_is(key.raw, "state")) {
			scan_string(&s, &value);
			if (!s.error && decode_state(value.raw, &r.state) < 0)
				scan_fail(&s, "a state that is unknown");
		} else if (span_is(key.raw, "base")) {
			decode_oid(&s, r.base);
		} else if (span_is(key.raw, "merging")) {
			decode_merging(&s, &r.merging);
		} else if (span_is(key.raw, "merge_was")) {
			decode_oid(&s, r.merge_was);
		} else if (span_is(key.raw, "merge_head")) {
			decode_oid(&s, r.merge_head);
		} else if (span_is(key.raw, "base_branch")) {
			mem_free(&r.base_branch);
			r.base_branch = text_of(&s);
		} else if (span_is(key.raw, "created_at")) {
			scan_string(&s, &value);
			if (!s.error && when_decode(value.raw, &r.created_ms) < 0)
				scan_fail(&s, "no time");
		} else {
			scan_skip(&s, NULL);
		}
	}
	if (scan_end(&s) < 0 || r.state == WORKTREE_NONE || !r.base[0] ||
	    (r.merging != MERGING_NOTHING && (!r.merge_was[0] || !r.merge_head[0]))) {
		record_release(&r);
		return -EINVAL;
	}
	*out = r;
	return 0;
}

int worktree_record_read(struct worktree *w, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	int rc;

	record_release(&w->record);
	if (w->folder_fd < 0)
		return 0;
	rc = fd_read_file_at(w->folder_fd, WORKTREE_RECORD, RECORD_FILE_BYTES_MAX, &text);
	if (rc == -ENOENT)
		return 0;
	if (rc == 0)
		rc = decode_record((struct span){ text.p, text.len }, &w->record);
	if (rc < 0)
		return err_set(e, -SK_ECORRUPT,
			       "worktree of \"%s\": its record cannot be read (%s/%s): nothing was "
			       "done. Try: git worktree list, and remove the record when it is not "
			       "needed",
			       w->name, w->folder, WORKTREE_RECORD);
	return 0;
}

static void put_member(struct buf *json, const char *key, const char *text)
{
	buf_putf(json, ",\"%s\":", key);
	if (text)
		buf_put_json(json, span_of(text));
	else
		buf_puts(json, "null");
}

int worktree_record_write(struct worktree *w, struct err *e)
{
	CLEANUP(buf_release) struct buf json = BUF_INIT;
	const struct worktree_record *r = &w->record;
	char when[WHEN_TEXT_LEN + 1] = "";
	struct vfs vfs;
	int rc;

	INVARIANT(r->state != WORKTREE_NONE);
	INVARIANT(w->lock.fd >= 0);
	when_encode(r->created_ms, when);
	buf_puts(&json, "{\"schema_version\":\"1.0.0\"");
	put_member(&json, "tentacle", w->name);
	put_member(&json, "state", state_words[r->state]);
	put_member(&json, "repository", w->common_dir);
	put_member(&json, "path", w->path);
	put_member(&json, "branch", w->branch);
	put_member(&json, "base", r->base);
	put_member(&json, "base_branch", r->base_branch);
	put_member(&json, "created_at", when);
	if (r->merging != MERGING_NOTHING) {
		put_member(&json, "merging", merging_words[r->merging]);
		put_member(&json, "merge_was", r->merge_was);
		put_member(&json, "merge_head", r->merge_head);
	}
	buf_puts(&json, "}\n");
	vfs_real_open(&vfs, w->folder_fd);
	rc = vfs_replace(&vfs, WORKTREE_RECORD, json.p, json.len);
	vfs_real_close(&vfs);
	if (rc < 0)
		return err_set(e, -SK_EIO,
			       "worktree of \"%s\": its record cannot be written: %s "
			       "(%s/%s)",
			       w->name, strerror(-rc), w->folder, WORKTREE_RECORD);
	return 0;
}

int worktree_record_remove(struct worktree *w, struct err *e)
{
	if (unlinkat(w->folder_fd, WORKTREE_RECORD, 0) < 0 && errno != ENOENT)
		return err_set(e, -SK_EIO, "worktree of \"%s\": its record cannot be removed: %s",
			       w->name, strerror(errno));
	fsync(w->folder_fd);
	rmdir(w->folder); /* unless somebody put something there */
	record_release(&w->record);
	return 0;
}

int worktree_sync(const char *folder, const char *other, struct err *e)
{
	CLEANUP(fd_close) int fd = fd_open_dir(folder);
	struct stat a, b;
	int rc = fd < 0 ? fd : fstat(fd, &a) < 0 || syncfs(fd) < 0 ? -errno : 0;

	if (rc < 0)
		return err_set(e, -SK_EIO, "%s: cannot be made durable: %s", folder, strerror(-rc));
	if (!other || (stat(other, &b) == 0 && a.st_dev == b.st_dev))
		return 0;
	return worktree_sync(other, NULL, e);
}

/* The path that a small file of git holds, behind `mark`, seen from the folder the file is in. The
 * caller's; NULL when there is no such file or it holds something else. */
static char *read_pointer(const char *folder, const char *name, const char *mark)
{
	CLEANUP(fd_close) int dir = fd_open_dir(folder);
	CLEANUP(buf_release) struct buf text = BUF_INIT, joined = BUF_INIT;
	size_t len = strlen(mark);
	char real[PATH_MAX];

	if (dir < 0 || fd_read_file_at(dir, name, POINTER_BYTES_MAX, &text) < 0)
		return NULL;
	while (text.len && text.p[text.len - 1] == '\n')
		buf_truncate(&text, text.len - 1);
	if (text.len <= len || memcmp(text.p, mark, len) != 0)
		return NULL;
	if (text.p[len] != '/')
		buf_putf(&joined, "%s/", folder);
	buf_puts(&joined, text.p + len);
	return mem_strdup(realpath(joined.p, real) ? real : joined.p);
}

static bool same_path(const char *a, const char *b)
{
	char real_a[PATH_MAX], real_b[PATH_MAX];

	return a && b && realpath(a, real_a) && realpath(b, real_b) && strcmp(real_a, real_b) == 0;
}

/* Whether git's private folder belongs to our path. */
static bool points_to_us(const struct worktree *w, const char *admin)
{
	CLEANUP(mem_free) char *back = read_pointer(admin, "gitdir", "");
	CLEANUP(buf_release) struct buf ours = BUF_INIT;

	buf_putf(&ours, "%s/.git", w->path);
	return back && strcmp(back, ours.p) == 0;
}

char *worktree_find_admin(const struct worktree *w)
{
	CLEANUP(buf_release) struct buf all = BUF_INIT;
	struct dirent *entry;
	char *found = NULL;
	DIR *dir;

	buf_putf(&all, "%s/worktrees", w->common_dir);
	dir = opendir(all.p);
	while (dir && !found && (entry = readdir(dir))) {
		struct buf admin = BUF_INIT;

		buf_putf(&admin, "%s/%s", all.p, entry->d_name);
		if (entry->d_name[0] != '.' && points_to_us(w, admin.p))
			found = buf_take(&admin);
		buf_release(&admin);
	}
	if (dir)
		closedir(dir);
	return found;
}

const char *worktree_problem(const struct worktree *w, char **admin)
{
	CLEANUP(mem_free) char *private = read_pointer(w->path, ".git", "gitdir: ");
	CLEANUP(mem_free) char *common = private ? read_pointer(private, "commondir", "") : NULL;
	struct stat st;

	if (admin)
		*admin = worktree_find_admin(w);
	if (lstat(w->path, &st) < 0)
		return errno == ENOENT ? "is gone" : "cannot be looked at";
	if (!S_ISDIR(st.st_mode))
		return "is no folder";
	if (!private)
		return "is no linked worktree";
	if (lstat(private, &st) < 0)
		return "is not known to git any more";
	if (!same_path(common, w->common_dir))
		return "belongs to another repository";
	if (!points_to_us(w, private))
		return "is not the one that git knows";
	return NULL;
}
