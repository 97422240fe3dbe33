/*
 * The shell of the outer call only joins the two streams and becomes the shell of the command,
 * which so is what the person wrote, byte for byte. Output is counted as it comes and only its end
 * kept: a criterion may print gigabytes.
 */
#include "work/criterion_run.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/capture.h"
#include "os/clock.h"

extern char **environ;

void criterion_run_release(struct criterion_run *r)
{
	output_digest_release(&r->output);
	buf_release(&r->evidence);
}

static int take(void *ctx, struct span bytes)
{
	output_digest_feed(ctx, bytes);
	return 0;
}

/* Bytes that are no UTF-8, and NUL, as U+FFFD: evidence is text of a document. */
static void put_plain(struct span text, struct buf *out)
{
	while (text.len) {
		size_t len = *text.p ? utf8_len(text.p, text.len) : 0;

		if (len)
			buf_put(out, text.p, len);
		else
			buf_puts(out, "\xef\xbf\xbd");
		text.p += len ? len : 1;
		text.len -= len ? len : 1;
	}
}

static void judge(struct criterion_run *r, int64_t now_ms)
{
	time_t seconds = (time_t)(now_ms / 1000);
	struct span tail = { r->output.tail.p, r->output.tail.len };
	struct quota_now written = { .ms = now_ms };
	CLEANUP(buf_release) struct buf hex = BUF_INIT, plain = BUF_INIT;
	struct tm wall;

	if (localtime_r(&seconds, &wall))
		written.local_minutes = (int)(wall.tm_gmtoff / 60);
	quota_classify(tail, &written, QUOTA_BY_UNKNOWN, &r->limit);
	quota_of_service(&r->limit);
	put_plain(text_end(tail, EVIDENCE_BYTES_MAX), &plain);
	if (r->exit_code == -1)
		buf_puts(&plain, "\n[time-out]");
	tail = text_end((struct span){ plain.p, plain.len }, EVIDENCE_BYTES_MAX);
	buf_put(&r->evidence, tail.p, tail.len);
	buf_put_hex64(&hex, r->output.sum);
	buf_put_hex64(&hex, r->output.normal_sum);
	memcpy(r->digest, hex.p, 16);
	memcpy(r->normal_digest, hex.p + 16, 16);
}

int criterion_run(const char *command, const char *root, int64_t limit_ms, int cancel_fd,
		  int64_t now_ms, struct criterion_run *out, struct err *e)
{
	CLEANUP(captured_release) struct captured captured = CAPTURED_INIT;
	CLEANUP(mem_free) char *text = mem_strdup(command);
	char sh[] = "sh", c[] = "-c", join[] = "exec \"$@\" 2>&1";
	char *const argv[] = { sh, c, join, sh, sh, c, text, NULL };
	struct capture run = { .path = "/bin/sh",
			       .argv = argv,
			       .envp = environ,
			       .cwd = root,
			       .output_bytes_max = SIZE_MAX,
			       .limit_ms = limit_ms,
			       .cancel_fd = cancel_fd,
			       .with_warden = true,
			       .sink = take,
			       .ctx = &out->output };
	int64_t began_ms = clock_mono_ms(&clock_real);
	int rc;

	*out = (struct criterion_run){ .exit_code = 0 };
	output_digest_init(&out->output, CRITERION_TAIL_BYTES);
	rc = capture_run(&run, &captured);
	output_digest_end(&out->output);
	out->duration_ms = (uint64_t)(clock_mono_ms(&clock_real) - began_ms);
	out->cancelled = rc == -ECANCELED;
	out->exit_code = rc == -ETIMEDOUT ? -1 : captured.exit;
	if (rc < 0 && rc != -ETIMEDOUT && rc != -ECANCELED)
		return err_set(e, -SK_EIO, "'%s': cannot be run in %s: %s: nothing was recorded",
			       command, root, capture_why(rc));
	judge(out, now_ms);
	return 0;
}
