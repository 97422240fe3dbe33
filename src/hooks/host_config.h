/* What a host is told in its own configuration, so that it runs `sk hooks run` for its events. */
#ifndef SK_HOST_CONFIG_H
#define SK_HOST_CONFIG_H

#include "hooks/payload.h"

/* The file that people keep it in, below their home folder: ".claude/settings.json". */
const char *host_config_file(enum hook_agent agent);

/*
 * Appends the host's whole document, one JSON object, naming `program` by its absolute path. The
 * same program gives the same bytes: Codex and Gemini ask their user again for every changed one.
 * Not for HOOK_BY_UNKNOWN.
 */
void host_config_encode(enum hook_agent agent, const char *program, struct buf *out);

#endif
