/*
 * The kernel's rules are an allow-list: what is handled and not allowed is refused, also a name
 * that does not exist yet, which is the point: a settings file that is missing today could be
 * created tomorrow. Only what writes is handled, so that reading costs nothing and no program
 * breaks for want of a library.
 *
 * The header of the distribution is older than the kernel may be, so what it does not know is
 * spelled out here. A kernel accepts a longer structure as long as what it does not know is zero.
 */
#include "os/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/fd.h"

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_SCOPE_SIGNAL
#define LANDLOCK_SCOPE_SIGNAL (1ULL << 1)
#endif

#define RIGHTS_OF_FILES (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)
#define RIGHTS_OF_FOLDERS                                                 \
	(LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	 LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |     \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |     \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |   \
	 LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER)

/* As the newest kernel wants it. */
struct rules {
	uint64_t fs, net, scoped;
};

int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? -errno : (int)abi;
}

/* What is refused unless it is allowed. */
static uint64_t handled(unsigned abi)
{
	uint64_t rights = RIGHTS_OF_FILES | RIGHTS_OF_FOLDERS;

	return abi < LANDLOCK_ABI_TRUNCATE ? rights & ~LANDLOCK_ACCESS_FS_TRUNCATE : rights;
}

int landlock_allow(struct landlock *l, const char *path)
{
	CLEANUP(fd_close) int fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = { .parent_fd = fd };
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	rule.allowed_access = handled(l->abi);
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= RIGHTS_OF_FILES;
	if (syscall(SYS_landlock_add_rule, l->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return -errno;
	return 0;
}

int landlock_open(struct landlock *out)
{
	static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full",
					       "/dev/tty",  "/dev/ptmx", "/dev/pts" };
	int abi = landlock_abi();
	struct landlock l = { .fd = -1, .abi = abi < 0 ? 0 : (unsigned)abi };
	struct rules rules = { .fs = handled(l.abi) };

	if (abi == -EOPNOTSUPP || (abi >= 0 && abi < LANDLOCK_ABI_MIN))
		return -ENOSYS;
	if (abi < 0)
		return abi;
	if (l.abi >= LANDLOCK_ABI_SIGNALS)
		rules.scoped = LANDLOCK_SCOPE_SIGNAL;
	l.fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
	if (l.fd < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_LEN(devices); i++) {
		int rc = landlock_allow(&l, devices[i]);

		/* A container may have fewer of them. */
		if (rc < 0 && rc != -ENOENT && rc != -EACCES) {
			landlock_close(&l);
			return rc;
		}
	}
	*out = l;
	return 0;
}

void landlock_close(struct landlock *l)
{
	fd_close(&l->fd);
	l->abi = 0;
}

int landlock_enter(int rules_fd)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(SYS_landlock_restrict_self, rules_fd, 0);
}
