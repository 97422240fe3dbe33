/*
 * Words decide only where nothing structured does, and they lie: agents write about limits all day
 * ("added a test for 429"). So a pattern says how far it can be trusted, a line that looks like
 * code, a change or a test report is no witness, and a number is a status only where it is called
 * one.
 */
#include "core/quota_impl.h"

#include "core/quota_text.h"

#define AROUND 40 /* bytes of a line shown on both sides of what decided */

enum strength {
	ALONE,  /* says it by itself */
	WEAK,   /* may be about anything: see enum quota_trust */
	STATUS, /* a number: only where it is called a status */
};

static const struct pattern {
	const char *words;
	enum quota_kind kind;
	enum strength strength;
} patterns[] = {
	{ "insufficient quota", QUOTA_BILLING, ALONE },
	{ "insufficient credit*", QUOTA_BILLING, ALONE },
	{ "insufficient funds", QUOTA_BILLING, ALONE },
	{ "insufficient balance", QUOTA_BILLING, ALONE },
	{ "payment required", QUOTA_BILLING, ALONE },
	{ "credit balance is too low", QUOTA_BILLING, ALONE },
	{ "out of credits", QUOTA_BILLING, ALONE },
	{ "billing hard limit*", QUOTA_BILLING, ALONE },
	{ "billing error", QUOTA_BILLING, ALONE },
	{ "billing not active", QUOTA_BILLING, ALONE },
	{ "billing is not active", QUOTA_BILLING, ALONE },
	{ "billing~disabled", QUOTA_BILLING, WEAK },
	{ "plan and billing", QUOTA_BILLING, WEAK },
	{ "account is not active", QUOTA_BILLING, WEAK },
	{ "billing", QUOTA_BILLING, WEAK },
	{ "402", QUOTA_BILLING, STATUS },

	{ "context window exceed*", QUOTA_CONTEXT_LIMIT, ALONE },
	{ "context length exceed*", QUOTA_CONTEXT_LIMIT, ALONE },
	{ "context limit exceed*", QUOTA_CONTEXT_LIMIT, ALONE },
	{ "context limit reached", QUOTA_CONTEXT_LIMIT, ALONE },
	{ "exceed*~context window", QUOTA_CONTEXT_LIMIT, ALONE },
	{ "exceed*~context length", QUOTA_CONTEXT_LIMIT, ALONE },
	{ "exceed*~context limit", QUOTA_CONTEXT_LIMIT, ALONE },
	{ "maximum context length", QUOTA_CONTEXT_LIMIT, ALONE },
	{ "ran out of room~context window", QUOTA_CONTEXT_LIMIT, ALONE },
	{ "prompt is too long", QUOTA_CONTEXT_LIMIT, ALONE },
	{ "context window", QUOTA_CONTEXT_LIMIT, WEAK },

	{ "monthly quota", QUOTA_MONTHLY_QUOTA, ALONE },
	{ "monthly limit", QUOTA_MONTHLY_QUOTA, ALONE },
	{ "monthly~limit", QUOTA_MONTHLY_QUOTA, WEAK },
	{ "monthly~quota", QUOTA_MONTHLY_QUOTA, WEAK },
	{ "premium request~allowance", QUOTA_MONTHLY_QUOTA, ALONE },
	{ "premium request~limit", QUOTA_MONTHLY_QUOTA, ALONE },
	{ "limit~this month", QUOTA_MONTHLY_QUOTA, WEAK },
	{ "quota~this month", QUOTA_MONTHLY_QUOTA, WEAK },

	{ "daily quota", QUOTA_DAILY_QUOTA, ALONE },
	{ "daily limit", QUOTA_DAILY_QUOTA, ALONE },
	{ "daily~limit", QUOTA_DAILY_QUOTA, WEAK },
	{ "daily~quota", QUOTA_DAILY_QUOTA, WEAK },
	{ "requests per day", QUOTA_DAILY_QUOTA, WEAK },
	{ "tokens per day", QUOTA_DAILY_QUOTA, WEAK },
	{ "requestsperday*", QUOTA_DAILY_QUOTA, ALONE },
	{ "generaterequestsperday*", QUOTA_DAILY_QUOTA, ALONE },
	{ "quota~for today", QUOTA_DAILY_QUOTA, WEAK },

	{ "token quota", QUOTA_TOKEN_QUOTA, ALONE },
	{ "token limit exceed*", QUOTA_TOKEN_QUOTA, ALONE },
	{ "token limit reached", QUOTA_TOKEN_QUOTA, ALONE },
	{ "token allowance", QUOTA_TOKEN_QUOTA, WEAK },

	{ "quota exceed*", QUOTA_QUOTA_EXCEEDED, ALONE },
	{ "quota exhaust*", QUOTA_QUOTA_EXCEEDED, ALONE },
	{ "quota has been exhaust*", QUOTA_QUOTA_EXCEEDED, ALONE },
	{ "quota reached", QUOTA_QUOTA_EXCEEDED, ALONE },
	{ "quota limit*", QUOTA_QUOTA_EXCEEDED, ALONE },
	{ "exceed*~quota", QUOTA_QUOTA_EXCEEDED, ALONE },
	{ "exhaust*~quota", QUOTA_QUOTA_EXCEEDED, ALONE },
	{ "out of quota", QUOTA_QUOTA_EXCEEDED, ALONE },
	{ "resource exhaust*", QUOTA_QUOTA_EXCEEDED, ALONE },
	{ "resource has been exhaust*", QUOTA_QUOTA_EXCEEDED, ALONE },
	{ "resources exhaust*", QUOTA_QUOTA_EXCEEDED, WEAK },
	{ "credits exhaust*", QUOTA_QUOTA_EXCEEDED, ALONE },
	{ "usage limit reached", QUOTA_QUOTA_EXCEEDED, ALONE },
	{ "usage limit exceed*", QUOTA_QUOTA_EXCEEDED, ALONE },
	{ "hit your~limit", QUOTA_QUOTA_EXCEEDED, ALONE },
	{ "reached your~limit", QUOTA_QUOTA_EXCEEDED, ALONE },
	{ "hour limit reached", QUOTA_QUOTA_EXCEEDED, ALONE },
	{ "session limit reached", QUOTA_QUOTA_EXCEEDED, ALONE },
	{ "weekly limit", QUOTA_QUOTA_EXCEEDED, ALONE },
	{ "usage limit*", QUOTA_QUOTA_EXCEEDED, WEAK },
	{ "quota", QUOTA_QUOTA_EXCEEDED, WEAK },

	{ "overloaded error", QUOTA_OVERLOADED, ALONE },
	{ "server is overloaded", QUOTA_OVERLOADED, ALONE },
	{ "model is overloaded", QUOTA_OVERLOADED, ALONE },
	{ "model is currently overloaded", QUOTA_OVERLOADED, ALONE },
	{ "currently overloaded", QUOTA_OVERLOADED, ALONE },
	{ "temporarily overloaded", QUOTA_OVERLOADED, ALONE },
	{ "service unavailable", QUOTA_OVERLOADED, WEAK },
	{ "service temporarily unavailable", QUOTA_OVERLOADED, WEAK },
	{ "at capacity", QUOTA_OVERLOADED, WEAK },
	{ "overloaded", QUOTA_OVERLOADED, WEAK },
	{ "529", QUOTA_OVERLOADED, STATUS },
	{ "503", QUOTA_OVERLOADED, STATUS },

	{ "getaddrinfo enotfound", QUOTA_NETWORK, ALONE },
	{ "getaddrinfo eai again", QUOTA_NETWORK, ALONE },
	{ "getaddrinfo failed", QUOTA_NETWORK, ALONE },
	{ "could not resolve host", QUOTA_NETWORK, ALONE },
	{ "temporary failure in name resolution", QUOTA_NETWORK, ALONE },
	{ "name or service not known", QUOTA_NETWORK, ALONE },
	{ "connect econnrefused", QUOTA_NETWORK, ALONE },
	{ "connect etimedout", QUOTA_NETWORK, ALONE },
	{ "connect ehostunreach", QUOTA_NETWORK, ALONE },
	{ "connect enetunreach", QUOTA_NETWORK, ALONE },
	{ "read econnreset", QUOTA_NETWORK, ALONE },
	{ "socket hang up", QUOTA_NETWORK, ALONE },
	{ "network is unreachable", QUOTA_NETWORK, ALONE },
	{ "unable to connect to api", QUOTA_NETWORK, ALONE },
	{ "api error: connection error", QUOTA_NETWORK, ALONE },
	{ "connection refused", QUOTA_NETWORK, WEAK },
	{ "connection reset by peer", QUOTA_NETWORK, WEAK },
	{ "connection timed out", QUOTA_NETWORK, WEAK },
	{ "connection error", QUOTA_NETWORK, WEAK },
	{ "no route to host", QUOTA_NETWORK, WEAK },
	{ "fetch failed", QUOTA_NETWORK, WEAK },
	{ "error sending request", QUOTA_NETWORK, WEAK },
	{ "dns error", QUOTA_NETWORK, WEAK },
	{ "request timed out", QUOTA_NETWORK, WEAK },
	{ "operation timed out", QUOTA_NETWORK, WEAK },
	{ "enotfound", QUOTA_NETWORK, WEAK },
	{ "eai again", QUOTA_NETWORK, WEAK },
	{ "econnrefused", QUOTA_NETWORK, WEAK },
	{ "econnreset", QUOTA_NETWORK, WEAK },
	{ "etimedout", QUOTA_NETWORK, WEAK },
	{ "enetunreach", QUOTA_NETWORK, WEAK },
	{ "ehostunreach", QUOTA_NETWORK, WEAK },

	{ "too many requests", QUOTA_RATE_LIMIT, ALONE },
	{ "rate limit exceed*", QUOTA_RATE_LIMIT, ALONE },
	{ "rate limit reached", QUOTA_RATE_LIMIT, ALONE },
	{ "rate limit hit", QUOTA_RATE_LIMIT, ALONE },
	{ "rate limit error", QUOTA_RATE_LIMIT, ALONE },
	{ "rate limited", QUOTA_RATE_LIMIT, WEAK },
	{ "ratelimiterror", QUOTA_RATE_LIMIT, ALONE },
	{ "ratelimited", QUOTA_RATE_LIMIT, WEAK },
	{ "hit~rate limit*", QUOTA_RATE_LIMIT, ALONE },
	{ "exceed*~rate limit*", QUOTA_RATE_LIMIT, ALONE },
	{ "secondary rate limit", QUOTA_RATE_LIMIT, ALONE },
	{ "rate limit*", QUOTA_RATE_LIMIT, WEAK },
	{ "throttl*", QUOTA_RATE_LIMIT, WEAK },
	{ "429", QUOTA_RATE_LIMIT, STATUS },
};

