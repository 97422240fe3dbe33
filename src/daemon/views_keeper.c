/*
 * Views are written behind the work and never between commit and effects, so they can only be late.
 *
 *  1. The checkpoint of a workstream is written behind its graph and its archive: a checkpoint that
 *     is not older than the workstream says that those were written as well. So a start needs to
 *     look at one file a workstream, and an archive that somebody removed does not come back.
 *     A view alone that was lost brings back no archive either, so its mark is not MARK_CHANGED.
 *  2. A mark is taken away only when what it stands for is on disk.
 */
#include "daemon/views_keeper.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "views/archive.h"
#include "views/checkpoint.h"

#define MARK_CHANGED (1 << 0)
#define MARK_GRAPH (1 << 1)  /* dependencies, too */
#define MARK_LISTED (1 << 2) /* is in changed[] */

#define SHARE 50             /* views get one part in so many of the time */
#define FAILURES_MAX 3       /* in one pass: the disk is full, not one file in the way */
#define PRUNE_CHECKPOINTS 50 /* more than are kept may pile up until they are thinned out */
#define PRUNE_ARCHIVES_MS 3600000LL

void views_keeper_init(struct views_keeper *k, const struct vfs *vfs, const struct clock *clock,
		       const struct state *st)
{
	*k = (struct views_keeper){ .vfs = vfs, .clock = clock, .st = st, .state_fd = -1 };
	k->due_ms = clock_mono_ms(clock) + VIEWS_INTERVAL_MS; /* the work begins first */
	k->metrics_ms = clock_mono_ms(clock) + METRICS_INTERVAL_MS;
	view_source_init(&k->src, st);
}

void views_keeper_release(struct views_keeper *k)
{
	view_source_release(&k->src);
	mem_free(&k->marks);
	mem_free(&k->changed);
	buf_release(&k->scratch);
	buf_release(&k->new_runs);
	*k = (struct views_keeper){ .vfs = NULL };
}

static void mark(struct views_keeper *k, uint32_t ws, unsigned marks)
{
	if (ws >= k->marks_count) {
		mem_grow(&k->marks, &k->marks_capacity, ws + 1u, sizeof(*k->marks));
		memset(k->marks + k->marks_count, 0, ws + 1u - k->marks_count);
		k->marks_count = ws + 1u;
	}
	if (!(k->marks[ws] & MARK_LISTED)) {
		mem_grow(&k->changed, &k->capacity, k->count + 1, sizeof(*k->changed));
		k->changed[k->count++] = ws;
	}
	k->marks[ws] |= (uint8_t)(marks | MARK_LISTED);
}

/* The last event that brought a part of the workstream into its state. */
static uint64_t last_seq(const struct state *st, const struct workstream *w)
{
	uint64_t seq = w->last_seq;

	for (size_t i = 0; i < w->task_count; i++)
		if (st->tasks[w->tasks[i]].last_seq > seq)
			seq = st->tasks[w->tasks[i]].last_seq;
	return seq;
}

static bool is_there(const struct views_keeper *k, enum view_id view, uint32_t ws)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	struct vfs_stat st;

	view_path(view, ws == NO_ID ? SPAN_NONE : k->st->ws[ws].id, &path);
	return k->vfs->stat(k->vfs->ctx, path.p, &st) == 0 && st.type == S_IFREG;
}

void views_keeper_look(struct views_keeper *k)
{
	bool forgot = false;

	k->looked = true;
	for (uint32_t i = 0; i < k->st->ws_count; i++) {
		const struct workstream *w = &k->st->ws[i];
		int64_t seq;

		if (!w->id.len || !view_name_fits(w->id))
			continue;
		if (!is_there(k, VIEW_DAG, i) || !is_there(k, VIEW_EXECUTION_PLAN, i))
			mark(k, i, MARK_CHANGED | MARK_GRAPH);
		seq = checkpoint_seq(k->vfs, w->id);
		if (seq > (int64_t)k->st->last_seq && !forgot) {
			checkpoint_forget(k->vfs, k->st->last_seq);
			forgot = true;
		}
		if (seq < (int64_t)last_seq(k->st, w) || seq > (int64_t)k->st->last_seq) /* (1) */
			mark(k, i, MARK_CHANGED | MARK_GRAPH);
	}
	for (enum view_id i = VIEW_BY_WORKSTREAM; i <= VIEW_BY_WORKER; i++)
		k->indexes |= !is_there(k, i, NO_ID);
}

