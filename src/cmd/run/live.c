/*
 * The area is small (at most half the screen), is drawn at most ten times a second and never
 * flickers: cursor up, each line rewritten, the rest cleared, in one write. A terminal that is gone
 * stops nothing: failures of write are ignored.
 */
#include "cmd/run/live.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/when.h"
#include "cmd/task/event_text.h"
#include "cmd/task/log_file.h"
#include "os/fd.h"

#define PIECE_BYTES 1024 /* fits where poll says that there is room */
#define DRAW_MS 200
#define EVERY_TASK_MAX 60 /* plans up to this size show each completion */
#define TAIL_BYTES 400
#define BAR_WIDTH 24

void live_open(struct live *l, int logs_fd, bool color, bool quiet, size_t tasks, int64_t now_ms)
{
	const char *term = getenv("TERM");

	*l = (struct live){ .fd = STDERR_FILENO,
			    .logs_fd = logs_fd,
			    .color = color,
			    .quiet = quiet,
			    .rows = 24,
			    .columns = 80,
			    .every_task = tasks <= EVERY_TASK_MAX,
			    .begun_ms = now_ms,
			    .text = BUF_INIT };
	l->terminal = !quiet && isatty(l->fd) && term && *term && strcmp(term, "dumb") != 0;
}

void live_release(struct live *l)
{
	buf_release(&l->text);
}

/*
 * Nobody has to read this for the run to go on: what a full pipe or a stopped terminal does not
 * take at once is dropped, and the next line that gets through says so. A piece that poll promises
 * room for does not block.
 */
static void live_write(struct live *l)
{
	struct pollfd ready = { .fd = l->fd, .events = POLLOUT };
	size_t at = 0;

	if (l->dropped && l->text.len && poll(&ready, 1, 0) == 1 && ready.revents & POLLOUT) {
		static const char gap[] = "(progress was not shown here: nobody read it)\n";

		(void)fd_write_all(l->fd, gap, sizeof(gap) - 1);
		l->dropped = false;
	}
	while (at < l->text.len) {
		size_t len = l->text.len - at < PIECE_BYTES ? l->text.len - at : PIECE_BYTES;

		if (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT) ||
		    fd_write_all(l->fd, l->text.p + at, len) < 0) {
			l->dropped = true;
			break;
		}
		at += len;
	}
	buf_truncate(&l->text, 0);
}

static void put_style(struct live *l, const char *code)
{
	if (l->color && l->terminal)
		buf_putf(&l->text, "\033[%sm", code);
}

/* Bytes of what stands at `at`, and the cells of the screen that it takes: two where that may be.
 */
static size_t next_glyph(const struct buf *text, size_t at, unsigned *cells)
{
	size_t len = utf8_len(text->p + at, text->len - at);

	if (text->p[at] == '\033') {
		*cells = 0;
		return strcspn(text->p + at, "m") + 1;
	}
	*cells = len >= 3 ? 2 : 1;
	return len ? len : 1;
}

/*
 * Ends the line of the area that began at `from`. It is cut where the terminal ends: a line that
 * wraps takes two rows, and the next drawing would begin in the wrong one.
 */
static void end_line(struct live *l, size_t from)
{
	unsigned used = 0, cells;

	while (from < l->text.len) {
		size_t len = next_glyph(&l->text, from, &cells);

		if (used + cells >= l->columns)
			break;
		used += cells;
		from += len;
	}
	buf_truncate(&l->text, from);
	put_style(l, "0");
	buf_puts(&l->text, "\033[K\n");
	l->drawn++;
}

/* Puts the cursor where the area began and clears everything below. */
static void put_erase(struct live *l)
{
	if (l->drawn)
		buf_putf(&l->text, "\r\033[%uA\033[J", l->drawn);
	l->drawn = 0;
}

void live_clear(struct live *l)
{
	put_erase(l);
	live_write(l);
}

void live_say(struct live *l, const char *fmt, ...)
{
	va_list args;

	if (l->quiet)
		return;
	put_erase(l);
	va_start(args, fmt);
	buf_putfv(&l->text, fmt, args);
	va_end(args);
	buf_putc(&l->text, '\n');
	live_write(l);
}

