/*
 * Named variables in one process: what each call promises, and long random sequences of calls against a plain model.
 */
#include "vars_support.h"

#define STRING 6

static void test_blank_and_other_kinds(void **state)
{
	shmx_segment segment;
	shmx_found found;
	shmx_key key = text_key("a");
	shmx_vars_figures figures;
	shmx_vars_cursor cursor = { 0 };
	unsigned char *name = malloc(SHMX_RECORD_MAX_KEY);
	size_t length;

	(void) state;
	open_segment(&segment, 100000);
	assert_int_equal(shmx_vars_find(&segment, &key, &found), SHMX_NOT_FOUND);
	assert_int_equal(shmx_vars_remove(&segment, &key), SHMX_NOT_FOUND);
	assert_int_equal(shmx_vars_clear(&segment), SHMX_OK);
	assert_int_equal(shmx_vars_next(&segment, &cursor, name, &length), SHMX_NOT_FOUND);
	assert_int_equal(shmx_vars_info(&segment, &figures), SHMX_OK);
	assert_int_equal(figures.entries, 0);
	assert_int_equal(shmx_segment_kind(&segment), SHMX_KIND_BLANK);
	atomic_store(&segment.header->write.kind, SHMX_KIND_BYTES);
	assert_int_equal(shmx_vars_find(&segment, &key, &found), SHMX_E_KIND);
	assert_int_equal(put_int(&segment, &key, 1, 0), SHMX_E_KIND);
	assert_int_equal(shmx_vars_remove(&segment, &key), SHMX_E_KIND);
	assert_int_equal(shmx_vars_clear(&segment), SHMX_E_KIND);
	assert_int_equal(shmx_vars_next(&segment, &cursor, name, &length), SHMX_E_KIND);
	assert_int_equal(shmx_vars_info(&segment, &figures), SHMX_E_KIND);
	close_segment(&segment);
	free(name);
}

static void test_put_find_replace_remove(void **state)
{
	shmx_segment segment;
	shmx_key a = text_key("a"), b = text_key("b"), empty = { NULL, 0, 0 };
	unsigned char bytes[64];
	size_t length = sizeof(bytes);
	uint8_t type;
	int64_t number;

	(void) state;
	open_segment(&segment, 100000);
	assert_int_equal(put_bytes(&segment, &a, "hello", 5, 0), SHMX_OK);
	assert_int_equal(get_copy(&segment, &a, bytes, &length, &type), SHMX_OK);
	assert_int_equal(type, STRING);
	assert_int_equal(length, 5);
	assert_memory_equal(bytes, "hello", 5);
	assert_int_equal(get_int(&segment, &b, &number), SHMX_NOT_FOUND);
	assert_int_equal(put_int(&segment, &a, -7, 0), SHMX_OK);
	assert_int_equal(get_int(&segment, &a, &number), SHMX_OK);
	assert_int_equal(number, -7);
	assert_int_equal(put_int(&segment, &empty, 9, 0), SHMX_OK);
	assert_int_equal(get_int(&segment, &empty, &number), SHMX_OK);
	assert_int_equal(number, 9);
	assert_sound(&segment);
	assert_int_equal(shmx_vars_remove(&segment, &a), SHMX_OK);
	assert_int_equal(shmx_vars_remove(&segment, &a), SHMX_NOT_FOUND);
	assert_int_equal(get_int(&segment, &a, &number), SHMX_NOT_FOUND);
	assert_sound(&segment);
	assert_int_equal(shmx_vars_clear(&segment), SHMX_OK);
	assert_int_equal(get_int(&segment, &empty, &number), SHMX_NOT_FOUND);
	assert_sound(&segment);
	close_segment(&segment);
}

static void test_long_keys(void **state)
{
	shmx_segment segment;
	unsigned char *bytes = malloc(SHMX_RECORD_MAX_KEY + 1);
	shmx_key key = { bytes, SHMX_RECORD_MAX_KEY, 77 };
	shmx_key other = { bytes + 1, SHMX_RECORD_MAX_KEY, 77 };
	shmx_key longer = { bytes, SHMX_RECORD_MAX_KEY + 1, 77 };
	shmx_value value = { STRING, NULL, 0 };
	shmx_room room;
	int64_t number;

	(void) state;
	for (size_t i = 0; i <= SHMX_RECORD_MAX_KEY; i++) {
		bytes[i] = (unsigned char) (i * 7 / 3);
	}
	open_segment(&segment, 4000000);
	assert_int_equal(put_int(&segment, &key, 1, 0), SHMX_OK);
	assert_int_equal(put_int(&segment, &other, 2, 0), SHMX_OK);
	assert_int_equal(put_int(&segment, &longer, 2, 0), SHMX_E_TOO_LARGE);
	assert_int_equal(shmx_vars_put(&segment, &longer, &value, 0, false, &room), SHMX_E_TOO_LARGE);
	assert_int_equal(room.needed, SHMX_RECORD_HEADER + SHMX_RECORD_MAX_KEY + 1);
	assert_int_equal(room.available, 0);
	assert_int_equal(shmx_vars_remove(&segment, &longer), SHMX_NOT_FOUND);
	/* A value beyond what a record's length can say. */
	value.length = SHMX_RECORD_MAX_VALUE + 1;
	assert_int_equal(shmx_vars_put(&segment, &key, &value, 10, false, &room), SHMX_E_TOO_LARGE);
	assert_true(room.needed > SHMX_RECORD_MAX_VALUE);
	assert_int_equal(get_int(&segment, &longer, &number), SHMX_NOT_FOUND);
	assert_int_equal(get_int(&segment, &key, &number), SHMX_OK);
	assert_int_equal(number, 1);
	assert_int_equal(get_int(&segment, &other, &number), SHMX_OK);
	assert_int_equal(number, 2);
	assert_sound(&segment);
	close_segment(&segment);
	free(bytes);
}

