/* What `sk doctor` looks at: one row a check. A check that finds fault says what to do about it. */
#ifndef SK_CMD_DOCTOR_H
#define SK_CMD_DOCTOR_H

#include "cmd/cmd.h"

enum health { HEALTH_PASS, HEALTH_WARN, HEALTH_FAIL, HEALTH_COUNT };

struct check {
	struct cmd_ctx *c; /* borrowed */
	const char *name;  /* a promise to scripts */
	enum health health;
	struct buf text; /* what was found */
	struct buf try;  /* what to do; empty when there is nothing to do */
};

typedef void check_fn(struct check *k);

/* Each says what it found; `try` may be NULL when all is well. */
void check_say(struct check *k, enum health health, const char *try, const char *fmt, ...)
	PRINTF_LIKE(4, 5);

/* The machine: cmd/doctor_system.c */
check_fn check_kernel, check_kill_mode, check_landlock, check_pidfd;

/* The disk below the state folder: cmd/doctor_disk.c */
check_fn check_state, check_goals, check_tmpfile, check_fsync, check_leftovers, check_orchestrator;

/* What stands in files of git and of agents' hosts: cmd/setup/doctor_hooks.c */
check_fn check_guard, check_hosts;

/* Git, agents and the user's folder: cmd/doctor_tools.c */
check_fn check_git, check_git_settings, check_tracked, check_agents, check_home, check_secret;

#endif
