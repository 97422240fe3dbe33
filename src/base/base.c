/*
 * The few services that may end the process. There is no error path for memory: a program whose
 * every input is bounded and whose restart is exercised all day is safer dead than half alive.
 */
#include "base/base.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE_BYTES ((uintptr_t)4096)
#define EXPECT_BYTES_MIN ((size_t)1024 * 1024) /* below, a call costs more than it saves */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; an older one says no, and nothing changes */
#endif

_Noreturn void invariant_failed(const char *what, const char *file, int line, const char *func)
{
	fprintf(stderr,
		"sk: internal error: %s does not hold (%s:%d, %s). State on disk is as of the "
		"last commit; run the command again.\n",
		what, file, line, func);
	abort();
}

_Noreturn void invariant_broken(const char *what, const char *why)
{
	fprintf(stderr,
		"sk: internal error: %s: %s. State on disk is as of the last commit; run the "
		"command again.\n",
		what, why);
	abort();
}

static _Noreturn void out_of_memory(size_t bytes)
{
	fprintf(stderr,
		"sk: out of memory asking for %zu bytes. State on disk is as of the last "
		"commit; run the command again.\n",
		bytes);
	abort();
}

void *mem_alloc(size_t bytes)
{
	void *p = malloc(bytes ? bytes : 1);

	if (!p)
		out_of_memory(bytes);
	return p;
}

void *mem_zalloc(size_t bytes)
{
	void *p = calloc(1, bytes ? bytes : 1);

	if (!p)
		out_of_memory(bytes);
	return p;
}

void *mem_realloc(void *p, size_t bytes)
{
	p = realloc(p, bytes ? bytes : 1);
	if (!p)
		out_of_memory(bytes);
	return p;
}

char *mem_strdup(const char *text)
{
	size_t bytes = strlen(text) + 1;

	return memcpy(mem_alloc(bytes), text, bytes);
}

void mem_free(void *pp)
{
	void **p = pp;

	free(*p);
	*p = NULL;
}

void mem_expect(void *p, size_t bytes)
{
	uintptr_t from = ((uintptr_t)p + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
	uintptr_t to = ((uintptr_t)p + bytes) & ~(PAGE_BYTES - 1);
	int error = errno;

	if (bytes >= EXPECT_BYTES_MIN)
		(void)madvise((void *)from, to - from, MADV_POPULATE_WRITE);
	errno = error;
}

void mem_grow(void *array, size_t *capacity, size_t need, size_t size)
{
	void **p = array;
	size_t count = *capacity;

	if (need <= count)
		return;
	count = count < 8 ? 8 : count + count / 2;
	if (count < need)
		count = need;
	INVARIANT(count <= SIZE_MAX / size);
	*p = mem_realloc(*p, count * size);
	*capacity = count;
}