/* Beside a weak word these say that something went wrong just now. */
static const char *const trouble[] = {
	"error",  "errors",     "failed",  "failure",  "fatal",        "exceed*",     "reached",
	"hit",    "exhaust*",   "denied",  "rejected", "blocked",      "please",      "try again",
	"retry*", "wait",       "waiting", "upgrade",  "http",         "unavailable", "temporarily",
	"due to", "because of", "sorry",   "paused",   "aborted",      "stopped",     "cannot",
	"resets", "429",        "529",     "503",      "your account", "disabled",    NULL
};

/* A line that begins like this tells of work, not of a limit that was met. */
static const char *const work_verbs[] = {
	"add",     "added",     "adds",      "adding",  "implement*", "fix",       "fixed",
	"fixes",   "refactor*", "handle",    "handles", "handled",    "handling",  "test",
	"tests",   "tested",    "update",    "updated", "updates",    "write",     "wrote",
	"writes",  "create",    "created",   "creates", "document*",  "support*",  "extend*",
	"renam*",  "mov*",      "remov*",    "feat",    "chore",      "docs",      "refactor",
	"changed", "review*",   "introduc*", "improv*", "made",       "i added",   "i implement*",
	"i fix*",  "i wrote",   "commit",    "merge",   "the test*",  "all tests", "pass",
	"passed",  "ok",        "not ok",    NULL
};

