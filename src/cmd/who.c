/*
 * A name for people: nothing is decided by it, so the environment may tell it. Cron jobs and
 * containers have no $USER; there the password file is asked, and only that: the system's own look-
 * up loads libraries, which a static program must not.
 */
#include "cmd/who.h"

#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Whether the password file knows who runs this; then the login is in `out`. */
static bool login_of(uid_t uid, char out[WHO_BYTES])
{
	FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *one;

	if (!file)
		return false;
	do
		one = fgetpwent(file);
	while (one && one->pw_uid != uid);
	if (one)
		snprintf(out, WHO_BYTES, "%s", one->pw_name);
	fclose(file);
	return one != NULL;
}

void who_acts(const char *given, char out[WHO_BYTES])
{
	const char *user = getenv("USER");

	if (given || (user && *user))
		snprintf(out, WHO_BYTES, "%s", given ? given : user);
	else if (!login_of(getuid(), out))
		snprintf(out, WHO_BYTES, "uid %u", (unsigned)getuid());
}
