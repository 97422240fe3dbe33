/*
 * Agents print their events as JSON, and inside of them what tools printed and what people wrote,
 * which may quote any error there is. So an event is read by the members that tell of the run
 * itself, and only those: a container that is not named here is passed over.
 */
#include "core/quota_impl.h"

#include "base/scan.h"
#include "core/quota_text.h"

struct reading {
	struct scan s;
	const struct quota_now *now;
	struct quota_hit hit;
	size_t at;          /* offset of what decided */
	bool failed;        /* it is an error */
	bool refused;       /* a limit said no */
	bool is_result;     /* the last event of a run */
	bool allowed;       /* a limit was asked and said yes */
	char type[64];      /* of the outermost object */
	char item_type[64]; /* of its item */
};

enum member {
	MEMBER_OTHER,
	MEMBER_TYPE,
	MEMBER_CODE,    /* a word, or a number of HTTP */
	MEMBER_MESSAGE, /* a sentence about the run */
	MEMBER_RESULT,  /* a sentence, when the run failed */
	MEMBER_ERROR,   /* a word, a sentence or an object: its being there says that it failed */
	MEMBER_FAILED,  /* true: it failed */
	MEMBER_LEVEL,   /* of a log: error, fatal */
	MEMBER_TIME,
	MEMBER_TIME_MS,
	MEMBER_RETRY,  /* false: no use */
	MEMBER_INSIDE, /* an object or array with more of these */
	MEMBER_LIMITS, /* likewise; its status says whether a limit refused */
	MEMBER_ITEM,
	MEMBER_GITHUB, /* only its errors have one */
};

static const struct member_row {
	const char *name;
	enum member is;
} members[] = {
	{ "type", MEMBER_TYPE },
	{ "subtype", MEMBER_CODE },
	{ "code", MEMBER_CODE },
	{ "status", MEMBER_CODE },
	{ "statusCode", MEMBER_CODE },
	{ "status_code", MEMBER_CODE },
	{ "http_status", MEMBER_CODE },
	{ "httpStatus", MEMBER_CODE },
	{ "error_status", MEMBER_CODE },
	{ "api_error_status", MEMBER_CODE },
	{ "error_type", MEMBER_CODE },
	{ "errorType", MEMBER_CODE },
	{ "error_code", MEMBER_CODE },
	{ "errorCode", MEMBER_CODE },
	{ "name", MEMBER_CODE },
	{ "reason", MEMBER_CODE },
	{ "quotaId", MEMBER_CODE },
	{ "quotaMetric", MEMBER_CODE },
	{ "message", MEMBER_MESSAGE },
	{ "msg", MEMBER_MESSAGE },
	{ "detail", MEMBER_MESSAGE },
	{ "error_description", MEMBER_MESSAGE },
	{ "error_details", MEMBER_MESSAGE },
	{ "result", MEMBER_RESULT },
	{ "last_assistant_message", MEMBER_RESULT },
	{ "error", MEMBER_ERROR },
	{ "errors", MEMBER_ERROR },
	{ "is_error", MEMBER_FAILED },
	{ "isError", MEMBER_FAILED },
	{ "level", MEMBER_LEVEL },
	{ "severity", MEMBER_LEVEL },
	{ "retry_after", MEMBER_TIME },
	{ "retry-after", MEMBER_TIME },
	{ "Retry-After", MEMBER_TIME },
	{ "retryAfter", MEMBER_TIME },
	{ "retry_after_seconds", MEMBER_TIME },
	{ "retryAfterSeconds", MEMBER_TIME },
	{ "retryDelay", MEMBER_TIME },
	{ "retry_delay", MEMBER_TIME },
	{ "resets_at", MEMBER_TIME },
	{ "resetsAt", MEMBER_TIME },
	{ "reset_at", MEMBER_TIME },
	{ "resetAt", MEMBER_TIME },
	{ "reset_time", MEMBER_TIME },
	{ "resetTime", MEMBER_TIME },
	{ "resets_in_seconds", MEMBER_TIME },
	{ "reset_after_seconds", MEMBER_TIME },
	{ "x-ratelimit-reset", MEMBER_TIME },
	{ "x-ratelimit-reset-requests", MEMBER_TIME },
	{ "x-ratelimit-reset-tokens", MEMBER_TIME },
	{ "anthropic-ratelimit-requests-reset", MEMBER_TIME },
	{ "anthropic-ratelimit-tokens-reset", MEMBER_TIME },
	{ "anthropic-ratelimit-unified-reset", MEMBER_TIME },
	{ "retry_after_ms", MEMBER_TIME_MS },
	{ "retry-after-ms", MEMBER_TIME_MS },
	{ "retryAfterMs", MEMBER_TIME_MS },
	{ "retry_delay_ms", MEMBER_TIME_MS },
	{ "x-should-retry", MEMBER_RETRY },
	{ "rate_limit_info", MEMBER_LIMITS },
	{ "rateLimitInfo", MEMBER_LIMITS },
	{ "data", MEMBER_INSIDE },
	{ "details", MEMBER_INSIDE },
	{ "headers", MEMBER_INSIDE },
	{ "response", MEMBER_INSIDE },
	{ "cause", MEMBER_INSIDE },
	{ "body", MEMBER_INSIDE },
	{ "violations", MEMBER_INSIDE },
	{ "item", MEMBER_ITEM },
	{ "documentation_url", MEMBER_GITHUB },
};

