/*
 * The files are written behind the journal, so each of them says which of its records it contains.
 * When the journal does not hold that record, something that was acknowledged is gone, and neither
 * of the two is simply right: the journal has the history, the files have the newest state.
 *
 *  1. The journal is renamed last: until then every command goes on to refuse.
 *  2. What was renamed is found under its new name; a second attempt renames what is left.
 */
#include "work/goal_mend.h"

#include <errno.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/scan.h"
#include "store/journal.h"
#include "store/segments.h"
#include "work/goal_store_impl.h"
#include "work/tentacle_dir.h"

#define ASIDE_TRIES 100 /* names of one file in one second */

void goal_mend_release(struct goal_mend *m)
{
	buf_release(&m->aside);
}

/* --- what files say of the journal --------------------------------------------------------- */

/* The number of the last record that a document contains; 0 when it is none of ours. Also of one
 * that somebody edited since. */
static uint64_t contained(const struct doc_file *file)
{
	struct span text = { file->text.p, file->text.len };
	uint64_t seq = 0;
	struct scan s;
	size_t at;

	if (file->found == DOC_FILE_OURS)
		return file->seq;
	if (file->found == DOC_FILE_NONE || !doc_place(text, SPAN_LIT("sum"), &at) ||
	    !doc_place(text, SPAN_LIT("last_seq"), &at))
		return 0;
	scan_init(&s, (struct span){ text.p + at, text.len - at });
	scan_u64(&s, INTEGER_MAX, &seq);
	return s.error ? 0 : seq;
}

/* Renames it to "<path>.<word>-<time>", to a name that nothing has yet. */
static int rename_aside(const struct vfs *vfs, const char *path, const char *word, int64_t now_ms,
			struct buf *names)
{
	char when[FILE_TIME_BYTES], aside[512];
	struct vfs_stat st;
	int rc = vfs->stat(vfs->ctx, path, &st);

	if (rc == -ENOENT)
		return 0;
	file_time_encode(now_ms, when);
	for (int i = 1; i <= ASIDE_TRIES; i++) {
		snprintf(aside, sizeof(aside), "%s.%s-%s", path, word, when);
		if (i > 1)
			snprintf(aside + strlen(aside), sizeof(aside) - strlen(aside), "-%d", i);
		if (vfs->stat(vfs->ctx, aside, &st) == -ENOENT)
			break;
	}
	rc = vfs->rename(vfs->ctx, path, aside);
	if (rc == 0 && names)
		buf_putf(names, "%s\t%s\n", path, aside);
	return rc;
}

int file_loss(struct goal_store *s, struct seen_file *seen, struct err *e)
{
	uint64_t seq = s->flags & GOALS_FROM_FILES ? 0 : contained(&seen->file);

	if (seq <= s->st.last_seq)
		return 0;
	if (s->flags & GOALS_FROM_JOURNAL) {
		if (rename_aside(s->vfs, seen->path, "replaced", s->now_ms, s->aside) < 0)
			return err_set(e, -SK_EIO, "%s/%s: cannot be moved aside", s->dir,
				       seen->path);
		doc_file_release(&seen->file);
		return 1;
	}
	return err_set(e, -SK_ECORRUPT,
		       "%s/%s contains event %llu, but the journal ends at %llu: %llu acknowledged "
		       "changes are missing from it: nothing was changed. Try: bring "
		       "transitions.jsonl back, or sk tentacle goal repair --from files --dry-run",
		       s->dir, seen->path, (unsigned long long)seq,
		       (unsigned long long)s->st.last_seq,
		       (unsigned long long)(seq - s->st.last_seq));
}

/* One file that may tell of a journal that is not there. */
static int check_claim(struct goal_store *s, const char *path, struct err *e)
{
	struct seen_file seen = { .path = (char *)(uintptr_t)path };
	int rc = doc_file_read(s->vfs, path, GOAL_FILE_BYTES_MAX, &seen.file, NULL);

	rc = rc < 0 ? 0 : file_loss(s, &seen, e); /* an unusable one is told later */
	doc_file_release(&seen.file);
	return rc < 0 ? rc : 0;
}

static int check_claims_in(struct goal_store *s, const char *folder, const char *below,
			   struct err *e)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	int rc = 0;

	if (s->vfs->list(s->vfs->ctx, folder, &names) < 0)
		return 0;
	for (size_t at = 0; at < names.len && rc == 0; at += strlen(names.p + at) + 1) {
		CLEANUP(buf_release) struct buf path = BUF_INIT;

		buf_putf(&path, "%s/%s%s", folder, names.p + at, below);
		rc = check_claim(s, path.p, e);
	}
	return rc;
}

int goal_files_claims(struct goal_store *s, struct err *e)
{
	struct vfs_stat st;
	int rc;

	if (s->flags & (GOALS_FROM_FILES | GOALS_FROM_JOURNAL) ||
	    (s->vfs->stat(s->vfs->ctx, JOURNAL_FILE, &st) == 0 && st.bytes > 0))
		return 0;
	rc = check_claim(s, GOAL_FILE, e);
	if (rc == 0)
		rc = check_claims_in(s, GOALS_DIR, "", e);
	return rc < 0 ? rc : check_claims_in(s, TENTACLES_DIR, "/" META_FILE, e);
}

/* --- going on ------------------------------------------------------------------------------ */

