/*
 * The proofs are the kernel's and the disk's: a lock that is free, bytes that differ, a checksum
 * that does not fit. What a record says of a process is compared with the process, pid, start time
 * and boot together, and never believed by itself.
 */
#include "cmd/state/mend.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "cmd/state/restore_page.h"
#include "cmd/state/validate.h"
#include "cmd/view.h"
#include "core/state_check.h"
#include "store/known.h"
#include "store/segments.h"
#include "store/snapshot.h"
#include "store/store_impl.h"
#include "store/store_repair.h"
#include "views/checkpoint.h"

void mend_plan_init(struct mend_plan *p)
{
	*p = (struct mend_plan){ .count = 0 };
	state_init(&p->restore.st);
}

void mend_plan_release(struct mend_plan *p)
{
	mem_free(&p->v);
	restore_plan_release(&p->restore);
	mend_plan_init(p);
}

void mend_add(struct mend_plan *p, enum mend_kind kind, const char *subject, const char *fmt, ...)
{
	struct mend_item *item;
	va_list args;

	mem_grow(&p->v, &p->capacity, p->count + 1, sizeof(*p->v));
	item = &p->v[p->count++];
	p->by_kind[kind]++;
	item->kind = kind;
	snprintf(item->subject, sizeof(item->subject), "%s", subject);
	va_start(args, fmt);
	vsnprintf(item->proof, sizeof(item->proof), fmt, args);
	va_end(args);
}

size_t mend_count(const struct mend_plan *p)
{
	return p->count - p->by_kind[MEND_REPORT];
}

/* --- files --------------------------------------------------------------------------------- */

static void find_temps(struct hand *h, const char *folder, struct mend_plan *out)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	char path[300];
	struct vfs_stat st;

	h->vfs.list(h->vfs.ctx, folder, &names);
	for (size_t at = 0; at < names.len; at += strlen(names.p + at) + 1) {
		size_t len = strlen(names.p + at);

		if (len <= 4 || strcmp(names.p + at + len - 4, ".tmp") != 0)
			continue;
		snprintf(path, sizeof(path), "%s%s%.255s", strcmp(folder, ".") == 0 ? "" : folder,
			 strcmp(folder, ".") == 0 ? "" : "/", names.p + at);
		if (h->vfs.stat(h->vfs.ctx, path, &st) < 0 || st.type != S_IFREG)
			continue;
		mend_add(out, MEND_TEMP, path,
			 "%lld bytes of a write that was cut short: nobody holds the lock",
			 (long long)st.bytes);
	}
}

static void find_journal_leftovers(struct hand *h, struct mend_plan *out)
{
	CLEANUP(segments_release) struct segments dropped = SEGMENTS_INIT;
	char path[SEGMENT_PATH_BYTES];
	struct vfs_stat st;

	if (h->vfs.stat(h->vfs.ctx, JOURNAL_FILE, &st) == 0 && st.links == 2 &&
	    repair_find_second_name(&h->vfs, &st, path))
		mend_add(out, MEND_NAME, path,
			 "the same file as %s: a rotation or a restore was cut short",
			 JOURNAL_FILE);
	segments_list_dropped(&h->vfs, &dropped);
	for (size_t i = 0; i < dropped.count; i++) {
		segment_path_encode(dropped.v[i].first, dropped.v[i].last, path);
		if (h->vfs.stat(h->vfs.ctx, path, &st) == 0 && st.links == 1)
			mend_add(out, MEND_DROPPED, path,
				 "it does not lead to the first record of %s: a restore was cut "
				 "short",
				 JOURNAL_FILE);
	}
}

static void find_snapshot(const struct store_report *report, struct mend_plan *out)
{
	if (report->torn_bytes)
		mend_add(out, MEND_TORN, JOURNAL_FILE,
			 "line %llu, byte %llu: %llu bytes of a turn that was never whole",
			 (unsigned long long)report->torn_line,
			 (unsigned long long)report->torn_offset,
			 (unsigned long long)report->torn_bytes);
	if (report->snapshot_rebuilt)
		mend_add(out, MEND_SNAPSHOT, SNAPSHOT_FILE,
			 "it cannot be read; the journal is whole");
	else if (!report->snapshot_used)
		mend_add(out, MEND_SNAPSHOT, SNAPSHOT_FILE,
			 "it is missing, or older than the journal begins");
	else if (report->records_replayed)
		mend_add(out, MEND_SNAPSHOT, SNAPSHOT_FILE,
			 "it is %llu record%s behind the journal",
			 (unsigned long long)report->records_replayed,
			 PLURAL(report->records_replayed));
}

/* --- processes ----------------------------------------------------------------------------- */

static const char *life_text(enum worker_life life)
{
	static const char *const texts[] = {
		[WORKER_ENDED] = "it never said which process it is",
		[WORKER_ALIVE] = "a process with its pid and start time is there",
		[WORKER_GONE] = "no process has its pid and start time",
		[WORKER_UNKNOWN] = "its process cannot be asked about",
	};

	return texts[life];
}

