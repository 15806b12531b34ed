/*
 * The codec: a PHP value to the bytes of a record, and back.
 *
 * Scalars and strings are their own bytes. Arrays of null, bool, int, float, string and arrays
 * have a format of their own, laid out so that decoding fills PHP's hash tables directly. All
 * else goes through PHP's serializer as one whole, because objects and references have an
 * identity that only it keeps.
 *
 * The decoder trusts nothing. Its input lies in memory that other processes write, so every tag,
 * count and length is read exactly once, into a local that the compiler cannot re-read, and
 * is compared with what remains of the input before it is used. It holds on to these rules:
 *   - n elements are allocated only when at least n bytes of input are left, not counting those
 *     that the elements of the arrays around them need: else lists within lists, each with a count
 *     as large as the input, would take that much again at every level;
 *   - no hash is taken from the input. What stands beside a key is a hint where to look for a
 *     string seen before; a wrong hint costs time and nothing else;
 *   - a key met twice in one array makes the input invalid, where a bounded number of steps finds it;
 *   - whatever has been built is at every step a table that zend_array_destroy can take apart.
 *
 * It relies on the hash table's layout as PHP 8.2 to 8.6 have it, through the engine's macros.
 */

#include "shmx_codec.h"
#include "zend_exceptions.h"
#include "zend_ini.h"
#include "zend_smart_str.h"
#include "ext/standard/basic_functions.h"
#include "ext/standard/php_var.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
/* Where it is so, runs of numbers go 16 bytes at a time. (32-bit x86 has SSE2 too, but its ints
 * are half as wide.) */
#if defined(__SSE2__) && SIZEOF_ZEND_LONG == 8
#define SHMX_ZVAL_PAIRS
#include <emmintrin.h>
#endif

/*
 * Arrays nested deeper than this go to PHP's serializer, and bytes nested deeper than this are
 * invalid. Both directions recurse, some 150 bytes of C stack a level: 512 levels stay below
 * 128 KiB, the smallest thread stack in use. An iteration would not help, because
 * zend_array_destroy recurses over the result just the same.
 */
#define DEEPEST_ARRAY 512

/* unserialize() refuses what is nested deeper (its unserialize_max_depth), and serialize()
 * itself overflows the C stack some way beyond. */
#define DEEPEST_SERIALIZED 4096

/* The first byte of each value inside an array. Zero is left out, so that blank memory is
 * invalid. On the segment: never renumber them. */
enum {
	TAG_NULL = 0x01,
	TAG_FALSE = 0x02,
	TAG_TRUE = 0x03,
	TAG_INT32 = 0x04,
	TAG_INT64 = 0x05,
	TAG_FLOAT = 0x06,
	TAG_STRING = 0x07,       /* uint32 length, bytes */
	TAG_STRING_FIRST = 0x08, /* the same, and it takes the next string number */
	TAG_STRING_AGAIN = 0x09, /* uint8 string number */
	TAG_EMPTY = 0x0a,
	TAG_LIST = 0x0b,        /* uint32 count, values */
	TAG_INTS = 0x0c,        /* uint32 count, int64 each */
	TAG_FLOATS = 0x0d,      /* uint32 count, double each */
	TAG_SHAPE = 0x0e,       /* uint8 count and SHAPE_FROM_ZERO, keys, values; it takes the next shape number */
	TAG_ROW = 0x0f,         /* uint8 shape number, values */
	TAG_HASH = 0x10,        /* uint32 count, int64 next free index, then key and value in turn */
	TAG_SHORT_LIST = 0x40,  /* + count, 0 to 63: values */
	TAG_SHORT_STRING = 0x80 /* + length, 0 to 127: bytes */
};
#define SHORT_LIST_MOST 63
#define SHORT_STRING_MOST 127

/* A key is one byte, which is its length or one of these; then a uint32 hint; then its bytes. */
enum {
	KEY_LENGTH_MOST = 253,
	KEY_LONG = 254, /* uint32 length follows */
	KEY_INT = 255   /* int64 follows, and no hint */
};

#define LEAST_STRING_KEY 5 /* bytes: length and hint */
#define LEAST_HASH_ENTRY (LEAST_STRING_KEY + 1)

/* Shapes and repeated strings are numbered by one byte. */
#define SHAPES_MOST 256
#define STRINGS_MOST 256
#define SHAPE_KEYS_MOST 64

/* A map without int keys has one of two next free indexes, by how it was made, and PHP code can
 * see which: append to it after adding a negative index. With this bit it is zero, without
 * ZEND_LONG_MIN. */
#define SHAPE_FROM_ZERO 0x80

/* Below this many, the tags cost less than the branch. */
#define RUN_LEAST 4

/* A value without its string bytes, or an array's own header, fits. */
#define HEADER_MOST 16

/* Kept per thread; an encoded array that outgrows it moves to memory of the request. */
#define SCRATCH_SIZE (64 * 1024)
#define BUFFER_LEAST 1024

/* --- short byte strings ----------------------------------------------------------------------- */

/*
 * Most strings in arrays are shorter than the call of memcpy is long. Up to 16 bytes are copied
 * as a first and a last word, which overlap as they need to; nothing outside is touched.
 */
static zend_always_inline void copy_bytes(void *to, const void *from, size_t length)
{
	unsigned char *target = to;
	const unsigned char *source = from;

	if (length > 16) {
		memcpy(target, source, length);
	} else if (length >= 8) {
		uint64_t first, last;
		memcpy(&first, source, 8);
		memcpy(&last, source + length - 8, 8);
		memcpy(target, &first, 8);
		memcpy(target + length - 8, &last, 8);
	} else if (length >= 4) {
		uint32_t first, last;
		memcpy(&first, source, 4);
		memcpy(&last, source + length - 4, 4);
		memcpy(target, &first, 4);
		memcpy(target + length - 4, &last, 4);
	} else if (length > 0) {
		unsigned char first = source[0], middle = source[length / 2], last = source[length - 1];
		target[0] = first;
		target[length / 2] = middle;
		target[length - 1] = last;
	}
}

static zend_always_inline bool is_equal_bytes(const void *one, const void *other, size_t length)
{
	const unsigned char *left = one;
	const unsigned char *right = other;

	if (length > 16) {
		return !memcmp(left, right, length);
	}
	if (length >= 8) {
		uint64_t first[2], last[2];
		memcpy(&first[0], left, 8);
		memcpy(&first[1], right, 8);
		memcpy(&last[0], left + length - 8, 8);
		memcpy(&last[1], right + length - 8, 8);
		return ((first[0] ^ first[1]) | (last[0] ^ last[1])) == 0;
	}
	if (length >= 4) {
		uint32_t first[2], last[2];
		memcpy(&first[0], left, 4);
		memcpy(&first[1], right, 4);
		memcpy(&last[0], left + length - 4, 4);
		memcpy(&last[1], right + length - 4, 4);
		return ((first[0] ^ first[1]) | (last[0] ^ last[1])) == 0;
	}
	return length == 0
		|| (left[0] == right[0] && left[length / 2] == right[length / 2] && left[length - 1] == right[length - 1]);
}

static zend_always_inline zend_string *new_string(const unsigned char *bytes, size_t length)
{
	zend_string *string = shmx_new_string(length);

	copy_bytes(ZSTR_VAL(string), bytes, length);
	return string;
}

static zend_always_inline void *allocate(size_t size)
{
	return EXPECTED(size < SHMX_LARGE_ALLOCATION) ? emalloc(size) : shmx_allocate(size);
}

/* --- fresh memory ------------------------------------------------------------------------- */

/*
 * Whether the machine hands out huge pages to who asks. Then a large value is best copied straight into them: one page
 * fault for every 2 MiB, and each page still in the cache from being zeroed. Without them the 4 KiB pages are had in one
 * call.
 */
static bool huge_pages_are_off;

