/*
 * The journal, read aloud. Filters look at every record; the last ones are kept in a ring so that
 * --limit shows the newest. Following asks again after every change of the folder, from the record
 * after the last one seen.
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/when.h"
#include "cmd/task/event_text.h"
#include "cmd/state/moment.h"
#include "cmd/view.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/watch.h"

#define RECENT 4096         /* times of the newest records, to give the cause its event_id */
#define FOLLOW_POLL_MS 1000 /* a file system may not report changes made by another machine */

struct events_run {
	struct cmd_ctx *c;
	struct vfs vfs;
	struct span task, workstream;
	int severity; /* at least, or -1 */
	bool typed;   /* only the kinds in `kinds` */
	bool kinds[EVENT_COUNT];
	int64_t from_ms, to_ms; /* of the record, inclusive */
	uint64_t last;          /* no record behind this number */
	uint64_t seen;          /* last sequence number looked at */
	uint64_t limit;         /* newest ones kept, or 0 = print at once */
	struct buf *ring;
	uint64_t kept;             /* lines that went into the ring */
	uint64_t matched;          /* records that passed the filters */
	int64_t recent_ms[RECENT]; /* time of record seq % RECENT */
};

static bool wanted(const struct events_run *r, const struct event *ev)
{
	if (r->task.len && !span_eq(ev->task_id, r->task))
		return false;
	if (r->workstream.len && !span_eq(ev->workstream_id, r->workstream))
		return false;
	if (r->typed && !r->kinds[ev->kind])
		return false;
	if (ev->at_ms < r->from_ms || ev->at_ms > r->to_ms || ev->seq > r->last)
		return false;
	return r->severity < 0 || (int)event_rows[ev->kind].severity >= r->severity;
}

static enum style severity_style(enum severity severity)
{
	if (severity == SEVERITY_WARNING)
		return STYLE_WARN;
	return severity == SEVERITY_INFO ? STYLE_PLAIN : STYLE_BAD;
}

static void put_line(struct out *out, const struct event *ev)
{
	CLEANUP(buf_release) struct buf when = BUF_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	buf_put_when(&when, ev->at_ms);
	buf_puts(&when, "  ");
	buf_put_visible(&text, event_subject(ev));
	buf_puts(&text, ": ");
	event_put_sentence(ev, &text);
	out_putf(out, "%6llu  ", (unsigned long long)ev->seq);
	out_style(out, STYLE_DIM, when.p);
	out_style(out, severity_style(event_rows[ev->kind].severity), text.p);
	out_puts(out, "\n");
}

struct cause {
	uint64_t seq;
	int64_t at_ms;
};

static int find_cause(void *ctx, const struct event *ev, struct span line)
{
	struct cause *cause = ctx;

	(void)line;
	if (ev->seq == cause->seq)
		cause->at_ms = ev->at_ms;
	return ev->seq >= cause->seq;
}

/* The time of the causing record: nearly always one of the newest. */
static int64_t cause_ms(struct events_run *r, const struct event *ev)
{
	struct cause cause = { ev->caused_by, ev->at_ms };

	if (!ev->caused_by || ev->caused_by >= ev->seq)
		return 0;
	if (ev->seq - ev->caused_by < RECENT && r->recent_ms[ev->caused_by % RECENT])
		return r->recent_ms[ev->caused_by % RECENT];
	store_scan(&r->vfs, ev->caused_by, find_cause, &cause, NULL);
	return cause.at_ms;
}

static void print_event(struct events_run *r, const struct event *ev)
{
	struct out *out = r->c->out;
	struct out line;

	if (r->limit) { /* into the ring, over the oldest */
		line = *out;
		line.buf = r->ring[r->kept % r->limit];
		buf_truncate(&line.buf, 0);
		out = &line;
	}
	if (r->c->json)
		event_put_json(out, ev, cause_ms(r, ev));
	else
		put_line(out, ev);
	if (r->limit)
		r->ring[r->kept++ % r->limit] = line.buf;
}

static int on_event(void *ctx, const struct event *ev, struct span line)
{
	struct events_run *r = ctx;

	(void)line;
	if (ev->seq <= r->seen)
		return 0;
	r->seen = ev->seq;
	r->recent_ms[ev->seq % RECENT] = ev->at_ms;
	if (wanted(r, ev)) {
		r->matched++;
		print_event(r, ev);
	}
	return r->c->out->error != 0;
}