/* Beside a weak word these say that it is about code. */
static const char *const about_code[] = {
	"module*",  "function*", "method*",  "operator*", "constructor*", "middleware",
	"limiter*", "class",     "page",     "page*",     "component*",   "controller*",
	"handler*", "parser*",   "table*",   "column*",   "endpoint*",    "unit test*",
	"tests",    "test",      "logic",    "config*",   "folder",       "directory",
	"file",     "files",     "feature*", "docs",      "schema",       "field*",
	"story",    "ticket",    NULL
};

/* What makes a line source code wherever it stands. */
static const char *const code_marks[] = { "==", "!=", "=>", "->", "::", "&&",  "||", "();",
					  "//", "/*", "</", "({", "})", "\",", "',", NULL };

static const char *const code_begins[] = {
	"#define", "#include", "return",   "def",     "function", "const",  "let",    "var",
	"case",    "assert",   "import",   "public",  "private",  "static", "struct", "class",
	"expect",  "describe", "it(",      "test(",   "raise",    "throw",  "if (",   "if(",
	"elif",    "else",     "for (",    "while (", "func",     "fn",     "pub",    "fmt.",
	"print(",  "printf(",  "console.", "log.",    "logger.",  "@@",     "diff",   "+++",
	"---",     "async",    "await",    "export",  "enum",     "match",  NULL
};