void views_keeper_lost(struct views_keeper *k, struct span path)
{
	struct view_file file;

	if (span_is(path, METRICS_FILE)) {
		k->metrics_ms = 0;
		return;
	}
	if (span_is(path, CHECKPOINT_DIR)) /* with all that was in it */
		k->folder = false;
	for (uint32_t i = 0; i < k->st->ws_count && span_is(path, CHECKPOINT_DIR); i++)
		if (k->st->ws[i].id.len)
			mark(k, i, 0);
	if (!view_find(k->st, path, &file))
		return;
	if (file.ws == NO_ID)
		k->indexes = true;
	else
		mark(k, file.ws, MARK_GRAPH);
}

void views_keeper_look_at_checkpoints(struct views_keeper *k)
{
	for (uint32_t i = 0; i < k->st->ws_count; i++) {
		const struct workstream *w = &k->st->ws[i];

		if (w->id.len && view_name_fits(w->id) && !is_there(k, VIEW_CHECKPOINT, i))
			mark(k, i, 0);
	}
}

void views_keeper_before(struct views_keeper *k, const struct input *in, int64_t now_ms)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;

	if (in->kind != IN_SUBMIT || !(in->submit_flags & SUBMIT_NEW_RUN))
		return;
	for (uint32_t i = 0; i < in->submission->ws_count; i++) {
		uint32_t ws = state_ws(k->st, in->submission->ws[i].name);

		if (ws != NO_ID && view_name_fits(k->st->ws[ws].id))
			archive_make(k->vfs, &k->src, ws, now_ms, &path);
	}
}

/* What only the graph shows, and what ends it: the states in it are those of the last writing. */
static bool changes_graph(enum event_kind kind)
{
	switch (kind) {
	case EV_WS_READY:
	case EV_WS_COMPLETED:
	case EV_WS_FAILED:
	case EV_WS_CANCELLED:
	case EV_TASK_UPDATED:
	case EV_TASK_DROPPED:
	case EV_DEPENDENCY_WAIVED:
		return true;
	default:
		return false;
	}
}

static uint32_t ws_of(const struct state *st, const struct event *ev)
{
	uint32_t task;

	if (ev->workstream_id.len)
		return state_ws(st, ev->workstream_id);
	task = ev->task_id.len ? state_task(st, ev->task_id) : NO_ID;
	return task == NO_ID ? NO_ID : st->tasks[task].ws;
}

void views_keeper_note(struct views_keeper *k, const struct events *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct event *ev = &batch->v[i];
		uint32_t ws = ws_of(k->st, ev);

		if (ws != NO_ID)
			mark(k, ws, MARK_CHANGED | (changes_graph(ev->kind) ? MARK_GRAPH : 0));
		if (ev->kind == EV_TASK_CREATED || ev->kind == EV_WS_ARCHIVED)
			k->src.ordered = false;
		if (ev->kind == EV_WS_ARCHIVED) {
			buf_put(&k->new_runs, ev->workstream_id.p, ev->workstream_id.len);
			buf_putc(&k->new_runs, '\0');
		}
	}
	k->indexes |= batch->count > 0;
}

void views_keeper_settle(struct views_keeper *k)
{
	for (size_t at = 0; at < k->new_runs.len; at += strlen(k->new_runs.p + at) + 1)
		archive_move_logs(k->vfs, span_of(k->new_runs.p + at));
	buf_truncate(&k->new_runs, 0);
}

int64_t views_keeper_due(const struct views_keeper *k)
{
	int64_t metrics_ms = k->metrics_ms > k->due_ms ? k->metrics_ms : k->due_ms;

	return k->passing || k->indexes || k->next < k->count ? k->due_ms : metrics_ms;
}

static void note_view(struct views_keeper *k, enum view_id view, uint32_t ws, int64_t now_ms)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;

	view_path(view, ws == NO_ID ? SPAN_NONE : k->st->ws[ws].id, &path);
	known_files_note(k->known, k->vfs, path.p, now_ms);
}

