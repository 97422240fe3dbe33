/*
 * Every service says in its own words when it can be asked again, and a moment that is read wrongly
 * is worse than none: too early wastes a try, too late wastes the night. So only forms that are
 * known are read, beside a word that says what the time is for.
 */
#include "core/quota_time.h"

#include "base/limits.h"
#include "core/quota_moment.h"

#define EPOCH_MIN 1000000000ULL /* of 2001: a smaller number of seconds is a duration */
#define EPOCH_MS_MIN 1000000000000ULL

static bool put_epoch(struct cursor *c, struct quota_time *out)
{
	struct cursor at = *c;
	uint64_t v;
	size_t digits = cursor_number(&at, 13, &v);

	if ((digits != 10 && digits != 13) || (at.low.len && text_alnum(at.low.p[0])) ||
	    v < (digits == 10 ? EPOCH_MIN : EPOCH_MS_MIN))
		return false;
	*out = (struct quota_time){ .form = QUOTA_TIME_AT, .zone = "epoch" };
	out->at_ms = digits == 10 ? (int64_t)v * 1000 : (int64_t)v;
	*c = at;
	return true;
}

static bool any_time(struct cursor *c, bool bare, const struct quota_now *now,
		     struct quota_time *out)
{
	struct cursor at = *c;
	int64_t after_ms;

	if (put_epoch(&at, out) || cursor_moment(&at, now, out))
		return true;
	at = *c;
	if (!cursor_duration(&at, bare, &after_ms))
		return false;
	*out = (struct quota_time){ .form = QUOTA_TIME_AFTER, .after_ms = after_ms };
	return true;
}

static const struct cue {
	const char *pattern;
	bool bare; /* a number alone behind it is seconds */
} cues[] = {
	{ "retry after ms", false },
	{ "retry after seconds", true },
	{ "retry after", true },
	{ "retryafter", true },
	{ "retrydelay", false },
	{ "retry delay", false },
	{ "retry in", false },
	{ "retrying in", false },
	{ "again in", false },
	{ "again at", false },
	{ "again after", false },
	{ "again on", false },
	{ "again", false },
	{ "available in", false },
	{ "available at", false },
	{ "reset after", true },
	{ "resets", false },
	{ "resetsat", false },
	{ "resetting", false },
	{ "ratelimit reset requests", false },
	{ "ratelimit reset tokens", false },
	{ "ratelimit reset", true },
	{ "reset time", false },
	{ "reset", false },
	{ "will be reset", false },
	{ "refreshes", false },
	{ "renews", false },
	{ "reached|", false },
	{ "wait", false },
	{ "until", false },
};

static void skip_filler(struct cursor *c)
{
	static const char *const filler[] = {
		"at",  "in",    "on", "after", "about", "approximately", "the",    "by",
		"for", "again", "is", "your",  "limit", "until",         "around", NULL
	};
	bool found = true;

	while (found) {
		found = false;
		cursor_skip(c, " \t:=\"'|(~,");
		for (size_t i = 0; filler[i] && !found; i++)
			found = cursor_word(c, filler[i]);
	}
}

bool quota_time_find(struct span line, const struct quota_now *now, struct quota_time *out)
{
	CLEANUP(buf_release) struct buf low = BUF_INIT;

	if (line.len > QUOTA_LINE_BYTES_MAX)
		line.len = QUOTA_LINE_BYTES_MAX;
	text_lower(&low, line);
	for (size_t i = 0; i < line.len; i++) {
		if (!text_letter(low.p[i]) || (i > 0 && text_alnum(low.p[i - 1])))
			continue;
		for (size_t k = 0; k < ARRAY_LEN(cues); k++) {
			struct cursor c = { { low.p + i, line.len - i }, line.p + i };

			if (!cursor_word(&c, cues[k].pattern))
				continue;
			skip_filler(&c);
			if (any_time(&c, cues[k].bare, now, out))
				return true;
		}
	}
	return false;
}

bool quota_time_value(struct span text, const struct quota_now *now, struct quota_time *out)
{
	CLEANUP(buf_release) struct buf low = BUF_INIT;
	struct cursor c;

	text = text_trim(text);
	if (text.len == 0 || text.len > QUOTA_LINE_BYTES_MAX)
		return false;
	text_lower(&low, text);
	c = (struct cursor){ { low.p, low.len }, text.p };
	return any_time(&c, true, now, out);
}
