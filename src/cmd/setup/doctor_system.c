/* What the kernel can do is tried, not concluded from its version: containers and sandboxes take
 * away what the version promises. */
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/setup/doctor.h"
#include "os/landlock.h"
#include "os/proc.h"
#include "worker/tree.h"

void check_kernel(struct check *k)
{
	struct utsname name;
	unsigned major = 0, minor = 0;

	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2) {
		check_say(k, HEALTH_WARN, NULL, "its version cannot be told");
		return;
	}
	if (major < 5 || (major == 5 && minor < 3))
		check_say(k, HEALTH_FAIL, "Linux 5.14 or newer",
			  "Linux %s is too old: no pidfd for children", name.release);
	else if (major == 5 && minor < 14)
		check_say(k, HEALTH_WARN, "Linux 5.14 or newer",
			  "Linux %s has no cgroup.kill: trees are killed process by process",
			  name.release);
	else
		check_say(k, HEALTH_PASS, NULL, "Linux %s", name.release);
}

void check_pidfd(struct check *k)
{
	struct proc_identity self;
	int rc = proc_self(&self), fd;

	fd = rc < 0 ? rc : proc_pidfd(&self);
	if (fd < 0) {
		check_say(k, HEALTH_FAIL, "another kernel, or a sandbox that allows pidfd_open",
			  "processes cannot be told apart for sure: %s", strerror(-fd));
		return;
	}
	close(fd);
	check_say(k, HEALTH_PASS, NULL, "signals reach exactly the process that is meant");
}

void check_kill_mode(struct check *k)
{
	char nonce[NONCE_LEN + 1];
	struct tree t;
	const char *mode;

	if (proc_nonce(nonce) < 0) {
		check_say(k, HEALTH_FAIL, NULL, "no random numbers");
		return;
	}
	tree_open(&t, nonce, 1, true);
	mode = tree_kill_mode(&t);
	if (strcmp(mode, "cgroup") == 0)
		check_say(k, HEALTH_PASS, NULL,
			  "cgroup v2: a task's whole tree is killed at one blow");
	else
		check_say(k, HEALTH_WARN,
			  "sk daemon unit, or a delegated cgroup v2 (systemd: Delegate=yes)",
			  "%s: no cgroup v2 that we may write; a task's tree is found and killed "
			  "process by process",
			  mode);
	tree_close(&t);
}

void check_landlock(struct check *k)
{
	int abi = landlock_abi();

	if (abi < LANDLOCK_ABI_MIN)
		check_say(k, HEALTH_WARN,
			  "a kernel with CONFIG_SECURITY_LANDLOCK and landlock in its lsm= list",
			  "%s: agents are not kept from writing outside of their worktree",
			  abi == -EOPNOTSUPP ? "it is turned off"
			  : abi < 0          ? "the kernel has none"
					     : "ABI 1 is not enough for git");
	else if (abi < LANDLOCK_ABI_SIGNALS)
		check_say(k, HEALTH_PASS, NULL,
			  "ABI %d: writes are kept inside; signals are not (that needs ABI %d)",
			  abi, LANDLOCK_ABI_SIGNALS);
	else
		check_say(k, HEALTH_PASS, NULL, "ABI %d: writes and signals are kept inside", abi);
}
