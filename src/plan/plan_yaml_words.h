/*
 * What the YAML library says -> what a person is told: in the words of who writes a plan, and with
 * what to do.
 */
#ifndef SK_PLAN_YAML_WORDS_H
#define SK_PLAN_YAML_WORDS_H

#include <stdbool.h>

struct yaml_words {
	const char *part;   /* of the library's sentence */
	const char *said;   /* what is wrong */
	const char *advice; /* what to do */
	bool opened;        /* something was opened earlier: its line helps */
};

/* The row for a problem of the library and what it was reading (which may be NULL); never NULL. */
const struct yaml_words *yaml_words_find(const char *problem, const char *context);

#endif