static uint64_t head_of(const shmx_segment *segment)
{
	return atomic_load(&((shmx_vars_root *) (void *) segment->header->root)->log.head);
}

/* Clearing does not use up the offsets, of which each lap takes as many as the ring has bytes. */
static void test_clearing_is_sparing_with_offsets(void **state)
{
	shmx_segment segment;
	test_key key;
	uint64_t begun;

	(void) state;
	make_key(&key, 1);
	open_segment(&segment, 100000);
	assert_int_equal(put_bytes(&segment, &key.key, "one", 3, 0), SHMX_OK);
	begun = head_of(&segment);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(shmx_vars_clear(&segment), SHMX_OK);
		assert_int_equal(put_bytes(&segment, &key.key, "one", 3, 0), SHMX_OK);
	}
	assert_true(head_of(&segment) - begun < 1000 * 48 * 3);
	assert_sound(&segment);
	close_segment(&segment);
}

static void test_scalars_are_replaced_in_place(void **state)
{
	shmx_segment segment;
	shmx_key key = text_key("n");
	shmx_value yes = { SHMX_VALUE_TRUE, NULL, 0 }, no = { SHMX_VALUE_FALSE, NULL, 0 };
	double third = 1.0 / 3;
	shmx_value fraction = { SHMX_VALUE_FLOAT, &third, 8 };
	shmx_found found;
	uint64_t head;

	(void) state;
	open_segment(&segment, 100000);
	put_int(&segment, &key, 1, 0);
	head = head_of(&segment);
	put_int(&segment, &key, 2, 0);
	assert_int_equal(head_of(&segment), head);
	put_int(&segment, &key, 2, 5);
	assert_int_not_equal(head_of(&segment), head);
	assert_int_equal(shmx_vars_put(&segment, &key, &yes, 0, false, NULL), SHMX_OK);
	head = head_of(&segment);
	assert_int_equal(shmx_vars_put(&segment, &key, &no, 0, false, NULL), SHMX_OK);
	assert_int_equal(head_of(&segment), head);
	assert_int_equal(shmx_vars_find(&segment, &key, &found), SHMX_OK);
	assert_int_equal(found.type, SHMX_VALUE_FALSE);
	assert_int_equal(shmx_vars_put(&segment, &key, &fraction, 0, false, NULL), SHMX_OK);
	assert_int_not_equal(head_of(&segment), head);
	assert_int_equal(shmx_vars_find(&segment, &key, &found), SHMX_OK);
	assert_int_equal(found.type, SHMX_VALUE_FLOAT);
	assert_memory_equal(&found.number, &third, 8);
	assert_sound(&segment);
	close_segment(&segment);
}

static void test_only_if_absent(void **state)
{
	shmx_segment segment;
	shmx_key key = text_key("lock");
	int64_t number = 5;
	shmx_value value = { SHMX_VALUE_INT, &number, 8 };

	(void) state;
	set_clock(1000 * SECOND);
	open_segment(&segment, 100000);
	assert_int_equal(shmx_vars_put(&segment, &key, &value, 10, true, NULL), SHMX_OK);
	number = 6;
	assert_int_equal(shmx_vars_put(&segment, &key, &value, 10, true, NULL), SHMX_NOT_FOUND);
	set_clock(1009 * SECOND);
	assert_int_equal(shmx_vars_put(&segment, &key, &value, 10, true, NULL), SHMX_NOT_FOUND);
	set_clock(1010 * SECOND);
	assert_int_equal(shmx_vars_put(&segment, &key, &value, 10, true, NULL), SHMX_OK);
	assert_int_equal(get_int(&segment, &key, &number), SHMX_OK);
	assert_int_equal(number, 6);
	assert_sound(&segment);
	close_segment(&segment);
	set_clock(0);
}

static void test_increment(void **state)
{
	shmx_segment segment;
	shmx_key key = text_key("n"), text = text_key("s");
	int64_t result;

	(void) state;
	set_clock(1000 * SECOND);
	open_segment(&segment, 100000);
	assert_int_equal(shmx_vars_increment(&segment, &key, 5, 0, &result, NULL), SHMX_OK);
	assert_int_equal(result, 5);
	assert_int_equal(shmx_vars_increment(&segment, &key, -7, 0, &result, NULL), SHMX_OK);
	assert_int_equal(result, -2);
	put_int(&segment, &key, INT64_MAX - 1, 0);
	assert_int_equal(shmx_vars_increment(&segment, &key, 1, 0, &result, NULL), SHMX_OK);
	assert_int_equal(shmx_vars_increment(&segment, &key, 1, 0, &result, NULL), SHMX_E_TYPE);
	assert_true(result == INT64_MAX);
	put_bytes(&segment, &text, "12345678", 8, 0);
	assert_int_equal(shmx_vars_increment(&segment, &text, 1, 0, &result, NULL), SHMX_E_TYPE);
	assert_int_equal(result, 0);
	/* The first call's time to live counts. */
	shmx_vars_remove(&segment, &key);
	assert_int_equal(shmx_vars_increment(&segment, &key, 1, 10, &result, NULL), SHMX_OK);
	set_clock(1009 * SECOND);
	assert_int_equal(shmx_vars_increment(&segment, &key, 1, 10, &result, NULL), SHMX_OK);
	assert_int_equal(result, 2);
	set_clock(1010 * SECOND);
	assert_int_equal(shmx_vars_increment(&segment, &key, 1, 10, &result, NULL), SHMX_OK);
	assert_int_equal(result, 1);
	assert_sound(&segment);
	close_segment(&segment);
	set_clock(0);
}