void shmx_look_at_huge_pages(void)
{
	char line[64];
	FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "re");

	huge_pages_are_off = file == NULL || fgets(line, sizeof(line), file) == NULL || strstr(line, "[never]") != NULL;
	if (file != NULL) {
		fclose(file);
	}
}

/* Advice: where the kernel takes none, nothing is lost. */
void shmx_advise_fresh_memory(void *memory, size_t size)
{
	uintptr_t page = (uintptr_t) sysconf(_SC_PAGESIZE);
	uintptr_t begin = ((uintptr_t) memory + page - 1) & ~(page - 1);
	uintptr_t end = (uintptr_t) memory + size;

#ifdef MADV_HUGEPAGE
	if (!huge_pages_are_off) {
		madvise((void *) begin, end - begin, MADV_HUGEPAGE);
		return;
	}
#endif
#ifdef MADV_POPULATE_WRITE
	madvise((void *) begin, end - begin, MADV_POPULATE_WRITE);
#endif
}

/* --- the key memory ----------------------------------------------------------------------- */

/*
 * Cached values come back with the same keys over and over. A thread therefore remembers key
 * strings across calls and requests, and a decoded array holds the remembered string instead of
 * a new one: nothing to allocate, copy, hash or free.
 *
 * They are interned strings in the engine's sense, of the kind that lives until the request
 * ends (interned, not permanent), so that an array's destructor passes them by. What was handed
 * out during a request may be in use until its last variable is gone, hence the memory only
 * grows while a request runs and is emptied, when it proved too small, as the next one starts.
 *
 * A slot holds a string, or the mark of a hint that was seen once: a key is remembered the
 * second time it comes, so that keys that come only once do not fill the memory.
 */
#define KEY_SETS 4096
#define KEY_WAYS 2
#define KEY_SLOTS (KEY_SETS * KEY_WAYS)
#define KEY_REMEMBERED_MOST 64 /* bytes; longer keys rarely repeat and would cost too much here */

static bool is_mark(uintptr_t slot)
{
	return (slot & 1) != 0;
}

static bool is_string(uintptr_t slot)
{
	return slot != 0 && !is_mark(slot);
}

void shmx_codec_memory_init(shmx_codec_memory *memory)
{
	memset(memory, 0, sizeof(*memory));
}

static void forget_keys(shmx_codec_memory *memory)
{
	if (memory->keys) {
		for (size_t i = 0; i < KEY_SLOTS; i++) {
			if (is_string(memory->keys[i])) {
				free((void *) memory->keys[i]);
			}
		}
		free(memory->keys);
		memory->keys = NULL;
	}
	memory->keys_refused = 0;
}

void shmx_codec_memory_destroy(shmx_codec_memory *memory)
{
	forget_keys(memory);
	free(memory->scratch);
	memory->scratch = NULL;
}

void shmx_codec_memory_request_start(shmx_codec_memory *memory)
{
	if (memory->keys_refused > KEY_SLOTS) {
		forget_keys(memory);
	}
	memory->scratch_taken = false; /* a request that ended in a fatal error gave nothing back */
}

/* A private string whose bytes may be anything, but whose hash is theirs. */
static zend_string *remember_key(const unsigned char *bytes, size_t length)
{
	zend_string *key = zend_string_init((const char *) bytes, length, true);

	zend_string_hash_val(key);
	GC_ADD_FLAGS(key, IS_STR_INTERNED);
	return key;
}

static zend_always_inline bool key_is(uintptr_t slot, const unsigned char *bytes, size_t length)
{
	const zend_string *key = (const zend_string *) slot;

	/* The engine may have turned an interned string's refcount into a class cache, which ends
	 * with its request: such a string is not handed out again. */
	return is_string(slot) && ZSTR_LEN(key) == length && is_equal_bytes(ZSTR_VAL(key), bytes, length)
		&& !ZSTR_HAS_CE_CACHE(key);
}

static zend_never_inline zend_string *key_first_seen(
	shmx_codec_memory *memory, uintptr_t *set, const unsigned char *bytes, size_t length, uint32_t hint)
{
	uintptr_t mark = ((uintptr_t) hint << 1) | 1;

	for (int way = 0; way < KEY_WAYS; way++) {
		if (set[way] == mark) {
			zend_string *key = remember_key(bytes, length);
			set[way] = (uintptr_t) key;
			return key;
		}
	}
	/* The bit that chose the set's neighbour spreads marks over both ways. */
	int way = (hint / KEY_SETS) % KEY_WAYS;
	if (is_string(set[way])) {
		way = 1 - way;
	}
	if (is_string(set[way])) {
		memory->keys_refused++;
	} else {
		set[way] = mark;
	}
	return NULL;
}

/* The remembered string with these bytes, or NULL. */
static zend_always_inline zend_string *find_key(
	shmx_codec_memory *memory, const unsigned char *bytes, size_t length, uint32_t hint)
{
	uintptr_t *set = memory->keys + (size_t) (hint % KEY_SETS) * KEY_WAYS;

	if (EXPECTED(key_is(set[0], bytes, length))) {
		return (zend_string *) set[0];
	}
	if (key_is(set[1], bytes, length)) {
		return (zend_string *) set[1];
	}
	return key_first_seen(memory, set, bytes, length, hint);
}

/* --- writing ------------------------------------------------------------------------------ */

typedef struct {
	unsigned char *start;
	unsigned char *end; /* of the room, not of what is written */
	shmx_codec_memory *memory;
	bool in_scratch;
	bool too_deep; /* why writing was given up */

	/* What was written before in this value and can be referred to; found by a hash of little
	 * quality, and a collision merely forgets the older one. */
	bool tables_ready;
	uint32_t shape_count;
	uint32_t string_count;
	struct {
		const zend_array *first;
		uint32_t number;
	} shapes[64];
	struct {
		const zend_string *string;
		uint32_t number;
	} strings[64];
} shmx_writer;

/* Functions that write take the place to write at and return the place after it; NULL means
 * that the value cannot be had in this format. */

static zend_always_inline unsigned char *write_u8(unsigned char *at, uint8_t value)
{
	*at = value;
	return at + 1;
}

