/* The list of rules is the whole flow: what an event does stands in one row each. */
#include "hooks/hook.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/mac.h"
#include "base/when.h"
#include "hooks/answer.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/home.h"
#include "work/recent.h"

#define LOG_NAME "audit.jsonl"
#define ON(event) (1u << HOOK_##event)

static const struct rule_row {
	const char *name;
	unsigned events;
	hook_rule *run;
} rules[] = {
#define RULE(name, events) { #name, events, rule_##name },
#include "hooks/rule_list.h"
#undef RULE
};

void hook_release(struct hook *h)
{
	payload_release(&h->payload);
	buf_release(&h->context);
	buf_release(&h->refusal);
}

void hook_log(const struct hook *h, const char *rule, const char *decision, struct span detail)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT, why = BUF_INIT;
	CLEANUP(fd_close) int dir = -1;
	CLEANUP(fd_close) int fd = -1;
	char when[WHEN_TEXT_LEN];
	struct stat st;

	if (!h->copilot)
		return;
	dir = home_open(h->copilot, "markers", true, &why);
	if (dir < 0)
		return;
	fd = fd_open_at(dir, LOG_NAME, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0600);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	if (st.st_size > HOOK_LOG_BYTES_MAX && renameat(dir, LOG_NAME, dir, LOG_NAME ".old") == 0) {
		fd_close(&fd);
		fd = fd_open_at(dir, LOG_NAME, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0600);
	}
	if (detail.len > HOOK_WORD_BYTES_MAX)
		detail.len = HOOK_WORD_BYTES_MAX;
	when_encode(h->now_ms, when);
	buf_putf(&line,
		 "{\"ts\":\"%.*s\",\"event\":\"%s\",\"agent\":\"%s\",\"session\":", WHEN_TEXT_LEN,
		 when, hook_event_word(h->payload.event), hook_agent_word(h->payload.agent));
	buf_put_json(&line, h->payload.session);
	buf_putf(&line, ",\"rule\":\"%s\",\"decision\":\"%s\",\"detail\":", rule, decision);
	buf_put_json(&line, detail);
	buf_puts(&line, "}\n");
	if (fd >= 0)
		(void)fd_write_all(fd, line.p, line.len);
}

/* What cannot be read is kept as its digest and its beginning, so that it can be asked about. */
static void log_unreadable(const struct hook *h)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT;
	struct span text = { h->payload.text.p, h->payload.text.len };
	char digest[MAC_HEX_LEN + 1];

	mac_digest(text, digest);
	if (text.len > HOOK_WORD_BYTES_MAX / 2)
		text.len = HOOK_WORD_BYTES_MAX / 2;
	buf_putf(&detail, "%.16s ", digest);
	buf_put_visible(&detail, text);
	hook_log(h, "payload", "parse-error", (struct span){ detail.p, detail.len });
}

/* Whether the host was told; what cannot be told is let through. */
static bool refuse(struct hook *h, const char *rule, struct buf *answer)
{
	struct span reason = { h->refusal.p, h->refusal.len };
	bool told = answer_refuse(&h->payload, reason, answer);

	hook_log(h, rule, told ? "deny" : "skipped", reason);
	if (!told)
		buf_truncate(&h->refusal, 0);
	return told;
}

static void run_rules(struct hook *h, struct buf *answer)
{
	if (!h->payload.readable && h->payload.text.len)
		log_unreadable(h);
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		struct err e = ERR_INIT;
		int rc;

		if (!(rules[i].events & 1u << h->payload.event))
			continue;
		rc = rules[i].run(h, &e);
		if (rc != 0)
			hook_log(h, rules[i].name, rc > 0 ? "done" : "error",
				 span_of(rc > 0 ? "" : e.text));
		if (h->refusal.len && refuse(h, rules[i].name, answer))
			return;
	}
	answer_encode(&h->payload, (struct span){ h->context.p, h->context.len }, answer);
}

/* Events that do something twice when they are told twice: a banner, a limit that is counted. What
 * the others do is the same when it is done again, and before a tool each asker needs an answer. */
#define ONCE (ON(SESSION_START) | ON(TURN_FAILED) | ON(PRE_COMPACT))

static uint64_t hash_text(struct span text, uint64_t seed)
{
	return hash64(text.p ? text.p : "", text.len, seed ^ text.len);
}

/* Whether the same session has just told the same. Any other event of it in between makes it news,
 * so each is noted where there is a note at all. */
static bool told_twice(const struct hook *h, struct recent *r)
{
	const struct payload *p = &h->payload;
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	CLEANUP(fd_close) int dir = -1;
	bool once = ONCE & 1u << p->event;
	const struct proc_identity *host = &h->host.who;
	uint64_t who = hash_text(p->session, hash_text(span_of(host->boot_id), 0));
	uint64_t what = hash_text(p->source, hash_text(p->trigger, p->event));

	*r = (struct recent){ .fd = -1 };
	if (h->copilot)
		dir = home_open(h->copilot, "markers", once, &why);
	if (dir < 0)
		return false;
	if (!p->session.len)
		who = hash64(&host->start, sizeof(host->start),
			     hash64(&host->pid, sizeof(host->pid), who));
	what = hash_text(p->reason, hash_text(p->agent_id, what));
	if (p->event == HOOK_SESSION_START) /* each way of writing gets its own form of answer */
		what = hash_text(span_of(hook_agent_word(p->agent)), what);
	return recent_begin(dir, who, what, clock_mono_ms(&clock_real), once, r) && once;
}

void hook_run(struct hook *h, struct buf *answer)
{
	struct recent note;

	if (told_twice(h, &note)) {
		hook_log(h, "payload", "repeated", SPAN_NONE);
		return;
	}
	run_rules(h, answer);
	recent_end(&note);
}
