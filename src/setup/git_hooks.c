/*
 * Where hooks are is git's to say: a linked worktree uses those of its repository, a submodule has
 * its own below the outer one, and core.hooksPath moves them anywhere. That setting is asked for in
 * all files together with where it stands, because our own calls of git overrule it.
 *
 *  1. A hook of others gets its second name before its first one is taken: at no moment is it
 *     without one, and a commit in between runs it.
 *  2. Ours is written whole beside it and then gets the name.
 */
#include "setup/git_hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fd.h"
#include "os/vfs.h"

#define BACKUP ".backup"
#define ASIDE ".sk-new"
#define NAME_BYTES 40
#define GIT_HOOK_MODE 0755

static const char *const names[GIT_HOOK_COUNT] = { "pre-commit", "pre-push" };

#define X(name, word, text) { word, text },
static const struct {
	const char *word, *text;
} deeds[] = { GIT_HOOK_DEEDS(X) };
#undef X

const char *git_hook_deed_word(enum git_hook_deed deed)
{
	return deeds[deed].word;
}

const char *git_hook_deed_text(enum git_hook_deed deed)
{
	return deeds[deed].text;
}

void git_hooks_release(struct git_hooks *h)
{
	mem_free(&h->folder);
	mem_free(&h->setting);
	mem_free(&h->scope);
	mem_free(&h->program);
}

/* --- where they are --- */

/* The next text of several with a NUL behind each. */
static struct span next_text(const struct buf *list, size_t *at)
{
	struct span one;

	if (*at >= list->len)
		return SPAN_NONE;
	one = (struct span){ list->p + *at, strnlen(list->p + *at, list->len - *at) };
	*at += one.len + 1;
	return one;
}

/* The last of all settings but our own counts, as for git. */
static int read_setting(const struct git *g, const char *dir, struct git_hooks *h, struct err *e)
{
	CLEANUP(captured_release) struct captured out = CAPTURED_INIT;
	struct git_call call = { .dir = dir,
				 .words = GIT_WORDS("config", "-z", "--show-scope", "--type=path",
						    "--get-all", "core.hooksPath") };
	int rc = git_run(g, &call, &out, e);
	size_t at = 0;

	if (rc < 0)
		return rc;
	if (rc > 0)
		return git_must(g, &call, &out, e);
	while (at < out.out.len) {
		struct span scope = next_text(&out.out, &at), value = next_text(&out.out, &at);

		if (!scope.len || span_is(scope, "command"))
			continue;
		mem_free(&h->scope);
		mem_free(&h->setting);
		h->scope = span_dup(scope);
		h->setting = span_dup(value);
	}
	return 0;
}

static bool lies_in(const char *path, const char *folder)
{
	size_t len = folder ? strlen(folder) : 0;

	return len && strncmp(path, folder, len) == 0 && (path[len] == '/' || !path[len]);
}

static void find_folder(const struct git_repo *repo, struct git_hooks *h)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;

	if (!h->setting || !h->setting[0])
		buf_putf(&path, "%s/hooks", repo->common_dir);
	else if (h->setting[0] == '/')
		buf_puts(&path, h->setting);
	else
		buf_putf(&path, "%s/%s", repo->bare ? repo->git_dir : repo->top, h->setting);
	while (path.len > 1 && path.p[path.len - 1] == '/')
		buf_truncate(&path, path.len - 1);
	h->folder = buf_take(&path);
	h->in_worktree = lies_in(h->folder, repo->top) && !lies_in(h->folder, repo->common_dir);
}

int git_hooks_find(const struct git *g, const char *dir, const char *program, struct git_hooks *out,
		   struct err *e)
{
	CLEANUP(git_repo_release) struct git_repo repo = GIT_REPO_INIT;
	struct stat st;
	int rc = git_repo_read(g, dir, &repo, e);

	if (rc == 0)
		return err_set(e, -SK_ENOTFOUND,
			       "there is no repository here: no hook was changed. Try: the same "
			       "inside of one");
	if (rc > 0)
		rc = read_setting(g, dir, out, e);
	if (rc < 0)
		return rc;
	find_folder(&repo, out);
	out->program = mem_strdup(program);
	for (size_t i = 0; i < GIT_HOOK_COUNT; i++)
		out->v[i].name = names[i];
	if (stat(out->folder, &st) == 0 && !S_ISDIR(st.st_mode))
		return err_set(
			e, -SK_EREFUSED,
			"%s: is no folder, so hooks are turned off here (core.hooksPath in "
			"the %s settings): no hook was changed. Try: git config --%s --unset "
			"core.hooksPath",
			out->folder, out->scope ? out->scope : "repository's",
			out->scope ? out->scope : "local");
	return 0;
}

