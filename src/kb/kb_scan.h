/* What must not be learned: what is learned is shown to every later session and may be copied to
 * other machines. Pure. */
#ifndef SK_KB_SCAN_H
#define SK_KB_SCAN_H

#include "base/str.h"

/*
 * NULL when nothing is wrong with the text; else what it seems to hold, as the end of a sentence
 * ("what looks like a key of AWS"). *at = where it begins. Secrets are told by their form, not
 * by guessing: a text that only speaks of passwords passes.
 */
const char *kb_scan(struct span text, size_t *at);

#endif
