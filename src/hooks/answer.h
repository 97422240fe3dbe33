/*
 * What a hook tells its host. Each host gets its own form and nothing beside it: Codex refuses
 * answers with members it does not know, Gemini shows whatever is no JSON to the person.
 */
#ifndef SK_ANSWER_H
#define SK_ANSWER_H

#include "hooks/payload.h"

/*
 * Appends the answer that gives `context` to the model: one JSON object and a newline, or nothing
 * where the host takes none for this event, is not known, or there is nothing to say.
 */
void answer_encode(const struct payload *p, struct span context, struct buf *out);

/* Appends the answer that refuses what the event asks for, likewise. Returns whether the host takes
 * one; nothing is appended when not. */
bool answer_refuse(const struct payload *p, struct span reason, struct buf *out);

#endif
