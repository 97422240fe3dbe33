/*
 * Which messages have gone out is known by one number in a file: all up to that event. It is
 * written behind the messages, so a kill in between leads to a second message and never to none.
 * What it leaves out is worked out again from the journal, by the rules by which it was queued
 * before.
 *
 * The number is no truth: without the file, or with nonsense in it, nobody is told of what happened
 * before this start.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "core/task_def.h"
#include "daemon/notify_impl.h"
#include "os/fd.h"
#include "store/search.h"

#define TOLD_NAME "notified"
#define TOLD_BYTES_MAX 64

uint64_t notifier_told_seq(const struct notifier *n)
{
	uint64_t seq = n->seen_seq;

	for (size_t i = 0; i < NOTIFY_RUNNING_MAX; i++)
		if (n->running[i].pid && n->running[i].seq <= seq)
			seq = n->running[i].seq - 1;
	for (size_t i = 0; i < n->count; i++)
		if (n->queue[i].seq <= seq)
			seq = n->queue[i].seq - 1;
	return seq;
}

static bool outdated(const struct notifier *n)
{
	return n->unkept || n->seen_seq - n->kept_seq >= NOTIFY_TOLD_EVENTS;
}

int64_t notifier_keep_due(const struct notifier *n)
{
	return outdated(n) ? n->keep_ms : INT64_MAX;
}

void notifier_keep(struct notifier *n, bool now)
{
	uint64_t seq = notifier_told_seq(n);
	char text[24];
	int len;

	if (!now && clock_mono_ms(n->clock) < notifier_keep_due(n))
		return;
	n->keep_ms = clock_mono_ms(n->clock) + NOTIFY_TOLD_MS;
	len = snprintf(text, sizeof(text), "%llu\n", (unsigned long long)seq);
	n->unkept = fd_replace_view_at(n->state_fd, TOLD_NAME, text, (size_t)len) < 0;
	n->kept_seq = seq;
}

/* `last` when nothing is known. */
static uint64_t read_told(const struct notifier *n, uint64_t last)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	uint64_t seq = last;

	if (fd_read_file_at(n->state_fd, TOLD_NAME, TOLD_BYTES_MAX, &text) < 0)
		return last;
	if (text.len && text.p[text.len - 1] == '\n')
		buf_truncate(&text, text.len - 1);
	if (span_to_u64((struct span){ text.p, text.len }, last, &seq) < 0)
		return last;
	return seq;
}

static bool anybody_listens(const struct state *st)
{
	struct command_def def;

	for (size_t i = 0; i < st->ws_count; i++)
		if (st->ws[i].id.len && ws_def_notify(st->ws[i].def, &def) == 1)
			return true;
	return false;
}

/* Keeps what a message is made of. The line that it points into goes. */
static int take(void *ctx, const struct event *ev)
{
	struct events *missed = ctx;
	struct event *copy;

	if (event_rows[ev->kind].severity < SEVERITY_WARNING)
		return 0; /* the word stood elsewhere in its line */
	copy = events_add(missed, ev->kind, ev->at_ms);
	copy->seq = ev->seq;
	copy->caused_by = ev->caused_by;
	copy->task_id = arena_copy(&missed->text, ev->task_id);
	copy->workstream_id = arena_copy(&missed->text, ev->workstream_id);
	copy->worker_id = arena_copy(&missed->text, ev->worker_id);
	copy->resource_id = arena_copy(&missed->text, ev->resource_id);
	copy->error = arena_copy(&missed->text, ev->error);
	copy->tasks = arena_copy(&missed->text, ev->tasks);
	copy->failed_tasks = arena_copy(&missed->text, ev->failed_tasks);
	return missed->count == NOTIFY_MISSED_MAX;
}

void notifier_resume(struct notifier *n, const struct vfs *vfs, const struct state *st)
{
	CLEANUP(events_release) struct events missed = EVENTS_INIT;
	CLEANUP(search_release) struct search severe = SEARCH_INIT;
	struct err ignored = ERR_INIT;
	uint64_t told = read_told(n, st->last_seq);

	n->seen_seq = st->last_seq;
	n->unkept = true;
	if (told == st->last_seq || !anybody_listens(st))
		return;
	for (int i = SEVERITY_WARNING; i < SEVERITY_COUNT; i++)
		search_add(&severe, span_of(severity_word((enum severity)i)));
	/* A closed file of the journal that cannot be read must not keep anybody from starting. */
	if (store_search(vfs, told + 1, &severe, take, &missed, &ignored) < 0 ||
	    missed.count == NOTIFY_MISSED_MAX)
		n->dropped++;
	notifier_queue(n, st, &missed, true);
}
