/* How this program is called by others. */
#ifndef SK_CMD_SELF_H
#define SK_CMD_SELF_H

#include <limits.h>

#include "base/err.h"

/* Its absolute path, also when it was replaced while we run. `not_done` ends the sentence of a
 * failure. Returns 0 or -SK_EIO. */
int self_program(char out[PATH_MAX], const char *not_done, struct err *e);

#endif
