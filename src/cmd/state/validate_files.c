/*
 * What is made from the state is compared with it byte by byte. A file from an earlier state is no
 * problem, nor is one that is missing: it is written with the next change. One that says something
 * else about the very state it names is.
 */
#include "cmd/state/validate.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "cmd/print.h"
#include "store/interventions.h"
#include "store/journal.h"
#include "store/known.h"
#include "store/segments.h"
#include "store/snapshot.h"
#include "store/store_impl.h"
#include "views/checkpoint.h"

static void on_violation(void *ctx, enum state_rule rule, struct span id, const char *what)
{
	static const enum check_id of[] = { CHECK_INVARIANTS, CHECK_WORKSTREAMS, CHECK_RESOURCES,
					    CHECK_WORKERS };

	validation_add(ctx, of[rule], "", 0, "%.*s %s", SPAN_ARG(id), what);
}

void validate_state(struct validation *v)
{
	const struct state *st = &v->st;

	if (!v->known) {
		for (int id = CHECK_INVARIANTS; id <= CHECK_VIEWS; id++)
			validation_skip(v, (enum check_id)id, "the state is not known");
		return;
	}
	state_check(st, on_violation, v);
	validation_note(v, CHECK_INVARIANTS, "%zu task%s", st->task_count, PLURAL(st->task_count));
	validation_note(v, CHECK_WORKSTREAMS, "%zu workstream%s", st->ws_count,
			PLURAL(st->ws_count));
	validation_note(v, CHECK_RESOURCES, "%zu resource%s", st->resource_count,
			PLURAL(st->resource_count));
	validation_note(v, CHECK_WORKERS, "%zu worker%s", st->worker_count,
			PLURAL(st->worker_count));
}

/* --- views --------------------------------------------------------------------------------- */

struct looking {
	struct validation *v;
	unsigned current, stale, missing, known, later;
};

static uint64_t journal_bytes(const struct validation *v)
{
	struct vfs_stat st;

	return v->vfs->stat(v->vfs->ctx, JOURNAL_FILE, &st) == 0 ? (uint64_t)st.bytes : 0;
}

/* Unless it is of a state that came about while we read. */
static void wrong(const struct looking *l, enum check_id id, const char *path)
{
	if (!l->v->alive || journal_bytes(l->v) == l->v->journal_bytes)
		validation_add(l->v, id, path, 0,
			       "does not say what the journal says about the same state");
}

static int look_at_view(void *ctx, struct view_file file, const char *path)
{
	CLEANUP(buf_release) struct buf raw = BUF_INIT;
	struct looking *l = ctx;
	enum check_id id = file.view == VIEW_CHECKPOINT ? CHECK_CHECKPOINTS : CHECK_VIEWS;
	struct vfs_stat before;
	int rc;

	if (known_files_find(l->v->files, l->v->vfs, path)) {
		l->known++;
		return 0;
	}
	rc = l->v->vfs->stat(l->v->vfs->ctx, path, &before);
	if (rc == 0)
		rc = vfs_read_all(l->v->vfs, path, CHECKPOINT_BYTES_MAX, &raw);
	if (rc == -ENOENT) {
		l->missing++;
		return 0;
	}
	if (rc < 0) {
		validation_add(l->v, id, path, 0, "cannot be read: %s", strerror(-rc));
		return 0;
	}
	switch (views_compare(&l->v->st, file, (struct span){ raw.p, raw.len })) {
	case VIEW_LATER:
		if (l->v->ends_early) {
			l->later++;
			break;
		}
		wrong(l, id, path);
		break;
	case VIEW_CURRENT:
		l->current++;
		if (l->v->files)
			known_files_learn(l->v->files, path, &before, l->v->now_ms);
		break;
	case VIEW_STALE:
		l->stale++;
		break;
	case VIEW_WRONG:
		wrong(l, id, path);
		break;
	case VIEW_UNREADABLE:
		validation_add(l->v, id, path, 0, "is no document of ours, or cut short");
		break;
	}
	return 0;
}

/* What a rollback would read, with the refusals it would meet. */
static void check_history(struct validation *v)
{
	unsigned count = 0, known = 0;
	CLEANUP(buf_release) struct buf names = BUF_INIT;

	v->vfs->list(v->vfs->ctx, CHECKPOINT_DIR, &names);
	for (size_t at = 0; at < names.len; at += strlen(names.p + at) + 1) {
		CLEANUP(checkpoint_release) struct checkpoint c = CHECKPOINT_INIT;
		struct checkpoint_name name;
		struct err e = ERR_INIT;
		struct vfs_stat before;
		char which[24], path[300];
		uint32_t ws;
		int rc;

		if (!checkpoint_name_decode(span_of(names.p + at), &name))
			continue;
		count++;
		ws = state_ws(&v->st, name.ws);
		snprintf(path, sizeof(path), "%s/%.255s", CHECKPOINT_DIR, names.p + at);
		if (known_files_find(v->files, v->vfs, path)) {
			known++;
			continue;
		}
		snprintf(which, sizeof(which), "%llu", (unsigned long long)name.seq);
		rc = ws == NO_ID ? -SK_ENOTFOUND : v->vfs->stat(v->vfs->ctx, path, &before);
		if (rc == 0)
			rc = checkpoint_read(v->vfs, &v->st, ws, which, &c, &e);
		if (rc == -SK_ECORRUPT)
			validation_add(v, CHECK_CHECKPOINTS, path, 0, "%s", e.text);
		if (rc == 0 && v->files)
			known_files_learn(v->files, path, &before, v->now_ms);
	}
	if (v->lent)
		validation_note(v, CHECK_CHECKPOINTS, "%u in the history; %u read now, %u known",
				count, count - known, known);
	else
		validation_note(v, CHECK_CHECKPOINTS, "%u in the history", count);
}