static void print_ring(struct events_run *r)
{
	uint64_t first = r->kept > r->limit ? r->kept - r->limit : 0;

	for (uint64_t i = first; i < r->kept; i++)
		out_put(r->c->out, r->ring[i % r->limit].p, r->ring[i % r->limit].len);
	for (uint64_t i = 0; i < r->limit; i++)
		buf_release(&r->ring[i]);
	mem_free(&r->ring);
	r->limit = 0;
}

static int scan(struct events_run *r, struct err *e)
{
	int rc = store_scan(&r->vfs, r->seen + 1, on_event, r, e);

	if (rc == -ENOENT)
		return view_missing(r->c->paths, e);
	return rc < 0 ? rc : 0;
}

static int follow(struct events_run *r, int dir, struct err *e)
{
	CLEANUP(fd_close) int watch = watch_open();
	int rc = watch < 0 ? watch : watch_add(watch, dir);

	if (rc < 0)
		return err_set(e, rc, "cannot watch the journal: %s", strerror(-rc));
	do {
		int64_t began_ms = clock_mono_ms(&clock_real);

		rc = scan(r, e);
		if (rc < 0)
			return rc;
		if (out_flush(r->c->out) < 0)
			return EXIT_DONE; /* the end of main reports it */
		rc = watch_rest(STDOUT_FILENO, clock_mono_ms(&clock_real) - began_ms);
		if (rc >= 0)
			rc = watch_wait(watch, STDOUT_FILENO, FOLLOW_POLL_MS);
	} while (rc >= 0);
	if (rc == -EPIPE)
		return EXIT_DONE; /* whoever read has seen enough */
	return err_set(e, rc, "cannot watch the journal: %s", strerror(-rc));
}

/* Nothing fitted: is it because there is no such task or workstream? */
static int check_ids(struct events_run *r, struct err *e)
{
	struct view *v = NULL;
	uint32_t found;
	int rc = view_open(r->c->paths, r->c->now_ms, &v, e);

	if (rc == 0 && v && r->task.len)
		rc = view_task(v, r->task.p, &found, e);
	if (rc == 0 && v && r->workstream.len)
		rc = view_workstream(v, r->workstream.p, &found, e);
	view_free(v);
	return rc;
}

/*
 * The id behind a name, kept in `id`. What the state does not know stays as it was typed: the
 * journal remembers tasks that are gone.
 */
static struct span task_id(const struct events_run *r, const char *typed,
			   char id[TASK_ID_BYTES_MAX])
{
	struct span found = span_of(typed);
	struct view *v = NULL;
	uint32_t task;

	if (view_open(r->c->paths, r->c->now_ms, &v, NULL) == 0 && v &&
	    view_task(v, typed, &task, NULL) == 0) {
		found = v->st.tasks[task].id;
		memcpy(id, found.p, found.len);
		found.p = id;
	}
	view_free(v);
	return found;
}

/* A word of event_list.h. */
static int take_kind(struct events_run *r, const char *word, struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	const char *nearest = "task_failed";

	for (int k = 0; k < EVENT_COUNT; k++) {
		if (strcmp(event_rows[k].word, word) == 0) {
			r->typed = r->kinds[k] = true;
			return 0;
		}
		if (span_starts(span_of(event_rows[k].word), word))
			nearest = event_rows[k].word;
	}
	buf_put_quoted(&shown, span_of(word), NAME_BYTES_MAX);
	return err_set(e, -SK_EUSAGE,
		       "events: --type %s is no event: nothing was shown. Try: --type %s", shown.p,
		       nearest);
}

