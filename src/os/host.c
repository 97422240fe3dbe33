/*
 * Agents start hooks and commands as `sh -c "sk ..."`; the shell dies with us, so its death says
 * nothing. An agent's own process lives as long as its session. Whoever cannot be looked into (of
 * another user, gone meanwhile) ends the search at the last one seen.
 */
#include "os/host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"
#include "os/fd.h"
#include "os/proc_table.h"

#define ANCESTORS_MAX 64
#define COMMAND_LINE_BYTES_MAX (256 * 1024)

static bool one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

static int read_command(uint64_t pid, char out[HOST_COMMAND_BYTES_MAX])
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	char path[40];
	int rc;

	snprintf(path, sizeof(path), "/proc/%llu/comm", (unsigned long long)pid);
	rc = fd_read_proc(path, 256, &text);
	if (rc < 0)
		return rc;
	while (text.len && text.p[text.len - 1] == '\n')
		buf_truncate(&text, text.len - 1);
	snprintf(out, HOST_COMMAND_BYTES_MAX, "%s", text.p ? text.p : "");
	return 0;
}

/* Whether one of the words behind the first, up to the first that is no option, holds a c. */
static bool given_a_command(uint64_t pid)
{
	CLEANUP(buf_release) struct buf words = BUF_INIT;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%llu/cmdline", (unsigned long long)pid);
	if (fd_read_proc(path, COMMAND_LINE_BYTES_MAX, &words) < 0 || !words.p)
		return false;
	for (size_t at = strlen(words.p) + 1; at < words.len; at += strlen(words.p + at) + 1) {
		if (words.p[at] != '-' || words.p[at + 1] == '-')
			return false;
		if (strchr(words.p + at, 'c'))
			return true;
	}
	return false;
}

static bool is_between(uint64_t pid, const char *command)
{
	static const char *const shells[] = { "sh",  "bash", "dash",    "zsh", "ksh",
					      "ash", "fish", "busybox", NULL };
	static const char *const others[] = { "env",   "timeout", "nice",   "ionice",
					      "nohup", "xargs",   "setsid", "stdbuf",
					      "sk",    "time",    "sudo",   NULL };

	return one_of(command, others) || (one_of(command, shells) && given_a_command(pid));
}

int host_find(struct host *out)
{
	struct host at = { .who = { .pid = (uint64_t)getppid() } };
	int rc = proc_boot_id(at.who.boot_id);

	for (unsigned i = 0; rc == 0 && i < ANCESTORS_MAX; i++) {
		struct proc_row row;

		rc = read_command(at.who.pid, at.command);
		if (rc == 0)
			rc = proc_row_read(at.who.pid, &row);
		if (rc < 0)
			return i > 0 ? 0 : rc; /* the one before is as far as can be seen */
		at.who.start = row.start;
		*out = at;
		if (row.parent <= 1 || !is_between(at.who.pid, at.command))
			break;
		at.who.pid = row.parent;
	}
	return rc;
}

int host_is_above(const struct proc_identity *who)
{
	uint64_t pid = (uint64_t)getppid();
	char boot_id[BOOT_ID_LEN + 1];
	int rc = proc_boot_id(boot_id);

	if (rc < 0)
		return rc;
	if (!who->pid || strcmp(boot_id, who->boot_id) != 0)
		return 0;
	for (unsigned i = 0; pid && i < ANCESTORS_MAX; i++) {
		struct proc_row row;

		rc = proc_row_read(pid, &row);
		if (rc < 0)
			return rc;
		if (pid == who->pid)
			return row.start == who->start;
		pid = row.parent;
	}
	return 0;
}

void host_name(char out[HOST_NAME_BYTES_MAX])
{
	if (gethostname(out, HOST_NAME_BYTES_MAX) < 0 || !out[0])
		snprintf(out, HOST_NAME_BYTES_MAX, "localhost");
	out[HOST_NAME_BYTES_MAX - 1] = '\0';
}
