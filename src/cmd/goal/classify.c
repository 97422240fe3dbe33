/*
 * The classifier for people and scripts: the same judgement that parks an agent, with its reason,
 * so that nobody has to guess why work waits. It reads from the end, because the end says how it
 * went, and a file counts as written when it was last changed: "in five minutes" means from then.
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/when.h"
#include "cmd/fit.h"
#include "core/quota_backoff.h"
#include "os/fd.h"

#define READ_BYTES 65536

struct classify {
	const char *name;
	struct buf text;        /* the last QUOTA_BYTES_MAX of it */
	uint64_t skipped_lines; /* before that */
	uint64_t skipped_bytes;
	struct quota_now written;
	struct quota_verdict v;
	struct quota_due next; /* only when a limit was found */
};

static size_t newlines(const char *p, size_t len)
{
	size_t count = 0;

	for (const char *end = p + len; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
		count++;
	return count;
}

/* Forgets all but the last `keep` bytes. */
static void keep_end(struct classify *k, size_t keep)
{
	size_t gone = k->text.len > keep ? k->text.len - keep : 0;

	if (!gone)
		return;
	k->skipped_bytes += gone;
	k->skipped_lines += newlines(k->text.p, gone);
	buf_consume(&k->text, gone);
}

static int read_end(struct classify *k, int fd, struct err *e)
{
	for (;;) {
		ssize_t got;

		buf_reserve(&k->text, READ_BYTES);
		got = read(fd, k->text.p + k->text.len, READ_BYTES);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(e, -errno,
				       "'%s': cannot be read (%s): nothing was classified", k->name,
				       strerror(errno));
		if (got == 0)
			break;
		k->text.len += (size_t)got;
		if (k->text.len > 2 * (size_t)QUOTA_BYTES_MAX)
			keep_end(k, QUOTA_BYTES_MAX);
	}
	keep_end(k, QUOTA_BYTES_MAX);
	return 0;
}

static int cannot_open(const char *name, int code, struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;

	buf_put_quoted(&shown, span_of(name), PLAN_PATH_BYTES_MAX);
	if (code == -ENOENT)
		return err_set(
			e, -SK_ENOTFOUND,
			"%s: there is no such file: nothing was classified. Try: sk classify - "
			"with the text on its standard input",
			shown.p);
	return err_set(e, code, "%s: cannot be opened (%s): nothing was classified", shown.p,
		       strerror(-code));
}

static int read_all(struct classify *k, int64_t now_ms, struct err *e)
{
	bool is_stdin = strcmp(k->name, "-") == 0;
	CLEANUP(fd_close) int opened = -1;
	int fd = STDIN_FILENO;
	struct stat st;

	k->written.ms = now_ms;
	if (is_stdin) {
		k->name = "standard input";
	} else {
		fd = opened = open(k->name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			return cannot_open(k->name, -errno, e);
	}
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return err_set(
			e, -SK_EUSAGE,
			"'%s': is a folder, expected a file: nothing was classified. Try: sk "
			"classify with the output of an agent",
			k->name);
	if (S_ISREG(st.st_mode)) {
		k->written.ms = st.st_mtim.tv_sec * 1000LL + st.st_mtim.tv_nsec / 1000000;
		if (k->written.ms > now_ms)
			k->written.ms = now_ms;
	}
	return read_end(k, fd, e);
}

static int local_minutes(int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm walls;

	return localtime_r(&seconds, &walls) ? (int)(walls.tm_gmtoff / 60) : 0;
}

static int exit_of_verdict(const struct quota_verdict *v)
{
	if (v->kind == QUOTA_NONE)
		return EXIT_DONE;
	return v->retryable ? EXIT_PARKED : EXIT_NEEDS_HUMAN;
}

static void put_moment(struct buf *b, int64_t ms, int64_t now_ms)
{
	buf_put_when(b, ms);
	buf_puts(b, " UTC, ");
	if (ms > now_ms) {
		buf_puts(b, "in ");
		buf_put_duration(b, ms - now_ms);
	} else {
		buf_puts(b, "which has passed");
	}
}

static void put_next(struct buf *b, const struct classify *k, int64_t now_ms)
{
	if (k->next.due_ms)
		put_moment(b, k->next.due_ms, now_ms);
	else
		buf_puts(b, "not by waiting");
}

static void put_said(struct buf *b, const struct classify *k, int64_t now_ms)
{
	const struct quota_time *t = &k->v.time;

	if (t->form == QUOTA_TIME_NONE) {
		buf_puts(b, "the text does not say when");
	} else if (t->form == QUOTA_TIME_NO_ZONE) {
		buf_puts(b, "a time in the zone ");
		buf_put_quoted(b, span_of(t->zone), QUOTA_ZONE_BYTES_MAX);
		buf_puts(b, ", which is not known here");
	} else {
		put_moment(b, k->v.retry_at_ms, now_ms);
		if (t->form == QUOTA_TIME_AT)
			buf_putf(b, " (zone: %s)", t->zone);
		else
			buf_puts(b, " (a duration, counted from when it was written)");
	}
}

static void explain(struct cmd_ctx *c, const struct classify *k)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(2);
	CLEANUP(buf_release) struct buf said = BUF_INIT, written = BUF_INIT, words = BUF_INIT;

	buf_put_when(&written, k->written.ms);
	put_said(&said, k, c->now_ms);
	buf_put_visible(&words, span_of(k->v.words));
	fit_row(&t, "meaning", "%s", quota_kind_text(k->v.kind));
	if (k->v.kind != QUOTA_NONE) {
		fit_row(&t, "line", "%llu", (unsigned long long)(k->skipped_lines + k->v.line));
		fit_row(&t, "words", "%s", words.p);
		fit_row(&t, "decided by", "%s",
			k->v.structured ? "a structured error, which goes before words"
					: "words; there is no structured error");
		if (k->v.status)
			fit_row(&t, "status", "%u", k->v.status);
		fit_row(&t, "it says", "%s", said.p);
		fit_row(&t, "next try", "%s", quota_due_text(k->next.source));
	} else {
		fit_row(&t, "decided by", "%s",
			k->v.ended_well ? "the agent ended well after whatever it met before"
					: "no structured error, and no words that count");
	}
	fit_row(&t, "read", "%zu bytes%s, written %s UTC", k->text.len,
		k->skipped_bytes ? " from the end" : "", written.p);
	fit_table(&t, c->out, 2);
}

static void print_text(struct cmd_ctx *c, const struct classify *k)
{
	CLEANUP(buf_release) struct buf next = BUF_INIT;

	if (k->v.kind == QUOTA_NONE) {
		out_puts(c->out, "none\n");
	} else {
		put_next(&next, k, c->now_ms);
		out_style(c->out, k->v.retryable ? STYLE_WARN : STYLE_BAD,
			  quota_kind_word(k->v.kind));
		if (k->v.provider != QUOTA_BY_UNKNOWN)
			out_putf(c->out, " (%s)", quota_provider_word(k->v.provider));
		out_putf(c->out, ": %s: %s\n", k->v.retryable ? "try again" : "needs a person",
			 k->v.retryable ? next.p : quota_kind_text(k->v.kind));
	}
	if (options_has(c->options, "explain"))
		explain(c, k);
}

static void print_json(struct cmd_ctx *c, const struct classify *k)
{
	const struct quota_verdict *v = &k->v;
	bool found = v->kind != QUOTA_NONE;
	struct json j;

	json_open(&j, c->out, "classification");
	json_text(&j, "limit", quota_kind_word(v->kind));
	json_text(&j, "meaning", quota_kind_text(v->kind));
	json_text(&j, "provider", quota_provider_word(v->provider));
	json_bool(&j, "retryable", v->retryable);
	json_bool(&j, "needs_human", found && !v->retryable);
	json_bool(&j, "structured", v->structured);
	json_bool(&j, "ended_well", v->ended_well);
	if (v->status)
		json_u64(&j, "status", v->status);
	else
		json_null(&j, "status");
	if (found)
		json_u64(&j, "line", k->skipped_lines + v->line);
	else
		json_null(&j, "line");
	json_text(&j, "words", found ? v->words : NULL);
	json_time(&j, "retry_at", v->retry_at_ms);
	if (v->time.form == QUOTA_TIME_AFTER)
		json_i64(&j, "retry_after_ms", v->time.after_ms);
	else
		json_null(&j, "retry_after_ms");
	json_text(&j, "zone", v->time.zone[0] ? v->time.zone : NULL);
	json_bool(&j, "zone_known", v->time.form != QUOTA_TIME_NO_ZONE);
	json_time(&j, "next_try_at", found ? k->next.due_ms : 0);
	json_text(&j, "next_try_by", found ? quota_due_word(k->next.source) : NULL);
	json_time(&j, "written_at", k->written.ms);
	json_u64(&j, "bytes_read", k->text.len);
	json_u64(&j, "bytes_skipped", k->skipped_bytes);
	json_close(&j);
}

static int classify_run(struct cmd_ctx *c, struct err *e)
{
	enum quota_provider provider = QUOTA_BY_UNKNOWN;
	const char *named = options_text(c->options, "provider");
	struct classify k = { .name = c->options->args[0] };
	int rc = read_all(&k, c->now_ms, e);

	if (rc == 0) {
		if (named)
			quota_provider_of(span_of(named), &provider);
		k.written.local_minutes = local_minutes(k.written.ms);
		quota_classify((struct span){ k.text.p, k.text.len }, &k.written, provider, &k.v);
		if (k.v.kind != QUOTA_NONE)
			quota_due(&quota_backoff_parked, &k.v, 1, c->now_ms, c->now_ms,
				  k.v.retry_at_ms ? 0 : UINT32_MAX, &k.next);
		if (c->json)
			print_json(c, &k);
		else
			print_text(c, &k);
		rc = exit_of_verdict(&k.v);
	}
	buf_release(&k.text);
	return rc;
}

static const struct option_row classify_options[] = {
	{ .name = "explain",
	  .kind = OPTION_FLAG,
	  .summary = "also the line and the words that decided, and what the text says of time" },
	{ .name = "provider",
	  .kind = OPTION_CHOICE,
	  .value = "anthropic|openai|github|google",
	  .summary = "whose output it is, where the text does not tell" },
	{ .name = NULL },
};

const struct cmd cmd_classify = {
	.path = "classify",
	.summary = "tell whether an agent met a limit",
	.usage = "[--explain] [--provider P] FILE|-",
	.about = "It prints the kind of limit: network, rate_limit, daily_quota, monthly_quota, "
		 "token_quota, "
		 "quota_exceeded, context_limit, billing, overloaded or none. The exit code is 0 "
		 "when "
		 "none was found, 75 when waiting helps, 11 when a person has to do something.\n\n"
		 "Structured errors of Claude Code, Copilot CLI, Codex and of the services behind "
		 "them go "
		 "before words; the last one counts, unless the agent went on or ended well after "
		 "it. "
		 "Words count in the last 200 lines, but not in source code, test reports and "
		 "changes. "
		 "A file counts as written when it was last changed.",
	.example = "sk classify .octogent/tentacles/docs/handoff.md\n"
		   "sk classify --explain agent.log\n"
		   "claude -p --output-format json 'go on' | sk classify -",
	.options = classify_options,
	.args = ARG_FILE,
	.args_min = 1,
	.args_max = 1,
	.run = classify_run,
};
