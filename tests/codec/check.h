/*
 * Whether a decoded value is one that the engine could have made itself: the walk that tests and
 * fuzzer do over everything that decodes. It stops the process at the first thing wrong, so that
 * a debugger or a fuzzer sees it there.
 */

#ifndef SHMX_TEST_CHECK_H
#define SHMX_TEST_CHECK_H

#include "php.h"
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: malformed value: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

static void check_string(const zend_string *string)
{
	CHECK(GC_TYPE(string) == IS_STRING);
	CHECK(GC_REFCOUNT(string) >= 1);
	CHECK(ZSTR_VAL(string)[ZSTR_LEN(string)] == '\0');
	CHECK(!ZSTR_H(string) || ZSTR_H(string) == zend_hash_func(ZSTR_VAL(string), ZSTR_LEN(string)));
}

static void check_value(zval *value);

static void check_hash(zend_array *hash)
{
	CHECK(hash->nTableMask == HT_SIZE_TO_MASK(hash->nTableSize));
	CHECK((HT_FLAGS(hash) & ~(uint32_t) HASH_FLAG_STATIC_KEYS) == 0);
	for (uint32_t i = 0; i < hash->nNumUsed; i++) {
		Bucket *bucket = hash->arData + i;
		zval *found;
		if (bucket->key) {
			check_string(bucket->key);
			CHECK(ZSTR_H(bucket->key) == bucket->h);
			CHECK(ZSTR_IS_INTERNED(bucket->key) || !(HT_FLAGS(hash) & HASH_FLAG_STATIC_KEYS));
			found = zend_hash_find(hash, bucket->key);
		} else {
			CHECK((zend_long) bucket->h < hash->nNextFreeElement || hash->nNextFreeElement == ZEND_LONG_MAX);
			found = zend_hash_index_find(hash, bucket->h);
		}
		CHECK(found == &bucket->val);
		check_value(&bucket->val);
	}
}

static void check_value(zval *value)
{
	switch (Z_TYPE_P(value)) {
		case IS_NULL:
		case IS_FALSE:
		case IS_TRUE:
		case IS_LONG:
		case IS_DOUBLE:
			CHECK(!Z_REFCOUNTED_P(value));
			return;
		case IS_STRING:
			check_string(Z_STR_P(value));
			CHECK(Z_REFCOUNTED_P(value) == !ZSTR_IS_INTERNED(Z_STR_P(value)));
			return;
		case IS_ARRAY:
			break;
		default:
			CHECK(!"a type that the decoder makes");
	}

	zend_array *array = Z_ARR_P(value);
	if (array == &zend_empty_array) {
		CHECK(!Z_REFCOUNTED_P(value));
		return;
	}
	CHECK(Z_TYPE_INFO_P(value) == IS_ARRAY_EX);
	CHECK(GC_TYPE_INFO(array) == GC_ARRAY);
	CHECK(GC_REFCOUNT(array) == 1);
	CHECK(array->pDestructor == ZVAL_PTR_DTOR);
	CHECK(array->nInternalPointer == 0);
	CHECK(array->nTableSize >= HT_MIN_SIZE && (array->nTableSize & (array->nTableSize - 1)) == 0);
	CHECK(array->nNumUsed <= array->nTableSize);
	CHECK(array->nNumUsed == array->nNumOfElements);
	if (!HT_IS_INITIALIZED(array)) {
		CHECK(array->nNumUsed == 0);
		return;
	}
	if (!HT_IS_PACKED(array)) {
		check_hash(array);
		return;
	}
	CHECK(HT_FLAGS(array) == (HASH_FLAG_PACKED | HASH_FLAG_STATIC_KEYS));
	CHECK(array->nTableMask == HT_MIN_MASK);
	CHECK(array->nNextFreeElement == (zend_long) array->nNumUsed);
	CHECK(HT_HASH(array, -1) == HT_INVALID_IDX && HT_HASH(array, -2) == HT_INVALID_IDX);
	for (uint32_t i = 0; i < array->nNumUsed; i++) {
		check_value(array->arPacked + i);
	}
}

#endif
