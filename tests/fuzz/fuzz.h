/*
 * A fuzzer is one file fuzz_<name>.c with this function and one line in meson.build. Its first
 * inputs are the files of corpus/<name>/. It must hold for any bytes: it returns 0, or the process
 * dies by a sanitizer or an INVARIANT.
 */
#ifndef SK_FUZZ_H
#define SK_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
