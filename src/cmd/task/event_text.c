/*
 * A sentence for each kind of event, calm and without the journal's own words. What has no sentence
 * of its own is shown by its word, so a new kind of event is never invisible.
 */
#include "cmd/task/event_text.h"

#include "base/scan.h"
#include "base/when.h"
#include "cmd/task/story.h"
#include "core/state.h"

struct span event_subject(const struct event *ev)
{
	if (ev->task_id.len)
		return ev->task_id;
	if (ev->worker_id.len)
		return ev->worker_id;
	if (ev->resource_id.len)
		return ev->resource_id;
	if (ev->workstream_id.len)
		return ev->workstream_id;
	return SPAN_LIT("sk");
}

static void put_ms(struct buf *out, const char *before, uint64_t ms)
{
	if (!ms)
		return;
	buf_puts(out, before);
	buf_put_duration(out, (int64_t)ms);
}

static void put_outcome(const struct event *ev, struct buf *out)
{
	story_put_outcome(ev->error, ev->exit_code, ev->signal, out);
	put_ms(out, ", took ", ev->duration_ms);
}

static void put_attempt(const struct event *ev, struct buf *out)
{
	if (ev->attempt)
		buf_putf(out, ", attempt %llu", (unsigned long long)ev->attempt);
}

static void put_queued(const struct event *ev, struct buf *out)
{
	buf_puts(out,
		 ev->trigger == ON_RETRY_DELAY_ELAPSED ? "ready to try again" : "ready to run");
}

static void put_retry(const struct event *ev, struct buf *out)
{
	put_outcome(ev, out);
	put_attempt(ev, out);
	put_ms(out, "; tries again in ",
	       ev->retry_at_ms > ev->at_ms ? (uint64_t)(ev->retry_at_ms - ev->at_ms) : 1);
}

static void put_failed(const struct event *ev, struct buf *out)
{
	buf_puts(out, "failed: ");
	put_outcome(ev, out);
	put_attempt(ev, out);
}

static void put_executed(const struct event *ev, struct buf *out)
{
	buf_puts(out, "ran");
	put_ms(out, " for ", ev->duration_ms);
	if (ev->leftovers)
		buf_putf(out, "; %llu process%s it left behind %s ended",
			 (unsigned long long)ev->leftovers, ev->leftovers == 1 ? "" : "es",
			 ev->leftovers == 1 ? "was" : "were");
}

static void put_registered(const struct event *ev, struct buf *out)
{
	buf_putf(out, "worker ready: %llu slot%s, pid %llu", (unsigned long long)ev->slots,
		 PLURAL(ev->slots), (unsigned long long)ev->pid);
	if (ev->kill_mode.len) {
		buf_puts(out, ", ends tasks by ");
		buf_put_visible(out, ev->kill_mode);
	}
}

static void put_restored(const struct event *ev, struct buf *out)
{
	buf_puts(out, "state restored from ");
	buf_put_visible(out, ev->name);
	buf_putf(out, ", as it was behind %llu", (unsigned long long)ev->available);
	if (ev->requested)
		buf_putf(out, "; %llu later records were dropped",
			 (unsigned long long)ev->requested);
}

static void put_watched(const struct event *ev, struct buf *out)
{
	buf_puts(out, "answers again");
	put_ms(out, " after ", ev->duration_ms);
	buf_puts(out, "; watched closely from now on");
}

static void put_exhausted(const struct event *ev, struct buf *out)
{
	buf_putf(out, "waited for too long: %llu wanted, %llu free",
		 (unsigned long long)ev->requested, (unsigned long long)ev->available);
}

static void put_rollback(const struct event *ev, struct buf *out)
{
	buf_putf(out, "rolled back to the checkpoint at record %llu",
		 (unsigned long long)ev->available);
}

static void put_created(const struct event *ev, struct buf *out)
{
	buf_putf(out, "created, run %llu", (unsigned long long)(ev->run_no ? ev->run_no : 1));
}

static void put_leave(const struct event *ev, struct buf *out)
{
	if (ev->flags == LEAVE_RESTART)
		buf_puts(out, "to be started again");
	else if (ev->flags & LEAVE_FORCED)
		buf_puts(out, ev->flags & LEAVE_REASSIGN
				      ? "ended by force, its tasks go to other workers"
				      : "ended by force, its tasks have failed");
	else
		buf_puts(out, "begins nothing more and leaves when it is done");
	if (ev->flags != LEAVE_RESTART && ev->flags & LEAVE_RESTART)
		buf_puts(out, ", then it is started again");
}

/* "dependency cycle: a needs b needs a" */
static void put_cycle(const struct event *ev, struct buf *out)
{
	struct scan_text id, first = { SPAN_NONE, false };
	struct scan s;

	buf_puts(out, "dependency cycle: ");
	scan_init(&s, ev->tasks);
	scan_array(&s);
	while (scan_item(&s)) {
		scan_string(&s, &id);
		if (s.error)
			return;
		if (!first.raw.p)
			first = id;
		buf_put_visible(out, id.raw);
		buf_puts(out, " needs ");
	}
	buf_put_visible(out, first.raw);
}

/* "need of build and arm waived" */
static void put_waived(const struct event *ev, struct buf *out)
{
	const char *between = "need of ";
	struct scan_text id;
	struct scan s;

	scan_init(&s, ev->needs);
	scan_array(&s);
	while (scan_item(&s)) {
		scan_string(&s, &id);
		if (s.error)
			break;
		buf_puts(out, between);
		buf_put_visible(out, id.raw);
		between = " and ";
	}
	buf_puts(out, " waived");
}

