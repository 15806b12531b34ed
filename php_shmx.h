/*
 * Floor 4: what shmx.c and PHP need to know of each other.
 */
#ifndef PHP_SHMX_H
#define PHP_SHMX_H

#include "php.h"

#include "shmx_codec.h"
#include "shmx_segment.h"

#define PHP_SHMX_VERSION "0.1.0"

extern zend_module_entry shmx_module_entry;
#define phpext_shmx_ptr &shmx_module_entry

ZEND_BEGIN_MODULE_GLOBALS(shmx)
	double lock_timeout; /* seconds */
	zend_long writers;   /* tokens of a segment that this process creates */
	shmx_codec_memory codec;
ZEND_END_MODULE_GLOBALS(shmx)

ZEND_EXTERN_MODULE_GLOBALS(shmx)
#define SHMX_G(v) ZEND_MODULE_GLOBALS_ACCESSOR(shmx, v)

#if defined(ZTS) && defined(COMPILE_DL_SHMX)
ZEND_TSRMLS_CACHE_EXTERN()
#endif

/* Whether values that PHP must unserialize are: shmx_allow_objects(). */
typedef enum {
	SHMX_OBJECTS_OF_OURS = 0, /* where nobody but this user and root may write to the segment */
	SHMX_OBJECTS_NEVER,
	SHMX_OBJECTS_ALWAYS
} shmx_objects;

/* The object behind class Shmx: a handle of floor 0 in front of PHP's own part. */
typedef struct {
	shmx_segment segment; /* first: the one is found from the other */
	shmx_objects objects;
	zend_object std;
} shmx_object;

static inline shmx_object *shmx_object_from(zend_object *object)
{
	return (shmx_object *) ((char *) object - offsetof(shmx_object, std));
}

#endif
