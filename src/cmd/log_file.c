/*
 * The name of the file comes from an id, which was checked when the task was created; it is opened
 * below the folder all the same, without following links, because tasks run as us and could plant
 * one.
 */
#include "cmd/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/when.h"
#include "cmd/view.h"
#include "os/fd.h"

#define CHUNK_BYTES 65536
#define HEADER_BYTES_MAX 256

int log_file_open(int dir, struct span task_id, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	CLEANUP(buf_release) struct buf name = BUF_INIT;
	CLEANUP(fd_close) int logs = paths_open_inside(dir, "logs", false, &why);
	struct stat st;
	int fd;

	if (logs == -ENOENT)
		return -ENOENT;
	if (logs < 0)
		return view_paths_problem(logs, &why, e);
	buf_putf(&name, "%.*s.log", SPAN_ARG(task_id));
	fd = fd_open_at(logs, name.p, O_RDONLY | O_NONBLOCK, 0);
	if (fd == -ENOENT)
		return -ENOENT;
	if (fd == -ELOOP)
		return err_set(e, -SK_EREFUSED,
			       "log 'logs/%s': is a symbolic link; refused: nothing was shown",
			       name.p);
	if (fd < 0)
		return err_set(e, fd, "log 'logs/%s': %s: nothing was shown", name.p,
			       strerror(-fd));
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return err_set(e, -SK_EREFUSED,
		       "log 'logs/%s': is no regular file; refused: nothing was shown", name.p);
}

/* "=== 2026-11-21T08:43:00.123Z task unit attempt 2 ...": the worker writes one in front of each
 * command it starts. */
uint64_t log_header_attempt(struct span line)
{
	static const char mark[] = "=== ", word[] = " attempt ";
	uint64_t attempt;
	int64_t when;
	size_t digits = 0;
	const char *at;

	if (!span_starts(line, mark) || line.len < strlen(mark) + WHEN_TEXT_LEN)
		return 0;
	if (when_decode((struct span){ line.p + strlen(mark), WHEN_TEXT_LEN }, &when) < 0)
		return 0;
	at = memmem(line.p, line.len, word, strlen(word));
	if (!at)
		return 0;
	at += strlen(word);
	while (at + digits < line.p + line.len && at[digits] >= '0' && at[digits] <= '9')
		digits++;
	return span_to_u64((struct span){ at, digits }, INTEGER_MAX, &attempt) < 0 ? 0 : attempt;
}

static ssize_t read_at(int fd, void *p, size_t len, uint64_t offset)
{
	ssize_t n;

	do
		n = pread(fd, p, len, (off_t)offset);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* Looks for headers; only the beginning of each line is kept. */
struct header_search {
	uint64_t wanted, line_at;
	char head[HEADER_BYTES_MAX];
	size_t head_len;
	bool found, inside;
	uint64_t from, to;
};

static void line_done(struct header_search *s, uint64_t next_at)
{
	struct span head = { s->head, s->head_len };
	uint64_t attempt;

	if (s->head_len && s->head[s->head_len - 1] == '\r')
		head.len--;
	attempt = s->head_len < HEADER_BYTES_MAX ? log_header_attempt(head) : 0;
	if (attempt == s->wanted && !s->inside) { /* the newest run is the last in the file */
		s->found = s->inside = true;
		s->from = s->line_at;
		s->to = UINT64_MAX;
	} else if (attempt && attempt != s->wanted && s->inside) {
		s->inside = false;
		s->to = s->line_at;
	}
	s->line_at = next_at;
	s->head_len = 0;
}

int log_find_attempt(int fd, uint64_t attempt, uint64_t *from, uint64_t *to)
{
	struct header_search s = { .wanted = attempt, .to = UINT64_MAX };
	char chunk[CHUNK_BYTES];
	uint64_t at = 0;
	ssize_t len;

	*from = 0;
	*to = UINT64_MAX;
	if (!attempt)
		return 1;
	while ((len = read_at(fd, chunk, sizeof(chunk), at)) != 0) {
		const char *p = chunk, *end = chunk + len;

		if (len < 0)
			return (int)len;
		while (p < end) {
			const char *newline = memchr(p, '\n', (size_t)(end - p));
			size_t part = (size_t)((newline ? newline : end) - p);
			size_t keep = HEADER_BYTES_MAX - s.head_len;

			memcpy(s.head + s.head_len, p, part < keep ? part : keep);
			s.head_len += part < keep ? part : keep;
			p += part + (newline != NULL);
			if (newline)
				line_done(&s, at + (uint64_t)(p - chunk));
		}
		at += (uint64_t)len;
	}
	*from = s.from;
	*to = s.to;
	return s.found;
}

int log_last_lines(int fd, uint64_t lines, uint64_t *from, uint64_t to)
{
	char chunk[CHUNK_BYTES];
	struct stat st;
	uint64_t at, end;

	if (fstat(fd, &st) < 0)
		return -errno;
	end = to < (uint64_t)st.st_size ? to : (uint64_t)st.st_size;
	at = end;
	while (at > *from) {
		size_t want = at - *from < sizeof(chunk) ? (size_t)(at - *from) : sizeof(chunk);
		ssize_t len = read_at(fd, chunk, want, at - want);

		if (len < 0)
			return (int)len;
		if ((size_t)len != want)
			return 0; /* it was cut meanwhile: show all of it */
		for (size_t i = want; i-- > 0;) {
			if (chunk[i] != '\n' || at - want + i + 1 == end)
				continue;
			if (--lines == 0) {
				*from = at - want + i + 1;
				return 0;
			}
		}
		at -= want;
	}
	return 0;
}
