/*
 * A PHP extension for tests only: the codec by itself, without any segment.
 */

#include "../../shmx_codec.h"
#include "check.h"
#include "zend_exceptions.h"
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static shmx_codec_memory memory;

/* A type byte and the encoded bytes. */
static zend_string *encode_to_string(shmx_codec_memory *used, zval *value)
{
	shmx_encoded encoded;

	if (!shmx_codec_encode(used, value, &encoded)) {
		return NULL;
	}
	zend_string *string = zend_string_alloc(encoded.length + 1, false);
	ZSTR_VAL(string)[0] = (char) encoded.type;
	memcpy(ZSTR_VAL(string) + 1, encoded.bytes, encoded.length);
	ZSTR_VAL(string)[encoded.length + 1] = '\0';
	shmx_codec_encoded_free(&encoded);
	return string;
}

/* Decodes from a block of exactly the right size, so that a sanitizer sees one byte too far. */
static bool decode_exact(shmx_codec_memory *used, const char *bytes, size_t length, zval *value)
{
	bool decoded;

	if (length == 0) {
		return false;
	}
	if (bytes[0] == SHMX_TYPE_SERIALIZED) {
		zend_string *string = zend_string_init(bytes + 1, length - 1, false);
		decoded = shmx_codec_unserialize(string, value);
		zend_string_release(string);
		return decoded;
	}
	unsigned char *copy = malloc(length - 1);
	memcpy(copy, bytes + 1, length - 1);
	decoded = shmx_codec_decode(used, (uint8_t) bytes[0], copy, length - 1, value);
	if (decoded) {
		check_value(value);
	}
	free(copy);
	return decoded;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_encode, 0, 0, 1)
	ZEND_ARG_INFO(0, value)
	ZEND_ARG_INFO(0, remember)
ZEND_END_ARG_INFO()

static PHP_FUNCTION(shmx_codec_test_encode)
{
	zval *value;
	bool remember = true;

	ZEND_PARSE_PARAMETERS_START(1, 2)
		Z_PARAM_ZVAL(value)
		Z_PARAM_OPTIONAL
		Z_PARAM_BOOL(remember)
	ZEND_PARSE_PARAMETERS_END();
	zend_string *string = encode_to_string(remember ? &memory : NULL, value);
	if (!string) {
		RETURN_THROWS();
	}
	RETURN_STR(string);
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_decode, 0, 0, 1)
	ZEND_ARG_INFO(0, bytes)
	ZEND_ARG_INFO(0, remember)
ZEND_END_ARG_INFO()

/* The value, or an Exception with code 1 for bytes that are none. */
static PHP_FUNCTION(shmx_codec_test_decode)
{
	zend_string *bytes;
	bool remember = true;

	ZEND_PARSE_PARAMETERS_START(1, 2)
		Z_PARAM_STR(bytes)
		Z_PARAM_OPTIONAL
		Z_PARAM_BOOL(remember)
	ZEND_PARSE_PARAMETERS_END();
	if (!decode_exact(remember ? &memory : NULL, ZSTR_VAL(bytes), ZSTR_LEN(bytes), return_value) && !EG(exception)) {
		zend_throw_exception(NULL, "invalid bytes", 1);
	}
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_damage, 0, 0, 3)
	ZEND_ARG_INFO(0, bytes)
	ZEND_ARG_INFO(0, from)
	ZEND_ARG_INFO(0, to)
ZEND_END_ARG_INFO()

static uint32_t decodes(const char *bytes, size_t length)
{
	zval value;

	if (!decode_exact(&memory, bytes, length, &value)) {
		CHECK(!EG(exception));
		return 0;
	}
	zval_ptr_dtor(&value);
	return 1;
}

/* Decodes the bytes cut off at every length, and with each byte from..to set to each of 256
 * values; returns how many of these were a value all the same. */
static PHP_FUNCTION(shmx_codec_test_damage)
{
	zend_string *bytes;
	zend_long from, to;
	zend_long valid = 0;

	ZEND_PARSE_PARAMETERS_START(3, 3)
		Z_PARAM_STR(bytes)
		Z_PARAM_LONG(from)
		Z_PARAM_LONG(to)
	ZEND_PARSE_PARAMETERS_END();
	zend_string *copy = zend_string_init(ZSTR_VAL(bytes), ZSTR_LEN(bytes), false);
	for (size_t length = 0; length < ZSTR_LEN(copy); length++) {
		valid += decodes(ZSTR_VAL(copy), length);
	}
	for (size_t at = (size_t) from; at < (size_t) to && at < ZSTR_LEN(copy); at++) {
		char was = ZSTR_VAL(copy)[at];
		for (int byte = 0; byte < 256; byte++) {
			ZSTR_VAL(copy)[at] = (char) byte;
			if (ZSTR_VAL(copy)[0] != SHMX_TYPE_SERIALIZED) {
				valid += decodes(ZSTR_VAL(copy), ZSTR_LEN(copy));
			}
		}
		ZSTR_VAL(copy)[at] = was;
	}
	zend_string_release(copy);
	RETURN_LONG(valid);
}