/* --- one hook --- */

struct place {
	struct git_hooks *h;
	int dir; /* -1: it is not there yet */
	struct vfs disk;
	struct err *e;
};

static int failed(const struct place *p, const char *name, int code)
{
	return err_set(p->e, -SK_EIO,
		       "%s/%s: %s: it was not changed. Try: the same again, it goes on where it "
		       "stopped",
		       p->h->folder, name, strerror(-code));
}

/* What has the name: 1 with its text when it is a file, 1 without when it is a link, 0 when nothing
 * has it, else -errno. */
static int read_hook(const struct place *p, const char *name, struct buf *text)
{
	struct stat st;

	if (p->dir < 0)
		return 0;
	if (fstatat(p->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISLNK(st.st_mode))
		return 1;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	return fd_read_file_at(p->dir, name, GIT_HOOK_BYTES_MAX, text) == -EACCES ? -EACCES : 1;
}

/* Two names of one file, or two files with the same in them. */
static bool same_file(const struct place *p, const char *one, const char *other)
{
	CLEANUP(buf_release) struct buf a = BUF_INIT, b = BUF_INIT;
	struct stat sa, sb;

	if (fstatat(p->dir, one, &sa, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fstatat(p->dir, other, &sb, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	if (sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino)
		return true;
	return S_ISREG(sa.st_mode) && sa.st_mode == sb.st_mode &&
	       fd_read_file_at(p->dir, one, GIT_HOOK_BYTES_MAX, &a) == 0 &&
	       fd_read_file_at(p->dir, other, GIT_HOOK_BYTES_MAX, &b) == 0 &&
	       span_eq((struct span){ a.p, a.len }, (struct span){ b.p, b.len });
}

static void backup_of(const char *name, char out[NAME_BYTES])
{
	snprintf(out, NAME_BYTES, "%s" BACKUP, name);
}

static bool executable(const struct place *p, const char *name)
{
	struct stat st;

	return fstatat(p->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (st.st_mode & 0777) == GIT_HOOK_MODE;
}

/* What installing it means. */
static int plan_install(const struct place *p, struct git_hook_file *f)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT, wanted = BUF_INIT, other = BUF_INIT;
	char backup[NAME_BYTES];
	bool chained = false;
	int rc = read_hook(p, f->name, &text);

	if (rc < 0)
		return failed(p, f->name, rc);
	f->deed = GIT_HOOK_WRITE;
	if (rc == 0)
		return 0;
	if (git_hook_ours((struct span){ text.p, text.len }, &chained)) {
		git_hook_encode(f->name, p->h->program, chained, &wanted);
		f->deed = span_eq((struct span){ text.p, text.len },
				  (struct span){ wanted.p, wanted.len }) &&
					  executable(p, f->name)
				  ? GIT_HOOK_NOTHING
				  : GIT_HOOK_UPDATE;
		return 0;
	}
	f->deed = GIT_HOOK_CHAIN;
	backup_of(f->name, backup);
	if (read_hook(p, backup, &other) == 0 || same_file(p, f->name, backup))
		return 0;
	return err_set(p->e, -SK_EREFUSED,
		       "%s/%s: is there already, and is another hook than %s: no hook was changed. "
		       "Try: mv %s/%s %s/%s.old",
		       p->h->folder, backup, f->name, p->h->folder, backup, p->h->folder, backup);
}

static int plan_remove(const struct place *p, struct git_hook_file *f)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT, kept = BUF_INIT;
	char backup[NAME_BYTES];
	bool chained = false;
	int rc = read_hook(p, f->name, &text);

	if (rc < 0)
		return failed(p, f->name, rc);
	if (rc == 0)
		f->deed = GIT_HOOK_ABSENT;
	else if (!git_hook_ours((struct span){ text.p, text.len }, &chained))
		f->deed = GIT_HOOK_FOREIGN;
	else if (!chained)
		f->deed = GIT_HOOK_REMOVE;
	else {
		backup_of(f->name, backup);
		f->deed = read_hook(p, backup, &kept) == 1 ? GIT_HOOK_RESTORE : GIT_HOOK_REMOVE;
	}
	return 0;
}

static int sync_folder(const struct place *p)
{
	return p->disk.sync_dir(p->disk.ctx, ".");
}

static int sync_file(const struct place *p, const char *name)
{
	int rc, handle = p->disk.open_append(p->disk.ctx, name, false);

	if (handle < 0)
		return handle;
	rc = p->disk.sync(p->disk.ctx, handle);
	p->disk.close(p->disk.ctx, handle);
	return rc;
}

static int write_hook(const struct place *p, const char *name, bool chained)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	char aside[NAME_BYTES];
	int rc;

	snprintf(aside, sizeof(aside), "%s" ASIDE, name);
	git_hook_encode(name, p->h->program, chained, &text);
	rc = p->disk.remove(p->disk.ctx, aside); /* of a run that was killed */
	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = fd_create_file_at(p->dir, aside, text.p, text.len, GIT_HOOK_MODE);
	if (rc == 0 && fchmodat(p->dir, aside, GIT_HOOK_MODE, 0) < 0) /* whatever the umask is */
		rc = -errno;
	if (rc == 0)
		rc = sync_file(p, aside);
	if (rc == 0)
		rc = p->disk.rename(p->disk.ctx, aside, name); /* 2 */
	if (rc < 0)
		p->disk.remove(p->disk.ctx, aside);
	return rc < 0 ? rc : sync_folder(p);
}

/* 1; where a file can have one name only it is moved, and a commit in that moment runs nothing. */
static int keep(const struct place *p, const char *name)
{
	char backup[NAME_BYTES];
	int rc;

	backup_of(name, backup);
	rc = p->disk.link(p->disk.ctx, name, backup);
	if (rc == -EEXIST)
		return 0; /* the plan has looked: it is this very hook */
	if (rc == -EPERM || rc == -EOPNOTSUPP || rc == -EMLINK)
		rc = p->disk.rename(p->disk.ctx, name, backup);
	return rc < 0 ? rc : sync_folder(p);
}

static int do_deed(const struct place *p, const struct git_hook_file *f)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	char backup[NAME_BYTES];
	bool chained = false;
	int rc = 0;

	backup_of(f->name, backup);
	switch (f->deed) {
	case GIT_HOOK_CHAIN:
		rc = keep(p, f->name);
		return rc < 0 ? rc : write_hook(p, f->name, true);
	case GIT_HOOK_UPDATE:
		if (read_hook(p, f->name, &text) == 1)
			git_hook_ours((struct span){ text.p, text.len }, &chained);
		return write_hook(p, f->name, chained);
	case GIT_HOOK_WRITE:
		return write_hook(p, f->name, false);
	case GIT_HOOK_RESTORE:
		rc = p->disk.rename(p->disk.ctx, backup, f->name);
		break;
	case GIT_HOOK_REMOVE:
		rc = p->disk.remove(p->disk.ctx, f->name);
		break;
	case GIT_HOOK_FOREIGN: /* a kill between the two names of it has left the second one */
		if (!same_file(p, f->name, backup))
			return 0;
		rc = p->disk.remove(p->disk.ctx, backup);
		break;
	default:
		return 0;
	}
	return rc < 0 ? rc : sync_folder(p);
}

/* --- both --- */

static int open_place(struct place *p, bool create)
{
	if (create && mkdir(p->h->folder, 0755) < 0 && errno != EEXIST)
		return failed(p, "", -errno);
	p->dir = open(p->h->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->dir < 0 && (errno != ENOENT || create))
		return failed(p, "", -errno);
	if (p->dir >= 0)
		vfs_real_open(&p->disk, p->dir);
	return 0;
}

static void close_place(struct place *p)
{
	if (p->dir >= 0)
		vfs_real_close(&p->disk);
	fd_close(&p->dir);
}

static int carry_out(struct git_hooks *h, bool dry, bool install, struct err *e)
{
	struct place p = { .h = h, .dir = -1, .e = e };
	int rc = open_place(&p, false);

	for (size_t i = 0; rc == 0 && i < GIT_HOOK_COUNT; i++)
		rc = install ? plan_install(&p, &h->v[i]) : plan_remove(&p, &h->v[i]);
	if (rc == 0 && !dry && install && p.dir < 0)
		rc = open_place(&p, true);
	for (size_t i = 0; rc == 0 && !dry && p.dir >= 0 && i < GIT_HOOK_COUNT; i++) {
		rc = do_deed(&p, &h->v[i]);
		if (rc < 0)
			rc = failed(&p, h->v[i].name, rc);
	}
	close_place(&p);
	return rc;
}

int git_hooks_install(struct git_hooks *h, bool dry, struct err *e)
{
	return carry_out(h, dry, true, e);
}

int git_hooks_remove(struct git_hooks *h, bool dry, struct err *e)
{
	return carry_out(h, dry, false, e);
}
