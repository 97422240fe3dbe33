/* A file each and no list in one: two sessions that begin in the same instant must not forget each
 * other, and no lock is worth waiting for in a hook. */
#include "work/sessions.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/scan.h"
#include "os/fd.h"
#include "os/paths.h"

#define FILE_BYTES_MAX 4096

static int open_folder(int octogent, bool create)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;

	return paths_open_inside(octogent, SESSIONS_FOLDER, create, &why);
}

/* Ids are of others and may hold anything. */
static void name_of(struct span session, struct buf *out)
{
	buf_put_hex64(out, hash64(session.p, session.len, 0));
	buf_puts(out, ".json");
}

static bool read_file(int dir, const char *name, struct proc_identity *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT, boot = BUF_INIT;
	struct proc_identity who = { .pid = 0 };
	struct scan_text key, value;
	struct scan s;

	if (fd_read_file_at(dir, name, FILE_BYTES_MAX, &text) < 0)
		return false;
	scan_init(&s, (struct span){ text.p, text.len });
	scan_object(&s);
	while (scan_key(&s, &key))
		if (span_is(key.raw, "pid")) {
			scan_u64(&s, INT32_MAX, &who.pid);
		} else if (span_is(key.raw, "pid_start")) {
			scan_u64(&s, UINT64_MAX / 16, &who.start);
		} else if (span_is(key.raw, "boot_id")) {
			scan_string(&s, &value);
			if (!s.error)
				scan_unescape(&boot, value);
		} else {
			scan_skip(&s, NULL);
		}
	if (scan_end(&s) < 0 || boot.len != BOOT_ID_LEN || !who.pid)
		return false;
	memcpy(who.boot_id, boot.p, BOOT_ID_LEN);
	*out = who;
	return true;
}

static bool same(const struct proc_identity *a, const struct proc_identity *b)
{
	return a->pid == b->pid && a->start == b->start && strcmp(a->boot_id, b->boot_id) == 0;
}

int sessions_seen(int octogent, struct span session, const struct proc_identity *who)
{
	CLEANUP(buf_release) struct buf name = BUF_INIT, text = BUF_INIT;
	CLEANUP(fd_close) int dir = open_folder(octogent, true);
	struct proc_identity known;

	if (dir < 0)
		return dir;
	name_of(session, &name);
	if (read_file(dir, name.p, &known) && same(&known, who))
		return utimensat(dir, name.p, NULL, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
	buf_puts(&text, "{\"session\":");
	buf_put_json(&text, session);
	buf_putf(&text, ",\"pid\":%llu,\"pid_start\":%llu,\"boot_id\":\"%s\"}\n",
		 (unsigned long long)who->pid, (unsigned long long)who->start, who->boot_id);
	return fd_replace_view_at(dir, name.p, text.p, text.len);
}

int sessions_gone(int octogent, struct span session)
{
	CLEANUP(buf_release) struct buf name = BUF_INIT;
	CLEANUP(fd_close) int dir = open_folder(octogent, false);

	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	name_of(session, &name);
	return unlinkat(dir, name.p, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* Whether the file speaks of another session that is at work. One of a dead process is removed. */
static bool is_other(int dir, const char *name, const struct proc_identity *mine, int64_t now_ms)
{
	struct proc_identity who;
	struct stat st;
	int64_t seen_ms;

	if (!read_file(dir, name, &who) || same(&who, mine))
		return false;
	if (proc_alive(&who) == 0) {
		unlinkat(dir, name, 0);
		return false;
	}
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	seen_ms = st.st_mtim.tv_sec * 1000LL + st.st_mtim.tv_nsec / 1000000;
	return now_ms - seen_ms <= SESSION_FRESH_MS;
}

int sessions_others(int octogent, const struct proc_identity *mine, int64_t now_ms)
{
	int dir = open_folder(octogent, false), count = 0, looked = 0;
	const struct dirent *entry;
	DIR *list;

	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	list = fdopendir(dir);
	if (!list) {
		int code = -errno;

		close(dir);
		return code;
	}
	while (looked < SESSIONS_MAX && (entry = readdir(list)) != NULL) {
		if (strlen(entry->d_name) != 16 + strlen(".json"))
			continue;
		looked++;
		count += is_other(dirfd(list), entry->d_name, mine, now_ms);
	}
	closedir(list);
	return count;
}