/* A writer that never stops, on the bytes that are being decoded. */
typedef struct {
	unsigned char *bytes;
	const unsigned char *original;
	size_t length;
	uint64_t random;
	atomic_bool stop;
} scribbler;

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void *scribble(void *argument)
{
	scribbler *self = argument;

	while (!atomic_load_explicit(&self->stop, memory_order_relaxed)) {
		uint64_t random = next_random(&self->random);
		size_t at = (size_t) (random >> 16) % self->length;
		volatile unsigned char *byte = self->bytes + at;
		*byte = (unsigned char) random;
		for (int pause = (int) ((random >> 8) & 63); pause > 0; pause--) {
			*byte;
		}
		*byte = self->original[at];
	}
	return NULL;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_storm, 0, 0, 3)
	ZEND_ARG_INFO(0, bytes)
	ZEND_ARG_INFO(0, seconds)
	ZEND_ARG_INFO(0, seed)
ZEND_END_ARG_INFO()

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

/* Decodes while another thread writes into the bytes; returns [values, refusals]. */
static PHP_FUNCTION(shmx_codec_test_storm)
{
	zend_string *bytes;
	double seconds;
	zend_long seed;
	zend_long counts[2] = { 0, 0 };
	pthread_t thread;

	ZEND_PARSE_PARAMETERS_START(3, 3)
		Z_PARAM_STR(bytes)
		Z_PARAM_DOUBLE(seconds)
		Z_PARAM_LONG(seed)
	ZEND_PARSE_PARAMETERS_END();
	scribbler self = { .length = ZSTR_LEN(bytes) - 1,
		.original = (const unsigned char *) ZSTR_VAL(bytes) + 1,
		.random = (uint64_t) seed * 2 + 1 };
	self.bytes = malloc(self.length);
	memcpy(self.bytes, self.original, self.length);
	if (pthread_create(&thread, NULL, scribble, &self)) {
		free(self.bytes);
		RETURN_FALSE;
	}
	for (double end = now() + seconds; now() < end;) {
		zval value;
		bool decoded = shmx_codec_decode(&memory, (uint8_t) ZSTR_VAL(bytes)[0], self.bytes, self.length, &value);
		if (decoded) {
			check_value(&value);
			zval_ptr_dtor(&value);
		}
		counts[decoded ? 0 : 1]++;
	}
	atomic_store(&self.stop, true);
	pthread_join(thread, NULL);
	free(self.bytes);
	array_init(return_value);
	add_next_index_long(return_value, counts[0]);
	add_next_index_long(return_value, counts[1]);
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_time, 0, 0, 2)
	ZEND_ARG_INFO(0, value)
	ZEND_ARG_INFO(0, rounds)
ZEND_END_ARG_INFO()

/* [ns to encode, ns to decode and free, bytes]. */
static PHP_FUNCTION(shmx_codec_test_time)
{
	zval *value;
	zend_long rounds;
	shmx_encoded encoded;

	ZEND_PARSE_PARAMETERS_START(2, 2)
		Z_PARAM_ZVAL(value)
		Z_PARAM_LONG(rounds)
	ZEND_PARSE_PARAMETERS_END();

	double start = now();
	for (zend_long i = 0; i < rounds; i++) {
		if (!shmx_codec_encode(&memory, value, &encoded)) {
			RETURN_THROWS();
		}
		shmx_codec_encoded_free(&encoded);
	}
	double encoding = now() - start;

	if (!shmx_codec_encode(&memory, value, &encoded)) {
		RETURN_THROWS();
	}
	zend_string *copy = zend_string_init(encoded.bytes, encoded.length, false);
	start = now();
	for (zend_long i = 0; i < rounds; i++) {
		zval decoded;
		bool valid = encoded.type == SHMX_TYPE_SERIALIZED
			? shmx_codec_unserialize(copy, &decoded)
			: shmx_codec_decode(&memory, encoded.type, encoded.bytes, encoded.length, &decoded);
		CHECK(valid);
		zval_ptr_dtor(&decoded);
	}
	double decoding = now() - start;
	size_t length = encoded.length;
	zend_string_release(copy);
	shmx_codec_encoded_free(&encoded);

	array_init(return_value);
	add_next_index_double(return_value, encoding * 1e9 / (double) rounds);
	add_next_index_double(return_value, decoding * 1e9 / (double) rounds);
	add_next_index_long(return_value, (zend_long) length);
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_next, 0, 0, 1)
	ZEND_ARG_INFO(0, array)
