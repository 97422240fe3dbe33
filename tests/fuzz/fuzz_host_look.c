/*
 * Settings of an agent's host are written by people and by the host. Whatever they are: no event is
 * found that was not asked for, and what is called is told when and only when something is called.
 */
#include "fuzz/fuzz.h"

#include "hooks/host_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	for (int i = HOOK_BY_UNKNOWN + 1; i < HOOK_AGENT_COUNT; i++) {
		CLEANUP(host_look_release) struct host_look look = { .program = BUF_INIT };
		enum hook_agent agent = (enum hook_agent)i;

		host_config_look(agent, (struct span){ (const char *)data, len }, &look);
		INVARIANT(look.told >> host_config_events(agent) == 0);
		INVARIANT(!look.told || look.program.len > 0);
	}
	return 0;
}
