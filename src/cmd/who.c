/* A name for people: nothing is decided by it, so the environment may tell it. */
#include "cmd/who.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void who_acts(const char *given, char out[WHO_BYTES])
{
	const char *user = getenv("USER");

	if (given || (user && *user))
		snprintf(out, WHO_BYTES, "%s", given ? given : user);
	else
		snprintf(out, WHO_BYTES, "uid %u", (unsigned)getuid());
}
