/*
 * The state folder decides which plans are continued and which processes are adopted, so it must be
 * ours: a folder that somebody else can replace or fill would let them run commands as us.
 * Everything is opened first and judged by fstat afterwards, because a path that was judged may be
 * another one by the time it is opened.
 *
 * A linked worktree has a file .git that names its private git folder; the file commondir in there
 * names the common one, which lies in the main checkout. Two worktrees of one repository therefore
 * share one state.
 */
#include "os/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

#define GIT_FILE_BYTES_MAX (PATH_MAX + 16) /* "gitdir: " and one path */
#define EXCLUDE_BYTES_MAX (1024 * 1024)    /* a longer info/exclude is left alone */
#define JOURNAL_NAME "transitions.jsonl"   /* of store/journal.h: a store has begun */

void paths_release(struct paths *p)
{
	mem_free(&p->state_dir);
	mem_free(&p->root);
	mem_free(&p->git_dir);
	*p = (struct paths)PATHS_INIT;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static char *join(const char *folder, const char *name)
{
	struct buf path = BUF_INIT;

	if (name[0] != '/') {
		buf_puts(&path, folder);
		if (path.len == 0 || path.p[path.len - 1] != '/')
			buf_putc(&path, '/');
	}
	buf_puts(&path, name);
	while (path.len > 1 && path.p[path.len - 1] == '/')
		buf_truncate(&path, path.len - 1);
	return buf_take(&path);
}

/* Cuts the last name off; "/" stays. Returns whether anything was cut. */
static bool cut_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || strcmp(path, "/") == 0)
		return false;
	slash[slash == path ? 1 : 0] = '\0';
	return true;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The first line of a small regular file, without its newline, appended to *out. Returns 0 or
 * -errno. */
static int read_line(const char *path, struct buf *out)
{
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char text[GIT_FILE_BYTES_MAX];
	struct stat st;
	ssize_t len;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	len = read(fd, text, sizeof(text));
	if (len < 0)
		return -errno;
	if ((size_t)len == sizeof(text) || memchr(text, '\0', (size_t)len))
		return -EINVAL;
	for (ssize_t i = 0; i < len && text[i] != '\n' && text[i] != '\r'; i++)
		buf_putc(out, text[i]);
	return out->len ? 0 : -EINVAL;
}

/* The common git folder for the `.git` found in `folder`, or NULL when it is none. Owned by the
 * caller. */
static char *git_common_dir(const char *folder)
{
	static const char mark[] = "gitdir: ";
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	CLEANUP(buf_release) struct buf common = BUF_INIT;
	CLEANUP(mem_free) char *dot_git = join(folder, ".git");
	CLEANUP(mem_free) char *private_dir = NULL;
	CLEANUP(mem_free) char *pointer = NULL;
	CLEANUP(mem_free) char *joined = NULL;
	char real[PATH_MAX];

	if (is_folder(dot_git))
		return mem_strdup(dot_git);
	if (read_line(dot_git, &line) < 0 || strncmp(line.p, mark, strlen(mark)) != 0)
		return NULL;
	private_dir = join(folder, line.p + strlen(mark));
	pointer = join(private_dir, "commondir");
	if (read_line(pointer, &common) < 0)
		return is_folder(private_dir) ? mem_strdup(private_dir) : NULL; /* a submodule */
	joined = join(private_dir, common.p);
	if (!realpath(joined, real) || !is_folder(real))
		return NULL;
	return mem_strdup(real);
}

/* The main checkout's root for a worktree at `folder` whose common git folder is known. Owned by
 * the caller. */
static char *main_root(const char *folder, const char *common)
{
	CLEANUP(mem_free) char *dot_git = join(folder, ".git");
	struct stat st;
	char *root;

	if (lstat(dot_git, &st) == 0 && S_ISREG(st.st_mode)) {
		const char *last = strrchr(common, '/');

		if (strstr(common, "/.git/modules/"))
			return mem_strdup(folder);
		root = mem_strdup(common);
		if (last && strcmp(last, "/.git") == 0)
			cut_last(root);
		return root; /* of a bare repository: the repository itself */
	}
	return mem_strdup(folder);
}

void checkout_release(struct checkout *c)
{
	mem_free(&c->top);
	mem_free(&c->root);
	mem_free(&c->git_dir);
}

bool paths_checkout(const char *folder, struct checkout *out)
{
	char *top = mem_strdup(folder);

	*out = (struct checkout)CHECKOUT_INIT;
	do {
		out->git_dir = git_common_dir(top);
		if (out->git_dir) {
			out->root = main_root(top, out->git_dir);
			out->top = top;
			return true;
		}
	} while (cut_last(top));
	mem_free(&top);
	return false;
}

