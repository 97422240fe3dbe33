/* Words to numbers and back. The lists in lives.h are the only source; a test compares them with
 * docs/states.md. */
#include "core/lives.h"

#define X(name, word) word,
static const char *const task_words[] = { TASK_STATES(X) };
static const char *const ws_words[] = { WS_STATES(X) };
static const char *const worker_words[] = { WORKER_STATES(X) };
static const char *const goal_words[] = { GOAL_STATES(X) };
static const char *const tentacle_words[] = { TENTACLE_STATES(X) };
static const char *const trigger_words[] = { TRIGGERS(X) };
#undef X

_Static_assert(ARRAY_LEN(task_words) == TASK_STATE_COUNT, "a word for each task state");
_Static_assert(ARRAY_LEN(trigger_words) == TRIGGER_COUNT, "a word for each trigger");

static int find_word(const char *const *words, int count, struct span word)
{
	for (int i = 0; i < count; i++)
		if (span_is(word, words[i]))
			return i;
	return -1;
}

const char *task_state_word(unsigned state)
{
	return state < TASK_STATE_COUNT ? task_words[state] : NULL;
}

const char *ws_state_word(unsigned state)
{
	return state < WS_STATE_COUNT ? ws_words[state] : NULL;
}

const char *worker_state_word(unsigned state)
{
	return state < WORKER_STATE_COUNT ? worker_words[state] : NULL;
}

const char *goal_state_word(unsigned state)
{
	return state < GOAL_STATE_COUNT ? goal_words[state] : NULL;
}

const char *tentacle_state_word(unsigned state)
{
	return state < TENTACLE_STATE_COUNT ? tentacle_words[state] : NULL;
}

const char *trigger_word(unsigned trigger)
{
	return trigger < TRIGGER_COUNT ? trigger_words[trigger] : NULL;
}

int task_state_decode(struct span word)
{
	return find_word(task_words, TASK_STATE_COUNT, word);
}

int ws_state_decode(struct span word)
{
	return find_word(ws_words, WS_STATE_COUNT, word);
}

int worker_state_decode(struct span word)
{
	return find_word(worker_words, WORKER_STATE_COUNT, word);
}

int trigger_decode(struct span word)
{
	return find_word(trigger_words, TRIGGER_COUNT, word);
}