static void test_compare_and_swap(void **state)
{
	shmx_segment segment;
	shmx_key key = text_key("c");
	shmx_found first, second;
	int64_t number = 2;
	shmx_value two = { SHMX_VALUE_INT, &number, 8 }, text = { STRING, "text", 4 };

	(void) state;
	set_clock(1000 * SECOND);
	open_segment(&segment, 100000);
	put_int(&segment, &key, 1, 10);
	assert_int_equal(shmx_vars_find(&segment, &key, &first), SHMX_OK);
	assert_int_equal(shmx_vars_replace_if(&segment, &key, &first, &two, NULL), SHMX_OK);
	/* In place, so the record is the same; the number tells. */
	assert_int_equal(shmx_vars_replace_if(&segment, &key, &first, &two, NULL), SHMX_NOT_FOUND);
	assert_int_equal(shmx_vars_find(&segment, &key, &second), SHMX_OK);
	assert_int_equal(second.offset, first.offset);
	assert_int_equal(shmx_vars_replace_if(&segment, &key, &second, &text, NULL), SHMX_OK);
	assert_int_equal(shmx_vars_replace_if(&segment, &key, &second, &text, NULL), SHMX_NOT_FOUND);
	assert_int_equal(shmx_vars_find(&segment, &key, &second), SHMX_OK);
	assert_int_equal(second.type, STRING);
	/* The expiry stayed what it was. */
	set_clock(1010 * SECOND);
	assert_int_equal(shmx_vars_replace_if(&segment, &key, &second, &two, NULL), SHMX_NOT_FOUND);
	assert_int_equal(shmx_vars_find(&segment, &key, &second), SHMX_NOT_FOUND);
	assert_sound(&segment);
	close_segment(&segment);
	set_clock(0);
}

static void test_expiry_follows_the_clock(void **state)
{
	shmx_segment segment;
	shmx_key key = text_key("t"), kept = text_key("kept"), evictable = text_key("e"), far = text_key("f");
	int64_t number;

	(void) state;
	set_clock(1000 * SECOND);
	open_segment(&segment, 100000);
	put_int(&segment, &key, 1, 1);
	put_int(&segment, &kept, 2, 0);
	put_int(&segment, &evictable, 3, SHMX_TTL_EVICTABLE);
	put_int(&segment, &far, 4, SHMX_TTL_EVICTABLE - 1);
	set_clock(1001 * SECOND - 1);
	assert_int_equal(get_int(&segment, &key, &number), SHMX_OK);
	set_clock(1001 * SECOND);
	assert_int_equal(get_int(&segment, &key, &number), SHMX_NOT_FOUND);
	set_clock(INT64_MAX / 2);
	assert_int_equal(get_int(&segment, &kept, &number), SHMX_OK);
	assert_int_equal(get_int(&segment, &evictable, &number), SHMX_OK);
	assert_int_equal(get_int(&segment, &far, &number), SHMX_OK);
	assert_int_equal(shmx_vars_remove(&segment, &key), SHMX_NOT_FOUND);
	assert_sound(&segment);
	close_segment(&segment);
	set_clock(0);
}

static void test_full_of_permanent_variables(void **state)
{
	static const size_t sizes[] = { 500, 1000, 4096, 10000, 65536, 1 << 20 };

	(void) state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		shmx_segment segment;
		unsigned char bytes[40], copy[40];
		shmx_room room;
		uint64_t count = 0, version;
		size_t length;
		uint8_t type;
		test_key key;
		shmx_status status;

		open_segment(&segment, sizes[s]);
		do {
			shmx_value value = { STRING, bytes, sizeof(bytes) };

			make_key(&key, count);
			make_value(bytes, sizeof(bytes), count, 0);
			status = shmx_vars_put(&segment, &key.key, &value, 0, false, &room);
			count += status == SHMX_OK;
		} while (status == SHMX_OK);
		if (count == 0) {
			assert_int_equal(status, SHMX_E_TOO_LARGE);
			close_segment(&segment);
			continue;
		}
		assert_int_equal(status, SHMX_E_FULL);
		assert_true(room.needed > room.available);
		assert_sound(&segment);
		/* Full to the brim, and still each can be updated, again and again. */
		for (uint64_t round = 1; round <= 20; round++) {
			for (uint64_t i = 0; i < count; i++) {
				make_key(&key, i);
				make_value(bytes, sizeof(bytes), i, round);
				assert_int_equal(put_bytes(&segment, &key.key, bytes, sizeof(bytes), 0), SHMX_OK);
			}
			assert_sound(&segment);
			/* Cache entries come and go beside them. */
			for (uint64_t i = 0; i < 20; i++) {
				make_key(&key, 1000000 + i);
				status = put_bytes(&segment, &key.key, bytes, sizeof(bytes), 100);
				assert_int_equal(status, SHMX_OK);
			}
			assert_sound(&segment);
		}
		for (uint64_t i = 0; i < count; i++) {
			make_key(&key, i);
			length = sizeof(copy);
			assert_int_equal(get_copy(&segment, &key.key, copy, &length, &type), SHMX_OK);
			assert_true(is_value(copy, length, i, &version));
			assert_int_equal(version, 20);
		}
		close_segment(&segment);
	}
}

