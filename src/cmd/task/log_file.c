/*
 * The name of the file comes from an id, which was checked when the task was created; it is opened
 * below the folder all the same, without following links, because tasks run as us and could plant
 * one.
 */
#include "cmd/task/log_file.h"

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
#define MARK "=== "
#define MARK_LEN (strlen(MARK) + WHEN_TEXT_LEN)

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

bool log_is_mark(struct span line)
{
	int64_t when;

	return span_starts(line, MARK) && line.len >= MARK_LEN &&
	       when_decode((struct span){ line.p + strlen(MARK), WHEN_TEXT_LEN }, &when) == 0;
}

/* Takes " <word>" and what follows it up to the next blank or colon; false when it stands not
 * there. */
static bool take_word(struct span *rest, const char *word, struct span *out)
{
	size_t len = 0;

	if (!span_starts(*rest, word))
		return false;
	rest->p += strlen(word);
	rest->len -= strlen(word);
	while (len < rest->len && rest->p[len] != ' ' && rest->p[len] != ':')
		len++;
	*out = (struct span){ rest->p, len };
	rest->p += len;
	rest->len -= len;
	return true;
}

/* "=== 2026-11-21T08:43:00.123Z task unit run 2 attempt 2: ...": the worker writes one in front of
 * each command it starts. */
bool log_is_header(struct span line, struct log_header *out)
{
	struct log_header h = { 1, 0 };
	struct span rest, word;

	if (!log_is_mark(line))
		return false;
	rest = (struct span){ line.p + MARK_LEN, line.len - MARK_LEN };
	if (!take_word(&rest, " task ", &word))
		return false;
	if (take_word(&rest, " run ", &word) && span_to_u64(word, INTEGER_MAX, &h.run) < 0)
		return false;
	if (!take_word(&rest, " attempt ", &word) ||
	    span_to_u64(word, INTEGER_MAX, &h.attempt) < 0 || h.attempt == 0)
		return false;
	*out = h;
	return true;
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
	uint64_t wanted, run, line_at; /* run: the one that was found */
	char head[HEADER_BYTES_MAX];
	size_t head_len;
	bool found, inside;
	uint64_t from, to;
};

static void line_done(struct header_search *s, uint64_t next_at)
{
	struct span head = { s->head, s->head_len };
	struct log_header found;
	bool wanted;

	if (s->head_len && s->head[s->head_len - 1] == '\r')
		head.len--;
	if (log_is_header(head, &found)) {
		wanted = found.attempt == s->wanted;
		if (wanted && (!s->inside || found.run != s->run)) { /* the newest is the last */
			s->found = s->inside = true;
			s->run = found.run;
			s->from = s->line_at;
			s->to = UINT64_MAX;
		} else if (!wanted && s->inside) {
			s->inside = false;
			s->to = s->line_at;
		}
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