static void find_workers(struct hand *h, const struct state *st, struct mend_plan *out)
{
	for (size_t i = 0; i < st->worker_count; i++) {
		const struct worker *w = &st->workers[i];
		char lock[NAME_BYTES_MAX + 24], subject[NAME_BYTES_MAX + 16];

		snprintf(lock, sizeof(lock), "workers/%.*s.lock", SPAN_ARG(w->id));
		snprintf(subject, sizeof(subject), "worker %.*s", SPAN_ARG(w->id));
		if (w->state == WORKER_SHUTDOWN || lock_probe(h->dir, lock, NULL) != 0)
			continue;
		mend_add(out, MEND_WORKER, subject,
			 "recorded as %s, pid %llu; its lock is free and %s; %u task%s with it",
			 worker_state_word(w->state), (unsigned long long)w->pid,
			 life_text(view_worker_life(w)), w->assigned,
			 w->assigned == 1 ? " is" : "s are");
	}
}

static void find_workstreams(const struct state *st, struct mend_plan *out)
{
	for (size_t i = 0; i < st->ws_count; i++) {
		const struct workstream *w = &st->ws[i];
		char subject[NAME_BYTES_MAX + 16];
		enum trigger on;
		enum ws_state should;

		if (!w->id.len)
			continue;
		should = ws_derived(w, &on);
		if (on == ON_NONE || should == w->state)
			continue;
		snprintf(subject, sizeof(subject), "workstream %.*s", SPAN_ARG(w->id));
		mend_add(out, MEND_WORKSTREAM, subject, "is %s, but by its tasks it is %s",
			 ws_state_word(w->state), ws_state_word(should));
	}
}

/* --- views --------------------------------------------------------------------------------- */

struct looking {
	struct hand *h;
	const struct state *st;
	struct mend_plan *out;
	const struct known_files *files; /* that need not be read; or NULL */
	uint64_t journal_bytes;          /* that the state is made of */
};

/* One that says it is of a later state may just have been written. */
static bool outdated(const struct looking *l)
{
	struct vfs_stat st;

	return l->h->beside && (l->h->vfs.stat(l->h->vfs.ctx, JOURNAL_FILE, &st) < 0 ||
				(uint64_t)st.bytes != l->journal_bytes);
}

static int look_at_view(void *ctx, struct view_file file, const char *path)
{
	CLEANUP(buf_release) struct buf raw = BUF_INIT;
	struct looking *l = ctx;
	enum mend_kind kind = file.view == VIEW_CHECKPOINT ? MEND_CHECKPOINT : MEND_VIEW;
	int rc;

	if (known_files_find(l->files, &l->h->vfs, path))
		return 0;
	rc = vfs_read_all(&l->h->vfs, path, CHECKPOINT_BYTES_MAX, &raw);
	if (rc == -ENOENT) {
		if (!l->h->beside)
			mend_add(l->out, kind, path, "it is missing");
		return 0;
	}
	if (rc < 0) {
		mend_add(l->out, kind, path, "it cannot be read: %s", strerror(-rc));
		return 0;
	}
	switch (views_compare(l->st, file, (struct span){ raw.p, raw.len })) {
	case VIEW_CURRENT:
		break;
	case VIEW_STALE:
		if (!l->h->beside)
			mend_add(l->out, kind, path, "it is from an earlier state");
		break;
	case VIEW_WRONG:
	case VIEW_LATER:
		if (!outdated(l))
			mend_add(l->out, kind, path, "it does not say what the journal says");
		break;
	case VIEW_UNREADABLE:
		mend_add(l->out, kind, path, "it is no document of ours, or cut short");
		break;
	}
	return 0;
}

/* --- what is left to people ---------------------------------------------------------------- */

/* Kinds of problems that have an item of their own. */
static bool mended_elsewhere(enum check_id id, const struct mend_plan *p)
{
	switch (id) {
	case CHECK_WORKSTREAMS:
		return p->by_kind[MEND_WORKSTREAM] > 0;
	case CHECK_SNAPSHOT:
		return p->by_kind[MEND_SNAPSHOT] > 0 || p->damaged;
	case CHECK_VIEWS:
	case CHECK_LEFTOVERS:
		return true;
	case CHECK_JOURNAL_FILE:
		return p->by_kind[MEND_NAME] > 0 || p->restores;
	case CHECK_JOURNAL_LINES:
	case CHECK_JOURNAL_SEQUENCE:
	case CHECK_JOURNAL_TIMES:
	case CHECK_TRANSITIONS:
	case CHECK_CHECKPOINTS:
		return p->restores;
	default:
		return false;
	}
}