static void test_too_large_is_told_at_once(void **state)
{
	shmx_segment segment;
	unsigned char *bytes = calloc(1, 100000);
	shmx_key key = text_key("k");
	shmx_value value = { STRING, bytes, 100000 };
	shmx_vars_figures figures;
	shmx_room room;

	(void) state;
	open_segment(&segment, 100000);
	assert_int_equal(shmx_vars_put(&segment, &key, &value, 0, false, &room), SHMX_E_TOO_LARGE);
	assert_true(room.needed > room.available);
	assert_int_equal(shmx_vars_put(&segment, &key, &value, 10, false, &room), SHMX_E_TOO_LARGE);
	assert_int_equal(shmx_segment_kind(&segment), SHMX_KIND_BLANK);
	shmx_vars_info(&segment, &figures);
	/* A cache entry may be as large as the log, a permanent one nearly a quarter. */
	value.length = figures.capacity - SHMX_RECORD_HEADER - 8;
	assert_int_equal(shmx_vars_put(&segment, &key, &value, 10, false, &room), SHMX_OK);
	assert_int_equal(shmx_vars_put(&segment, &key, &value, 10, false, &room), SHMX_OK);
	value.length = figures.capacity / 5;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(shmx_vars_put(&segment, &key, &value, 0, false, &room), SHMX_OK);
		assert_sound(&segment);
	}
	value.length = figures.capacity / 3;
	assert_int_equal(shmx_vars_put(&segment, &key, &value, 0, false, &room), SHMX_E_TOO_LARGE);
	assert_sound(&segment);
	close_segment(&segment);
	free(bytes);
}

static void test_tiny_segments(void **state)
{
	(void) state;
	for (size_t size = 1; size < 700; size += 3) {
		shmx_segment segment;
		shmx_found found;
		test_key key;

		open_segment(&segment, size);
		for (uint64_t i = 0; i < 40; i++) {
			shmx_status status;

			make_key(&key, i);
			status = put_int(&segment, &key.key, 1, i % 2 ? 0 : 100);
			assert_true(status == SHMX_OK || status == SHMX_E_FULL || status == SHMX_E_TOO_LARGE);
			if (status == SHMX_OK) {
				assert_int_equal(shmx_vars_find(&segment, &key.key, &found), SHMX_OK);
			}
		}
		assert_sound(&segment);
		close_segment(&segment);
	}
}

/* The face refuses a negative time. Here it is over before it begins, even where it would be taken for "never". */
static void test_a_negative_time_is_over_at_once(void **state)
{
	static const int64_t ttls[] = { -1, -1000000, INT64_MIN };
	shmx_segment segment;
	shmx_key key = text_key("k");
	int64_t number;

	(void) state;
	open_segment(&segment, 100000);
	for (size_t i = 0; i < sizeof(ttls) / sizeof(ttls[0]); i++) {
		assert_int_equal(put_int(&segment, &key, 1, 0), SHMX_OK);
		assert_int_equal(put_int(&segment, &key, 2, ttls[i]), SHMX_OK);
		assert_int_equal(get_int(&segment, &key, &number), SHMX_NOT_FOUND);
		assert_int_equal(shmx_vars_increment(&segment, &key, 1, ttls[i], &number, NULL), SHMX_OK);
		assert_int_equal(number, 1);
		assert_int_equal(get_int(&segment, &key, &number), SHMX_NOT_FOUND);
		assert_sound(&segment);
	}
	/* One second after the clock's beginning, a second less is 0, which says "never". */
	set_clock(SECOND);
	assert_int_equal(put_int(&segment, &key, 3, -1), SHMX_OK);
	assert_int_equal(get_int(&segment, &key, &number), SHMX_NOT_FOUND);
	set_clock(0);
	close_segment(&segment);
}

/* Each call by a handle that has not yet looked. */
static void test_an_identity_scribbled_over_is_noticed(void **state)
{
	static unsigned char name[SHMX_RECORD_MAX_KEY];
	shmx_segment segment, fresh;
	shmx_key key = text_key("k");
	int64_t number = 1;
	shmx_value value = { SHMX_VALUE_INT, &number, 8 };
	shmx_vars_cursor cursor = { 0 };
	shmx_vars_figures figures;
	shmx_found found = { 0 };
	const char *broken;
	size_t length;

	(void) state;
	open_segment(&segment, 100000);
	assert_int_equal(put_int(&segment, &key, 1, 0), SHMX_OK);
	open_again(&fresh, &segment, false);
	fresh.checked = false;
	atomic_store(&segment.header->identity.version, SHMX_FORMAT_VERSION + 1);
	assert_int_equal(put_int(&fresh, &key, 2, 0), SHMX_E_DAMAGED);
	assert_int_equal(shmx_vars_find(&fresh, &key, &found), SHMX_E_DAMAGED);
	assert_int_equal(shmx_vars_replace_if(&fresh, &key, &found, &value, NULL), SHMX_E_DAMAGED);
	assert_int_equal(shmx_vars_increment(&fresh, &key, 1, 0, &number, NULL), SHMX_E_DAMAGED);
	assert_int_equal(shmx_vars_remove(&fresh, &key), SHMX_E_DAMAGED);
	assert_int_equal(shmx_vars_clear(&fresh), SHMX_E_DAMAGED);
	assert_int_equal(shmx_vars_next(&fresh, &cursor, name, &length), SHMX_E_DAMAGED);
	assert_int_equal(shmx_vars_info(&fresh, &figures), SHMX_E_DAMAGED);
	assert_int_equal(shmx_vars_check(&fresh, &broken), SHMX_E_DAMAGED);
	atomic_store(&segment.header->identity.version, SHMX_FORMAT_VERSION);
	assert_int_equal(get_int(&fresh, &key, &number), SHMX_OK);
	assert_int_equal(number, 1);
	shmx_segment_close(&fresh);
	close_segment(&segment);
}