static bool contains(struct span s, const char *text)
{
	return span_contains(s, span_of(text));
}

/* Whether a line starts as grep, a diff, or a numbered listing does; *rest is what is behind that.
 */
static bool listed(struct span low, struct span *rest)
{
	size_t at = 0, colons = 0;

	*rest = low;
	if (low.len > 1 && (low.p[0] == '+' || low.p[0] == '-') && low.p[1] != ' ' &&
	    low.p[1] != '-' && low.p[1] != '+') {
		*rest = text_trim(text_from(low, 1));
		return true;
	}
	while (at < low.len && text_digit(low.p[at]))
		at++;
	if (at > 0 && at < 7 && at < low.len && (low.p[at] == '\t' || low.p[at] == '|')) {
		*rest = text_trim(text_from(low, at + 1));
		return true;
	}
	/* path/name.c:429: what stands there */
	for (at = 0; at < low.len && low.p[at] != ' ' && low.p[at] != '\t'; at++)
		if (low.p[at] == ':' && at > 0 && at + 1 < low.len && text_digit(low.p[at + 1]) &&
		    memchr(low.p, '.', at))
			colons++;
	return colons > 0;
}

/* A line that tells of an error is no code, though errors like to print objects. */
static bool tells_error(struct span low)
{
	static const char *const begins[] = { "error",     "api error", "apierror", "fatal",
					      "http",      "[error",    "warning",  "stream error",
					      "exception", NULL };

	return text_begins_any(low, begins) || contains(low, "error: ") ||
	       contains(low, "error code: ") || contains(low, "exception: ");
}

static bool is_code(struct span low)
{
	struct span rest;
	char last;

	if (listed(low, &rest) || text_begins_any(rest, code_begins))
		return true;
	if (tells_error(rest))
		return false;
	last = rest.len ? rest.p[rest.len - 1] : ' ';
	if (last == ';' || last == '{' || last == '}' || last == '\\')
		return true;
	for (size_t i = 0; code_marks[i]; i++)
		if (contains(rest, code_marks[i]) &&
		    !(code_marks[i][0] == '/' && contains(rest, "://")))
			return true;
	return false;
}

/* Bullets, check marks and quotes in front of a sentence. */
static struct span without_bullet(struct span s)
{
	while (s.len && !text_alnum(s.p[0]) && s.p[0] != '#' && s.p[0] != '+')
		s = text_from(s, 1);
	return s;
}

static bool is_work(struct span low)
{
	static const char *const reports[] = { "passed", "ok", "done", NULL };
	struct span s = without_bullet(low);
	size_t len = low.len;

	if (low.len > 2 &&
	    (memcmp(low.p, "\xe2\x9c\x93", 3) == 0 || memcmp(low.p, "\xe2\x9c\x94", 3) == 0))
		return true; /* a check mark */
	if (text_begins_any(s, work_verbs) || text_match(s, "test_*"))
		return true;
	while (len && !text_alnum(low.p[len - 1]))
		len--;
	for (size_t i = 0; reports[i]; i++) {
		size_t n = strlen(reports[i]);

		if (len > n && memcmp(low.p + len - n, reports[i], n) == 0 &&
		    strchr(" .", low.p[len - n - 1]) && contains(low, ".."))
			return true;
	}
	return false;
}