static void check_views(struct validation *v)
{
	struct looking l = { .v = v };

	if (!v->known)
		return;
	if (!v->lent)
		v->journal_bytes = journal_bytes(v);
	views_each(&v->st, look_at_view, &l);
	check_history(v);
	validation_note(v, CHECK_VIEWS,
			"%u as the state says, %u from an earlier state, %u not there", l.current,
			l.stale, l.missing);
	if (l.later)
		validation_note(v, CHECK_VIEWS,
				"%u as the state says, %u from an earlier state, %u not there; %u "
				"from a later one than can be read: not judged",
				l.current, l.stale, l.missing, l.later);
	if (v->lent)
		validation_note(v, CHECK_VIEWS,
				"%u as the orchestrator wrote them; read: %u as the state says, "
				"%u from an earlier state, %u not there",
				l.known, l.current, l.stale, l.missing);
}

/* --- the rest ------------------------------------------------------------------------------ */

static void check_backups(struct validation *v)
{
	CLEANUP(backups_release) struct backups all = { NULL, 0, 0 };
	char path[sizeof(BACKUP_DIR) + BACKUP_NAME_BYTES], name[BACKUP_NAME_BYTES], why[200];
	struct snapshot_head head;
	struct vfs_stat before;
	int rc = backups_list(v->vfs, &all);
	size_t known = 0,
	       oldest = all.count > BACKUPS_LISTED_MAX ? all.count - BACKUPS_LISTED_MAX : 0;

	if (rc < 0)
		validation_add(v, CHECK_BACKUPS, BACKUP_DIR, 0, "%s", strerror(-rc));
	for (size_t i = oldest; i < all.count; i++) {
		backup_name_encode(all.v[i], name);
		snprintf(path, sizeof(path), "%s/%s", BACKUP_DIR, name);
		if (known_files_find(v->files, v->vfs, path)) {
			known++;
			continue;
		}
		rc = v->vfs->stat(v->vfs->ctx, path, &before);
		if (rc == 0)
			rc = snapshot_glance(v->vfs, path, &head, why);
		if (rc == SNAPSHOT_NONE || rc == -ENOENT) /* thinned out meanwhile */
			continue;
		if (rc != SNAPSHOT_GOOD)
			validation_add(v, CHECK_BACKUPS, path, 0, "%s",
				       rc < 0 ? strerror(-rc) : why);
		else if (v->known && !span_is(v->st.workspace, head.workspace))
			validation_add(v, CHECK_BACKUPS, path, 0, "belongs to workspace %s",
				       head.workspace);
		else if (v->files)
			known_files_learn(v->files, path, &before, v->now_ms);
	}
	if (v->lent)
		validation_note(v, CHECK_BACKUPS, "%zu backup%s; %zu read now, %zu known",
				all.count, PLURAL(all.count), all.count - oldest - known, known);
	else
		validation_note(v, CHECK_BACKUPS, "%zu backup%s", all.count, PLURAL(all.count));
}

static int count_line(void *ctx, const struct intervention *in, struct span line)
{
	(void)in;
	(void)line;
	++*(uint64_t *)ctx;
	return 0;
}

static void check_diary(struct validation *v)
{
	struct err e = ERR_INIT;
	uint64_t unreadable = 0, lines = 0;

	if (interventions_read(v->dir, 0, count_line, &lines, &unreadable, &e) < 0)
		validation_add(v, CHECK_DIARY, INTERVENTIONS_FILE, 0, "%s", e.text);
	if (unreadable)
		validation_add(v, CHECK_DIARY, INTERVENTIONS_FILE, 0,
			       "%llu line%s cannot be read; the others can",
			       (unsigned long long)unreadable, PLURAL(unreadable));
	validation_note(v, CHECK_DIARY, "%llu line%s", (unsigned long long)lines, PLURAL(lines));
}

static void check_leftovers(struct validation *v)
{
	CLEANUP(segments_release) struct segments dropped = SEGMENTS_INIT;
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	char path[SEGMENT_PATH_BYTES];

	v->vfs->list(v->vfs->ctx, ".", &names);
	for (size_t at = 0; at < names.len && !v->alive; at += strlen(names.p + at) + 1) {
		size_t len = strlen(names.p + at);

		if (len > 4 && strcmp(names.p + at + len - 4, ".tmp") == 0)
			validation_add(v, CHECK_LEFTOVERS, names.p + at, 0,
				       "abandoned by a write that was cut short");
	}
	validation_note(v, CHECK_LEFTOVERS, "none");
	segments_list_dropped(v->vfs, &dropped);
	for (size_t i = 0; i < dropped.count; i++) {
		segment_path_encode(dropped.v[i].first, dropped.v[i].last, path);
		validation_add(v, CHECK_LEFTOVERS, path, 0,
			       "belongs to a future that a restore has dropped");
	}
}

void validate_files(struct validation *v)
{
	check_views(v);
	check_backups(v);
	check_diary(v);
	check_leftovers(v);
}
