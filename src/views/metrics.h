/*
 * Numbers for dashboards: how much there is, how long it takes, what went wrong and how it was
 * mended. Worked out from the state alone, apart from what the running program and the machine know
 * (struct metrics_source), so they can be had with and without an orchestrator, and counters go on
 * over every restart. docs/files.md says what each means.
 */
#ifndef SK_METRICS_H
#define SK_METRICS_H

#include "core/state.h"
#include "os/usage.h"
#include "os/vfs.h"

#define METRICS_FILE "metrics.json"

struct metrics_source {
	const struct state *st;
	int64_t now_ms;           /* wall clock */
	const int64_t *silent_ms; /* how long each worker said nothing, -1 = unknown; or NULL */
	int64_t journal_bytes;    /* -1 = unknown */
	struct usage usage;       /* of the orchestrator */
};

struct metrics {
	struct metrics_source from; /* borrows */
	uint64_t ws_by_state[WS_STATE_COUNT], ws_active, ws_completed_today, ws_failed_today;
	uint64_t by_state[TASK_STATE_COUNT], tasks, blocked;
	uint64_t completed_last_hour;
	uint64_t duration_ms, timed; /* sum over the completed tasks, and how many those are */
	uint64_t mended,
		not_mended; /* tasks that were tried again or lost, and completed or failed */
	uint64_t workers_by_state[WORKER_STATE_COUNT];
	uint64_t recoveries; /* all kinds of them */
};

/* Counts; one walk over the state. */
void metrics_init(struct metrics *m, const struct metrics_source *from);

/* How often an orchestrator ended without recording that, and another one was started since. */
uint64_t metrics_unclean_ends(const struct metrics *m);

/* Mean duration of completed tasks, or -1 while there is none. */
int64_t metrics_duration_ms(const struct metrics *m);

/* Share, in thousandths, of what was mended; or of workers that are busy. -1 while there is none.
 */
int64_t metrics_success(const struct metrics *m);
int64_t metrics_utilization(const struct metrics *m);

/* What counts as a failure, and what as a recovery from one: events, by their word. */
struct metrics_kind {
	const char *word;
	enum event_kind kind;
};
extern const struct metrics_kind metrics_errors[], metrics_recoveries[];
extern const size_t metrics_error_count, metrics_recovery_count;

/* Appends the document, ending in a newline. */
void metrics_put_json(const struct metrics *m, struct buf *out);

/* Appends the text form that Prometheus reads. */
void metrics_put_prometheus(const struct metrics *m, struct buf *out);

/* The journal and its closed segments, or -errno. */
int64_t metrics_journal_bytes(const struct vfs *vfs);

/* Writes metrics.json: the old or the new one, whole. Returns 0 or -errno. */
int metrics_write(const struct vfs *vfs, const struct metrics *m, struct buf *scratch);

#endif