/* Looks upwards from `cwd` for a repository. Returns whether one was found. */
static bool find_repository(const char *cwd, struct paths *out)
{
	struct checkout found;

	if (!paths_checkout(cwd, &found))
		return false;
	out->git_dir = found.git_dir;
	out->root = found.root;
	mem_free(&found.top);
	return true;
}

/* The nearest folder from `cwd` upwards that has a folder `name`, else `cwd`. Owned by the caller.
 */
static char *find_upwards(const char *cwd, const char *name)
{
	CLEANUP(mem_free) char *folder = mem_strdup(cwd);

	do {
		CLEANUP(mem_free) char *state = join(folder, name);

		if (is_folder(state))
			return mem_strdup(folder);
	} while (cut_last(folder));
	return mem_strdup(cwd);
}

static int choose(struct paths *out, const char *cwd, const char *chosen, const char *from,
		  struct buf *why)
{
	if (!*chosen) {
		buf_putf(why, "%s is empty: nothing was done. Try: %s /path/to/%s", from, from,
			 out->name);
		return -EINVAL;
	}
	if (strlen(chosen) >= PATH_MAX) {
		buf_putf(why, "%s: the path is longer than %d bytes: nothing was done", from,
			 PATH_MAX - 1);
		return -ENAMETOOLONG;
	}
	out->state_dir = join(cwd, chosen);
	out->root = mem_strdup(out->state_dir);
	cut_last(out->root);
	out->chosen = true;
	return 0;
}

static int find(const char *name, const char *chosen, const char *from, struct paths *out,
		struct buf *why)
{
	char cwd[PATH_MAX] = "/";

	*out = (struct paths)PATHS_INIT;
	out->name = name;
	if ((!chosen || chosen[0] != '/') && !getcwd(cwd, sizeof(cwd))) {
		int code = -errno;

		if (code == -ENOENT)
			buf_puts(why, "current directory no longer exists: nothing was done. Try: "
				      "cd to one that does");
		else
			buf_putf(why, "current directory: %s: nothing was done", strerror(-code));
		return code;
	}
	if (chosen)
		return choose(out, cwd, chosen, from, why);
	if (!find_repository(cwd, out))
		out->root = find_upwards(cwd, name);
	out->state_dir = join(out->root, name);
	return 0;
}

int paths_find(const char *option, const char *variable, struct paths *out, struct buf *why)
{
	return find(".state", option ? option : variable, option ? "--state-dir" : "SK_STATE_DIR",
		    out, why);
}

int paths_find_goals(const char *variable, struct paths *out, struct buf *why)
{
	return find(".octogent", variable, "SK_GOALS_DIR", out, why);
}

/* Judges an opened folder that is called `shown`. Returns 0 or -EPERM. */
static int judge(int fd, const char *shown, struct buf *why)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != geteuid()) {
		buf_putf(why,
			 "state directory '%s' belongs to uid %u, you are uid %u; refused: nothing "
			 "was done. "
			 "Try: --state-dir with a folder of your own",
			 shown, st.st_uid, geteuid());
		return -EPERM;
	}
	if (st.st_mode & 022) {
		buf_putf(why,
			 "state directory '%s' is writable by %s (mode %04o); refused: nothing was "
			 "done. "
			 "Try: chmod 0700 %s",
			 shown, st.st_mode & 020 ? "group" : "others", st.st_mode & 07777, shown);
		return -EPERM;
	}
	return 0;
}

/* Opens `name` in `dir` without following a link. -> descriptor or -errno with *why filled (except
 * -ENOENT). */
static int open_folder(int dir, const char *name, const char *shown, struct buf *why)
{
	struct stat st;
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int rc = fd < 0 ? -errno : 0;

	if (rc == -ENOENT)
		return rc;
	if (rc == 0) {
		rc = judge(fd, shown, why);
		if (rc == 0)
			return fd;
		close(fd);
		return rc;
	}
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode)) {
		buf_putf(why,
			 "state directory '%s' is a symbolic link owned by uid %u; refused: "
			 "nothing was done. "
			 "Try: --state-dir with the real folder",
			 shown, st.st_uid);
		return -EPERM;
	}
	if (rc == -ENOTDIR)
		buf_putf(why,
			 "state directory '%s' is a file, expected a folder: nothing was done. "
			 "Try: --state-dir with another folder",
			 shown);
	else
		buf_putf(why, "cannot open state directory '%s': %s: nothing was done", shown,
			 strerror(-rc));
	return rc;
}

