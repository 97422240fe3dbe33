/*
 * Checked before parsing, because both parsers would find the same things later and with worse
 * words, and because a merge marker is usually valid YAML or a baffling error in it.
 */
#include "plan/plan_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES (1024 * 1024)

void text_cursor_init(struct text_cursor *c, struct span text)
{
	*c = (struct text_cursor){ text, 0, { 1, 1 } };
}

struct place text_place(struct text_cursor *c, size_t offset)
{
	if (offset > c->text.len)
		offset = c->text.len;
	if (offset < c->offset)
		text_cursor_init(c, c->text);
	for (; c->offset < offset; c->offset++) {
		unsigned char byte = (unsigned char)c->text.p[c->offset];

		if (byte == '\n') {
			c->place.line++;
			c->place.column = 1;
		} else if ((byte & 0xc0) != 0x80) {
			c->place.column++;
		}
	}
	return c->place;
}

static const char *file_kind(mode_t mode)
{
	if (S_ISDIR(mode))
		return "directory";
	if (S_ISFIFO(mode))
		return "FIFO";
	if (S_ISSOCK(mode))
		return "socket";
	return "device";
}

static void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static int cannot_read(struct problems *p, const struct source *source, int code, const char *path)
{
	struct stat st;

	if (code == -ENOENT || code == -ENOTDIR)
		return problem_add_code(p, -SK_EUSAGE, source,
					"no such file. Try: correct the path, or make it first");
	if (code == -EACCES && stat(path, &st) == 0)
		return problem_add_code(p, code, source,
					"cannot be read: permission denied (mode %04o)",
					(unsigned)st.st_mode & 07777);
	return problem_add_code(p, code, source, "cannot be read: %s", strerror(-code));
}

static int too_large(struct problems *p, const struct source *source, size_t max)
{
	return problem_add_code(p, -SK_EUSAGE, source,
				"file larger than %zu MiB. Try: several plans", max >> 20);
}

int text_read(struct problems *p, const struct source *source, const char *path, size_t max,
	      struct buf *out)
{
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	size_t before = out->len;
	struct stat st;

	if (fd < 0)
		return cannot_read(p, source, -errno, path);
	if (fstat(fd, &st) < 0)
		return cannot_read(p, source, -errno, path);
	if (!S_ISREG(st.st_mode))
		return problem_add_code(p, -SK_EUSAGE, source,
					"is a %s, expected a regular file. Try: the path of a plan",
					file_kind(st.st_mode));
	if ((uint64_t)st.st_size > max)
		return too_large(p, source, max);
	buf_reserve(out, (size_t)st.st_size + 1);
	for (;;) {
		ssize_t got;

		if (out->capacity - out->len <= 1)
			buf_reserve(out, READ_BYTES);
		got = read(fd, out->p + out->len, out->capacity - out->len - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return cannot_read(p, source, -errno, path);
		if (got == 0)
			break;
		out->len += (size_t)got;
		if (out->len - before > max)
			return too_large(p, source, max);
	}
	out->p[out->len] = '\0';
	return 0;
}

static int bad(struct problems *p, const struct source *source, struct span text, size_t at,
	       const char *what)
{
	struct text_cursor c;

	text_cursor_init(&c, text);
	return problem_add(p, source, text_place(&c, at), "%s", what);
}

static int check_utf8(struct problems *p, const struct source *source, struct span text)
{
	size_t at = 0;

	while (at < text.len) {
		uint64_t eight;
		char what[96] = "invalid UTF-8:";
		size_t len, used;

		if (text.len - at >= 8) {
			memcpy(&eight, text.p + at, 8);
			if (!(eight & 0x8080808080808080u)) {
				at += 8;
				continue;
			}
		}
		len = utf8_len(text.p + at, text.len - at);
		if (len > 0) {
			at += len;
			continue;
		}
		used = strlen(what);
		for (size_t i = at; i < at + 2 && i < text.len; i++)
			used += (size_t)snprintf(what + used, sizeof(what) - used, " %02X",
						 (unsigned)(unsigned char)text.p[i]);
		snprintf(what + used, sizeof(what) - used, ". Try: save it as UTF-8");
		return bad(p, source, text, at, what);
	}
	return 0;
}

static int check_markers(struct problems *p, const struct source *source, struct span text)
{
	static const char *const markers[] = { "<<<<<<< ", "||||||| ", ">>>>>>> " };

	for (size_t m = 0; m < ARRAY_LEN(markers); m++) {
		const char *from = text.p, *end = text.p + text.len;
		char what[64];

		while ((from = memmem(from, (size_t)(end - from), markers[m], 8)) != NULL) {
			if (from == text.p || from[-1] == '\n') {
				snprintf(what, sizeof(what),
					 "git conflict marker \"%.7s\". Try: resolve the conflict",
					 markers[m]);
				return bad(p, source, text, (size_t)(from - text.p), what);
			}
			from += 8;
		}
	}
	return 0;
}

int text_check(struct problems *p, const struct source *source, struct span text)
{
	const char *nul;
	size_t blank = 0;
	int rc;

	while (blank < text.len && strchr(" \t\r\n", text.p[blank]) && text.p[blank])
		blank++;
	if (blank == text.len)
		return bad(p, source, text, 0,
			   "empty file, expected a plan. Try: tasks: {hello: {run: echo hello}}");
	if (span_starts(text, "\xef\xbb\xbf"))
		return bad(p, source, text, 0,
			   "UTF-8 byte-order mark at byte 0. Try: save it without");
	if (span_starts(text, "\xff\xfe") || span_starts(text, "\xfe\xff"))
		return bad(p, source, text, 0, "UTF-16 text. Try: save it as UTF-8");
	nul = memchr(text.p, '\0', text.len);
	if (nul)
		return bad(p, source, text, (size_t)(nul - text.p), "NUL byte. Try: take it out");
	rc = check_utf8(p, source, text);
	return rc < 0 ? rc : check_markers(p, source, text);
}
