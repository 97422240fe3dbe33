/*
 * Why one pass from front to back with one thing remembered: what was said last is what counts, and
 * only a good sign behind it takes it back. An agent that met a limit at ten, waited and worked on
 * until noon is not at a limit.
 */
#include "core/quota.h"

#include "core/quota_impl.h"
#include "core/quota_text.h"

#define NEAR_LINES 5  /* lines so close together are one statement */
#define SPOILED_MAX 4 /* times the size of the text that may be read in vain as JSON */
#define SHORT_BYTES_MAX 8192

struct walk {
	const struct quota_now *now;
	struct span text;
	size_t words_from; /* offset from which on words count */
	enum quota_trust trust;
	size_t spoiled; /* bytes read as JSON that were none */
	struct quota_hit event;
	struct quota_hit words;
	struct span before[2]; /* plain lines just before the group of words */
	size_t last;           /* line of the last hit by words */
	bool ended;
};

#define X(name, word, retryable, meaning) { word, retryable, meaning },
static const struct {
	const char *word;
	bool retryable;
	const char *meaning;
} kinds[] = { QUOTA_KINDS(X) };
#undef X

#define X(name, word) word,
static const char *const providers[] = { QUOTA_PROVIDERS(X) };
#undef X

const char *quota_kind_word(enum quota_kind kind)
{
	return kinds[kind].word;
}

const char *quota_kind_text(enum quota_kind kind)
{
	return kinds[kind].meaning;
}

const char *quota_provider_word(enum quota_provider provider)
{
	return providers[provider];
}

bool quota_kind_of(struct span word, enum quota_kind *out)
{
	for (unsigned i = 0; i < QUOTA_KIND_COUNT; i++)
		if (span_is(word, kinds[i].word)) {
			*out = (enum quota_kind)i;
			return true;
		}
	return false;
}

bool quota_provider_of(struct span word, enum quota_provider *out)
{
	for (unsigned i = 0; i < QUOTA_PROVIDER_COUNT; i++)
		if (span_is(word, providers[i])) {
			*out = (enum quota_provider)i;
			return true;
		}
	return false;
}

/* Where the part begins in which words count, and how much the text is trusted. */
static void measure(struct walk *w)
{
	size_t lines = 0, at = w->text.len;

	while (at > 0 && w->text.len - at < QUOTA_WORDS_BYTES) {
		if (w->text.p[at - 1] == '\n' && at < w->text.len && ++lines == QUOTA_WORDS_LINES)
			break;
		at--;
	}
	w->words_from = at;
	w->trust = at == 0 && lines < QUOTA_MESSAGE_LINES && w->text.len <= SHORT_BYTES_MAX
			   ? QUOTA_MESSAGE
			   : QUOTA_LOG;
}

static void forget(struct walk *w)
{
	w->event = w->words = (struct quota_hit){ .kind = QUOTA_NONE };
}