/* Kinds whose sentence never varies. */
static const char *fixed_sentence(enum event_kind kind)
{
	switch (kind) {
	case EV_TASK_CREATED:
		return "created";
	case EV_TASK_COMPLETED:
		return "completed";
	case EV_TASK_CANCEL_REQUESTED:
		return "asked to end";
	case EV_TASK_ROLLBACK:
		return "asked to end; pending again after that";
	case EV_TASK_CANCELLED:
		return "cancelled";
	case EV_TASK_SKIPPED:
		return "skipped, counted as completed";
	case EV_TASK_RESET:
		return "put back to the start";
	case EV_TASK_UPDATED:
		return "new definition taken over from the plan";
	case EV_STALE_RESULT_IGNORED:
		return "a late report of an earlier attempt was ignored";
	case EV_WS_READY:
		return "ready";
	case EV_WS_STARTED:
		return "started";
	case EV_WS_VALIDATING:
		return "all tasks done, final check";
	case EV_WS_COMPLETED:
		return "completed";
	case EV_WS_FAILED:
		return "failed";
	case EV_WS_CANCELLED:
		return "cancelled";
	case EV_WS_RESUMED:
		return "continued";
	case EV_WS_UPDATED:
		return "new settings taken over from the plan";
	case EV_WS_ARCHIVED:
		return "moved to the archive";
	case EV_WS_TIMEOUT:
		return "took longer than it may";
	default:
		return NULL;
	}
}

static const char *fixed_sentence_of_others(enum event_kind kind)
{
	switch (kind) {
	case EV_WORKER_SPAWNED:
		return "worker started";
	case EV_WORKER_BUSY:
		return "worker busy";
	case EV_WORKER_IDLE:
		return "worker idle";
	case EV_WORKER_UNRESPONSIVE:
		return "worker does not answer";
	case EV_WORKER_RECOVERED:
		return "worker answers again";
	case EV_WORKER_CRASHED:
		return "worker is gone";
	case EV_WORKER_SHUTDOWN:
		return "worker stopped";
	case EV_RESOURCE_AVAILABLE:
		return "free again";
	case EV_ORCHESTRATOR_STOPPED:
		return "orchestrator stopped";
	case EV_STORE_CREATED:
		return "first use here";
	case EV_TAIL_DROPPED:
		return "an unfinished last record was dropped";
	case EV_LOG_ROTATED:
		return "journal moved to the archive, a new one begun";
	case EV_SNAPSHOT:
		return "snapshot of the whole state";
	default:
		return NULL;
	}
}

/* What happened to the state as a whole. */
static void put_system(const struct event *ev, struct buf *out)
{
	if (ev->kind == EV_STATE_RESTORED) {
		put_restored(ev, out);
	} else if (ev->kind == EV_STATE_REPAIRED) {
		buf_puts(out, "state repaired: ");
		buf_put_visible(out, ev->name);
	} else {
		buf_puts(out, event_rows[ev->kind].word);
	}
}

static void put_of_worker(const struct event *ev, struct buf *out)
{
	if (ev->kind == EV_WORKER_LEAVE)
		put_leave(ev, out);
	else if (ev->kind == EV_WORKER_WATCHED)
		put_watched(ev, out);
	else if (ev->kind == EV_WORKER_REGISTERED)
		put_registered(ev, out);
	else
		put_system(ev, out);
}

static void put_special(const struct event *ev, struct buf *out)
{
	switch (ev->kind) {
	case EV_TASK_QUEUED:
		put_queued(ev, out);
		break;
	case EV_TASK_ASSIGNED:
		buf_putf(out, "given to worker %.*s", SPAN_ARG(ev->worker_id));
		put_attempt(ev, out);
		break;
	case EV_TASK_STARTED:
		buf_puts(out, "started");
		put_attempt(ev, out);
		break;
	case EV_TASK_EXECUTED:
		put_executed(ev, out);
		break;
	case EV_TASK_RETRY:
		put_retry(ev, out);
		break;
	case EV_TASK_REASSIGNED:
		buf_puts(out, "its worker was lost; runs again, no retry used");
		break;
	case EV_TASK_FAILED:
		put_failed(ev, out);
		break;
	case EV_TASK_TIMEOUT:
		buf_puts(out, "time limit reached");
		put_ms(out, ": ", ev->timeout_ms);
		break;
	case EV_VALIDATION_FAILED:
		buf_puts(out, "a check failed: ");
		put_outcome(ev, out);
		break;
	case EV_WS_CREATED:
		put_created(ev, out);
		break;
	case EV_CYCLE_DETECTED:
		put_cycle(ev, out);
		break;
	case EV_DEPENDENCY_WAIVED:
		put_waived(ev, out);
		break;
	case EV_WS_ROLLBACK:
		put_rollback(ev, out);
		break;
	case EV_RESOURCE_LIMIT:
		buf_putf(out, "at most %llu at once", (unsigned long long)ev->limit);
		break;
	case EV_RESOURCE_EXHAUSTED:
		put_exhausted(ev, out);
		break;
	case EV_ORCHESTRATOR_STARTED:
		buf_putf(out, "orchestrator started, pid %llu", (unsigned long long)ev->pid);
		break;
	default:
		put_of_worker(ev, out);
	}
}

void event_put_sentence(const struct event *ev, struct buf *out)
{
	const char *fixed = fixed_sentence(ev->kind);

	if (!fixed)
		fixed = fixed_sentence_of_others(ev->kind);
	if (fixed)
		buf_puts(out, fixed);
	else
		put_special(ev, out);
	if (ev->operator_name.len) {
		buf_puts(out, span_is(ev->operator_name, "operator") ? " by an " : " by ");
		buf_put_visible(out, ev->operator_name);
	}
	if (ev->reason.len) {
		buf_puts(out, ": ");
		story_put_first_line(ev->reason, out);
	}
}