static bool worth_a_line(const struct live *l, const struct event *ev)
{
	switch (ev->kind) {
	case EV_TASK_STARTED:
		return !l->terminal && !l->calm;
	case EV_TASK_COMPLETED:
		return (!l->terminal && !l->calm) || l->every_task;
	case EV_TASK_QUEUED:
	case EV_TASK_CREATED:
	case EV_TASK_EXECUTED:
	case EV_TASK_TIMEOUT:
	case EV_VALIDATION_FAILED:
	case EV_WS_READY:
	case EV_WS_STARTED:
	case EV_WS_VALIDATING:
	case EV_WS_CREATED:
	case EV_TASK_RESET:
	case EV_WS_RESUMED:
		return false;
	case EV_DEPENDENCY_WAIVED:
	case EV_TASK_UPDATED:
	case EV_TASK_DROPPED:
	case EV_TASK_CANCEL_REQUESTED:
		return true;
	default:
		break;
	}
	if (event_rows[ev->kind].type == EVENT_TYPE_TASK ||
	    event_rows[ev->kind].type == EVENT_TYPE_WORKSTREAM)
		return true;
	return event_rows[ev->kind].severity >= SEVERITY_WARNING;
}

static const char *line_style(const struct event *ev)
{
	if (event_rows[ev->kind].severity >= SEVERITY_ERROR)
		return "31";
	if (event_rows[ev->kind].severity == SEVERITY_WARNING)
		return "33";
	return ev->kind == EV_TASK_COMPLETED || ev->kind == EV_WS_COMPLETED ? "32" : "0";
}

static void put_event(struct live *l, const struct state *st, const struct event *ev)
{
	char when[WHEN_TEXT_LEN];
	uint32_t task = state_task(st, ev->task_id);

	when_encode(ev->at_ms, when);
	buf_put(&l->text, when + 11, 8);
	buf_puts(&l->text, "  ");
	put_style(l, line_style(ev));
	buf_put_visible(&l->text, event_subject(ev));
	put_style(l, "0");
	buf_puts(&l->text, "  ");
	event_put_sentence(ev, &l->text);
	if (ev->kind == EV_TASK_COMPLETED && task != NO_ID) {
		buf_puts(&l->text, " in ");
		buf_put_duration(&l->text, st->tasks[task].duration_ms);
	}
	buf_putc(&l->text, '\n');
}

void live_events(struct live *l, const struct state *st, const struct events *batch)
{
	bool any = false;

	if (l->quiet)
		return;
	for (size_t i = 0; i < batch->count; i++) {
		if (!worth_a_line(l, &batch->v[i]))
			continue;
		if (!any)
			put_erase(l);
		any = true;
		put_event(l, st, &batch->v[i]);
	}
	if (any)
		live_write(l);
}

/* The last line a task printed, or an empty one. Header lines of attempts are passed over. */
static void put_last_line(struct live *l, const struct task *t)
{
	char name[TASK_ID_BYTES_MAX + 8], tail[TAIL_BYTES];
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	ssize_t len = 0;
	off_t size;
	int fd;

	snprintf(name, sizeof(name), "%.*s.log", SPAN_ARG(t->id));
	fd = fd_open_at(l->logs_fd, name, O_RDONLY, 0);
	if (fd < 0)
		return;
	size = lseek(fd, 0, SEEK_END);
	if (size > 0)
		len = pread(fd, tail, sizeof(tail), size > TAIL_BYTES ? size - TAIL_BYTES : 0);
	close(fd);
	while (len > 0 && (tail[len - 1] == '\n' || tail[len - 1] == '\r'))
		len--;
	if (len > 0) {
		const char *from = memrchr(tail, '\n', (size_t)len);

		from = from ? from + 1 : tail;
		if (!log_is_mark((struct span){ from, (size_t)(tail + len - from) }))
			buf_put_visible(&line, (struct span){ from, (size_t)(tail + len - from) });
	}
	put_style(l, "2");
	buf_put(&l->text, line.p, line.len);
}

static void put_running(struct live *l, const struct task *t, int64_t now_ms)
{
	CLEANUP(buf_release) struct buf head = BUF_INIT;
	size_t from = l->text.len;

	buf_putf(&head, "  %-20.*s ", SPAN_ARG(t->id));
	if (t->id.len > 20)
		buf_truncate(&head, 0), buf_putf(&head, "  %.17s... ", t->id.p);
	buf_put_duration(&head, now_ms - t->started_ms);
	while (head.len < 33)
		buf_putc(&head, ' ');
	if (t->attempt > 1)
		buf_putf(&head, "attempt %u  ", (unsigned)t->attempt);
	if (t->flags & TASK_CANCELLING)
		buf_puts(&head, "ending  ");
	else if (t->state == TASK_VALIDATING)
		buf_puts(&head, "checking  ");
	buf_put(&l->text, head.p, head.len);
	put_last_line(l, t);
	end_line(l, from);
}

