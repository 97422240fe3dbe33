/* The tables of event_list.h, expanded. */
#include "core/event.h"

#include "base/map.h"

#define FIELD_KIND(kind) FIELD_KIND_##kind

const struct event_row event_rows[EVENT_COUNT] = {
#define X(name, word, type, severity, fields) \
	{ word, EVENT_TYPE_##type, SEVERITY_##severity, fields },
	EVENTS(X)
#undef X
};

const struct field_row field_rows[FIELD_COUNT] = {
#define X(name, key, kind, member) { key, FIELD_KIND(kind), offsetof(struct event, member) },
	FIELDS(X)
#undef X
};

_Static_assert(FIELD_COUNT <= 64, "a row's fields are a 64-bit set");

#define X(name, word) word,
static const char *const type_words[] = { EVENT_TYPES(X) };
static const char *const severity_words[] = { SEVERITIES(X) };
#undef X

const char *event_type_word(enum event_type type)
{
	return type_words[type];
}

const char *severity_word(enum severity severity)
{
	return severity_words[severity];
}

int event_kind_decode(struct span word)
{
	for (int i = 0; i < EVENT_COUNT; i++)
		if (span_is(word, event_rows[i].word))
			return i;
	return -1;
}

int severity_decode(struct span word)
{
	for (int i = 0; i < SEVERITY_COUNT; i++)
		if (span_is(word, severity_words[i]))
			return i;
	return -1;
}

void events_release(struct events *batch)
{
	mem_free(&batch->v);
	arena_release(&batch->text);
	*batch = (struct events)EVENTS_INIT;
}

void events_reset(struct events *batch)
{
	batch->count = 0;
	arena_release(&batch->text);
}

void event_range_add(struct event_range *r, uint64_t first, uint64_t last)
{
	if (!last)
		return;
	INVARIANT(last >= first);
	if (first <= r->last) /* somebody put an older journal in its place meanwhile */
		r->count = 0;
	if (!r->count)
		r->first = first;
	r->last = last;
	r->count += last - first + 1;
}

void event_range_add_batch(struct event_range *r, const struct events *batch)
{
	if (batch->count)
		event_range_add(r, batch->v[0].seq, batch->v[batch->count - 1].seq);
}

struct event *events_add(struct events *batch, enum event_kind kind, int64_t at_ms)
{
	struct event *e;

	mem_grow(&batch->v, &batch->capacity, batch->count + 1, sizeof(*batch->v));
	e = &batch->v[batch->count++];
	memset(e, 0, sizeof(*e));
	e->kind = kind;
	e->at_ms = at_ms;
	e->from = e->to = 255;
	return e;
}