static int create_folder(int dir, const char *name, const char *shown, struct buf *why)
{
	struct stat st;
	int rc;

	if (fstat(dir, &st) == 0 && (st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX)) {
		buf_putf(why,
			 "state directory '%s' would lie where anybody can replace it (mode %04o, "
			 "no sticky bit); "
			 "refused: nothing was done. Try: --state-dir with a folder of your own",
			 shown, st.st_mode & 07777);
		return -EPERM;
	}
	if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST) {
		rc = -errno;
		buf_putf(why, "cannot create state directory '%s': %s: nothing was done", shown,
			 strerror(-rc));
		return rc;
	}
	if (fsync(dir) < 0) {
		rc = -errno;
		buf_putf(why, "cannot make state directory '%s' durable: %s: nothing was started",
			 shown, strerror(-rc));
		return rc;
	}
	return 0;
}

int paths_open_inside(int dir, const char *name, bool create, struct buf *why)
{
	int fd = open_folder(dir, name, name, why);
	int rc;

	if (fd != -ENOENT || !create)
		return fd;
	rc = create_folder(dir, name, name, why);
	return rc < 0 ? rc : open_folder(dir, name, name, why);
}

/* Whether the text has a line that already excludes the folder. */
static bool excluded(struct span text, const char *name)
{
	while (text.len) {
		const char *end = memchr(text.p, '\n', text.len);
		struct span line = { text.p, end ? (size_t)(end - text.p) : text.len };
		size_t used = line.len + (end != NULL);

		if (line.len && line.p[0] == '/')
			line = (struct span){ line.p + 1, line.len - 1 };
		if (line.len && line.p[line.len - 1] == '/')
			line.len--;
		if (span_is(line, name))
			return true;
		text = (struct span){ text.p + used, text.len - used };
	}
	return false;
}

static bool ours(int fd, mode_t type)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid() &&
	       (type != S_IFREG || (st.st_nlink == 1 && st.st_size <= EXCLUDE_BYTES_MAX));
}

/* Adds the folder to info/exclude of a repository that is ours, following no link. Best effort. */
static void exclude_from_git(const char *git_dir, const char *name)
{
	CLEANUP(close_fd) int git = open(git_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(close_fd) int info = -1;
	CLEANUP(close_fd) int file = -1;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	ssize_t len;

	if (git < 0 || !ours(git, S_IFDIR))
		return;
	if (mkdirat(git, "info", 0777) < 0 && errno != EEXIST)
		return;
	info = openat(git, "info", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (info < 0 || !ours(info, S_IFDIR))
		return;
	file = openat(info, "exclude",
		      O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
	if (file < 0 || !ours(file, S_IFREG))
		return;
	buf_reserve(&text, EXCLUDE_BYTES_MAX + 1);
	len = pread(file, text.p, EXCLUDE_BYTES_MAX + 1, 0);
	if (len < 0 || len > EXCLUDE_BYTES_MAX ||
	    excluded((struct span){ text.p, (size_t)len }, name))
		return;
	buf_putf(&line, "%s%s/\n", len > 0 && text.p[len - 1] != '\n' ? "\n" : "", name);
	if (write(file, line.p, line.len) < 0)
		return;
}

/* No store has been begun in it: what is there was put there by a person. */
static bool unused(int fd)
{
	struct stat st;

	return fstatat(fd, JOURNAL_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

int paths_open(const struct paths *p, bool create, struct buf *why)
{
	CLEANUP(close_fd) int parent = -1;
	int fd = open_folder(AT_FDCWD, p->state_dir, p->state_dir, why);
	const char *name;
	int rc;

	if (fd >= 0 && create && p->git_dir && !p->chosen && unused(fd))
		exclude_from_git(p->git_dir, p->name); /* somebody made it by hand */
	if (fd != -ENOENT || !create)
		return fd;
	parent = open(p->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0) {
		rc = -errno;
		buf_putf(why,
			 "state directory '%s': its parent cannot be opened: %s: nothing was done. "
			 "Try: mkdir -p %s",
			 p->state_dir, strerror(-rc), p->root);
		return rc;
	}
	name = strrchr(p->state_dir, '/') + 1;
	rc = create_folder(parent, name, p->state_dir, why);
	if (rc < 0)
		return rc;
	if (p->git_dir && !p->chosen)
		exclude_from_git(p->git_dir, p->name);
	return open_folder(parent, name, p->state_dir, why);
}
