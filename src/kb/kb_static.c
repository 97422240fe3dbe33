/*
 * SQLite can load extensions, which this program never asks for: a database must not be able to
 * make it run foreign code. Linked statically, the loader would bring half a dynamic linker along
 * and a warning with it, so the linker is told (--wrap) to put these in its place: there is nothing
 * to load.
 */
#include <stddef.h>

void *__wrap_dlopen(const char *name, int flags);
void *__wrap_dlsym(void *handle, const char *name);
int __wrap_dlclose(void *handle);
char *__wrap_dlerror(void);

void *__wrap_dlopen(const char *name, int flags)
{
	(void)name;
	(void)flags;
	return NULL;
}

void *__wrap_dlsym(void *handle, const char *name)
{
	(void)handle;
	(void)name;
	return NULL;
}

int __wrap_dlclose(void *handle)
{
	(void)handle;
	return 0;
}

char *__wrap_dlerror(void)
{
	return NULL;
}
