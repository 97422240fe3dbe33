/* What an agent gets is what the person who starts it has, and what the configuration adds. */
#include "cmd/goal/agent_config.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/proc.h"

const char *agent_home(void)
{
	const char *moved = getenv("SK_HOME"), *home = getenv("HOME");

	return moved && *moved ? moved : home && *home ? home : NULL;
}

int agent_config_load(const struct cmd_ctx *c, struct agents *out, struct err *e)
{
	CLEANUP(buf_release) struct buf user = BUF_INIT, repository = BUF_INIT;
	const char *home = agent_home();

	if (home)
		buf_putf(&user, "%s/.config/holdfast/config.yaml", home);
	buf_putf(&repository, "%s/config.yaml", c->goal_paths->state_dir);
	return agents_load(user.p, repository.p, out, e);
}

int agent_program(const struct agent *a, const char *cwd, char *out, size_t out_bytes)
{
	CLEANUP(mem_free) char *word = span_dup(a->command.v[0]);
	const char *list = getenv("PATH");

	for (size_t i = 0; i < a->env.count; i++)
		if (span_starts(a->env.v[i], "PATH="))
			list = NULL;
	if (list)
		return proc_find_program(word, list, cwd, out, out_bytes);
	for (size_t i = 0; i < a->env.count; i++)
		if (span_starts(a->env.v[i], "PATH=")) {
			CLEANUP(mem_free) char *own = span_dup(a->env.v[i]);

			return proc_find_program(word, own + strlen("PATH="), cwd, out, out_bytes);
		}
	return proc_find_program(word, "/usr/local/bin:/usr/bin:/bin", cwd, out, out_bytes);
}

static bool overridden(const struct agent *a, const char *variable)
{
	size_t len = strcspn(variable, "=") + 1;

	for (size_t i = 0; i < a->env.count; i++)
		if (a->env.v[i].len >= len && memcmp(a->env.v[i].p, variable, len) == 0)
			return true;
	return false;
}

char **agent_environment(const struct agent *a, struct buf *storage)
{
	size_t count = 0, capacity = 0, at = 0, inherited = 0;
	char **envp = NULL;

	for (size_t i = 0; environ[i]; i++) {
		if (overridden(a, environ[i]))
			continue;
		mem_grow(&envp, &capacity, count + a->env.count + 2, sizeof(*envp));
		envp[count++] = environ[i];
	}
	inherited = count;
	mem_grow(&envp, &capacity, count + a->env.count + 1, sizeof(*envp));
	for (size_t i = 0; i < a->env.count; i++)
		buf_putf(storage, "%.*s%c", SPAN_ARG(a->env.v[i]), 0);
	for (; count < inherited + a->env.count; count++) {
		envp[count] = storage->p + at;
		at += strlen(envp[count]) + 1;
	}
	envp[count] = NULL;
	return envp;
}
