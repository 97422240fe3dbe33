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

/* How many events it asks for, and which of them one is, in the host's words: from 0, or -1. */
size_t host_config_events(enum hook_agent agent);
int host_config_event(enum hook_agent agent, struct span word);

/* What a host's own configuration says of us. */
struct host_look {
	uint32_t told;      /* 1 << host_config_event: for which it calls `sk hooks run` */
	bool off;           /* it turns all hooks off */
	struct buf program; /* what it calls then, as it stands in the first such call */
};

void host_look_release(struct host_look *look);

/*
 * Reads such a document, whoever wrote it: where a call stands below an event, and in which of the
 * hosts' forms, makes no difference. Returns 0, or -EINVAL when it is no JSON object: what was
 * found by then stays in *out, which is released in any case.
 */
int host_config_look(enum hook_agent agent, struct span text, struct host_look *out);

#endif