/* A word that is part of a path, a name or a call is about code. */
static bool in_name(struct span low, size_t at, size_t len)
{
	char before = at ? low.p[at - 1] : ' ', after = at + len < low.len ? low.p[at + len] : ' ';
	char behind = at + len + 1 < low.len ? low.p[at + len + 1] : ' ';

	if (before && strchr("/_$.@\\-", before))
		return true;
	return (after && strchr("/_(=\\", after)) ||
	       ((after == '.' || after == '-') && text_alnum(behind));
}

/* Whether a number stands where a status of HTTP does. */
static bool is_status(struct span low, size_t at, size_t len, enum quota_trust trust)
{
	static const char *const callers[] = { "http",     "status",   "code",   "error",
					       "api",      "with",     "got",    "returned",
					       "response", "received", "server", "/1.1",
					       "/2",       "/1.0",     NULL };
	static const char *const behind[] = {
		"too many", "payment req*", "service",   "overloaded", "rate",
		"error*",   "from",         "response*", "status",     "{",
		"resource", "unavailable",  "on",        NULL
	};
	static const char *const not_these[] = { "line", "lines", "port", "pid",       "id",
						 "pr",   "issue", "page", "exit code", NULL };
	size_t end = at, start;
	struct span before;

	if (at + len < low.len && low.p[at + len] && strchr("%:.,/-_", low.p[at + len]) &&
	    at + len + 1 < low.len && text_alnum(low.p[at + len + 1]))
		return false;
	while (end && strchr(" :=(\"'[", low.p[end - 1]) && low.p[end - 1])
		end--;
	if (end == at && at > 0)
		return false; /* glued to something: #429, v429, 1.429, x/429 */
	start = end > 16 ? end - 16 : 0;
	before = (struct span){ low.p + start, end - start };
	for (size_t i = 0; not_these[i]; i++) {
		size_t n = strlen(not_these[i]);

		if (before.len >= n && memcmp(before.p + before.len - n, not_these[i], n) == 0 &&
		    (before.len == n || !text_alnum(before.p[before.len - n - 1])))
			return false;
	}
	if (text_begins_any(text_trim(without_bullet(text_from(low, at + len))), behind))
		return true;
	for (size_t i = 0; callers[i]; i++) {
		size_t n = strlen(callers[i]);

		if (before.len >= n && memcmp(before.p + before.len - n, callers[i], n) == 0)
			return true;
	}
	return trust == QUOTA_ERROR || (trust == QUOTA_MESSAGE && at + len == low.len);
}

static bool counts(const struct pattern *p, struct span low, size_t at, size_t len,
		   enum quota_trust trust)
{
	if (p->strength == STATUS)
		return is_status(low, at, len, trust);
	if (p->strength == ALONE || trust == QUOTA_ERROR)
		return true;
	if (in_name(low, at, len) || text_has_any(low, about_code))
		return false;
	return trust == QUOTA_MESSAGE || text_has_any(low, trouble);
}

/* Finds a place at which a pattern counts. */
static bool find(const struct pattern *p, struct span low, enum quota_trust trust, size_t *at,
		 size_t *len)
{
	for (*at = text_find(low, 0, p->words, len); *at != TEXT_NOWHERE;
	     *at = text_find(low, *at + 1, p->words, len))
		if (counts(p, low, *at, *len, trust))
			return true;
	return false;
}

static unsigned status_of(const struct pattern *p)
{
	if (p->strength != STATUS)
		return 0;
	return (unsigned)((p->words[0] - '0') * 100 + (p->words[1] - '0') * 10 + p->words[2] - '0');
}

