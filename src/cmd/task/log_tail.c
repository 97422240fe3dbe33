/* A log may be of any size, so it is read from its end, and never more than fits a page. */
#include "cmd/task/log_tail.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/task/log_file.h"
#include "os/fd.h"

static int read_part(int fd, uint64_t from, size_t len, struct buf *out)
{
	size_t end = out->len + len;

	buf_reserve(out, len);
	while (out->len < end) {
		ssize_t n = pread(fd, out->p + out->len, end - out->len,
				  (off_t)(from + len - (end - out->len)));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break; /* it was cut meanwhile */
		out->len += (size_t)n;
		out->p[out->len] = '\0';
	}
	return 0;
}

int log_tail(int dir, struct span name, uint64_t lines, struct buf *out, struct err *e)
{
	CLEANUP(fd_close) int fd = log_file_open(dir, name, e);
	uint64_t from = 0, size;
	struct stat st;
	int rc;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	rc = log_last_lines(fd, lines, &from, UINT64_MAX);
	if (rc == 0 && fstat(fd, &st) < 0)
		rc = -errno;
	if (rc == 0) {
		size = (uint64_t)st.st_size;
		if (size > from + LOG_TAIL_BYTES_MAX)
			from = size - LOG_TAIL_BYTES_MAX;
		rc = size > from ? read_part(fd, from, (size_t)(size - from), out) : 0;
	}
	if (rc < 0)
		return err_set(e, rc, "cannot read the log of %.*s: %s", SPAN_ARG(name),
			       strerror(-rc));
	if (out->len && out->p[out->len - 1] != '\n')
		buf_putc(out, '\n');
	return out->len > 0;
}

struct span log_tail_line(struct span *rest)
{
	const char *end = memchr(rest->p, '\n', rest->len);
	struct span line = { rest->p, end ? (size_t)(end - rest->p) : rest->len };

	rest->p += line.len + (end != NULL);
	rest->len -= line.len + (end != NULL);
	if (line.len && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}
