/* Words are tried from the most to the least particular, so that none of them ever means two
 * things: a file that is called 12 is ./12. */
#include "cmd/state/past.h"

#include <errno.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/when.h"
#include "cmd/state/moment.h"
#include "cmd/view.h"
#include "os/fd.h"
#include "store/snapshot.h"
#include "store/travel.h"

void past_release(struct past *p)
{
	state_release(&p->st);
}

static int missing(struct err *e)
{
	return err_set(
		e, -SK_ENOTFOUND,
		"journal 'transitions.jsonl': is missing or empty: nothing was shown. Try: sk "
		"state validate");
}

int past_read_seq(const struct vfs *vfs, uint64_t seq, struct past *out, struct err *e)
{
	const struct travel_goal goal = { seq, INT64_MAX, false };
	struct travel_point pt;
	int rc = travel_to(vfs, goal, &out->st, &pt, e);

	snprintf(out->label, sizeof(out->label), "seq %llu", (unsigned long long)seq);
	return rc == -ENOENT ? missing(e) : rc;
}

int past_read_time(const struct vfs *vfs, int64_t at_ms, struct past *out, struct err *e)
{
	const struct travel_goal goal = { UINT64_MAX, at_ms, false };
	CLEANUP(buf_release) struct buf when = BUF_INIT;
	struct travel_point pt;
	int rc = travel_to(vfs, goal, &out->st, &pt, e);

	buf_put_when(&when, at_ms);
	snprintf(out->label, sizeof(out->label), "%s", when.p);
	return rc == -ENOENT ? missing(e) : rc;
}

static int read_current(struct cmd_ctx *c, const struct vfs *vfs, struct past *out, struct err *e)
{
	struct store_report report;
	struct store *s = NULL;
	int rc = store_open(vfs, STORE_READ_ONLY, NULL, c->now_ms, &out->st, &s, &report, e);

	store_close(s);
	snprintf(out->label, sizeof(out->label), "current");
	return rc == -ENOENT ? view_missing(c->paths, e) : rc;
}

static int read_snapshot(const struct vfs *vfs, const char *path, const char *shown,
			 struct past *out, struct err *e)
{
	struct snapshot_place place;
	char why[200];
	int rc = snapshot_read(vfs, path, &out->st, &place, why);

	snprintf(out->label, sizeof(out->label), "%.199s", shown);
	if (rc == SNAPSHOT_NONE)
		return err_set(e, -SK_ENOTFOUND,
			       "'%s': is none of " PAST_WORDS ": nothing was shown. Try: sk state "
			       "backups",
			       shown);
	if (rc < 0)
		return err_set(e, -SK_EIO, "'%s': %s: nothing was shown", shown, strerror(-rc));
	if (rc != SNAPSHOT_GOOD)
		return err_set(e, -SK_ECORRUPT,
			       "'%s': %s: nothing was shown. Try: sk state backups", shown, why);
	return 0;
}

static int read_backup(const struct vfs *vfs, int64_t ms, struct past *out, struct err *e)
{
	char path[sizeof(BACKUP_DIR) + BACKUP_NAME_BYTES], name[BACKUP_NAME_BYTES];

	backup_name_encode(ms, name);
	snprintf(path, sizeof(path), "%s/%s", BACKUP_DIR, name);
	return read_snapshot(vfs, path, path, out, e);
}

static int read_latest(const struct vfs *vfs, struct past *out, struct err *e)
{
	CLEANUP(backups_release) struct backups all = { NULL, 0, 0 };
	int rc = backups_list(vfs, &all);

	if (rc < 0)
		return err_set(e, -SK_EIO, "backups: %s: nothing was shown", strerror(-rc));
	if (!all.count)
		return err_set(e, -SK_ENOTFOUND,
			       "backups: there is none yet: nothing was shown. Try: sk state show");
	return read_backup(vfs, all.v[all.count - 1], out, e);
}

/* A snapshot or, by its name, a journal. */
static int read_file(const char *path, struct past *out, struct err *e)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	CLEANUP(mem_free)
	char *folder =
		slash ? span_dup((struct span){ path, (size_t)(name - path) }) : mem_strdup(".");
	CLEANUP(fd_close) int dir = fd_open_dir(folder);
	size_t len = strlen(name);
	struct travel_point pt;
	struct vfs vfs;
	int rc;

	if (dir < 0)
		return err_set(e, -SK_ENOTFOUND,
			       "'%s': is none of " PAST_WORDS ": nothing was shown. Try: sk state "
			       "backups",
			       path);
	vfs_real_open(&vfs, dir);
	snprintf(out->label, sizeof(out->label), "%.199s", path);
	if (len > 6 && strcmp(name + len - 6, ".jsonl") == 0) {
		rc = travel_file(&vfs, name, TRAVEL_END, false, &out->st, &pt, e);
		if (rc == -ENOENT)
			rc = err_set(e, -SK_ENOTFOUND, "'%s': does not exist: nothing was shown",
				     path);
	} else {
		rc = read_snapshot(&vfs, name, path, out, e);
	}
	vfs_real_close(&vfs);
	return rc;
}

int past_read(struct cmd_ctx *c, const struct vfs *vfs, const char *word, struct past *out,
	      struct err *e)
{
	struct span text = span_of(word);
	uint64_t seq;
	int64_t ms;

	state_init(&out->st);
	if (strcmp(word, "current") == 0)
		return read_current(c, vfs, out, e);
	if (strcmp(word, "latest") == 0)
		return read_latest(vfs, out, e);
	if (span_to_u64(text, INTEGER_MAX, &seq) == 0)
		return past_read_seq(vfs, seq, out, e);
	if (backup_name_decode(text, &ms) == 0)
		return read_backup(vfs, ms, out, e);
	if (moment_decode(text, c->now_ms, &ms) == 0)
		return past_read_time(vfs, ms, out, e);
	return read_file(word, out, e);
}