static enum member member_of(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (span_is(name, members[i].name))
			return members[i].is;
	return MEMBER_OTHER;
}

/* A sentence or a word of the service: kept when it tells of a more exact kind. */
static void judge(struct reading *r, struct span text, size_t at)
{
	struct quota_hit hit;
	enum quota_kind before = r->hit.kind;

	if (r->hit.time.form == QUOTA_TIME_NONE)
		quota_time_find(text, r->now, &r->hit.time);
	if (r->hit.provider == QUOTA_BY_UNKNOWN)
		r->hit.provider = quota_provider_named(text);
	if (!quota_words_judge(text, QUOTA_ERROR, &hit))
		return;
	hit.time.form = QUOTA_TIME_NONE;
	if (hit.kind > before)
		r->at = at;
	else
		hit.kind = QUOTA_NONE;
	quota_hit_join(&r->hit, &hit);
}

static void put_status(struct reading *r, uint64_t status, struct span text, size_t at)
{
	enum quota_kind kind = status == 429                    ? QUOTA_RATE_LIMIT
			       : status == 402                  ? QUOTA_BILLING
			       : status == 503 || status == 529 ? QUOTA_OVERLOADED
								: QUOTA_NONE;

	if (status < 400 || status > 599)
		return;
	r->hit.status = (unsigned)status;
	if (kind <= r->hit.kind)
		return;
	r->hit.kind = kind;
	r->at = at;
	quota_hit_words(&r->hit, text, 0, text.len);
}

static void put_time(struct reading *r, struct span text, bool in_ms)
{
	struct quota_time t;
	uint64_t ms;

	if (in_ms && span_to_u64(text, (uint64_t)QUOTA_WAIT_MAX_MS, &ms) == 0)
		r->hit.time = (struct quota_time){ QUOTA_TIME_AFTER, (int64_t)ms, 0, "" };
	else if (!in_ms && quota_time_value(text, r->now, &t))
		r->hit.time = t;
}

static void keep_word(char out[64], struct span text)
{
	size_t len = text.len < 63 ? text.len : 63;

	memcpy(out, text.p, len);
	out[len] = '\0';
}

struct place {
	unsigned level; /* 0 = the outermost object */
	bool limits, item, error;
};

static void read_inside(struct reading *r, struct place p);

static void put_text(struct reading *r, enum member is, struct place p, struct span text, size_t at)
{
	switch (is) {
	case MEMBER_TYPE:
		if (p.level == 0)
			keep_word(r->type, text);
		else if (p.item)
			keep_word(r->item_type, text);
		judge(r, text, at);
		break;
	case MEMBER_CODE:
		if (p.limits && span_is(text, "rejected"))
			r->refused = true;
		r->allowed |= p.limits && span_starts(text, "allowed");
		judge(r, text, at);
		break;
	case MEMBER_ERROR:
		r->failed |= text.len > 0 && p.level < 2;
		judge(r, text, at);
		break;
	case MEMBER_LEVEL:
		r->failed |= span_is(text, "error") || span_is(text, "fatal") ||
			     span_is(text, "ERROR") || span_is(text, "FATAL");
		break;
	case MEMBER_MESSAGE:
	case MEMBER_RESULT:
		judge(r, text, at);
		break;
	case MEMBER_TIME:
	case MEMBER_TIME_MS:
		put_time(r, text, is == MEMBER_TIME_MS);
		break;
	case MEMBER_RETRY:
		r->hit.no_retry = span_is(text, "false");
		break;
	case MEMBER_GITHUB:
		r->failed = true;
		r->hit.provider = QUOTA_BY_GITHUB;
		break;
	default:
		break;
	}
}

static void read_string(struct reading *r, enum member is, struct place p)
{
	CLEANUP(buf_release) struct buf plain = BUF_INIT;
	size_t at = scan_offset(&r->s);
	struct scan_text text;

	scan_string(&r->s, &text);
	if (r->s.error)
		return;
	if (text.escaped)
		scan_unescape(&plain, text);
	put_text(r, is, p, text.escaped ? (struct span){ plain.p, plain.len } : text.raw, at);
}

static void read_scalar(struct reading *r, enum member is)
{
	size_t at = scan_offset(&r->s);
	struct span text = SPAN_NONE;
	uint64_t number;

	scan_skip(&r->s, &text);
	if (r->s.error)
		return;
	if (is == MEMBER_CODE && span_to_u64(text, 999, &number) == 0)
		put_status(r, number, text, at);
	else if (is == MEMBER_TIME || is == MEMBER_TIME_MS)
		put_time(r, text, is == MEMBER_TIME_MS);
	else if (is == MEMBER_FAILED)
		r->failed |= span_is(text, "true");
	else if (is == MEMBER_RETRY)
		r->hit.no_retry = span_is(text, "false");
}