/* Only a scribbler makes variables of a segment that has no room for a single bucket. */
static void test_variables_without_room_for_an_index_are_damaged(void **state)
{
	static unsigned char name[SHMX_RECORD_MAX_KEY];
	shmx_segment segment;
	shmx_key key = text_key("k");
	shmx_vars_cursor cursor = { 0 };
	shmx_vars_figures figures;
	int64_t number;
	size_t length;

	(void) state;
	open_segment(&segment, 8);
	atomic_store(&segment.header->write.kind, SHMX_KIND_VARIABLES);
	assert_int_equal(put_int(&segment, &key, 1, 0), SHMX_E_DAMAGED);
	assert_int_equal(shmx_vars_remove(&segment, &key), SHMX_E_DAMAGED);
	assert_int_equal(shmx_vars_clear(&segment), SHMX_E_DAMAGED);
	assert_int_equal(get_int(&segment, &key, &number), SHMX_NOT_FOUND);
	assert_int_equal(shmx_vars_next(&segment, &cursor, name, &length), SHMX_NOT_FOUND);
	assert_int_equal(shmx_vars_info(&segment, &figures), SHMX_OK);
	assert_int_equal(figures.capacity, 0);
	shmx_vars_recover(&segment);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(segment.payload[i], 0);
	}
	close_segment(&segment);
}

static void test_eviction_takes_the_oldest_first(void **state)
{
	shmx_segment segment;
	test_key key;
	int64_t number;
	uint64_t first = UINT64_MAX;

	(void) state;
	open_segment(&segment, 20000);
	for (uint64_t i = 0; i < 5000; i++) {
		make_key(&key, i);
		assert_int_equal(put_int(&segment, &key.key, (int64_t) i, i % 2 ? SHMX_TTL_EVICTABLE : 1000), SHMX_OK);
	}
	for (uint64_t i = 0; i < 5000; i++) {
		shmx_status status;

		make_key(&key, i);
		status = get_int(&segment, &key.key, &number);
		if (status == SHMX_OK && first == UINT64_MAX) {
			first = i;
		}
		assert_int_equal(status, i < first ? SHMX_NOT_FOUND : SHMX_OK);
	}
	assert_true(first > 4000 && first < 4800);
	assert_sound(&segment);
	close_segment(&segment);
}

static void test_what_was_read_gets_a_second_round(void **state)
{
	shmx_segment segment;
	test_key key;
	int64_t number;
	shmx_vars_figures figures;
	uint64_t capacity, stayed = 0, i;

	(void) state;
	open_segment(&segment, 40000);
	shmx_vars_info(&segment, &figures);
	capacity = figures.capacity / 56;
	for (i = 0; i < capacity - 100; i++) {
		make_key(&key, 10000 + i);
		assert_int_equal(put_int(&segment, &key.key, 1, SHMX_TTL_EVICTABLE), SHMX_OK);
	}
	for (i = 0; i < 100; i++) {
		make_key(&key, 10000 + i);
		assert_int_equal(get_int(&segment, &key.key, &number), SHMX_OK);
	}
	/* Half a lap: all hundred have been met at tail, and stay. */
	for (i = 0; i < capacity / 2; i++) {
		make_key(&key, 20000 + i);
		assert_int_equal(put_int(&segment, &key.key, 1, SHMX_TTL_EVICTABLE), SHMX_OK);
	}
	shmx_vars_info(&segment, &figures);
	assert_true(figures.second_rounds >= 90);
	assert_true(figures.moved_bytes >= 90 * 48);
	/* Two more laps without a read: they are gone. */
	for (i = 0; i < capacity * 2; i++) {
		make_key(&key, 30000 + i);
		assert_int_equal(put_int(&segment, &key.key, 1, SHMX_TTL_EVICTABLE), SHMX_OK);
	}
	for (i = 0; i < 100; i++) {
		make_key(&key, 10000 + i);
		stayed += get_int(&segment, &key.key, &number) == SHMX_OK;
	}
	assert_int_equal(stayed, 0);
	assert_sound(&segment);
	close_segment(&segment);
}

#define HOT_KEYS 400

static shmx_segment *read_all_the_while;

/* Asked the time for each entry that a put passes. Says 0, which is none, so that it is asked again. */
static int64_t clock_that_reads(void)
{
	shmx_segment *segment = read_all_the_while;

	read_all_the_while = NULL;
	for (uint64_t i = 0; segment != NULL && i < HOT_KEYS; i++) {
		test_key key;
		int64_t number;

		make_key(&key, 10000 + i);
		get_int(segment, &key.key, &number);
	}
	read_all_the_while = segment;
	return 0;
}

/* Readers that touch every cache entry again before a put comes round to it do not keep it from ever getting its room. */
static void test_what_is_read_all_the_while_gives_way(void **state)
{
	int64_t (*real)(void) = shmx_vars_clock;
	shmx_segment segment;
	test_key key;
	int64_t number;
	static char bytes[20000];
	const shmx_value large = { STRING, bytes, sizeof(bytes) };
	shmx_status status;

	(void) state;
	open_segment(&segment, 50000);
	for (uint64_t i = 0; i < HOT_KEYS; i++) {
		make_key(&key, i);
		assert_int_equal(put_int(&segment, &key.key, (int64_t) i, 0), SHMX_OK);
	}
	for (uint64_t i = 0; i < HOT_KEYS; i++) {
		make_key(&key, 10000 + i);
		assert_int_equal(put_int(&segment, &key.key, 1, 1000), SHMX_OK);
	}
	make_key(&key, 20000);
	read_all_the_while = &segment;
	shmx_vars_clock = clock_that_reads;
	status = shmx_vars_put(&segment, &key.key, &large, 1000, false, NULL);
	shmx_vars_clock = real;
	read_all_the_while = NULL;
	assert_int_equal(status, SHMX_OK);
	for (uint64_t i = 0; i < HOT_KEYS; i++) {
		make_key(&key, i);
		assert_int_equal(get_int(&segment, &key.key, &number), SHMX_OK);
		assert_int_equal(number, i);
	}
	assert_sound(&segment);
	close_segment(&segment);
}

