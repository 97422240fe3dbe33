/* What an agent says its run has used, found in its structured output. */
#ifndef SK_AGENT_USAGE_H
#define SK_AGENT_USAGE_H

#include "base/str.h"

struct agent_usage {
	uint64_t tokens; /* read and written; what came from a cache is not counted */
	uint64_t micros; /* of a dollar */
};

/*
 * Claude Code ("result": the last one counts, it tells the sum) and Codex ("turn.completed": all
 * count). What is not one JSON object a line says nothing, and numbers beyond all reason count as
 * the largest one.
 */
void agent_usage_read(struct span output, struct agent_usage *out);

#endif