static bool is_number(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

/* --since and --until: the number of a record, or a time. */
static int take_range(struct events_run *r, struct err *e)
{
	const struct options *o = r->c->options;
	const char *since = options_text(o, "since"), *until = options_text(o, "until");
	int64_t now_ms = r->c->now_ms;
	uint64_t number = 0;
	int rc = 0;

	r->last = UINT64_MAX;
	r->from_ms = INT64_MIN;
	r->to_ms = INT64_MAX;
	if (since && is_number(since))
		rc = span_to_u64(span_of(since), INTEGER_MAX, &r->seen);
	else if (since)
		rc = moment_option("events", "since", since, now_ms, &r->from_ms, e);
	if (rc == 0 && since && !is_number(since) && r->from_ms % 1000 == 999)
		r->from_ms -= 999; /* a whole second was typed: from its beginning */
	if (rc == 0 && until && is_number(until))
		rc = span_to_u64(span_of(until), INTEGER_MAX, &number), r->last = number;
	else if (rc == 0 && until)
		rc = moment_option("events", "until", until, now_ms, &r->to_ms, e);
	if (rc == -EINVAL || rc == -ERANGE)
		return err_set(e, -SK_EUSAGE,
			       "events: the number of a record is at most %lld: nothing was shown. "
			       "Try: sk events -n 10",
			       INTEGER_MAX);
	return rc;
}

/* Where every record counts, the newest N need not be looked for among all. */
static void begin_near_end(struct events_run *r)
{
	uint64_t near;

	if (!r->limit || r->task.len || r->workstream.len || r->typed || r->severity >= 0 ||
	    r->from_ms != INT64_MIN || r->to_ms != INT64_MAX || r->last != UINT64_MAX)
		return;
	near = store_near_end(&r->vfs);
	if (near > r->limit && near - r->limit > r->seen)
		r->seen = near - r->limit;
}

static int run_open(struct events_run *r, int dir, struct err *e)
{
	const struct options *o = r->c->options;
	const char *severity = options_text(o, "severity");
	char id[TASK_ID_BYTES_MAX];
	int rc;

	if (options_text(o, "task"))
		r->task = task_id(r, options_text(o, "task"), id);
	if (options_text(o, "workstream"))
		r->workstream = span_of(options_text(o, "workstream"));
	r->severity = severity ? severity_decode(span_of(severity)) : -1;
	r->limit = options_number(o, "limit", 0);
	if (r->limit)
		r->ring = mem_zalloc(r->limit * sizeof(*r->ring));
	begin_near_end(r);
	rc = scan(r, e);
	if (r->limit)
		print_ring(r);
	if (rc == 0 && r->matched == 0 && (r->task.len || r->workstream.len))
		rc = check_ids(r, e);
	if (rc == 0 && options_has(o, "follow"))
		rc = follow(r, dir, e);
	return rc;
}

/* What can be refused before any file is looked at. */
static int take_options(struct events_run *r, struct err *e)
{
	int rc = take_range(r, e);

	for (size_t i = 0; rc == 0 && options_each(r->c->options, "type", i); i++)
		rc = take_kind(r, options_each(r->c->options, "type", i), e);
	return rc;
}

static int events_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	CLEANUP(fd_close) int dir = paths_open(c->paths, false, &why);
	CLEANUP(mem_free) struct events_run *r = mem_zalloc(sizeof(*r));
	int rc;

	r->c = c;
	rc = take_options(r, e);
	if (rc < 0)
		return rc;
	if (dir == -ENOENT)
		return view_missing(c->paths, e);
	if (dir < 0)
		return view_paths_problem(dir, &why, e);
	vfs_real_open(&r->vfs, dir);
	rc = run_open(r, dir, e);
	vfs_real_close(&r->vfs);
	return rc;
}

static const struct option_row events_options[] = {
	{ .name = "follow",
	  .letter = 'f',
	  .kind = OPTION_FLAG,
	  .summary = "go on with what happens next" },
	{ .name = "task",
	  .kind = OPTION_TEXT,
	  .value = "ID",
	  .summary = "only of this task",
	  .completes = ARG_TASK },
	{ .name = "workstream",
	  .kind = OPTION_TEXT,
	  .value = "ID",
	  .summary = "only of this workstream",
	  .completes = ARG_WORKSTREAM },
	{ .name = "severity",
	  .kind = OPTION_CHOICE,
	  .value = "info|warning|error|critical",
	  .summary = "only what is at least this severe" },
	{ .name = "type",
	  .kind = OPTION_TEXT,
	  .value = "EVENT",
	  .repeats = true,
	  .summary = "only this kind, as task_failed; may be given several times" },
	{ .name = "since",
	  .kind = OPTION_TEXT,
	  .value = "SEQ|TIME",
	  .summary = "only what came after this number, or from this time on" },
	{ .name = "until",
	  .kind = OPTION_TEXT,
	  .value = "SEQ|TIME",
	  .summary = "only up to this number, or up to this time" },
	{ .name = "limit",
	  .letter = 'n',
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .summary = "only the newest N",
	  .min = 1,
	  .max = 100000 },
	{ .name = NULL },
};

const struct cmd cmd_events = {
	.path = "events",
	.summary = "show what happened, one line each",
	.usage = "[-f] [--task ID] [--severity LEVEL] [--type EVENT]... [--since WHEN] [--limit N]",
	.about = "Each line begins with the sequence number of the record, then the time in UTC. "
		 "With --format json each "
		 "line is one object with all that was recorded. A time is 2026-11-21T08:43:00Z "
		 "(UTC), "
		 "or 10m for ten minutes ago.",
	.example = "sk events --severity warning\nsk events -f --task unit\nsk events --type "
		   "task_failed "
		   "--since 1h\nsk events --since 120 "
		   "--format json",
	.options = events_options,
	.needs = NEED_STATE,
	.run = events_run,
};
