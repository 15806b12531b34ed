/*
 * libFuzzer target for the codec. The first byte of the input says what the rest is:
 *   0  bytes for the decoder as they are;
 *   1  bytes from which a PHP value is built, which must come back identical;
 *   2  the same, and then its encoding is damaged as further bytes say and decoded.
 * Whatever decodes must be well-formed, must stand being changed, and must come back identical
 * when it is encoded again. Built by build.sh; see there how to run it.
 */

#include "../../shmx_codec.h"
#include "../codec/check.h"
#include "sapi/embed/php_embed.h"
#include <sanitizer/lsan_interface.h>

static shmx_codec_memory memory;

/* --- a value out of bytes --- */

typedef struct {
	const uint8_t *at;
	const uint8_t *end;
} source;

static uint8_t take(source *from)
{
	return from->at < from->end ? *from->at++ : 0;
}

static zend_string *take_string(source *from)
{
	size_t length = take(from) % 20;

	if (length > 17) {
		length *= 40;
	}
	if (length > (size_t) (from->end - from->at)) {
		length = (size_t) (from->end - from->at);
	}
	zend_string *string = zend_string_init((const char *) from->at, length, false);
	from->at += length;
	return string;
}

static void build_value(source *from, zval *value, int depth);

static void build_list(source *from, zval *value, int depth)
{
	uint8_t count = take(from) % 80;
	bool run = count & 1;

	array_init(value);
	for (uint8_t i = 0; i < count && from->at < from->end; i++) {
		zval element;
		if (run) {
			ZVAL_LONG(&element, (zend_long) take(from) << (i % 56));
		} else {
			build_value(from, &element, depth);
		}
		zend_hash_next_index_insert(Z_ARR_P(value), &element);
	}
}

static void build_map(source *from, zval *value, int depth)
{
	array_init(value);
	for (uint8_t count = take(from) % 70; count > 0 && from->at < from->end; count--) {
		zval element;
		uint8_t kind = take(from) % 8;
		if (kind == 0) {
			build_value(from, &element, depth);
			zend_hash_index_update(Z_ARR_P(value), (zend_ulong) (int8_t) take(from), &element);
		} else if (kind == 1) {
			zend_hash_index_del(Z_ARR_P(value), take(from));
		} else {
			zend_string *key = take_string(from);
			build_value(from, &element, depth);
			zend_symtable_update(Z_ARR_P(value), key, &element);
			zend_string_release(key);
		}
	}
}

/* The same keys again and again, sharing strings as rows do. */
static void build_rows(source *from, zval *value, int depth)
{
	zend_string *keys[4];
	size_t count = 1 + take(from) % 4;

	for (size_t i = 0; i < count; i++) {
		keys[i] = take_string(from);
	}
	zend_string *shared = take_string(from);
	array_init(value);
	for (uint8_t rows = take(from) % 20; rows > 0; rows--) {
		zval row;
		array_init(&row);
		for (size_t i = 0; i < count; i++) {
			zval element;
			if (take(from) % 3 == 0) {
				ZVAL_STR_COPY(&element, shared);
			} else {
				build_value(from, &element, depth);
			}
			zend_symtable_update(Z_ARR(row), keys[i], &element);
		}
		zend_hash_next_index_insert(Z_ARR_P(value), &row);
	}
	zend_string_release(shared);
	for (size_t i = 0; i < count; i++) {
		zend_string_release(keys[i]);
	}
}

static void build_value(source *from, zval *value, int depth)
{
	uint64_t bits = 0;

	switch (take(from) % (depth > 0 ? 12 : 8)) {
		case 0:
			ZVAL_NULL(value);
			return;
		case 1:
			ZVAL_BOOL(value, take(from) & 1);
			return;
		case 2:
			ZVAL_LONG(value, (int8_t) take(from));
			return;
		case 3:
		case 4:
			for (int i = 0; i < 8; i++) {
				bits = bits << 8 | take(from);
			}
			if (bits & 1) {
				ZVAL_LONG(value, (zend_long) bits);
			} else {
				memcpy(&Z_DVAL_P(value), &bits, sizeof(bits));
				Z_TYPE_INFO_P(value) = IS_DOUBLE;
			}
			return;
		case 5:
			ZVAL_EMPTY_ARRAY(value);
			return;
		case 6:
		case 7:
			ZVAL_STR(value, take_string(from));
			return;
		case 8:
			build_list(from, value, depth - 1);
			return;
		case 9:
			build_rows(from, value, depth - 1);
			return;
		default:
			build_map(from, value, depth - 1);
			return;
	}
}

/* --- what must hold --- */

static bool is_same(const zval *one, const zval *other);