/* Both of its names. */
static void note_checkpoint(struct views_keeper *k, uint32_t ws, uint64_t seq, int64_t now_ms)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;

	note_view(k, VIEW_CHECKPOINT, ws, now_ms);
	checkpoint_path(k->st->ws[ws].id, seq, &path);
	known_files_note(k->known, k->vfs, path.p, now_ms);
}

static int write_view(struct views_keeper *k, enum view_id view, uint32_t ws, int64_t now_ms)
{
	struct view_stamp stamp = { now_ms, k->st->last_seq };
	int rc = views_write(k->vfs, &k->src, (struct view_file){ view, ws }, stamp, &k->scratch);

	if (rc == 0)
		note_view(k, view, ws, now_ms);
	return rc;
}

static int write_checkpoint(struct views_keeper *k, uint32_t ws, int64_t now_ms)
{
	struct view_stamp stamp = { now_ms, k->st->last_seq };
	int rc = -ENOENT;

	if (k->folder)
		rc = checkpoint_write(k->vfs, &k->src, ws, stamp, &k->scratch);
	if (rc == -ENOENT) { /* the first one, or somebody removed the folder */
		rc = checkpoint_prepare(k->vfs);
		k->folder = rc == 0;
		if (rc == 0)
			rc = checkpoint_write(k->vfs, &k->src, ws, stamp, &k->scratch);
	}
	k->checkpoints += rc == 0;
	if (rc == 0)
		note_checkpoint(k, ws, stamp.seq, now_ms);
	return rc;
}

/* All that is to be written of one workstream, in the order of (1). */
static int write_ws(struct views_keeper *k, uint32_t ws, int64_t now_ms)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	const struct workstream *w = &k->st->ws[ws];
	int rc = 0;

	if (!w->id.len || !view_name_fits(w->id))
		return 0;
	if (k->marks[ws] & MARK_GRAPH) {
		rc = write_view(k, VIEW_DAG, ws, now_ms);
		if (rc == 0)
			rc = write_view(k, VIEW_EXECUTION_PLAN, ws, now_ms);
	}
	if (rc == 0 && k->marks[ws] & MARK_CHANGED && ws_state_final(w->state) && !w->assigned)
		rc = archive_make(k->vfs, &k->src, ws, now_ms, &path);
	return rc < 0 ? rc : write_checkpoint(k, ws, now_ms);
}

static void failed(struct views_keeper *k, int rc, const char *what, struct err *e)
{
	k->failures++;
	if (!k->failing)
		err_set(e, rc,
			"views: %s cannot be written: %s: the work goes on and nothing of it is "
			"lost; they are written again once that is possible",
			what, strerror(-rc));
	k->failing = true;
}

/* Whether all of this pass was looked at; false when the time is up. */
static bool write_changed(struct views_keeper *k, int64_t now_ms, int64_t until_ms, struct err *e)
{
	while (k->next < k->until) {
		uint32_t ws = k->changed[k->next];
		int rc = k->failures < FAILURES_MAX ? write_ws(k, ws, now_ms) : 0;

		k->next++;
		if (k->failures < FAILURES_MAX && rc == 0) {
			k->marks[ws] = 0; /* (2) */
		} else {
			k->marks[ws] &= (uint8_t)~MARK_LISTED;
			mark(k, ws, 0); /* behind those that are listed: the next pass */
		}
		if (rc < 0)
			failed(k, rc, "those of a workstream", e);
		if (clock_mono_ms(k->clock) >= until_ms)
			return k->next == k->until;
	}
	return true;
}

static void write_indexes(struct views_keeper *k, int64_t now_ms, struct err *e)
{
	int rc = 0;

	for (enum view_id i = VIEW_BY_WORKSTREAM; i <= VIEW_BY_WORKER && rc == 0; i++)
		rc = write_view(k, i, NO_ID, now_ms);
	k->indexes = rc < 0;
	if (rc < 0)
		failed(k, rc, "the indexes", e);
}

