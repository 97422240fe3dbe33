/*
 * What every file needs and nothing else: checked invariants, scope clean-up, allocation that dies.
 */
#ifndef SK_BASE_H
#define SK_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Runs fn(&variable) when the variable leaves its scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_USE __attribute__((warn_unused_result))

/* A condition that only our own mistake can break. On in every build: a wrong state must not reach
 * the journal. */
#define INVARIANT(x) ((x) ? (void)0 : invariant_failed(#x, __FILE__, __LINE__, __func__))

_Noreturn void invariant_failed(const char *what, const char *file, int line, const char *func);

/* The same for whoever has words for what went wrong: ends the process, saying what could not be
 * done and why. */
_Noreturn void invariant_broken(const char *what, const char *why);

/* Allocation never returns NULL: every input has a limit, so running out is our bug and restart is
 * tested. */
void *mem_alloc(size_t bytes);
void *mem_zalloc(size_t bytes);
void *mem_realloc(void *p, size_t bytes);
char *mem_strdup(const char *text);
void mem_free(void *pp); /* frees *(void **)pp and sets it to NULL: fits CLEANUP */

/*
 * All of this memory will be written soon: the kernel may give its pages at once, which is cheaper
 * than to be asked for each of them.
 */
void mem_expect(void *p, size_t bytes);

/*
 * Makes room for `need` elements of `size` bytes in the array *array of capacity *capacity,
 * doubling. The array may move.
 */
void mem_grow(void *array, size_t *capacity, size_t need, size_t size);

#endif