static uint64_t moved_bytes(shmx_segment *segment)
{
	shmx_vars_figures figures;

	shmx_vars_info(segment, &figures);
	return figures.moved_bytes;
}

/* Permanent records of up to `most` bytes of value, until they take `share` hundredths; returns the room they leave. */
static uint64_t fill_with_permanent(shmx_segment *segment, uint64_t share, size_t most, uint64_t *random)
{
	static const unsigned char bytes[2000];
	shmx_vars_figures figures;
	test_key key;

	shmx_vars_info(segment, &figures);
	for (uint64_t i = 0; figures.permanent_bytes < figures.capacity * share / 100; i++) {
		size_t length = most > 48 ? next_number(random) % most : most;

		make_key(&key, 1000000 + i);
		assert_int_equal(put_bytes(segment, &key.key, bytes, length, 0), SHMX_OK);
		shmx_vars_info(segment, &figures);
	}
	return figures.capacity - figures.permanent_bytes;
}

/*
 * Small puts beside permanent records and, now and then, one that takes more than half of what these leave, so that much
 * is lost at the end of a lap: each moves its share, and the large one what is left to do.
 */
static void test_small_puts_beside_large_entries(void **state)
{
	static const unsigned char bytes[400000];
	uint64_t worst = 0, random = 1;
	shmx_segment segment;
	test_key key, large_key;
	size_t large;

	(void) state;
	open_segment(&segment, 1200000);
	large = fill_with_permanent(&segment, 60, 48, &random) * 55 / 100;
	make_key(&large_key, 1);
	for (uint64_t cycle = 0; cycle < 12; cycle++) {
		assert_int_equal(put_bytes(&segment, &large_key.key, bytes, large, SHMX_TTL_EVICTABLE), SHMX_OK);
		for (uint64_t i = 0; i < 40; i++) {
			uint64_t before = moved_bytes(&segment);

			make_key(&key, 2000 + 40 * cycle + i);
			assert_int_equal(put_int(&segment, &key.key, 1, SHMX_TTL_EVICTABLE), SHMX_OK);
			before = moved_bytes(&segment) - before;
			worst = before > worst ? before : worst;
		}
	}
	assert_in_range(worst, 0, 32 * 56 + 96);
	assert_sound(&segment);
	close_segment(&segment);
}

/* Large entries put in turn: a put drops what it must, and no other, though it loses bytes at the end of a lap. */
static void test_large_entries_in_turn_stay(void **state)
{
	static const unsigned char bytes[500000];
	shmx_segment segment;
	shmx_vars_figures figures;
	test_key keys[2];
	shmx_found found;

	(void) state;
	open_segment(&segment, 1200000);
	shmx_vars_info(&segment, &figures);
	for (uint64_t i = 0; i < 20; i++) {
		make_key(&keys[i % 2], i % 2);
		assert_int_equal(
			put_bytes(&segment, &keys[i % 2].key, bytes, figures.capacity * 4 / 10, SHMX_TTL_EVICTABLE), SHMX_OK);
		if (i > 0) {
			assert_int_equal(shmx_vars_find(&segment, &keys[0].key, &found), SHMX_OK);
			assert_int_equal(shmx_vars_find(&segment, &keys[1].key, &found), SHMX_OK);
		}
	}
	close_segment(&segment);
}

/* Small and large with sizes at random, one in ten of them up to two fifths of what permanent records leave. */
static void test_each_put_moves_its_share(void **state)
{
	static const unsigned char bytes[400000];
	uint64_t random = 7;

	(void) state;
	for (uint64_t round = 0; round < 8; round++) {
		shmx_segment segment;
		uint64_t rest;

		open_segment(&segment, 1200000);
		rest = fill_with_permanent(&segment, 30 + next_number(&random) % 60, round % 2 ? 2000 : 48, &random);
		for (int i = 0; i < 8000; i++) {
			uint64_t kind = next_number(&random), before = moved_bytes(&segment);
			size_t length = next_number(&random) % (kind % 10 == 0 ? rest * 40 / 100 : kind % 3 == 0 ? 3000 : 9);
			shmx_status status;
			test_key key;

			make_key(&key, next_number(&random) % 5000);
			status = put_bytes(&segment, &key.key, bytes, length, SHMX_TTL_EVICTABLE);
			assert_true(status == SHMX_OK || status == SHMX_E_FULL);
			/* And one record, of 2,000 bytes and its key and header at most. */
			assert_in_range(moved_bytes(&segment) - before, 0, 32 * (length + 56) + 2064);
		}
		assert_sound(&segment);
		close_segment(&segment);
	}
}

static void test_figures(void **state)
{
	shmx_segment segment;
	test_key key;
	int64_t number;
	shmx_vars_figures figures;

	(void) state;
	open_segment(&segment, 100000);
	for (uint64_t i = 0; i < 10; i++) {
		make_key(&key, i);
		put_int(&segment, &key.key, 1, i < 4 ? 0 : 100);
		get_int(&segment, &key.key, &number);
		make_key(&key, i + 100);
		get_int(&segment, &key.key, &number);
	}
	assert_int_equal(shmx_vars_info(&segment, &figures), SHMX_OK);
	assert_int_equal(figures.entries, 10);
	assert_int_equal(figures.hits, 10);
	assert_int_equal(figures.misses, 10);
	assert_int_equal(figures.bytes_live, 10 * 48);
	assert_int_equal(figures.bytes_used, 10 * 48);
	assert_int_equal(figures.permanent_bytes, 4 * 48);
	make_key(&key, 0);
	shmx_vars_remove(&segment, &key.key);
	shmx_vars_info(&segment, &figures);
	assert_int_equal(figures.entries, 9);
	assert_int_equal(figures.permanent_bytes, 3 * 48);
	assert_int_equal(figures.bytes_used, 10 * 48);
	shmx_vars_clear(&segment);
	shmx_vars_info(&segment, &figures);
	assert_int_equal(figures.entries, 0);
	assert_int_equal(figures.bytes_used, 0);
	close_segment(&segment);
}