ZEND_END_ARG_INFO()

/* The next free index of an array, which PHP code cannot see without using it up. */
static PHP_FUNCTION(shmx_codec_test_next)
{
	zend_array *array;

	ZEND_PARSE_PARAMETERS_START(1, 1)
		Z_PARAM_ARRAY_HT(array)
	ZEND_PARSE_PARAMETERS_END();
	RETURN_LONG(array->nNextFreeElement);
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_with_next, 0, 0, 2)
	ZEND_ARG_INFO(0, array)
	ZEND_ARG_INFO(0, next)
ZEND_END_ARG_INFO()

/* An array whose next free index is this, though it may be taken: as some other extension could have made it. */
static PHP_FUNCTION(shmx_codec_test_with_next)
{
	zend_array *array;
	zend_long next;

	ZEND_PARSE_PARAMETERS_START(2, 2)
		Z_PARAM_ARRAY_HT(array)
		Z_PARAM_LONG(next)
	ZEND_PARSE_PARAMETERS_END();
	array = zend_array_dup(array);
	array->nNextFreeElement = next;
	RETURN_ARR(array);
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_flood, 0, 0, 1)
	ZEND_ARG_INFO(0, count)
ZEND_END_ARG_INFO()

/* There and back through a memory, three times, so that each key is met, remembered and had. */
static void meet_keys(shmx_codec_memory *own, zend_long first)
{
	zval array, decoded;

	array_init(&array);
	for (zend_long i = first; i < first + 100; i++) {
		char key[32];

		snprintf(key, sizeof(key), "key" ZEND_LONG_FMT, i);
		add_assoc_long(&array, key, i);
	}
	for (int round = 0; round < 3; round++) {
		zend_string *bytes = encode_to_string(own, &array);

		if (bytes && decode_exact(own, ZSTR_VAL(bytes), ZSTR_LEN(bytes), &decoded)) {
			zval_ptr_dtor(&decoded);
		}
		if (bytes) {
			zend_string_release(bytes);
		}
	}
	zval_ptr_dtor(&array);
}

/* Whether a memory that met this many keys still has those it remembered when the next request begins. */
static PHP_FUNCTION(shmx_codec_test_flood)
{
	zend_long count;
	shmx_codec_memory own;

	ZEND_PARSE_PARAMETERS_START(1, 1)
		Z_PARAM_LONG(count)
	ZEND_PARSE_PARAMETERS_END();
	shmx_codec_memory_init(&own);
	for (zend_long i = 0; i < count; i += 100) {
		meet_keys(&own, i);
	}
	shmx_codec_memory_request_start(&own);
	RETVAL_BOOL(own.keys != NULL);
	shmx_codec_memory_destroy(&own);
}

static const zend_function_entry functions[] = { PHP_FE(shmx_codec_test_encode, arginfo_encode)
		PHP_FE(shmx_codec_test_decode, arginfo_decode) PHP_FE(shmx_codec_test_damage, arginfo_damage)
			PHP_FE(shmx_codec_test_storm, arginfo_storm) PHP_FE(shmx_codec_test_time, arginfo_time)
				PHP_FE(shmx_codec_test_next, arginfo_next) PHP_FE(shmx_codec_test_with_next, arginfo_with_next)
					PHP_FE(shmx_codec_test_flood, arginfo_flood) PHP_FE_END };

static PHP_MINIT_FUNCTION(codec_test)
{
	(void) type;
	(void) module_number;
	shmx_codec_memory_init(&memory);
	return SUCCESS;
}

static PHP_MSHUTDOWN_FUNCTION(codec_test)
{
	(void) type;
	(void) module_number;
	shmx_codec_memory_destroy(&memory);
	return SUCCESS;
}

static PHP_RINIT_FUNCTION(codec_test)
{
	(void) type;
	(void) module_number;
	shmx_codec_memory_request_start(&memory);
	return SUCCESS;
}

static zend_module_entry codec_test_module_entry = { STANDARD_MODULE_HEADER, "codec_test", functions,
	PHP_MINIT(codec_test), PHP_MSHUTDOWN(codec_test), PHP_RINIT(codec_test), NULL, NULL, "0",
	STANDARD_MODULE_PROPERTIES };

ZEND_GET_MODULE(codec_test)