static bool may_nest(const struct reading *r, enum member is, struct place p)
{
	/* An older Codex wraps its events in "msg"; the "message" of Claude is what was said. */
	if (is == MEMBER_MESSAGE)
		return p.level > 0 || r->type[0] == '\0';
	return is == MEMBER_INSIDE || is == MEMBER_LIMITS || is == MEMBER_ERROR ||
	       is == MEMBER_ITEM;
}

static void read_member(struct reading *r, enum member is, struct place p)
{
	char next = scan_peek(&r->s);

	if (is == MEMBER_OTHER || (next != '"' && next != '{' && next != '[')) {
		read_scalar(r, is);
	} else if (next == '"') {
		read_string(r, is, p);
	} else if (!may_nest(r, is, p)) {
		scan_skip(&r->s, NULL);
	} else {
		r->failed |= is == MEMBER_ERROR && p.level < 2;
		p.level += is != MEMBER_MESSAGE || p.level > 0;
		p.limits |= is == MEMBER_LIMITS;
		p.item = is == MEMBER_ITEM;
		p.error = is == MEMBER_ERROR;
		read_inside(r, p);
	}
}

/* An object, or an array of such. The scanner bounds the depth. */
static void read_inside(struct reading *r, struct place p)
{
	struct scan_text key;

	if (scan_peek(&r->s) == '[') {
		scan_array(&r->s);
		while (scan_item(&r->s))
			if (scan_peek(&r->s) == '{')
				read_inside(r, p);
			else if (p.error && scan_peek(&r->s) == '"')
				read_string(r, MEMBER_MESSAGE, p);
			else
				scan_skip(&r->s, NULL);
		return;
	}
	scan_object(&r->s);
	while (scan_key(&r->s, &key))
		read_member(r, member_of(key.raw), p);
}

static bool one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

static enum quota_provider provider_of(const struct reading *r)
{
	static const char *const anthropic[] = { "rate_limit_event", "result", "assistant",
						 "system", NULL };
	static const char *const openai[] = { "turn.failed", "turn.completed", "thread.started",
					      "item.completed", NULL };
	static const char *const github[] = { "session.error", "session.shutdown", NULL };

	if (one_of(r->type, anthropic))
		return QUOTA_BY_ANTHROPIC;
	if (one_of(r->type, openai))
		return QUOTA_BY_OPENAI;
	return one_of(r->type, github) ? QUOTA_BY_GITHUB : QUOTA_BY_UNKNOWN;
}

static enum quota_sense sense_of(struct reading *r)
{
	static const char *const ends[] = { "result", "turn.completed", NULL };
	static const char *const progress[] = { "assistant",
						"user",
						"item.started",
						"item.updated",
						"item.completed",
						"tool_use",
						"tool.execution_start",
						"tool.execution_complete",
						"assistant.message",
						"message",
						NULL };
	static const char *const tools[] = {
		"tool.execution_complete", "tool_result", "tool_use", "item.updated",
		"item.completed",          "user",        NULL
	};
	static const char *const errors[] = { "error",         "turn.failed",
					      "session.error", "api_error",
					      "stream_error",  "StopFailure",
					      "errorOccurred", NULL };

	r->failed |= one_of(r->type, errors) || r->refused;
	if (strcmp(r->type, "system") == 0 && r->hit.status)
		r->failed = true; /* it tries again by itself; a later event says how that went */
	if (one_of(r->type, tools))
		r->failed = false; /* what a tool met is for the agent to judge */
	if (r->item_type[0])
		r->failed = strcmp(r->item_type, "error") == 0;
	if (r->refused && r->hit.kind < QUOTA_QUOTA_EXCEEDED) {
		r->hit.kind = QUOTA_QUOTA_EXCEEDED;
		quota_hit_words(&r->hit, SPAN_LIT("rejected"), 0, 8);
	}
	if (r->failed && r->hit.kind != QUOTA_NONE && !(r->allowed && !r->refused))
		return QUOTA_SENSE_LIMIT;
	if (r->failed)
		return QUOTA_SENSE_SILENT;
	if (one_of(r->type, ends))
		return QUOTA_SENSE_END;
	return one_of(r->type, progress) ? QUOTA_SENSE_PROGRESS : QUOTA_SENSE_SILENT;
}

enum quota_sense quota_event_read(struct span text, const struct quota_now *now,
				  struct quota_hit *out, size_t *used, size_t *at)
{
	struct reading r = { .now = now };
	enum quota_sense sense;

	scan_init(&r.s, text);
	if (scan_peek(&r.s) != '{') {
		*used = 0;
		return QUOTA_SENSE_INVALID;
	}
	read_inside(&r, (struct place){ .level = 0 });
	*used = r.s.error ? r.s.error_at : scan_offset(&r.s);
	if (r.s.error)
		return QUOTA_SENSE_INVALID;
	sense = sense_of(&r);
	if (sense == QUOTA_SENSE_LIMIT) {
		enum quota_provider known = provider_of(&r);

		if (known != QUOTA_BY_UNKNOWN)
			r.hit.provider = known;
		*out = r.hit;
		*at = r.at;
	}
	return sense;
}