static void prune(struct views_keeper *k, int64_t now_ms, struct err *e)
{
	int rc = checkpoint_prune(k->vfs);

	k->checkpoints = 0;
	if (rc == 0 && now_ms - k->pruned_ms >= PRUNE_ARCHIVES_MS) {
		k->pruned_ms = now_ms;
		rc = archive_prune(k->vfs, now_ms);
	}
	if (rc < 0)
		failed(k, rc, "what is old is in the way and the new ones", e);
}

static void write_metrics(struct views_keeper *k, int64_t now_ms, struct err *e)
{
	struct metrics_source from = { .st = k->st, .now_ms = now_ms };
	CLEANUP(mem_free) int64_t *silent_ms = NULL;
	struct metrics m;
	int rc;

	from.journal_bytes = metrics_journal_bytes(k->vfs);
	usage_read((uint64_t)getpid(), k->state_fd, &from.usage);
	if (k->heard_ms) {
		silent_ms = mem_alloc((k->st->worker_count + 1) * sizeof(*silent_ms));
		for (size_t i = 0; i < k->st->worker_count; i++)
			silent_ms[i] =
				k->heard_ms[i] ? clock_mono_ms(k->clock) - k->heard_ms[i] : -1;
		from.silent_ms = silent_ms;
	}
	metrics_init(&m, &from);
	rc = metrics_write(k->vfs, &m, &k->scratch);
	k->metrics_ms = clock_mono_ms(k->clock) + METRICS_INTERVAL_MS;
	if (rc < 0) {
		k->metrics_ms = 0; /* with the next pass */
		failed(k, rc, METRICS_FILE, e);
	}
}

static void end_pass(struct views_keeper *k, int64_t now_ms, struct err *e)
{
	int rc = k->folder && k->checkpoints ? checkpoint_settle(k->vfs) : 0;

	if (rc < 0 && rc != -ENOENT)
		failed(k, rc, "the names of checkpoints", e);
	if (k->indexes && k->failures < FAILURES_MAX)
		write_indexes(k, now_ms, e);
	if (clock_mono_ms(k->clock) >= k->metrics_ms && k->failures < FAILURES_MAX)
		write_metrics(k, now_ms, e);
	if (k->checkpoints >= PRUNE_CHECKPOINTS)
		prune(k, now_ms, e);
	k->count -= k->next;
	if (k->count)
		memmove(k->changed, k->changed + k->next, k->count * sizeof(*k->changed));
	k->next = k->until = 0;
	k->passing = false;
	k->failing = k->failures > 0;
}

/* One slice; returns whether the pass is over. */
static bool slice(struct views_keeper *k, int64_t now_ms, int64_t until_ms, struct err *e)
{
	if (!k->passing) {
		k->passing = true;
		k->failures = 0;
		k->until = k->count;
	}
	if (!write_changed(k, now_ms, until_ms, e))
		return false;
	end_pass(k, now_ms, e);
	return true;
}

int views_keeper_run(struct views_keeper *k, int64_t now_ms, struct err *e)
{
	struct err said = ERR_INIT;
	int64_t begun_ms = clock_mono_ms(k->clock), pause_ms;
	bool over;

	if (begun_ms < views_keeper_due(k))
		return 0;
	over = slice(k, now_ms, begun_ms + VIEWS_PASS_MS, &said);
	pause_ms = (clock_mono_ms(k->clock) - begun_ms) * SHARE;
	if (over && pause_ms < VIEWS_INTERVAL_MS)
		pause_ms = VIEWS_INTERVAL_MS;
	k->due_ms = begun_ms + pause_ms;
	return said.code < 0 ? err_set(e, said.code, "%s", said.text) : 0;
}

int views_keeper_finish(struct views_keeper *k, int64_t now_ms, struct err *e)
{
	struct err said = ERR_INIT;
	int64_t until_ms = clock_mono_ms(k->clock) + VIEWS_STOP_MS;
	bool over = true;

	views_keeper_settle(k);
	if (!k->looked)
		views_keeper_look(k);
	if (k->passing)
		over = slice(k, now_ms, until_ms, &said);
	k->metrics_ms = 0;
	if (over)
		over = slice(k, now_ms, until_ms, &said);
	if (over && !k->failing)
		prune(k, now_ms, &said);
	return said.code < 0 ? err_set(e, said.code, "%s", said.text) : 0;
}