static zend_always_inline unsigned char *write_u32(unsigned char *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

static zend_always_inline unsigned char *write_i64(unsigned char *at, int64_t value)
{
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

/*
 * How much room a large array gets at once, going by the last ones; 0 for no guess. It must not be what breaks the
 * memory_limit: the last one may have been another request's, with another limit. It is less the next time, unless large
 * ones keep coming.
 */
static size_t guess_room(shmx_codec_memory *memory)
{
	size_t guess = memory->expected_length;
	size_t limit = PG(memory_limit) > 0 ? (size_t) PG(memory_limit) : SIZE_MAX;
	size_t used = zend_memory_usage(true);

	memory->expected_length = guess / 2;
	return used < limit && guess < (limit - used) / 4 ? guess : 0;
}

static zend_never_inline unsigned char *writer_grow(shmx_writer *writer, unsigned char *at, size_t needed)
{
	size_t used = (size_t) (at - writer->start);
	size_t capacity = (size_t) (writer->end - writer->start);
	size_t wanted = zend_safe_addmult(capacity, 2, needed, 0);

	if (writer->in_scratch) {
		size_t guess = guess_room(writer->memory) + needed;
		if (guess > wanted) {
			wanted = guess;
		}
		unsigned char *buffer = allocate(wanted);
		memcpy(buffer, writer->start, used);
		writer->start = buffer;
		writer->in_scratch = false;
		writer->memory->scratch_taken = false;
	} else {
		unsigned char *buffer = allocate(wanted);
		memcpy(buffer, writer->start, used);
		efree(writer->start);
		writer->start = buffer;
	}
	writer->end = writer->start + wanted;
	return writer->start + used;
}

static zend_always_inline unsigned char *reserve(shmx_writer *writer, unsigned char *at, size_t needed)
{
	if (EXPECTED((size_t) (writer->end - at) >= needed)) {
		return at;
	}
	return writer_grow(writer, at, needed);
}

static void writer_open(shmx_writer *writer, shmx_codec_memory *memory)
{
	writer->memory = memory;
	writer->too_deep = false;
	writer->tables_ready = false;
	writer->in_scratch = memory && !memory->scratch_taken;
	if (writer->in_scratch) {
		if (!memory->scratch) {
			memory->scratch = pemalloc(SCRATCH_SIZE, true);
		}
		memory->scratch_taken = true;
		writer->start = memory->scratch;
		writer->end = writer->start + SCRATCH_SIZE;
	} else {
		writer->start = emalloc(BUFFER_LEAST);
		writer->end = writer->start + BUFFER_LEAST;
	}
}

static void writer_abandon(shmx_writer *writer)
{
	if (writer->in_scratch) {
		writer->memory->scratch_taken = false;
	} else {
		efree(writer->start);
	}
}

static void writer_tables_open(shmx_writer *writer)
{
	if (!writer->tables_ready) {
		memset(writer->shapes, 0, sizeof(writer->shapes));
		memset(writer->strings, 0, sizeof(writer->strings));
		writer->shape_count = 0;
		writer->string_count = 0;
		writer->tables_ready = true;
	}
}

static zend_always_inline unsigned char *write_key(
	shmx_writer *writer, unsigned char *at, const zend_string *key, zend_ulong hash)
{
	size_t length = ZSTR_LEN(key);

	at = reserve(writer, at, HEADER_MOST + length);
	if (EXPECTED(length <= KEY_LENGTH_MOST)) {
		at = write_u8(at, (uint8_t) length);
	} else if (EXPECTED(length <= UINT32_MAX)) {
		at = write_u32(write_u8(at, KEY_LONG), (uint32_t) length);
	} else {
		return NULL;
	}
	at = write_u32(at, (uint32_t) hash);
	copy_bytes(at, ZSTR_VAL(key), length);
	return at + length;
}

static zend_always_inline unsigned char *write_string_bytes(
	shmx_writer *writer, unsigned char *at, const zend_string *string, uint8_t tag)
{
	size_t length = ZSTR_LEN(string);

	if (UNEXPECTED(length > UINT32_MAX)) {
		return NULL;
	}
	at = reserve(writer, at, HEADER_MOST + length);
	at = write_u32(write_u8(at, tag), (uint32_t) length);
	copy_bytes(at, ZSTR_VAL(string), length);
	return at + length;
}

/* A string that others hold too may come again in this value: write it once, then its number. */
static zend_never_inline unsigned char *write_shared_string(
	shmx_writer *writer, unsigned char *at, const zend_string *string)
{
	writer_tables_open(writer);

	uintptr_t address = (uintptr_t) string / 8;
	size_t slot = (address ^ (address >> 6)) % (sizeof(writer->strings) / sizeof(writer->strings[0]));

	if (writer->strings[slot].string == string) {
		at = reserve(writer, at, HEADER_MOST);
		return write_u8(write_u8(at, TAG_STRING_AGAIN), (uint8_t) writer->strings[slot].number);
	}
	if (writer->string_count == STRINGS_MOST) {
		return write_string_bytes(writer, at, string, TAG_STRING);
	}
	writer->strings[slot].string = string;
	writer->strings[slot].number = writer->string_count++;
	return write_string_bytes(writer, at, string, TAG_STRING_FIRST);
}

static zend_always_inline unsigned char *write_string(shmx_writer *writer, unsigned char *at, const zend_string *string)
{
	size_t length = ZSTR_LEN(string);

	/* One character is as short as a number, and decodes to a string that exists already. */
	if (length > 1 && (ZSTR_IS_INTERNED(string) || GC_REFCOUNT(string) > 1)) {
		return write_shared_string(writer, at, string);
	}
	if (length > SHORT_STRING_MOST) {
		return write_string_bytes(writer, at, string, TAG_STRING);
	}
	at = reserve(writer, at, HEADER_MOST + SHORT_STRING_MOST);
	at = write_u8(at, (uint8_t) (TAG_SHORT_STRING + length));
	copy_bytes(at, ZSTR_VAL(string), length);
	return at + length;
}

static zend_always_inline unsigned char *write_int(unsigned char *at, zend_long value)
{
	if (value >= INT32_MIN && value <= INT32_MAX) {
		return write_u32(write_u8(at, TAG_INT32), (uint32_t) (int32_t) value);
	}
	return write_i64(write_u8(at, TAG_INT64), value);
}

static unsigned char *write_array(shmx_writer *writer, unsigned char *at, const zend_array *array, uint32_t depth);

static zend_always_inline unsigned char *write_value(
	shmx_writer *writer, unsigned char *at, const zval *value, uint32_t depth)
{
	if (UNEXPECTED(Z_ISREF_P(value))) {
		/* Nobody else holds this reference: it is only the value. */
		if (Z_REFCOUNT_P(value) > 1) {
			return NULL;
		}
		value = Z_REFVAL_P(value);
	}
	if (Z_TYPE_P(value) == IS_STRING) {
		return write_string(writer, at, Z_STR_P(value));
	}
	if (Z_TYPE_P(value) == IS_ARRAY) {
		return write_array(writer, at, Z_ARR_P(value), depth);
	}
	at = reserve(writer, at, HEADER_MOST);
	switch (Z_TYPE_P(value)) {
		case IS_LONG:
			return write_int(at, Z_LVAL_P(value));
		case IS_DOUBLE:
			at = write_u8(at, TAG_FLOAT);
			memcpy(at, &Z_DVAL_P(value), sizeof(double));
			return at + sizeof(double);
		case IS_NULL:
			return write_u8(at, TAG_NULL);
		case IS_FALSE:
			return write_u8(at, TAG_FALSE);
		case IS_TRUE:
			return write_u8(at, TAG_TRUE);
		default:
			return NULL;
	}
}

/* Writes 8 bytes of each element; returns false if they are not all of `type`, which is found out
 * at the end only: a branch for each would cost more than the copying. */
static zend_always_inline bool write_elements(unsigned char *at, const zval *element, uint32_t count, uint8_t type)
{
	const zval *end = element + count;
	uint32_t wrong = 0;

#ifdef SHMX_ZVAL_PAIRS
	/* A zval is 16 bytes, its value in the lower half, its type the lowest byte of the upper. */
	const __m128i type_mask = _mm_set1_epi64x(0xff);
	const __m128i wanted = _mm_set1_epi64x(type);
	__m128i wrong_pair = _mm_setzero_si128();
	for (; element + 1 < end; element += 2, at += 16) {
		__m128i first = _mm_loadu_si128((const __m128i *) element);
		__m128i second = _mm_loadu_si128((const __m128i *) (element + 1));
		__m128i types = _mm_and_si128(_mm_unpackhi_epi64(first, second), type_mask);
		wrong_pair = _mm_or_si128(wrong_pair, _mm_xor_si128(types, wanted));
		_mm_storeu_si128((__m128i *) at, _mm_unpacklo_epi64(first, second));
	}
	wrong = _mm_movemask_epi8(_mm_cmpeq_epi8(wrong_pair, _mm_setzero_si128())) != 0xffff;
#endif
	for (; element < end; element++, at += 8) {
		wrong |= Z_TYPE_P(element) ^ type;
		if (type == IS_LONG) {
			write_i64(at, Z_LVAL_P(element));
		} else {
			memcpy(at, &Z_DVAL_P(element), 8);
		}
	}
	return wrong == 0;
}

/* Writes a list whose elements are all of `type`, 8 bytes each; NULL if they are not. */
static unsigned char *write_run(shmx_writer *writer, unsigned char *at, const zend_array *list, uint8_t type)
{
	uint32_t count = list->nNumUsed;

	at = reserve(writer, at, zend_safe_addmult(count, 8, HEADER_MOST, 0));
	at = write_u32(write_u8(at, type == IS_LONG ? TAG_INTS : TAG_FLOATS), count);
	if (!write_elements(at, list->arPacked, count, type)) {
		return NULL;
	}
	return at + (size_t) count * 8;
}

static unsigned char *write_list(shmx_writer *writer, unsigned char *at, const zend_array *list, uint32_t depth)
{
	uint32_t count = list->nNumUsed;
	const zval *element = list->arPacked;

	if (count >= RUN_LEAST) {
		uint8_t type = Z_TYPE_P(element);
		if ((type == IS_LONG || type == IS_DOUBLE) && Z_TYPE_P(element + count - 1) == type) {
			/* The buffer may move even when the run comes to nothing. */
			size_t before = (size_t) (at - writer->start);
			unsigned char *after =
				type == IS_LONG ? write_run(writer, at, list, IS_LONG) : write_run(writer, at, list, IS_DOUBLE);
			if (after) {
				return after;
			}
			at = writer->start + before;
		}
	}

	at = reserve(writer, at, HEADER_MOST);
	if (count <= SHORT_LIST_MOST) {
		at = write_u8(at, (uint8_t) (TAG_SHORT_LIST + count));
	} else {
		at = write_u32(write_u8(at, TAG_LIST), count);
	}
	for (const zval *end = element + count; at && element < end; element++) {
		at = write_value(writer, at, element, depth);
	}
	return at;
}

static bool has_same_shape(const zend_array *one, const zend_array *other)
{
	const Bucket *first = one->arData;
	const Bucket *second = other->arData;

	if (one->nNumUsed != other->nNumUsed || one->nNextFreeElement != other->nNextFreeElement) {
		return false;
	}
	for (const Bucket *end = first + one->nNumUsed; first < end; first++, second++) {
		if (first->key == second->key) {
			continue; /* neither is an int key: those make no shape */
		}
		if (first->h != second->h || !second->key || !zend_string_equal_content(first->key, second->key)) {
			return false;
		}
	}
	return true;
}

static bool has_only_string_keys(const zend_array *array)
{
	for (uint32_t i = 0; i < array->nNumUsed; i++) {
		if (!array->arData[i].key) {
			return false;
		}
	}
	return true;
}

/* No int key was ever in it. */
static zend_always_inline bool is_fresh_index(zend_long next)
{
	return next == ZEND_LONG_MIN || next == 0;
}

/*
 * Rows of a result have the same keys in the same order. The first of them is written with its
 * keys, and is a shape; those that follow name the shape and have only values. Returns true if
 * the array has a shape; *number is the shape's, *known whether it was written before.
 */
static zend_always_inline bool find_shape(shmx_writer *writer, const zend_array *array, uint32_t *number, bool *known)
{
	uint32_t count = array->nNumOfElements;

	if (count > SHAPE_KEYS_MOST || array->nNumUsed != count || !is_fresh_index(array->nNextFreeElement)) {
		return false;
	}
	writer_tables_open(writer);

	zend_ulong hash = array->arData[0].h + array->arData[count - 1].h * 5 + count;
	size_t slot = (size_t) (hash ^ (hash >> 6)) % (sizeof(writer->shapes) / sizeof(writer->shapes[0]));

	if (writer->shapes[slot].first && has_same_shape(writer->shapes[slot].first, array)) {
		*number = writer->shapes[slot].number;
		*known = true;
		return true;
	}
	if (writer->shape_count == SHAPES_MOST || !has_only_string_keys(array)) {
		return false;
	}
	writer->shapes[slot].first = array;
	writer->shapes[slot].number = writer->shape_count;
	*number = writer->shape_count++;
	*known = false;
	return true;
}

static unsigned char *write_shaped(
	shmx_writer *writer, unsigned char *at, const zend_array *array, uint32_t depth, uint32_t number, bool known)
{
	const Bucket *bucket = array->arData;
	const Bucket *end = bucket + array->nNumUsed;

	at = reserve(writer, at, HEADER_MOST);
	if (known) {
		at = write_u8(write_u8(at, TAG_ROW), (uint8_t) number);
	} else {
		uint8_t from = array->nNextFreeElement == 0 ? SHAPE_FROM_ZERO : 0;
		at = write_u8(write_u8(at, TAG_SHAPE), (uint8_t) (array->nNumUsed | from));
		for (const Bucket *each = bucket; at && each < end; each++) {
			at = write_key(writer, at, each->key, each->h);
		}
	}
	for (; at && bucket < end; bucket++) {
		at = write_value(writer, at, &bucket->val, depth);
	}
	return at;
}

/* The next free index. Where it is at an end of a 32-bit range, it is written as what it means to a 64-bit PHP. */
static zend_always_inline int64_t next_index(const zend_array *array)
{
#if SIZEOF_ZEND_LONG == 4
	if (array->nNextFreeElement == ZEND_LONG_MIN) {
		return INT64_MIN;
	}
	if (array->nNextFreeElement == ZEND_LONG_MAX) {
		return (int64_t) ZEND_LONG_MAX + 1;
	}
#endif
	return array->nNextFreeElement;
}

static unsigned char *write_hash(shmx_writer *writer, unsigned char *at, const zend_array *array, uint32_t depth)
{
	zend_ulong index;
	zend_string *key;
	zval *value;

	at = reserve(writer, at, HEADER_MOST);
	at = write_u32(write_u8(at, TAG_HASH), array->nNumOfElements);
	at = write_i64(at, next_index(array));
	ZEND_HASH_FOREACH_KEY_VAL((zend_array *) array, index, key, value) {
		if (key) {
			at = write_key(writer, at, key, index);
			if (UNEXPECTED(!at)) {
				return NULL;
			}
		} else {
			/* The decoder insists on this; an array that breaks it is some extension's. */
			if (UNEXPECTED((zend_long) index >= array->nNextFreeElement && array->nNextFreeElement != ZEND_LONG_MAX)) {
				return NULL;
			}
			at = reserve(writer, at, HEADER_MOST);
			at = write_i64(write_u8(at, KEY_INT), (zend_long) index);
		}
		at = write_value(writer, at, value, depth);
		if (UNEXPECTED(!at)) {
			return NULL;
		}
	}
	ZEND_HASH_FOREACH_END();
	return at;
}

/* `depth` is how many more levels there may be. */
static unsigned char *write_array(shmx_writer *writer, unsigned char *at, const zend_array *array, uint32_t depth)
{
	uint32_t count = array->nNumOfElements;
	uint32_t number;
	bool known;

	if (UNEXPECTED(depth == 0)) {
		writer->too_deep = true;
		return NULL;
	}
	depth--;
	if (count == 0 && array->nNextFreeElement == zend_empty_array.nNextFreeElement) {
		at = reserve(writer, at, HEADER_MOST);
		return write_u8(at, TAG_EMPTY);
	}
	if (HT_IS_PACKED(array)) {
		/* An empty one goes as a hash, which says what its next index is. */
		if (count > 0 && count == array->nNumUsed && array->nNextFreeElement == (zend_long) count) {
			return write_list(writer, at, array, depth);
		}
	} else if (count > 0 && find_shape(writer, array, &number, &known)) {
		return write_shaped(writer, at, array, depth, number, known);
	}
	return write_hash(writer, at, array, depth);
}

/* More elements than this are not looked at: arrays that hold others several times have more ways through them than memory. */
#define NESTED_ELEMENTS_MOST 1000000

/*
 * Whether arrays lie in arrays more than `most` levels deep. What contains itself ends there, as it does for the serializer;
 * where there is more than `*elements` to look at, the serializer finds out.
 */
static bool is_nested_deeper(zval *value, uint32_t most, uint32_t *elements)
{
	zval *element;
	bool deeper = false;

	if (Z_TYPE_P(value) != IS_ARRAY || (Z_REFCOUNTED_P(value) && Z_IS_RECURSIVE_P(value))) {
		return false;
	}
	if (most == 0) {
		return true;
	}
	if (Z_REFCOUNTED_P(value)) {
		Z_PROTECT_RECURSION_P(value);
	}
	ZEND_HASH_FOREACH_VAL(Z_ARR_P(value), element) {
		if (*elements == 0 || deeper) {
			break;
		}
		--*elements;
		if (Z_ISREF_P(element) && Z_REFCOUNT_P(element) == 1) {
			element = Z_REFVAL_P(element);
		}
		deeper = is_nested_deeper(element, most - 1, elements);
	}
	ZEND_HASH_FOREACH_END();
	if (Z_REFCOUNTED_P(value)) {
		Z_UNPROTECT_RECURSION_P(value);
	}
	return deeper;
}

static void encoded_set(shmx_encoded *encoded, uint8_t type, const void *bytes, size_t length)
{
	encoded->type = type;
	encoded->bytes = bytes;
	encoded->length = length;
	encoded->string = NULL;
	encoded->buffer = NULL;
	encoded->memory = NULL;
}

/*
 * Stands before serialized bytes. PHP's unserializer is not made for bytes that are not serialize()'s, so what was
 * scribbled over is found out before. Eight bytes a step, each step one to one, so that no single damaged word goes
 * unnoticed; it is no protection from who wants to deceive.
 */
static uint64_t checksum(const unsigned char *bytes, size_t length)
{
	uint64_t sum = UINT64_C(0x9e3779b97f4a7c15) ^ length;

	while (length > 0) {
		size_t step = length < sizeof(uint64_t) ? length : sizeof(uint64_t);
		uint64_t word = 0;

		memcpy(&word, bytes, step);
		sum = (sum ^ word) * UINT64_C(0xd6e8feb86659fd93);
		sum ^= sum >> 32;
		bytes += step;
		length -= step;
	}
	return sum;
}

/* How many of the calls of serialize() below have begun and not ended: fibers and user code have several. */
ZEND_TLS unsigned int serializing;

/* While any of them goes on, floats go to their last bit: another process may have another serialize_precision. */
static void set_precision(void)
{
	PG(serialize_precision) = serializing > 0 ? -1 : zend_ini_long(ZEND_STRL("serialize_precision"), false);
}

/*
 * Within somebody's Serializable::serialize() PHP would go on with that one's numbering of objects, which the lock keeps
 * apart. Otherwise there is no lock: whoever serializes within this goes on with its numbering, or a cycle of such objects
 * would have no end.
 *
 * A fiber that is suspended within a value lets another one raise the lock, or take back the one that it had raised. Without
 * a lock of our own a numbering that was made under another's would not be known at its end; and one that was made without
 * would not be taken down at its end, and PHP would go on with what has been freed.
 *
 * User code that runs meanwhile has our serialize_precision too, and may set it, which then holds until the next such call
 * begins or ends.
 */
static void serialize(zval *value, smart_str *serialized)
{
	php_serialize_data_t data;
	const unsigned int apart = BG(serialize).level > 0 || BG(serialize_lock) > 0;

	BG(serialize_lock) += apart;
	serializing++;
	set_precision();
	zend_try
	{
		PHP_VAR_SERIALIZE_INIT(data);
		php_var_serialize(serialized, value, &data);
		PHP_VAR_SERIALIZE_DESTROY(data);
		if (BG(serialize).data == data) {
			BG(serialize).level = 0;
			BG(serialize).data = NULL;
		}
	}
	zend_catch
	{
		/* Nobody comes back to what else was begun. */
		serializing = 0;
		set_precision();
		/* Shutdown functions must not go on with a numbering that was broken off. */
		if (!apart) {
			BG(serialize).level = 0;
			BG(serialize).data = NULL;
		}
		zend_bailout();
	}
	zend_end_try();
	/* 0 when another one was broken off meanwhile. */
	serializing -= serializing > 0;
	set_precision();
	BG(serialize_lock) -= apart;
}

bool shmx_codec_serialize(zval *value, shmx_encoded *encoded)
{
	smart_str serialized = { 0 };
	uint64_t sum = 0;

	smart_str_appendl(&serialized, (const char *) &sum, sizeof(sum));
	serialize(value, &serialized);
	if (EG(exception)) {
		smart_str_free(&serialized);
		return false;
	}
	zend_string *string = smart_str_extract(&serialized);
	sum = checksum((const unsigned char *) ZSTR_VAL(string) + sizeof(sum), ZSTR_LEN(string) - sizeof(sum));
	memcpy(ZSTR_VAL(string), &sum, sizeof(sum));
	encoded_set(encoded, SHMX_TYPE_SERIALIZED, ZSTR_VAL(string), ZSTR_LEN(string));
	encoded->string = string;
	return true;
}

static bool encode_array(shmx_codec_memory *memory, zval *value, shmx_encoded *encoded)
{
	shmx_writer writer;

	writer_open(&writer, memory);
	unsigned char *end = write_array(&writer, writer.start, Z_ARR_P(value), DEEPEST_ARRAY);
	if (!end) {
		/* Before any user code runs: it may encode in turn. */
		writer_abandon(&writer);
		uint32_t elements = NESTED_ELEMENTS_MOST;
		if (writer.too_deep && is_nested_deeper(value, DEEPEST_SERIALIZED, &elements)) {
			zend_value_error("Arrays nested more than %d levels deep cannot be stored", DEEPEST_SERIALIZED);
			return false;
		}
		return shmx_codec_serialize(value, encoded);
	}

	size_t length = (size_t) (end - writer.start);
	encoded_set(encoded, SHMX_TYPE_ARRAY, writer.start, length);
	if (writer.in_scratch) {
		encoded->memory = memory;
	} else {
		encoded->buffer = writer.start;
	}
	if (memory && length > SCRATCH_SIZE) {
		/* A large one announces the next. */
		memory->expected_length = length > memory->expected_length ? length : memory->expected_length;
	}
	return true;
}

bool shmx_codec_encode(shmx_codec_memory *memory, zval *value, shmx_encoded *encoded)
{
	ZVAL_DEREF(value);
	switch (Z_TYPE_P(value)) {
		case IS_NULL:
			encoded_set(encoded, SHMX_TYPE_NULL, "", 0);
			return true;
		case IS_FALSE:
			encoded_set(encoded, SHMX_TYPE_FALSE, "", 0);
			return true;
		case IS_TRUE:
			encoded_set(encoded, SHMX_TYPE_TRUE, "", 0);
			return true;
		case IS_LONG:
			encoded->scalar.integer = Z_LVAL_P(value);
			encoded_set(encoded, SHMX_TYPE_INT, &encoded->scalar, sizeof(int64_t));
			return true;
		case IS_DOUBLE:
			encoded->scalar.number = Z_DVAL_P(value);
			encoded_set(encoded, SHMX_TYPE_FLOAT, &encoded->scalar, sizeof(double));
			return true;
		case IS_STRING:
			encoded_set(encoded, SHMX_TYPE_STRING, Z_STRVAL_P(value), Z_STRLEN_P(value));
			encoded->string = zend_string_copy(Z_STR_P(value));
			return true;
		case IS_ARRAY:
			return encode_array(memory, value, encoded);
		default:
			return shmx_codec_serialize(value, encoded);
	}
}

void shmx_codec_encoded_free(shmx_encoded *encoded)
{
	if (encoded->string) {
		zend_string_release(encoded->string);
	}
	if (encoded->buffer) {
		efree(encoded->buffer);
	}
	if (encoded->memory) {
		encoded->memory->scratch_taken = false;
	}
}

/* --- reading ------------------------------------------------------------------------------ */

typedef struct {
	const unsigned char *end;
	shmx_codec_memory *memory;
	uint32_t shape_count;
	uint32_t string_count;
	/* Both point into the value that is being built, which lives at least as long as they. */
	const zend_array *shapes[SHAPES_MOST];
	zend_string *strings[STRINGS_MOST];
} shmx_reader;

/*
 * Functions that read take the place to read at and return the place after it; NULL means that
 * the bytes are not valid, and that whatever was made for them is freed again.
 */

/*
 * A compiler may read memory twice for one variable, and shared memory may change in between: a
 * count would be checked and another one used. After this, a variable has no source but itself.
 */
#if defined(__GNUC__)
#define FORGET_SOURCE(variable) __asm__("" : "+r"(variable))
#else
#define FORGET_SOURCE(variable) ((void) (variable))
#endif

static zend_always_inline size_t left(const shmx_reader *reader, const unsigned char *at)
{
	return (size_t) (reader->end - at);
}

static zend_always_inline uint8_t read_u8(const unsigned char *at)
{
	return *(const volatile unsigned char *) at;
}

static zend_always_inline uint32_t read_u32(const unsigned char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	FORGET_SOURCE(value);
	return value;
}

static zend_always_inline int64_t read_i64(const unsigned char *at)
{
	int64_t value;

	memcpy(&value, at, sizeof(value));
	FORGET_SOURCE(value);
	return value;
}

static zend_always_inline void set_int(zval *value, int64_t integer)
{
#if SIZEOF_ZEND_LONG == 4
	/* Written by a 64-bit PHP: what is too large for an int here is a float, as in PHP code. */
	if (integer < ZEND_LONG_MIN || integer > ZEND_LONG_MAX) {
		ZVAL_DOUBLE(value, (double) integer);
		return;
	}
#endif
	ZVAL_LONG(value, (zend_long) integer);
}

static zend_always_inline void set_float(zval *value, const unsigned char *at)
{
	double number;

	memcpy(&number, at, sizeof(number));
	ZVAL_DOUBLE(value, number);
}

static zend_always_inline void set_string(zval *value, const unsigned char *bytes, size_t length)
{
	if (UNEXPECTED(length <= 1)) {
		ZVAL_INTERNED_STR(value, length ? ZSTR_CHAR(read_u8(bytes)) : ZSTR_EMPTY_ALLOC());
	} else {
		ZVAL_NEW_STR(value, new_string(bytes, length));
	}
}

static const unsigned char *read_long_string(shmx_reader *reader, const unsigned char *at, zval *value, bool numbered)
{
	if (UNEXPECTED(left(reader, at) < sizeof(uint32_t))) {
		return NULL;
	}
	uint32_t length = read_u32(at);
	at += sizeof(uint32_t);
	if (UNEXPECTED(length > left(reader, at))) {
		return NULL;
	}
	if (numbered && UNEXPECTED(reader->string_count == STRINGS_MOST)) {
		return NULL;
	}
	set_string(value, at, length);
	if (numbered) {
		reader->strings[reader->string_count++] = Z_STR_P(value);
	}
	return at + length;
}

static const unsigned char *read_string_again(shmx_reader *reader, const unsigned char *at, zval *value)
{
	if (UNEXPECTED(at == reader->end)) {
		return NULL;
	}
	uint8_t number = read_u8(at);
	if (UNEXPECTED(number >= reader->string_count)) {
		return NULL;
	}
	ZVAL_STR_COPY(value, reader->strings[number]);
	return at + 1;
}

/* The smallest size of a table that holds `count`, as the engine wants it: a power of two, and
 * at least 8, which its vector code relies on. */
static zend_always_inline uint32_t table_size(uint32_t count)
{
	uint32_t size = HT_MIN_SIZE;

	while (size < count) {
		size += size;
	}
	return size;
}

static zend_always_inline zend_array *new_table(uint32_t size, uint32_t mask, uint32_t flags)
{
	zend_array *array = emalloc(sizeof(zend_array));

	GC_SET_REFCOUNT(array, 1);
	GC_TYPE_INFO(array) = GC_ARRAY;
	HT_FLAGS(array) = flags;
	array->nTableMask = mask;
	array->nTableSize = size;
	array->nNumUsed = 0;
	array->nNumOfElements = 0;
	array->nInternalPointer = 0;
	array->pDestructor = ZVAL_PTR_DTOR;
	return array;
}

/* A list with room for `count` and none in it yet. */
static zend_always_inline zend_array *new_list(uint32_t count)
{
	uint32_t size = table_size(count);
	zend_array *list = new_table(size, HT_MIN_MASK, HASH_FLAG_PACKED | HASH_FLAG_STATIC_KEYS);

	HT_SET_DATA_ADDR(list, allocate(HT_PACKED_SIZE_EX(size, HT_MIN_MASK)));
	HT_HASH_RESET_PACKED(list);
	list->nNextFreeElement = (zend_long) count;
	return list;
}

/* The same of a hash table; its next free index is yet to be set. */
static zend_always_inline zend_array *new_hash(uint32_t count)
{
	uint32_t size = table_size(count);
	zend_array *hash = new_table(size, HT_SIZE_TO_MASK(size), HASH_FLAG_STATIC_KEYS);

	HT_SET_DATA_ADDR(hash, allocate(HT_SIZE(hash)));
	HT_HASH_RESET(hash);
	return hash;
}

static zend_always_inline void set_count(zend_array *array, uint32_t count)
{
	array->nNumUsed = count;
	array->nNumOfElements = count;
}

static const unsigned char *read_array(
	shmx_reader *reader, const unsigned char *at, uint8_t tag, zval *value, uint32_t depth);

/* Reads an array that has at least `behind` bytes of the input behind it, which are not its own to allocate for. */
static const unsigned char *read_inner_array(
	shmx_reader *reader, const unsigned char *at, uint8_t tag, zval *value, uint32_t depth, size_t behind)
{
	if (UNEXPECTED(left(reader, at) < behind)) {
		return NULL;
	}
	reader->end -= behind;
	at = read_array(reader, at, tag, value, depth);
	reader->end += behind;
	return at;
}

/* `behind`: the fewest bytes that the rest of the array takes which this value stands in. */
static zend_always_inline const unsigned char *read_value(
	shmx_reader *reader, const unsigned char *at, zval *value, uint32_t depth, size_t behind)
{
	if (UNEXPECTED(at == reader->end)) {
		return NULL;
	}
	uint8_t tag = read_u8(at++);
	if (tag >= TAG_SHORT_STRING) {
		size_t length = tag - TAG_SHORT_STRING;
		if (UNEXPECTED(length > left(reader, at))) {
			return NULL;
		}
		set_string(value, at, length);
		return at + length;
	}
	switch (tag) {
		case TAG_NULL:
			ZVAL_NULL(value);
			return at;
		case TAG_FALSE:
			ZVAL_FALSE(value);
			return at;
		case TAG_TRUE:
			ZVAL_TRUE(value);
			return at;
		case TAG_INT32:
			if (UNEXPECTED(left(reader, at) < sizeof(int32_t))) {
				return NULL;
			}
			ZVAL_LONG(value, (int32_t) read_u32(at));
			return at + sizeof(int32_t);
		case TAG_INT64:
			if (UNEXPECTED(left(reader, at) < sizeof(int64_t))) {
				return NULL;
			}
			set_int(value, read_i64(at));
			return at + sizeof(int64_t);
		case TAG_FLOAT:
			if (UNEXPECTED(left(reader, at) < sizeof(double))) {
				return NULL;
			}
			set_float(value, at);
			return at + sizeof(double);
		case TAG_STRING:
			return read_long_string(reader, at, value, false);
		case TAG_STRING_FIRST:
			return read_long_string(reader, at, value, true);
		case TAG_STRING_AGAIN:
			return read_string_again(reader, at, value);
		case TAG_EMPTY:
			ZVAL_EMPTY_ARRAY(value);
			return at;
		default:
			return read_inner_array(reader, at, tag, value, depth, behind);
	}
}

static const unsigned char *read_list(
	shmx_reader *reader, const unsigned char *at, uint32_t count, zval *value, uint32_t depth)
{
	if (UNEXPECTED(count > left(reader, at) || count > HT_MAX_SIZE)) {
		return NULL;
	}
	/* Two bytes must not become a table of their own when there is nothing in it. */
	if (UNEXPECTED(count == 0)) {
		ZVAL_EMPTY_ARRAY(value);
		return at;
	}
	zend_array *list = new_list(count);
	zval *element = list->arPacked;
	for (uint32_t i = 0; i < count; i++, element++) {
		at = read_value(reader, at, element, depth, count - i - 1);
		if (UNEXPECTED(!at)) {
			set_count(list, i);
			zend_array_destroy(list);
			return NULL;
		}
	}
	set_count(list, count);
	ZVAL_ARR(value, list);
	return at;
}

static const unsigned char *read_run(
	shmx_reader *reader, const unsigned char *at, uint32_t count, zval *value, uint8_t type)
{
	if (UNEXPECTED(count > left(reader, at) / 8 || count > HT_MAX_SIZE)) {
		return NULL;
	}
	zend_array *list = new_list(count);
	zval *element = list->arPacked;
	zval *end = element + count;
#ifdef SHMX_ZVAL_PAIRS
	/* A zval in one store: the value and, above it, the type. */
	const __m128i type_above = _mm_set_epi64x(0, type);
	for (; element < end; element++, at += 8) {
		__m128i low = _mm_loadl_epi64((const __m128i *) at);
		_mm_storeu_si128((__m128i *) element, _mm_unpacklo_epi64(low, type_above));
	}
#endif
	for (; element < end; element++, at += 8) {
		if (type == IS_LONG) {
			set_int(element, read_i64(at));
		} else {
			set_float(element, at);
		}
	}
	set_count(list, count);
	ZVAL_ARR(value, list);
	return at;
}

/*
 * Puts a bucket, its key set, into its chain. Returns false if the key is there already. Whoever
 * picks keys that all share one chain could make this quadratic; it therefore looks at no more
 * than a few links, and a duplicate that hides behind them is an entry that no lookup finds,
 * which foreach shows and the destructor frees.
 */
static zend_always_inline bool link_bucket(zend_array *hash, Bucket *bucket, uint32_t index)
{
	uint32_t *chain = &HT_HASH(hash, (uint32_t) bucket->h | hash->nTableMask);
	uint32_t link = *chain;

	Z_NEXT(bucket->val) = link;
	for (int steps = 0; link != HT_INVALID_IDX && steps < 16; steps++) {
		const Bucket *other = HT_HASH_TO_BUCKET(hash, link);
		if (UNEXPECTED(other->h == bucket->h)) {
			if (!bucket->key || !other->key) {
				if (bucket->key == other->key) {
					return false;
				}
			} else if (zend_string_equals(bucket->key, other->key)) {
				return false;
			}
		}
		link = Z_NEXT(other->val);
	}
	*chain = HT_IDX_TO_HASH(index);
	return true;
}

/* Reads the rest of a string key whose first byte was `length`. */
static zend_always_inline const unsigned char *read_key(
	shmx_reader *reader, const unsigned char *at, uint32_t length, zend_array *hash, Bucket *bucket)
{
	zend_string *key = NULL;

	if (UNEXPECTED(length == KEY_LONG)) {
		if (left(reader, at) < sizeof(uint32_t)) {
			return NULL;
		}
		length = read_u32(at);
		at += sizeof(uint32_t);
	}
	if (UNEXPECTED(left(reader, at) < sizeof(uint32_t) || length > left(reader, at) - sizeof(uint32_t))) {
		return NULL;
	}
	uint32_t hint = read_u32(at);
	at += sizeof(uint32_t);

	if (length <= 1) {
		key = length ? ZSTR_CHAR(read_u8(at)) : ZSTR_EMPTY_ALLOC();
	} else if (length <= KEY_REMEMBERED_MOST && reader->memory) {
		key = find_key(reader->memory, at, length, hint);
	}
	if (UNEXPECTED(!key)) {
		key = new_string(at, length);
		HT_FLAGS(hash) &= ~HASH_FLAG_STATIC_KEYS;
	}
	bucket->key = key;
	bucket->h = ZSTR_HASH(key);
	return at + length;
}

static const unsigned char *read_hash(shmx_reader *reader, const unsigned char *at, zval *value, uint32_t depth)
{
	if (UNEXPECTED(left(reader, at) < sizeof(uint32_t) + sizeof(int64_t))) {
		return NULL;
	}
	uint32_t count = read_u32(at);
	int64_t next = read_i64(at + sizeof(uint32_t));
	at += sizeof(uint32_t) + sizeof(int64_t);
	if (UNEXPECTED(count > left(reader, at) / LEAST_HASH_ENTRY || count > HT_MAX_SIZE)) {
		return NULL;
	}
#if SIZEOF_ZEND_LONG == 4
	if (next < ZEND_LONG_MIN) {
		next = ZEND_LONG_MIN; /* how a 64-bit PHP says that there was no int key yet */
	}
	if (next > ZEND_LONG_MAX) {
		next = ZEND_LONG_MAX; /* each index is looked at below */
	}
#endif

	/* An array that had int keys and lost them has no buckets, but its index. */
	zend_array *hash = count ? new_hash(count) : zend_new_array(0);
	hash->nNextFreeElement = (zend_long) next;
	Bucket *bucket = hash->arData; /* not used if there are none */
	uint32_t done = 0;
	for (; done < count; done++, bucket++) {
		if (UNEXPECTED(at == reader->end)) {
			break;
		}
		uint8_t length = read_u8(at++);
		if (length == KEY_INT) {
			if (UNEXPECTED(left(reader, at) < sizeof(int64_t))) {
				break;
			}
			int64_t index = read_i64(at);
			at += sizeof(int64_t);
			/* An index that is taken must not be handed out as the next free one. */
			if (UNEXPECTED(index >= next && next != ZEND_LONG_MAX)) {
				break;
			}
#if SIZEOF_ZEND_LONG == 4
			if (index < ZEND_LONG_MIN || index > ZEND_LONG_MAX) {
				break;
			}
#endif
			bucket->h = (zend_ulong) index;
			bucket->key = NULL;
		} else {
			at = read_key(reader, at, length, hash, bucket);
			if (UNEXPECTED(!at)) {
				break;
			}
		}
		const unsigned char *after = NULL;
		if (EXPECTED(link_bucket(hash, bucket, done))) {
			after = read_value(reader, at, &bucket->val, depth, (size_t) (count - done - 1) * LEAST_HASH_ENTRY);
		}
		if (UNEXPECTED(!after)) {
			if (bucket->key) {
				zend_string_release(bucket->key);
			}
			break;
		}
		at = after;
	}
	set_count(hash, done);
	if (UNEXPECTED(done < count)) {
		zend_array_destroy(hash);
		return NULL;
	}
	ZVAL_ARR(value, hash);
	return at;
}

/* Fills in the values of a hash table that has its keys. It is freed if they cannot be had. */
static zend_always_inline const unsigned char *read_row_values(
	shmx_reader *reader, const unsigned char *at, zend_array *row, zval *value, uint32_t depth)
{
	Bucket *bucket = row->arData;
	Bucket *end = bucket + row->nNumUsed;

	/* Setting a value leaves Z_NEXT alone, which the chains need. */
	for (; bucket < end; bucket++) {
		at = read_value(reader, at, &bucket->val, depth, (size_t) (end - bucket) - 1);
		if (UNEXPECTED(!at)) {
			for (; bucket < end; bucket++) {
				ZVAL_NULL(&bucket->val);
			}
			zend_array_destroy(row);
			return NULL;
		}
	}
	ZVAL_ARR(value, row);
	return at;
}

/* The first array of a shape: its table, without its values, is the model for those after it,
 * and for those within it. */
static const unsigned char *read_shape(shmx_reader *reader, const unsigned char *at, zval *value, uint32_t depth)
{
	if (UNEXPECTED(at == reader->end || reader->shape_count == SHAPES_MOST)) {
		return NULL;
	}
	uint8_t head = read_u8(at++);
	uint32_t count = head % SHAPE_FROM_ZERO;
	if (UNEXPECTED(count == 0 || count > SHAPE_KEYS_MOST || count > left(reader, at) / LEAST_HASH_ENTRY)) {
		return NULL;
	}

	zend_array *row = new_hash(count);
	row->nNextFreeElement = head & SHAPE_FROM_ZERO ? 0 : ZEND_LONG_MIN;
	Bucket *bucket = row->arData;
	for (uint32_t i = 0; i < count; i++, bucket++) {
		const unsigned char *after = NULL;
		if (EXPECTED(at < reader->end)) {
			uint8_t length = read_u8(at++);
			if (EXPECTED(length != KEY_INT)) {
				after = read_key(reader, at, length, row, bucket);
			}
		}
		if (after && UNEXPECTED(!link_bucket(row, bucket, i))) {
			zend_string_release(bucket->key);
			after = NULL;
		}
		if (UNEXPECTED(!after)) {
			set_count(row, i);
			zend_array_destroy(row);
			return NULL;
		}
		ZVAL_NULL(&bucket->val);
		at = after;
	}
	set_count(row, count);
	reader->shapes[reader->shape_count++] = row;
	return read_row_values(reader, at, row, value, depth);
}

/* A table with the keys, the chains and the hashes of its shape. */
static zend_always_inline zend_array *copy_shape(const zend_array *shape)
{
	zend_array *row = new_table(shape->nTableSize, shape->nTableMask, HT_FLAGS(shape));
	unsigned char *data = emalloc(HT_SIZE(shape));

	memcpy(data, HT_GET_DATA_ADDR(shape), HT_USED_SIZE(shape));
	HT_SET_DATA_ADDR(row, data);
	row->nNextFreeElement = shape->nNextFreeElement;
	set_count(row, shape->nNumUsed);
	if (UNEXPECTED(!(HT_FLAGS(shape) & HASH_FLAG_STATIC_KEYS))) {
		for (uint32_t i = 0; i < shape->nNumUsed; i++) {
			zend_string_addref(shape->arData[i].key);
		}
	}
	return row;
}

static const unsigned char *read_row(shmx_reader *reader, const unsigned char *at, zval *value, uint32_t depth)
{
	if (UNEXPECTED(at == reader->end)) {
		return NULL;
	}
	uint8_t number = read_u8(at++);
	if (UNEXPECTED(number >= reader->shape_count)) {
		return NULL;
	}
	const zend_array *shape = reader->shapes[number];
	if (UNEXPECTED(shape->nNumUsed > left(reader, at))) {
		return NULL;
	}
	return read_row_values(reader, at, copy_shape(shape), value, depth);
}

/* `depth` is how many more levels there may be. */
static const unsigned char *read_array(
	shmx_reader *reader, const unsigned char *at, uint8_t tag, zval *value, uint32_t depth)
{
	if (UNEXPECTED(depth == 0)) {
		return NULL;
	}
	depth--;
	if (tag >= TAG_SHORT_LIST) {
		return read_list(reader, at, tag - TAG_SHORT_LIST, value, depth);
	}
	switch (tag) {
		case TAG_EMPTY:
			ZVAL_EMPTY_ARRAY(value);
			return at;
		case TAG_ROW:
			return read_row(reader, at, value, depth);
		case TAG_SHAPE:
			return read_shape(reader, at, value, depth);
		case TAG_HASH:
			return read_hash(reader, at, value, depth);
		case TAG_LIST:
		case TAG_INTS:
		case TAG_FLOATS:
			break;
		default:
			return NULL;
	}
	if (UNEXPECTED(left(reader, at) < sizeof(uint32_t))) {
		return NULL;
	}
	uint32_t count = read_u32(at);
	at += sizeof(uint32_t);
	if (tag == TAG_INTS) {
		return read_run(reader, at, count, value, IS_LONG);
	}
	if (tag == TAG_FLOATS) {
		return read_run(reader, at, count, value, IS_DOUBLE);
	}
	return read_list(reader, at, count, value, depth);
}

static bool decode_array(shmx_codec_memory *memory, const unsigned char *bytes, size_t length, zval *value)
{
	shmx_reader reader;
	zval array;

	if (length == 0) {
		return false;
	}
	if (memory && !memory->keys) {
		memory->keys = pecalloc(KEY_SLOTS, sizeof(*memory->keys), true);
	}
	reader.end = bytes + length;
	reader.memory = memory;
	reader.shape_count = 0;
	reader.string_count = 0;
	const unsigned char *end = read_array(&reader, bytes + 1, read_u8(bytes), &array, DEEPEST_ARRAY);
	if (!end) {
		return false;
	}
	if (end != reader.end) {
		zval_ptr_dtor_nogc(&array);
		return false;
	}
	ZVAL_COPY_VALUE(value, &array);
	return true;
}

bool shmx_codec_decode(shmx_codec_memory *memory, uint8_t type, const unsigned char *bytes, size_t length, zval *value)
{
	switch (type) {
		case SHMX_TYPE_NULL:
		case SHMX_TYPE_FALSE:
		case SHMX_TYPE_TRUE:
			if (length != 0) {
				return false;
			}
			if (type == SHMX_TYPE_NULL) {
				ZVAL_NULL(value);
			} else {
				ZVAL_BOOL(value, type == SHMX_TYPE_TRUE);
			}
			return true;
		case SHMX_TYPE_INT:
			if (length != sizeof(int64_t)) {
				return false;
			}
			set_int(value, read_i64(bytes));
			return true;
		case SHMX_TYPE_FLOAT:
			if (length != sizeof(double)) {
				return false;
			}
			set_float(value, bytes);
			return true;
		case SHMX_TYPE_STRING:
			set_string(value, bytes, length);
			return true;
		case SHMX_TYPE_ARRAY:
			return decode_array(memory, bytes, length, value);
		default:
			return false;
	}
}

/* `result` is undefined before, and stays so where the bytes are no value. */
static void unserialize(const unsigned char *at, const unsigned char *end, zval *result)
{
	php_unserialize_data_t data;
	/* As in serialize(). */
	const unsigned int apart = BG(unserialize).level > 0 || BG(serialize_lock) > 0;

	BG(serialize_lock) += apart;
	zend_try
	{
		PHP_VAR_UNSERIALIZE_INIT(data);
		zval *slot = var_tmp_var(&data);
		if (php_var_unserialize(slot, &at, end, &data) && at == end) {
			ZVAL_COPY_DEREF(result, slot);
		}
		/* Runs the __unserialize and __wakeup that were put off. */
		PHP_VAR_UNSERIALIZE_DESTROY(data);
		if (BG(unserialize).data == data) {
			BG(unserialize).level = 0;
			BG(unserialize).data = NULL;
		}
	}
	zend_catch
	{
		if (!apart) {
			BG(unserialize).level = 0;
			BG(unserialize).data = NULL;
		}
		zend_bailout();
	}
	zend_end_try();
	BG(serialize_lock) -= apart;
}

bool shmx_codec_unserialize(const zend_string *private_copy, zval *value)
{
	const unsigned char *at = (const unsigned char *) ZSTR_VAL(private_copy);
	const unsigned char *end = at + ZSTR_LEN(private_copy);
	uint64_t sum;
	zval result;

	if (ZSTR_LEN(private_copy) < sizeof(sum)) {
		return false;
	}
	memcpy(&sum, at, sizeof(sum));
	at += sizeof(sum);
	if (sum != checksum(at, (size_t) (end - at))) {
		return false;
	}
	ZVAL_UNDEF(&result);
	unserialize(at, end, &result);
	if (EG(exception)) {
		zval_ptr_dtor(&result);
		return false;
	}
	if (Z_ISUNDEF(result)) {
		return false;
	}
	ZVAL_COPY_VALUE(value, &result);
	return true;
}