static void test_read_only_mapping(void **state)
{
	shmx_segment segment, reader;
	shmx_key key = text_key("k");
	int64_t number;

	(void) state;
	open_segment(&segment, 100000);
	open_again(&reader, &segment, true);
	assert_int_equal(get_int(&reader, &key, &number), SHMX_NOT_FOUND);
	put_int(&segment, &key, 3, SHMX_TTL_EVICTABLE);
	assert_int_equal(get_int(&reader, &key, &number), SHMX_OK);
	assert_int_equal(number, 3);
	assert_int_equal(put_int(&reader, &key, 3, 0), SHMX_E_READ_ONLY);
	assert_int_equal(shmx_vars_remove(&reader, &key), SHMX_E_READ_ONLY);
	shmdt(reader.header);
	close_segment(&segment);
}

/* --- the model -------------------------------------------------------------------------------- */

#define MODEL_KEYS 400

typedef struct {
	bool there;
	bool permanent;
	int64_t expiry; /* 0: none */
	uint8_t type;
	size_t length;
	uint64_t version;
	int64_t number;
} model_entry;

typedef struct {
	shmx_segment segment;
	model_entry entries[MODEL_KEYS];
	uint64_t random;
	uint64_t version;
	int64_t now;
	size_t largest;
	unsigned long refused;
} model;

static bool model_alive(const model *m, const model_entry *entry)
{
	return entry->there && (entry->expiry == 0 || entry->expiry > m->now);
}

/* What stands under the key agrees with the model; a cache entry may be gone. */
static void model_compare(model *m, uint64_t number)
{
	static unsigned char bytes[1 << 16];
	model_entry *entry = &m->entries[number];
	size_t length = sizeof(bytes);
	uint64_t version;
	uint8_t type;
	test_key key;
	shmx_status status;

	make_key(&key, number);
	status = get_copy(&m->segment, &key.key, bytes, &length, &type);
	if (status == SHMX_NOT_FOUND) {
		assert_true(!model_alive(m, entry) || !entry->permanent);
		entry->there = false;
		return;
	}
	assert_int_equal(status, SHMX_OK);
	assert_true(model_alive(m, entry));
	assert_int_equal(type, entry->type);
	if (type == SHMX_VALUE_INT) {
		assert_memory_equal(bytes, &entry->number, 8);
	} else if (type == STRING) {
		assert_int_equal(length, entry->length);
		assert_true(is_value(bytes, length, number, &version));
		assert_int_equal(version, entry->version);
	}
}

static void model_set_expiry(model *m, model_entry *entry, int64_t ttl)
{
	entry->permanent = ttl == 0;
	entry->expiry = ttl == 0 || ttl == SHMX_TTL_EVICTABLE ? 0 : m->now + ttl * SECOND;
}

static void model_put(model *m, uint64_t number, int64_t ttl, bool only_if_absent)
{
	static unsigned char bytes[1 << 16];
	model_entry *entry = &m->entries[number];
	uint64_t kind = next_number(&m->random) % 4;
	size_t length = 24 + next_number(&m->random) % (next_number(&m->random) % 8 ? 100 : m->largest);
	int64_t integer = (int64_t) next_number(&m->random) / 2;
	uint8_t type = kind == 0 ? SHMX_VALUE_INT : kind == 1 ? SHMX_VALUE_NULL + number % 3 : STRING;
	shmx_value value = { type, type == SHMX_VALUE_INT ? (void *) &integer : bytes, length };
	test_key key;
	shmx_room room = { 0, 0 };
	shmx_status status;

	make_key(&key, number);
	make_value(bytes, length, number, ++m->version);
	if (type != STRING) {
		value.length = type == SHMX_VALUE_INT ? 8 : 0;
	}
	status = shmx_vars_put(&m->segment, &key.key, &value, ttl, only_if_absent, &room);
	if (status == SHMX_E_FULL || status == SHMX_E_TOO_LARGE) {
		assert_true(room.needed > room.available);
		m->refused++;
		/* Nothing changed. */
		model_compare(m, number);
		return;
	}
	if (status == SHMX_NOT_FOUND) {
		assert_true(only_if_absent && model_alive(m, entry));
		return;
	}
	assert_int_equal(status, SHMX_OK);
	assert_false(only_if_absent && model_alive(m, entry) && entry->permanent);
	*entry = (model_entry){ .there = true, .type = type, .length = length, .version = m->version, .number = integer };
	model_set_expiry(m, entry, ttl);
}

static void model_increment(model *m, uint64_t number, int64_t ttl)
{
	model_entry *entry = &m->entries[number];
	int64_t result;
	test_key key;
	shmx_status status;

	model_compare(m, number);
	make_key(&key, number);
	status = shmx_vars_increment(&m->segment, &key.key, 3, ttl, &result, NULL);
	if (!model_alive(m, entry)) {
		if (status != SHMX_OK) {
			assert_int_equal(status, SHMX_E_FULL);
			return;
		}
		assert_int_equal(result, 3);
		*entry = (model_entry){ .there = true, .type = SHMX_VALUE_INT, .number = 3 };
		model_set_expiry(m, entry, ttl);
	} else if (entry->type == SHMX_VALUE_INT) {
		assert_int_equal(status, SHMX_OK);
		entry->number += 3;
		assert_true(result == entry->number);
	} else {
		assert_int_equal(status, SHMX_E_TYPE);
	}
}

