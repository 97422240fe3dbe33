/* The configuration of agents, for the commands that start them: where its files are, and where
 * the programs are that it names. */
#ifndef SK_AGENT_CONFIG_H
#define SK_AGENT_CONFIG_H

#include "cmd/cmd.h"
#include "work/agents.h"

/* Reads both files, for a command with NEED_GOALS. As agents_load. */
int agent_config_load(const struct cmd_ctx *c, struct agents *out, struct err *e);

/* The folder at whose level .config and .copilot lie: SK_HOME, else HOME, else NULL. */
const char *agent_home(void);

/* The program of the agent's command, as it is found from here: 0, or as proc_find_program. */
int agent_program(const struct agent *a, const char *cwd, char *out, size_t out_bytes);

/* Its environment: ours, with its own variables over it. Ends with NULL; the caller frees the array
 * and releases *storage. */
char **agent_environment(const struct agent *a, struct buf *storage);

#endif
