/* Who stands behind a command, for the record. */
#ifndef SK_WHO_H
#define SK_WHO_H

#define WHO_BYTES 64

/* What was given with --operator, else $USER, else the login in /etc/passwd, else "uid N". */
void who_acts(const char *given, char out[WHO_BYTES]);

#endif