static void model_swap(model *m, uint64_t number)
{
	model_entry *entry = &m->entries[number];
	int64_t integer = (int64_t) next_number(&m->random) / 4;
	shmx_value value = { SHMX_VALUE_INT, &integer, 8 };
	shmx_found found;
	test_key key;
	shmx_status status;

	make_key(&key, number);
	if (shmx_vars_find(&m->segment, &key.key, &found) != SHMX_OK) {
		return;
	}
	status = shmx_vars_replace_if(&m->segment, &key.key, &found, &value, NULL);
	if (status == SHMX_E_FULL) {
		return;
	}
	assert_int_equal(status, SHMX_OK);
	entry->type = SHMX_VALUE_INT;
	entry->number = integer;
}

static void model_remove(model *m, uint64_t number)
{
	model_entry *entry = &m->entries[number];
	test_key key;
	shmx_status status;

	make_key(&key, number);
	status = shmx_vars_remove(&m->segment, &key.key);
	if (model_alive(m, entry) && entry->permanent) {
		assert_int_equal(status, SHMX_OK);
	} else if (!model_alive(m, entry)) {
		assert_int_equal(status, SHMX_NOT_FOUND);
	}
	entry->there = false;
}

/* The keys that a walk meets are those that can be found, each of them once. */
static void model_walk(model *m)
{
	static unsigned char name[SHMX_RECORD_MAX_KEY];
	bool met[MODEL_KEYS] = { false };
	shmx_vars_cursor cursor = { 0 };
	size_t length;
	shmx_status status;

	while ((status = shmx_vars_next(&m->segment, &cursor, name, &length)) == SHMX_OK) {
		char text[32] = { 0 };
		uint64_t number;

		assert_true(length < sizeof(text));
		memcpy(text, name, length);
		number = strtoull(text + 4, NULL, 10);
		assert_true(number < MODEL_KEYS);
		assert_false(met[number]);
		met[number] = true;
	}
	assert_int_equal(status, SHMX_NOT_FOUND);
	assert_false(cursor.doubles);
	for (uint64_t i = 0; i < MODEL_KEYS; i++) {
		model_compare(m, i);
		assert_int_equal(met[i], model_alive(m, &m->entries[i]));
	}
}

static void model_step(model *m)
{
	static const int64_t ttls[] = { 0, 0, 1, 5, 60, SHMX_TTL_EVICTABLE };
	uint64_t number = next_number(&m->random) % (next_number(&m->random) % 4 ? 40 : MODEL_KEYS);
	int64_t ttl = ttls[next_number(&m->random) % 6];
	uint64_t what = next_number(&m->random) % 100;

	if (what < 45) {
		model_put(m, number, ttl, false);
	} else if (what < 50) {
		model_put(m, number, ttl, true);
	} else if (what < 60) {
		model_increment(m, number, ttl);
	} else if (what < 65) {
		model_swap(m, number);
	} else if (what < 75) {
		model_remove(m, number);
	} else if (what < 76) {
		set_clock(m->now += (int64_t) (next_number(&m->random) % (3 * SECOND)));
	} else if (what < 77) {
		model_walk(m);
	}
	model_compare(m, number);
	model_compare(m, next_number(&m->random) % MODEL_KEYS);
}

static void run_model(size_t size, size_t largest, uint64_t seed, unsigned long steps)
{
	model *m = calloc(1, sizeof(*m));

	m->random = seed;
	m->now = 1000 * SECOND;
	m->largest = largest;
	set_clock(m->now);
	open_segment(&m->segment, size);
	for (unsigned long i = 0; i < steps; i++) {
		model_step(m);
		if (i % 64 == 0) {
			assert_sound(&m->segment);
		}
		if (next_number(&m->random) % 20000 == 0) {
			assert_int_equal(shmx_vars_clear(&m->segment), SHMX_OK);
			memset(m->entries, 0, sizeof(m->entries));
		}
	}
	model_walk(m);
	close_segment(&m->segment);
	free(m);
	set_clock(0);
}

static void test_model(void **state)
{
	unsigned long steps = from_environment("SHMX_MODEL_STEPS", 20000);

	(void) state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		run_model(1000, 40, seed, steps);
		run_model(8000, 500, seed, steps);
		run_model(20000, 3000, seed, steps);
		run_model(100000, 10000, seed, steps);
		run_model(1000000, 60000, seed, steps);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blank_and_other_kinds),
		cmocka_unit_test(test_put_find_replace_remove),
		cmocka_unit_test(test_long_keys),
		cmocka_unit_test(test_clearing_is_sparing_with_offsets),
		cmocka_unit_test(test_scalars_are_replaced_in_place),
		cmocka_unit_test(test_only_if_absent),
		cmocka_unit_test(test_increment),
		cmocka_unit_test(test_compare_and_swap),
		cmocka_unit_test(test_expiry_follows_the_clock),
		cmocka_unit_test(test_full_of_permanent_variables),
		cmocka_unit_test(test_too_large_is_told_at_once),
		cmocka_unit_test(test_tiny_segments),
		cmocka_unit_test(test_a_negative_time_is_over_at_once),
		cmocka_unit_test(test_an_identity_scribbled_over_is_noticed),
		cmocka_unit_test(test_variables_without_room_for_an_index_are_damaged),
		cmocka_unit_test(test_eviction_takes_the_oldest_first),
		cmocka_unit_test(test_what_was_read_gets_a_second_round),
		cmocka_unit_test(test_what_is_read_all_the_while_gives_way),
		cmocka_unit_test(test_small_puts_beside_large_entries),
		cmocka_unit_test(test_large_entries_in_turn_stay),
		cmocka_unit_test(test_each_put_moves_its_share),
		cmocka_unit_test(test_figures),
		cmocka_unit_test(test_read_only_mapping),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests_name("variables", tests, NULL, NULL);
}
