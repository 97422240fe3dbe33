/*
 * Why tables of our own beside those of core: a line holds some five words, a replay reads a
 * million lines, and looking a word up by its length first costs a tenth of comparing it with every
 * word in turn.
 */
#include "store/record_words.h"

#define X(name, word, type, severity, fields) { word, sizeof(word) - 1 },
const struct span record_event_words[EVENT_COUNT] = { EVENTS(X) };
#undef X
#define X(name, word) { word, sizeof(word) - 1 },
const struct span record_type_words[EVENT_TYPE_COUNT] = { EVENT_TYPES(X) };
const struct span record_severity_words[SEVERITY_COUNT] = { SEVERITIES(X) };
const struct span record_trigger_words[TRIGGER_COUNT] = { TRIGGERS(X) };
static const struct span task_words[TASK_STATE_COUNT] = { TASK_STATES(X) };
static const struct span ws_words[WS_STATE_COUNT] = { WS_STATES(X) };
static const struct span worker_words[WORKER_STATE_COUNT] = { WORKER_STATES(X) };
static const struct span goal_words[GOAL_STATE_COUNT] = { GOAL_STATES(X) };
static const struct span tentacle_words[TENTACLE_STATE_COUNT] = { TENTACLE_STATES(X) };
#undef X
#define X(name, key, kind, member) { "\"" key "\":", sizeof("\"" key "\":") - 1 },
const struct span record_field_keys[FIELD_COUNT] = { FIELDS(X) };
#undef X

static int find_word(const struct span *words, int count, struct span word)
{
	for (int i = 0; i < count; i++)
		if (words[i].len == word.len && memcmp(words[i].p, word.p, word.len) == 0)
			return i;
	return -1;
}

int record_event_find(struct span word)
{
	return find_word(record_event_words, EVENT_COUNT, word);
}

int record_trigger_find(struct span word)
{
	return word.len ? find_word(record_trigger_words, TRIGGER_COUNT, word) : -1;
}

struct life {
	const struct span *words;
	int count;
};

static const struct life lives[EVENT_TYPE_COUNT] = {
	[EVENT_TYPE_TASK] = { task_words, TASK_STATE_COUNT },
	[EVENT_TYPE_WORKSTREAM] = { ws_words, WS_STATE_COUNT },
	[EVENT_TYPE_WORKER] = { worker_words, WORKER_STATE_COUNT },
	[EVENT_TYPE_GOAL] = { goal_words, GOAL_STATE_COUNT },
	[EVENT_TYPE_TENTACLE] = { tentacle_words, TENTACLE_STATE_COUNT },
};

int record_state_find(enum event_type type, struct span word)
{
	return find_word(lives[type].words, lives[type].count, word);
}

struct span record_state_word(enum event_type type, unsigned state)
{
	if (state >= (unsigned)lives[type].count)
		return SPAN_NONE;
	return lives[type].words[state];
}
