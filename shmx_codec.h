/*
 * The codec: a PHP value to the bytes of a record, and back.
 *
 * It knows zvals and nothing of segments. Encoding runs before any guard is taken: it may
 * allocate and, for objects, run user code. Decoding reads bytes that lie in shared memory and
 * may change under it at any instant; it returns a well-formed value or says that there is none.
 * The caller then asks whether the record was still current, and tries again if it was not.
 */

#ifndef SHMX_CODEC_H
#define SHMX_CODEC_H

#include "php.h"
#include "php_globals.h"

/* What the bytes of a record are. These numbers are on the segment: never renumber them. */
typedef enum {
	SHMX_TYPE_NULL = 1,      /* no bytes */
	SHMX_TYPE_FALSE = 2,     /* no bytes */
	SHMX_TYPE_TRUE = 3,      /* no bytes */
	SHMX_TYPE_INT = 4,       /* int64_t */
	SHMX_TYPE_FLOAT = 5,     /* double */
	SHMX_TYPE_STRING = 6,    /* the string's own bytes */
	SHMX_TYPE_ARRAY = 7,     /* the array format, docs/format.md */
	SHMX_TYPE_SERIALIZED = 8 /* 8 bytes of checksum, then what PHP's serialize() writes */
} shmx_value_type;

/* Zend gives a block of this size pages of its own, fresh from the kernel. */
#define SHMX_FRESH_ALLOCATION (2 * 1024 * 1024)

/* MINIT: asks the system whether it hands out huge pages. */
void shmx_look_at_huge_pages(void);

/*
 * Prepares a fresh block for being filled: one page fault for every 2 MiB, where the kernel has it so. To be called before
 * anything is stored there, a string's own header included: what has one small page in it can be no huge page any more.
 */
void shmx_advise_fresh_memory(void *memory, size_t size);

/*
 * Memory for `size` bytes that may be more than memory_limit has left. Some builds of PHP 8.2 end the whole process where
 * an ordinary allocation goes far beyond the limit, and offer one that fails instead: then the error that every PHP
 * knows, "Allowed memory size exhausted", ends the script. Never call these with a guard taken.
 */
static inline void *shmx_allocate(size_t size)
{
#ifdef HASH_FALLIBLE
	void *memory = fpemalloc(size, false, true);

	if (UNEXPECTED(memory == NULL)) {
		/* Does not return. */
		zend_error_noreturn(E_ERROR, "Allowed memory size of %zu bytes exhausted (tried to allocate %zu bytes)",
			(size_t) PG(memory_limit), size);
	}
#else
	void *memory = emalloc(size);
#endif
	if (size >= SHMX_FRESH_ALLOCATION) {
		shmx_advise_fresh_memory(memory, size);
	}
	return memory;
}

/* From this size on the care is worth it: bytes. */
#define SHMX_LARGE_ALLOCATION 65536

/* A string of `length` bytes, not yet set but for the NUL behind them. */
static zend_always_inline zend_string *shmx_new_string(size_t length)
{
	zend_string *string;

	if (EXPECTED(length < SHMX_LARGE_ALLOCATION)) {
		string = zend_string_alloc(length, false);
	} else {
		string = shmx_allocate(ZEND_MM_ALIGNED_SIZE(_ZSTR_STRUCT_SIZE(length)));
		GC_SET_REFCOUNT(string, 1);
		GC_TYPE_INFO(string) = GC_STRING;
		ZSTR_H(string) = 0;
		ZSTR_LEN(string) = length;
	}
	ZSTR_VAL(string)[length] = '\0';
	return string;
}

/*
 * What one thread keeps from call to call: the key strings it has met before and a buffer to
 * encode into. It belongs into the module's globals. Everywhere below it may be NULL: slower,
 * same results.
 */
typedef struct {
	uintptr_t *keys;       /* sets of two ways; see the key memory in shmx_codec.c */
	uint32_t keys_refused; /* since they were last forgotten */
	unsigned char *scratch;
	bool scratch_taken;     /* a shmx_encoded lies in it now */
	size_t expected_length; /* of the next large array, going by the last ones */
} shmx_codec_memory;

/* GINIT, GSHUTDOWN and RINIT. The last one must run before any PHP code of the request: it is
 * the one moment at which no PHP value can still hold a remembered key. */
void shmx_codec_memory_init(shmx_codec_memory *memory);
void shmx_codec_memory_destroy(shmx_codec_memory *memory);
void shmx_codec_memory_request_start(shmx_codec_memory *memory);

/*
 * An encoded value. `bytes` stays valid until shmx_codec_encoded_free, and may point into the
 * struct itself, so that it must not be copied or moved.
 */
typedef struct {
	uint8_t type;      /* shmx_value_type */
	const void *bytes; /* never NULL */
	size_t length;

	union {
		int64_t integer;
		double number;
	} scalar;
	zend_string *string;       /* held for as long as bytes point into it */
	unsigned char *buffer;     /* from emalloc */
	shmx_codec_memory *memory; /* whose scratch is taken, if it is */
} shmx_encoded;

/*
 * Encodes `value`. Returns false with a PHP exception pending and nothing to free: what
 * serialize() threw, or ValueError for arrays nested deeper than PHP would unserialize.
 * Runs user code if the value holds objects; never call it with a guard taken.
 */
bool shmx_codec_encode(shmx_codec_memory *memory, zval *value, shmx_encoded *encoded);
void shmx_codec_encoded_free(shmx_encoded *encoded);

/* The same always as SHMX_TYPE_SERIALIZED, which an array may be that has been put with references in it. */
bool shmx_codec_serialize(zval *value, shmx_encoded *encoded);

/*
 * Decodes the bytes of any type but SHMX_TYPE_SERIALIZED, straight from shared memory. Returns
 * false, with `value` untouched and no exception, if they are not a value of that type. Runs no
 * user code. What it allocates is bounded by a constant times `length`.
 */
bool shmx_codec_decode(shmx_codec_memory *memory, uint8_t type, const unsigned char *bytes, size_t length, zval *value);

/*
 * Unserializes the bytes of a SHMX_TYPE_SERIALIZED record. A string of their own, because PHP's
 * unserializer reads bytes more than once, and the NUL behind them too. Runs user code. Returns
 * false with `value` untouched, and with an exception pending if user code threw one; with none,
 * the bytes are not valid: their checksum is wrong, or PHP refuses them.
 */
bool shmx_codec_unserialize(const zend_string *private_copy, zval *value);

#endif
