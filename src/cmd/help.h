/* What a row says about itself, for people. */
#ifndef SK_HELP_H
#define SK_HELP_H

#include "cmd/cmd.h"

/* Explains one command. Always EXIT_DONE. */
int help_print(struct out *out, const struct cmd *cmd, bool json);

/* The commands whose paths begin with the words of `group` ("task", "tentacle goal"), one a line.
 * Returns whether there are any. */
bool help_print_group(struct out *out, const char *group);

/* "--name N" or "-n, --name N" as a reader sees it, appended. */
void help_option_words(struct buf *b, const struct option_row *row);

#endif