static bool is_same_array(zend_array *one, zend_array *other)
{
	zend_ulong index;
	zend_string *key;
	zval *value;
	HashPosition at;

	if (zend_hash_num_elements(one) != zend_hash_num_elements(other)
		|| one->nNextFreeElement != other->nNextFreeElement) {
		return false;
	}
	zend_hash_internal_pointer_reset_ex(other, &at);
	ZEND_HASH_FOREACH_KEY_VAL(one, index, key, value) {
		zend_ulong other_index;
		zend_string *other_key = NULL;
		int type = zend_hash_get_current_key_ex(other, &other_key, &other_index, &at);
		if (key) {
			if (type != HASH_KEY_IS_STRING || !zend_string_equals(key, other_key)) {
				return false;
			}
		} else if (type != HASH_KEY_IS_LONG || index != other_index) {
			return false;
		}
		if (!is_same(value, zend_hash_get_current_data_ex(other, &at))) {
			return false;
		}
		zend_hash_move_forward_ex(other, &at);
	}
	ZEND_HASH_FOREACH_END();
	return true;
}

/* Bit by bit: unlike ===, NAN is NAN and -0.0 is not 0.0. */
static bool is_same(const zval *one, const zval *other)
{
	if (Z_TYPE_P(one) != Z_TYPE_P(other)) {
		return false;
	}
	switch (Z_TYPE_P(one)) {
		case IS_LONG:
			return Z_LVAL_P(one) == Z_LVAL_P(other);
		case IS_DOUBLE:
			return !memcmp(&Z_DVAL_P(one), &Z_DVAL_P(other), sizeof(double));
		case IS_STRING:
			return zend_string_equals(Z_STR_P(one), Z_STR_P(other));
		case IS_ARRAY:
			return is_same_array(Z_ARR_P(one), Z_ARR_P(other));
		default:
			return true;
	}
}

/* Does to every array in it what PHP code does to arrays. */
static void work_over(zval *value)
{
	zval *element;
	zval added;

	if (Z_TYPE_P(value) != IS_ARRAY) {
		return;
	}
	SEPARATE_ARRAY(value);
	zend_array *array = Z_ARR_P(value);
	for (int i = 0; i < 10; i++) {
		char key[8];
		ZVAL_LONG(&added, i);
		zend_hash_next_index_insert(array, &added);
		snprintf(key, sizeof(key), "new%d", i);
		zend_hash_str_update(array, key, strlen(key), &added);
	}
	zend_hash_str_del(array, "new4", 4);
	ZEND_HASH_FOREACH_VAL(array, element) {
		work_over(element);
	}
	ZEND_HASH_FOREACH_END();
}

static void check_decoded(zval *value)
{
	shmx_encoded encoded;
	zval again;

	check_value(value);
	CHECK(shmx_codec_encode(&memory, value, &encoded));
	CHECK(shmx_codec_decode(NULL, encoded.type, encoded.bytes, encoded.length, &again));
	CHECK(is_same(value, &again));
	shmx_codec_encoded_free(&encoded);
	zval_ptr_dtor(&again);
	work_over(value);
	zval_ptr_dtor(value);
}

static void decode(uint8_t type, const uint8_t *bytes, size_t length)
{
	zval value;

	if (shmx_codec_decode(&memory, type, bytes, length, &value)) {
		check_decoded(&value);
	}
}

static void there_and_back(source from, bool damage)
{
	shmx_encoded encoded;
	zval value;
	zval back;

	build_value(&from, &value, 5);
	CHECK(shmx_codec_encode(damage ? NULL : &memory, &value, &encoded));
	CHECK(encoded.type != SHMX_TYPE_SERIALIZED);
	CHECK(shmx_codec_decode(&memory, encoded.type, encoded.bytes, encoded.length, &back));
	CHECK(is_same(&value, &back));
	check_decoded(&back);
	if (damage && encoded.length > 0) {
		unsigned char *bytes = malloc(encoded.length);
		memcpy(bytes, encoded.bytes, encoded.length);
		do {
			size_t at = ((size_t) take(&from) << 8 | take(&from)) % encoded.length;
			bytes[at] = take(&from);
		} while (from.at < from.end);
		decode(encoded.type, bytes, encoded.length);
		free(bytes);
	}
	shmx_codec_encoded_free(&encoded);
	zval_ptr_dtor(&value);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	(void) count;
	(void) arguments;
	/* The system's malloc for all, which the sanitizer watches. */
	setenv("USE_ZEND_ALLOC", "0", 1);
	php_embed_module.php_ini_ignore = 1;
	/* What PHP allocates for good as it starts is not ours to report. */
	__lsan_disable();
	php_embed_init(0, NULL);
	__lsan_enable();
	shmx_codec_memory_init(&memory);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0) {
		return 0;
	}
	source from = { data + 1, data + size };
	switch (data[0]) {
		case 0:
			if (size > 1) {
				decode(data[1], data + 2, size - 2);
			}
			break;
		case 1:
			there_and_back(from, false);
			break;
		default:
			there_and_back(from, true);
			break;
	}
	CHECK(!EG(exception));
	/* Nothing of this input is alive: the moment that a request's start is. */
	shmx_codec_memory_request_start(&memory);
	return 0;
}