void quota_hit_words(struct quota_hit *hit, struct span line, size_t at, size_t len)
{
	size_t from = at > AROUND ? at - AROUND : 0, to = at + len + AROUND;

	if (to > line.len)
		to = line.len;
	if (to - from > sizeof(hit->words) - 1)
		to = from + sizeof(hit->words) - 1;
	while (from < at && ((unsigned char)line.p[from] & 0xc0) == 0x80)
		from++; /* no half characters */
	while (to > from && to < line.len && ((unsigned char)line.p[to] & 0xc0) == 0x80)
		to--;
	line = text_trim((struct span){ line.p + from, to - from });
	memcpy(hit->words, line.p, line.len);
	hit->words[line.len] = '\0';
	for (size_t i = 0; i < line.len; i++)
		if (hit->words[i] == '\0' || hit->words[i] == '\n')
			hit->words[i] = ' ';
}

enum quota_provider quota_provider_named(struct span text)
{
	static const struct {
		const char *name;
		enum quota_provider provider;
	} names[] = {
		{ "anthropic*", QUOTA_BY_ANTHROPIC },
		{ "claude*", QUOTA_BY_ANTHROPIC },
		{ "openai*", QUOTA_BY_OPENAI },
		{ "chatgpt", QUOTA_BY_OPENAI },
		{ "codex", QUOTA_BY_OPENAI },
		{ "gpt", QUOTA_BY_OPENAI },
		{ "copilot", QUOTA_BY_GITHUB },
		{ "github", QUOTA_BY_GITHUB },
		{ "premium request*", QUOTA_BY_GITHUB },
		{ "gemini", QUOTA_BY_GOOGLE },
		{ "googleapis", QUOTA_BY_GOOGLE },
		{ "google", QUOTA_BY_GOOGLE },
		{ "resource_exhausted", QUOTA_BY_GOOGLE },
	};
	CLEANUP(buf_release) struct buf low = BUF_INIT;
	size_t len;

	if (text.len > QUOTA_LINE_BYTES_MAX)
		text = text_from(text, text.len - QUOTA_LINE_BYTES_MAX);
	text_lower(&low, text);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (text_find((struct span){ low.p, low.len }, 0, names[i].name, &len) !=
		    TEXT_NOWHERE)
			return names[i].provider;
	return QUOTA_BY_UNKNOWN;
}

bool quota_words_judge(struct span line, enum quota_trust trust, struct quota_hit *out)
{
	CLEANUP(buf_release) struct buf copy = BUF_INIT;
	size_t at, len, best_at = 0, best_len = 0;
	struct quota_hit hit = { .kind = QUOTA_NONE };
	struct span low;

	line = text_trim(line);
	if (line.len > QUOTA_LINE_BYTES_MAX)
		line = text_from(line, line.len - QUOTA_LINE_BYTES_MAX);
	text_lower(&copy, line);
	low = (struct span){ copy.p, copy.len };
	if (trust != QUOTA_ERROR && (is_code(low) || is_work(low)))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		/* A status is looked for also when the kind is known: it is told. */
		if (patterns[i].kind <= hit.kind && (patterns[i].strength != STATUS || hit.status))
			continue;
		if (!find(&patterns[i], low, trust, &at, &len))
			continue;
		if (status_of(&patterns[i]))
			hit.status = status_of(&patterns[i]);
		if (patterns[i].kind > hit.kind) {
			hit.kind = patterns[i].kind;
			best_at = at;
			best_len = len;
		}
	}
	if (hit.kind == QUOTA_NONE)
		return false;
	quota_hit_words(&hit, line, best_at, best_len);
	hit.provider = quota_provider_named(line);
	*out = hit;
	return true;
}

void quota_hit_join(struct quota_hit *hit, const struct quota_hit *next)
{
	struct quota_hit joined = next->kind >= hit->kind ? *next : *hit;
	const struct quota_hit *other = next->kind >= hit->kind ? hit : next;

	if (!joined.status)
		joined.status = other->status;
	if (joined.provider == QUOTA_BY_UNKNOWN)
		joined.provider = other->provider;
	if (joined.time.form == QUOTA_TIME_NONE)
		joined.time = other->time;
	joined.no_retry |= other->no_retry;
	*hit = joined;
}