static size_t lines_in(struct span s)
{
	size_t count = 0;

	for (const char *p = s.p, *end = s.p + s.len;
	     (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
		count++;
	return count;
}

/* Reads an object as an event that begins on line `line`. Returns its length, 0 when it is none. */
static size_t take_event(struct walk *w, struct span text, size_t line)
{
	struct quota_hit hit;
	size_t used, at = 0;

	if (w->spoiled > w->text.len * SPOILED_MAX)
		return 0;
	switch (quota_event_read(text, w->now, &hit, &used, &at)) {
	case QUOTA_SENSE_INVALID:
		w->spoiled += used;
		return 0;
	case QUOTA_SENSE_LIMIT:
		hit.line = line + lines_in((struct span){ text.p, at });
		if (w->event.kind == QUOTA_NONE)
			w->event = hit;
		else
			quota_hit_join(&w->event, &hit);
		w->ended = false;
		break;
	case QUOTA_SENSE_END:
		forget(w);
		w->ended = true;
		break;
	case QUOTA_SENSE_PROGRESS:
		forget(w);
		w->ended = false;
		break;
	case QUOTA_SENSE_SILENT:
		break;
	}
	return used;
}

/* Around the words that decided stands when to come back: on the same line, behind or before it. */
static void take_time(struct walk *w, struct span line)
{
	if (w->words.kind != QUOTA_NONE && w->words.time.form == QUOTA_TIME_NONE)
		quota_time_find(line, w->now, &w->words.time);
}

static void take_words(struct walk *w, struct span line, size_t number)
{
	struct quota_hit hit;

	if (!quota_words_judge(line, w->trust, &hit)) {
		if (number <= w->last + 3)
			take_time(w, line);
		w->before[0] = w->before[1];
		w->before[1] = line;
		return;
	}
	hit.line = number;
	quota_time_find(line, w->now, &hit.time);
	if (w->words.kind != QUOTA_NONE && number <= w->last + NEAR_LINES)
		quota_hit_join(&w->words, &hit);
	else
		w->words = hit;
	w->last = number;
	take_time(w, w->before[1]);
	take_time(w, w->before[0]);
	w->ended = false;
}

/* What began as an event and was torn tells by its error alone. */
static struct span torn_part(struct span line)
{
	static const char mark[] = "\"error";
	size_t mark_len = sizeof(mark) - 1;

	for (size_t i = 0; i + mark_len <= line.len; i++)
		if (memcmp(line.p + i, mark, mark_len) == 0)
			return text_from(line, i + 1);
	return SPAN_NONE;
}

/* One line that begins at `at`. Returns how many bytes were dealt with. */
static size_t take_line(struct walk *w, size_t at, size_t number)
{
	struct span rest = text_from(w->text, at), line, tail;
	const char *end = memchr(rest.p, '\n', rest.len), *brace;
	size_t used, blank = 0;

	line = (struct span){ rest.p, end ? (size_t)(end - rest.p) : rest.len };
	while (blank < line.len && (rest.p[blank] == ' ' || rest.p[blank] == '\t'))
		blank++;
	if (blank < line.len && rest.p[blank] == '[' && at == 0)
		return blank + 1; /* a document that is a list of events */
	if (blank < line.len && rest.p[blank] == ',')
		blank++;
	if (blank < line.len && rest.p[blank] == '{') {
		used = take_event(w, text_from(rest, blank), number);
		if (used)
			return blank + used;
		tail = torn_part(line);
	} else {
		tail = line;
		brace = memchr(line.p, '{', line.len);
		if (brace && brace + 1 < line.p + line.len && brace[1] == '"') {
			struct quota_hit before = w->event;

			used = take_event(w, text_from(line, (size_t)(brace - line.p)), number);
			if (used && w->event.line == number && before.line != number) {
				if (w->event.provider == QUOTA_BY_UNKNOWN)
					w->event.provider = quota_provider_named(line);
				return line.len + (end != NULL);
			}
		}
	}
	if (at >= w->words_from && tail.len)
		take_words(w, tail, number);
	return line.len + (end != NULL);
}

static void conclude(const struct walk *w, enum quota_provider provider, struct quota_verdict *out)
{
	const struct quota_hit *hit = w->event.kind != QUOTA_NONE ? &w->event : &w->words;

	*out = (struct quota_verdict){ .kind = hit->kind, .provider = hit->provider };
	out->ended_well = w->ended && hit->kind == QUOTA_NONE;
	if (out->provider == QUOTA_BY_UNKNOWN)
		out->provider = provider;
	if (hit->kind == QUOTA_NONE)
		return;
	out->structured = hit == &w->event;
	out->retryable = kinds[hit->kind].retryable && !hit->no_retry;
	out->status = hit->status;
	out->time = hit->time;
	out->line = hit->line;
	memcpy(out->words, hit->words, sizeof(out->words));
	if (hit->time.form == QUOTA_TIME_AT)
		out->retry_at_ms = hit->time.at_ms;
	else if (hit->time.form == QUOTA_TIME_AFTER)
		out->retry_at_ms = w->now->ms + hit->time.after_ms;
}

void quota_classify(struct span text, const struct quota_now *now, enum quota_provider provider,
		    struct quota_verdict *out)
{
	struct walk w = { .now = now, .text = text };
	size_t at = 0, number = 1;

	measure(&w);
	while (at < text.len) {
		size_t used = take_line(&w, at, number);

		number += lines_in((struct span){ text.p + at, used });
		at += used;
	}
	conclude(&w, provider, out);
}

void quota_of_service(struct quota_verdict *v)
{
	if (v->kind == QUOTA_NETWORK)
		*v = (struct quota_verdict){ .provider = v->provider, .ended_well = v->ended_well };
}