struct tally {
	uint32_t total, done, running, failed, queued, retrying, pending;
};

static struct tally count_tasks(const struct state *st)
{
	struct tally t = { .total = 0 };

	for (size_t i = 0; i < st->ws_count; i++) {
		const struct workstream *w = &st->ws[i];

		if (!w->active)
			continue;
		t.total += (uint32_t)w->task_count;
		t.done += w->by_state[TASK_COMPLETED];
		t.running += w->by_state[TASK_RUNNING] + w->by_state[TASK_VALIDATING];
		t.failed += w->by_state[TASK_FAILED];
		t.queued += w->by_state[TASK_QUEUED];
		t.retrying += w->by_state[TASK_RETRYING];
		t.pending += w->by_state[TASK_PENDING];
	}
	return t;
}

static void put_bar(struct live *l, const struct tally *t, int64_t now_ms)
{
	unsigned full = t->total ? (unsigned)((uint64_t)t->done * BAR_WIDTH / t->total) : 0;
	size_t from = l->text.len;

	buf_puts(&l->text, "  [");
	put_style(l, t->failed ? "31" : "32");
	for (unsigned i = 0; i < BAR_WIDTH; i++)
		buf_putc(&l->text, i < full ? '#' : '.');
	put_style(l, "0");
	buf_putf(&l->text, "] %u/%u done", (unsigned)t->done, (unsigned)t->total);
	if (t->running)
		buf_putf(&l->text, ", %u running", (unsigned)t->running);
	if (t->failed)
		buf_putf(&l->text, ", %u failed", (unsigned)t->failed);
	if (t->retrying)
		buf_putf(&l->text, ", %u retrying", (unsigned)t->retrying);
	buf_puts(&l->text, ", ");
	buf_put_duration(&l->text, now_ms - l->begun_ms);
	end_line(l, from);
}

/* Why the first thing that waits, waits. */
static void put_waiting(struct live *l, const struct state *st, int64_t now_ms)
{
	uint32_t retry = st->retry.count ? st->retry.v[0] : NO_ID;
	size_t from = l->text.len;

	for (size_t i = 0; i < st->resource_count; i++) {
		const struct resource *r = &st->resources[i];

		if (!r->waiters.count || !r->holder_count)
			continue;
		buf_putf(&l->text, "  %.*s waits for %.*s, held by %.*s",
			 SPAN_ARG(st->tasks[r->waiters.v[0]].id), SPAN_ARG(r->id),
			 SPAN_ARG(st->tasks[r->holders[0]].id));
		end_line(l, from);
		return;
	}
	if (retry == NO_ID)
		return;
	buf_putf(&l->text, "  %.*s is tried again in ", SPAN_ARG(st->tasks[retry].id));
	buf_put_duration(&l->text, st->tasks[retry].retry_at_ms - now_ms);
	end_line(l, from);
}

/* Costs one call; a terminal that does not know its size has 24 rows of 80 columns. */
static void ask_size(struct live *l)
{
	struct winsize size;

	if (ioctl(l->fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row <= 4)
		return;
	l->columns = size.ws_col;
	l->rows = size.ws_row;
}

void live_draw(struct live *l, const struct state *st, int64_t now_ms)
{
	struct tally t = count_tasks(st);
	unsigned room, shown = 0, more = 0;
	size_t from;

	if (!l->terminal)
		return;
	put_erase(l);
	ask_size(l);
	room = l->rows / 2 > 4 ? l->rows / 2 - 3 : 1;
	for (size_t i = 0; i < st->worker_count; i++) {
		for (uint32_t k = 0; k < st->workers[i].assigned; k++) {
			const struct task *task = &st->tasks[st->workers[i].tasks[k]];

			if (task->state != TASK_RUNNING && task->state != TASK_VALIDATING)
				continue;
			if (shown < room)
				put_running(l, task, now_ms), shown++;
			else
				more++;
		}
	}
	from = l->text.len;
	if (more) {
		buf_putf(&l->text, "  and %u more", more);
		end_line(l, from);
	}
	put_bar(l, &t, now_ms);
	from = l->text.len;
	if (l->notice) {
		buf_putf(&l->text, "  %s", l->notice);
		end_line(l, from);
	} else {
		put_waiting(l, st, now_ms);
	}
	live_write(l);
}

int live_interval_ms(const struct live *l)
{
	return l->terminal ? DRAW_MS : -1;
}