static int failed(int rc, struct err *e)
{
	return err_set(e, -SK_EIO, "cannot move the old journal aside: %s: nothing was restored",
		       strerror(-rc));
}

static bool there(const struct vfs *vfs, const char *path)
{
	struct vfs_stat st;

	return vfs->stat(vfs->ctx, path, &st) == 0;
}

/* (1) */
static int from_files(const struct vfs *vfs, const struct restore_by *by, bool act,
		      struct goal_mend *m, struct err *e)
{
	static const char *const old[] = { SEGMENTS_DIR, BACKUP_DIR, SNAPSHOT_FILE, JOURNAL_FILE };
	int rc = 0;

	if (!there(vfs, GOAL_FILE) && !there(vfs, TENTACLES_DIR))
		return err_set(
			e, -SK_ENOTFOUND,
			"there is neither a goal.json nor a tentacle to go on from: nothing "
			"was restored. Try: sk tentacle goal repair --from journal --dry-run");
	for (size_t i = 0; i < ARRAY_LEN(old) && rc == 0; i++) {
		if (act)
			rc = rename_aside(vfs, old[i], "replaced", by->now_ms, &m->aside);
		else if (there(vfs, old[i]))
			buf_putf(&m->aside, "%s\t\n", old[i]);
	}
	if (rc == 0 && act)
		rc = vfs->sync_dir(vfs->ctx, ".");
	return rc < 0 ? failed(rc, e) : 0;
}

/* The newest backup that can be used, or what the journal itself tells. */
static int plan_journal(const struct vfs *vfs, struct restore_plan *plan, struct err *e)
{
	CLEANUP(backups_release) struct backups all = { NULL, 0, 0 };
	struct restore_request ask = { .source = RESTORE_BACKUP };
	int rc = restore_plan_make(vfs, &ask, plan, e);
	char name[BACKUP_NAME_BYTES], path[SEGMENT_PATH_BYTES];

	if (rc == -SK_ENOTFOUND) {
		err_clear(e);
		return err_set(e, rc,
			       "there is neither a journal nor a backup of it: nothing was "
			       "restored. Try: sk tentacle goal repair --from files --dry-run");
	}
	if (rc != -SK_ECORRUPT && rc != -SK_EREFUSED)
		return rc;
	backups_list(vfs, &all);
	for (size_t i = all.count; i-- > 0 && rc < 0;) {
		backup_name_encode(all.v[i], name);
		snprintf(path, sizeof(path), "%s/%s", BACKUP_DIR, name);
		ask.backup = path;
		err_clear(e);
		rc = restore_plan_make(vfs, &ask, plan, e);
	}
	return rc;
}

static int from_journal(const struct vfs *vfs, const struct restore_by *by, bool act,
			struct goal_mend *m, struct err *e)
{
	CLEANUP(restore_plan_release) struct restore_plan plan = { .nothing = true };
	struct restore_done done = { .seq = 0 };
	int rc;

	state_init(&plan.st);
	rc = plan_journal(vfs, &plan, e);
	if (rc < 0)
		return rc;
	snprintf(m->source, sizeof(m->source), "%s", plan.source);
	m->seq = plan.st.last_seq;
	m->loss = plan.loss;
	if (!act || plan.nothing)
		return 0;
	rc = restore_apply(vfs, &plan, by, &done, e);
	if (rc == 0 && done.journal_kept[0])
		buf_putf(&m->aside, "%s\t%s\n", JOURNAL_FILE, done.journal_kept);
	if (rc == 0) /* it only saves time, and this store keeps none */
		vfs->remove(vfs->ctx, SNAPSHOT_FILE);
	return rc;
}

/* Whether the store refuses; then m->problem says why. */
static int look(const struct paths *where, const char *command, const struct restore_by *by,
		struct goal_mend *m, struct err *e)
{
	struct goal_store *s = NULL;
	struct err why = ERR_INIT;
	int rc = goal_store_open(where, GOALS_WRITE, command, by->now_ms, &s, &why);

	goal_store_close(s);
	if (rc == -SK_ECORRUPT)
		snprintf(m->problem, sizeof(m->problem), "%.*s",
			 SPAN_ARG(span_before(span_of(why.text), ": nothing was")));
	else if (rc < 0 && rc != -ENOENT)
		return err_set(e, rc, "%s", why.text);
	return rc == -ENOENT ? rc : 0;
}

int goal_store_mend(const struct paths *where, const char *command, enum goal_mend_from from,
		    const struct restore_by *by, bool act, struct goal_mend *out, struct err *e)
{
	struct goal_store *s = NULL;
	int rc = look(where, command, by, out, e);

	if (rc < 0 || !out->problem[0])
		return rc;
	rc = goal_store_begin_mending(where, command, by->now_ms, &s, e);
	if (rc < 0)
		return rc;
	rc = from == MEND_FROM_FILES ? from_files(s->vfs, by, act, out, e)
				     : from_journal(s->vfs, by, act, out, e);
	if (rc == 0 && act) {
		s->aside = &out->aside;
		s->flags |= GOALS_CREATE |
			    (from == MEND_FROM_FILES ? GOALS_FROM_FILES : GOALS_FROM_JOURNAL);
		rc = goal_store_begin(s, e);
	}
	goal_store_close(s);
	return rc;
}
