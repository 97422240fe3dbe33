/*
 * The few services that may end the process. There is no error path for memory: a program whose
 * every input is bounded and whose restart is exercised all day is safer dead than half alive.
 */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
