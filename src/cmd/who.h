/* Who stands behind a command, for the record. */
#ifndef SK_WHO_H
#define SK_WHO_H

#define WHO_BYTES 64

/* What was given with --operator, else $USER, else "uid N". */
void who_acts(const char *given, char out[WHO_BYTES]);

#endif
