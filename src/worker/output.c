/*
 * The file comes from the task, so it is foreign bytes: bounded, opened without following links or
 * waiting on a FIFO, and refused as a whole when any line is wrong. Half of the outputs would be
 * worse than none, because a later task could not tell.
 */
#include "worker/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/str.h"
#include "os/fd.h"

#define TAIL_READ_BYTES 2048
#define FINE_STEP_US 100000 /* ten times the longest tick */
#define COARSE_STEP_US 5000000

static bool is_name_byte(char c, bool first)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (!first && c >= '0' && c <= '9');
}

/* What is wrong with the line, or NULL. */
static const char *check_line(struct span line, struct span *key, struct span *value)
{
	const char *equals = line.len ? memchr(line.p, '=', line.len) : NULL;

	if (!equals)
		return "is not key=value";
	*key = (struct span){ line.p, (size_t)(equals - line.p) };
	*value = (struct span){ equals + 1, line.len - key->len - 1 };
	if (key->len == 0 || key->len > NAME_BYTES_MAX)
		return "has a key that is empty or longer than 64 bytes";
	for (size_t i = 0; i < key->len; i++)
		if (!is_name_byte(key->p[i], i == 0))
			return "has a key with something else than letters, digits and _";
	if (value->len > OUTPUT_VALUE_BYTES_MAX)
		return "has a value longer than 32768 bytes";
	for (size_t i = 0; i < value->len;) {
		size_t n = utf8_len(value->p + i, value->len - i);

		if (n == 0 || value->p[i] == '\0')
			return "is not UTF-8 text";
		i += n;
	}
	return NULL;
}

/* Remembers the key; what is wrong with it among the others, or NULL. */
static const char *add_key(struct span *keys, size_t *count, struct span key)
{
	for (size_t i = 0; i < *count; i++)
		if (span_eq(keys[i], key))
			return "gives a key a second time";
	if (*count == OUTPUT_KEYS_MAX)
		return "is one too many: there may be 256 keys";
	keys[(*count)++] = key;
	return NULL;
}

static int parse(struct span text, struct buf *json, struct buf *why)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct span keys[OUTPUT_KEYS_MAX];
	unsigned number = 0;
	size_t count = 0;

	while (text.len) {
		const char *end = memchr(text.p, '\n', text.len);
		struct span line = { text.p, end ? (size_t)(end - text.p) : text.len }, key, value;
		const char *wrong;

		text.p += line.len + (end ? 1 : 0);
		text.len -= line.len + (end ? 1 : 0);
		number++;
		if (line.len == 0)
			continue;
		wrong = check_line(line, &key, &value);
		if (!wrong)
			wrong = add_key(keys, &count, key);
		if (wrong) {
			buf_putf(why, "SK_OUTPUT: line %u %s: no output was taken", number, wrong);
			return -EINVAL;
		}
		buf_putc(&out, out.len ? ',' : '{');
		buf_put_json(&out, key);
		buf_putc(&out, ':');
		buf_put_json(&out, value);
	}
	if (out.len) {
		buf_putc(&out, '}');
		buf_put(json, out.p, out.len);
	}
	return 0;
}

int output_read(int dir_fd, const char *name, struct buf *json, struct buf *why)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	int rc = fd_read_file_at(dir_fd, name, OUTPUT_BYTES_MAX, &text);

	if (rc == -ENOENT)
		return 0;
	output_remove(dir_fd, name);
	if (rc == -EFBIG) {
		buf_putf(why, "SK_OUTPUT: larger than %d bytes: no output was taken",
			 OUTPUT_BYTES_MAX);
		return -EINVAL;
	}
	if (rc < 0) {
		buf_putf(why, "SK_OUTPUT: cannot be read: %s: no output was taken",
			 rc == -EINVAL || rc == -ELOOP ? "it is not a regular file"
						       : strerror(-rc));
		return -EINVAL;
	}
	return parse((struct span){ text.p, text.len }, json, why);
}

/*
 * The time of the last change is kept in steps, of a clock tick or, on some file systems, of one or
 * two seconds. Two changes within a step look alike; so one is told for sure only from a time that
 * is older than a step, by a clock that nobody sets.
 */
void output_folder_look(int dir_fd, int64_t now_us, struct output_folder *f)
{
	struct stat st;

	if (fstat(dir_fd, &st) < 0) {
		*f = (struct output_folder){ .sure = false };
		return;
	}
	if (st.st_ctim.tv_sec != f->changed.tv_sec || st.st_ctim.tv_nsec != f->changed.tv_nsec)
		*f = (struct output_folder){ st.st_ctim, now_us, false };
	else
		f->sure = now_us - f->since_us >=
			  (st.st_ctim.tv_nsec ? FINE_STEP_US : COARSE_STEP_US);
}

bool output_folder_same(const struct output_folder *before, const struct output_folder *now)
{
	return before->sure && before->changed.tv_sec == now->changed.tv_sec &&
	       before->changed.tv_nsec == now->changed.tv_nsec;
}

void output_remove(int dir_fd, const char *name)
{
	unlinkat(dir_fd, name, 0);
}

/* Cuts everything up to and including the last header line; a header begins a line with "=== ". */
static struct span behind_header(struct span text)
{
	for (size_t i = text.len; i-- > 0;)
		if ((i == 0 || text.p[i - 1] == '\n') && text.len - i >= 4 &&
		    memcmp(text.p + i, "=== ", 4) == 0) {
			const char *end = memchr(text.p + i, '\n', text.len - i);

			if (!end)
				return SPAN_NONE;
			return (struct span){ end + 1, (size_t)(text.p + text.len - end - 1) };
		}
	return text;
}

void output_tail(int log_fd, struct buf *out)
{
	char raw[TAIL_READ_BYTES];
	off_t size = lseek(log_fd, 0, SEEK_END);
	ssize_t n = pread(log_fd, raw, sizeof(raw),
			  size > TAIL_READ_BYTES ? size - TAIL_READ_BYTES : 0);
	struct span text = { raw, n > 0 ? (size_t)n : 0 };
	bool first = true;

	text = behind_header(text);
	while (text.len && (text.p[text.len - 1] == '\n' || text.p[text.len - 1] == ' '))
		text.len--;
	if (text.len > TAIL_BYTES_MAX) {
		text.p += text.len - TAIL_BYTES_MAX;
		text.len = TAIL_BYTES_MAX;
	}
	while (text.len) {
		const char *end = memchr(text.p, '\n', text.len);
		struct span line = { text.p, end ? (size_t)(end - text.p) : text.len };

		text.p += line.len + (end ? 1 : 0);
		text.len -= line.len + (end ? 1 : 0);
		if (line.len == 0)
			continue;
		if (!first)
			buf_puts(out, " | ");
		buf_put_visible(out, line);
		first = false;
	}
}