/* A checkpoint that is written anew anyway is no finding of its own. */
static bool has_item(const struct mend_plan *p, const char *subject)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->v[i].subject, subject) == 0)
			return true;
	return false;
}

static void report_rest(const struct validation *v, struct mend_plan *out)
{
	for (int id = 0; id < CHECK_COUNT; id++) {
		const struct check *c = &v->checks[id];

		if (mended_elsewhere((enum check_id)id, out))
			continue;
		for (size_t i = 0; i < c->count && i < PROBLEMS_SHOWN_MAX; i++) {
			const struct problem *p = &c->problems[i];
			char place[160];

			if (p->line)
				snprintf(place, sizeof(place), "%s:%llu", p->file,
					 (unsigned long long)p->line);
			else
				snprintf(place, sizeof(place), "%s",
					 p->file[0] ? p->file : check_word((enum check_id)id));
			if (!has_item(out, place))
				mend_add(out, MEND_REPORT, place, "%s", p->text);
		}
	}
}

static void check_all(struct hand *h, struct mend_plan *out)
{
	CLEANUP(validation_freep)
	struct validation *v = validation_new(&h->vfs, h->dir, h->beside);

	validate_journal(v);
	validate_state(v);
	validate_files(v);
	report_rest(v, out);
}

/* --- all of it ----------------------------------------------------------------------------- */

static void plan_restore(struct hand *h, struct mend_plan *out, const struct err *damage)
{
	const struct restore_request latest = { .source = RESTORE_BACKUP };
	CLEANUP(buf_release) struct buf loss = BUF_INIT;
	struct err why = ERR_INIT;
	const char *text;

	if (restore_plan_make(&h->vfs, &latest, &out->restore, &why) < 0) {
		mend_add(out, MEND_REPORT, JOURNAL_FILE, "%s", damage->text);
		mend_add(out, MEND_REPORT, BACKUP_DIR, "%s", why.text);
		return;
	}
	out->restores = true;
	out->loses = out->restore.loses;
	restore_put_loss(&out->restore, &loss);
	text = out->restore.damaged ? out->restore.damage : damage->text;
	mend_add(out, MEND_RESTORE, JOURNAL_FILE,
		 "%.*s; from %s the state can be had up to seq %llu; dropped: %.150s",
		 (int)(strstr(text, ": nothing was") ? strstr(text, ": nothing was") - text : 300),
		 text, out->restore.source, (unsigned long long)out->restore.st.last_seq,
		 out->loses && loss.len ? loss.p : "nothing");
}

/* In a copy of the orchestrator, with its state. */
static int find_at_hand(struct hand *h, struct mend_plan *out, struct err *e)
{
	CLEANUP(validation_freep) struct validation *v = validation_new(&h->vfs, h->dir, true);
	const struct view *view = h->c->view;
	struct looking l = { .h = h, .st = &view->st, .out = out };

	if (!validate_known(v, &view->st, view->store))
		return err_set(e, -SK_EBUSY,
			       "journal: somebody else may have written to it: read it");
	l.files = v->files;
	l.journal_bytes = v->journal_bytes;
	find_journal_leftovers(h, out);
	find_workstreams(&view->st, out);
	views_each(&view->st, look_at_view, &l);
	validate_state(v);
	validate_files(v);
	report_rest(v, out);
	return 0;
}

static void find_in_state(struct hand *h, const struct state *st, uint64_t journal_bytes,
			  const struct store_report *report, struct mend_plan *out)
{
	struct looking l = { .h = h, .st = st, .out = out, .journal_bytes = journal_bytes };

	if (!h->beside) {
		find_snapshot(report, out);
		find_workers(h, st, out);
	}
	find_workstreams(st, out);
	views_each(st, look_at_view, &l);
}

int mend_find(struct hand *h, bool may_restore, struct mend_plan *out, struct err *e)
{
	struct store_report report;
	struct err damage = ERR_INIT;
	struct store *s = NULL;
	struct state st;
	int rc;

	if (h->c->view)
		return find_at_hand(h, out, e);
	state_init(&st);
	if (!h->beside) {
		find_temps(h, ".", out);
		find_temps(h, CHECKPOINT_DIR, out);
		find_temps(h, BACKUP_DIR, out);
	}
	find_journal_leftovers(h, out);
	rc = store_open(&h->vfs, STORE_READ_ONLY, NULL, h->c->now_ms, &st, &s, &report, &damage);
	if (rc == -ENOENT || (rc < 0 && rc != -SK_ECORRUPT)) {
		state_release(&st);
		return rc == -ENOENT ? view_missing(h->c->paths, e)
				     : err_set(e, rc, "%s", damage.text);
	}
	out->damaged = rc < 0;
	if (rc < 0 && may_restore)
		plan_restore(h, out, &damage);
	else if (rc == 0)
		find_in_state(h, &st, s->at.offset, &report, out);
	check_all(h, out);
	store_close(s);
	state_release(&st);
	return 0;
}
