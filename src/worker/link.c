/*
 * Reports are numbered and acknowledged in order, so what must be kept is always a tail: one buffer
 * of lines and two counts from its end, what this connection has not seen and what the disk has not
 * seen. Sending again after a reconnect is setting the first count to everything.
 */
#include "worker/link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "os/fd.h"
#include "os/sock.h"

#define READ_BYTES 65536

int link_open(struct link *l, int state_fd, int workers_fd, const char *worker_id, struct err *e)
{
	*l = (struct link){ .dir_fd = state_fd, .fd = -1 };
	return outbox_open(&l->outbox, workers_fd, worker_id, e);
}

void link_close(struct link *l)
{
	fd_close(&l->fd);
	outbox_close(&l->outbox);
	buf_release(&l->in);
	buf_release(&l->wire);
	buf_release(&l->kept);
	mem_free(&l->reports);
}

int link_connect(struct link *l)
{
	int fd = sock_connect(l->dir_fd, "orchestrator.sock");

	if (fd < 0)
		return fd;
	link_drop(l);
	l->fd = fd;
	return 0;
}

void link_drop(struct link *l)
{
	fd_close(&l->fd);
	buf_truncate(&l->in, 0);
	buf_truncate(&l->wire, 0);
	l->unsent = l->kept.len;
}

void link_put(struct link *l, const struct worker_msg *m)
{
	worker_msg_encode(&l->wire, m);
}

static uint64_t subject(struct span task_id, uint64_t attempt)
{
	return hash64(task_id.p, task_id.len, attempt);
}

bool link_may_have(const struct link *l, struct span task_id, uint64_t attempt)
{
	uint64_t wanted = subject(task_id, attempt);

	for (size_t i = l->report_first; i < l->report_count; i++)
		if (l->reports[i].subject == wanted)
			return true;
	return false;
}

void link_report(struct link *l, struct worker_msg *m, int64_t now_us)
{
	size_t before = l->kept.len, len;

	m->serial = ++l->serial;
	worker_msg_encode(&l->kept, m);
	len = l->kept.len - before;
	if (l->unsent == 0)
		l->unsent_since_us = now_us;
	l->unsent += len;
	l->unsaved += len;
	if (l->report_first > 0 && l->report_count == l->report_capacity) {
		l->report_count -= l->report_first;
		memmove(l->reports, l->reports + l->report_first,
			l->report_count * sizeof(*l->reports));
		l->report_first = 0;
	}
	mem_grow(&l->reports, &l->report_capacity, l->report_count + 1, sizeof(*l->reports));
	l->reports[l->report_count++] =
		(struct link_report){ l->serial, subject(m->task_id, m->attempt), len };
}

void link_queue_reports(struct link *l)
{
	if (l->unsent)
		buf_put(&l->wire, l->kept.p + l->kept.len - l->unsent, l->unsent);
	l->unsent = 0;
}

void link_put_unacknowledged(const struct link *l, struct buf *active)
{
	CLEANUP(buf_release) struct buf scratch = BUF_INIT;
	const char *at = l->kept.p;

	for (size_t i = l->report_first; i < l->report_count; at += l->reports[i++].len) {
		struct worker_msg m;

		buf_truncate(&scratch, 0);
		if (worker_msg_decode((struct span){ at, l->reports[i].len - 1 }, &scratch, &m) <
			    0 ||
		    m.kind != MSG_FINISHED)
			continue;
		buf_putf(active, "%s{\"task\":\"%.*s\",\"attempt\":%llu,",
			 active->len > 1 ? "," : "", SPAN_ARG(m.task_id),
			 (unsigned long long)m.attempt);
		if (m.run_no)
			buf_putf(active, "\"workstream\":\"%.*s\",\"run\":%llu,",
				 SPAN_ARG(m.workstream_id), (unsigned long long)m.run_no);
		buf_putf(active, "\"phase\":\"%s\",\"running\":false}",
			 m.result.validation ? "after" : "finished");
	}
}

int link_acknowledge(struct link *l, uint64_t serial, struct err *e)
{
	size_t len = 0;

	while (l->report_first < l->report_count && l->reports[l->report_first].serial <= serial)
		len += l->reports[l->report_first++].len;
	if (l->report_first == l->report_count)
		l->report_first = l->report_count = 0;
	buf_consume(&l->kept, len);
	if (l->unsent > l->kept.len)
		l->unsent = l->kept.len;
	if (l->unsaved > l->kept.len)
		l->unsaved = l->kept.len;
	if (l->saved_serial == 0 || serial < l->saved_serial)
		return 0;
	l->saved_serial = 0;
	return outbox_clear(&l->outbox, e);
}

int link_write(struct link *l)
{
	while (l->wire.len > 0) {
		ssize_t n = send(l->fd, l->wire.p, l->wire.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? 1 : -errno;
		buf_consume(&l->wire, (size_t)n);
	}
	return 0;
}

int link_save(struct link *l, struct span head, struct err *e)
{
	CLEANUP(buf_release) struct buf lines = BUF_INIT;
	int rc;

	if (l->unsaved == 0)
		return 0;
	if (l->outbox.empty)
		buf_put(&lines, head.p, head.len);
	buf_put(&lines, l->kept.p + l->kept.len - l->unsaved, l->unsaved);
	rc = outbox_append(&l->outbox, lines.p, lines.len, e);
	if (rc < 0)
		return rc;
	l->unsaved = 0;
	l->saved_serial = l->serial;
	return 0;
}

int link_read(struct link *l)
{
	for (;;) {
		ssize_t n;

		if (l->in.len > MESSAGE_BYTES_MAX + READ_BYTES)
			return 0; /* enough for now: the loop comes back */
		buf_reserve(&l->in, READ_BYTES);
		n = read(l->fd, l->in.p + l->in.len, READ_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
		if (n == 0)
			return -EPIPE;
		l->in.len += (size_t)n;
		l->in.p[l->in.len] = '\0';
		if (n < READ_BYTES)
			return 0;
	}
}

bool link_line(struct link *l, size_t *at, struct span *line)
{
	const char *end = l->in.len > *at ? memchr(l->in.p + *at, '\n', l->in.len - *at) : NULL;

	if (!end)
		return false;
	*line = (struct span){ l->in.p + *at, (size_t)(end - l->in.p) - *at };
	*at = (size_t)(end - l->in.p) + 1;
	return true;
}

void link_lines_done(struct link *l, size_t at)
{
	buf_consume(&l->in, at);
}
