/*
 * Preloaded before AddressSanitizer, which refuses libraries that are opened with RTLD_DEEPBIND,
 * as PHP opens its extensions.
 */

#define _GNU_SOURCE
#include <dlfcn.h>

void *dlopen(const char *file, int mode)
{
	void *(*next)(const char *, int) = (void *(*) (const char *, int) ) dlsym(RTLD_NEXT, "dlopen");

	return next(file, mode & ~RTLD_DEEPBIND);
}
