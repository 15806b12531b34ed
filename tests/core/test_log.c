/*
 * The log by itself: records in order, laps that end early, windows that cannot be.
 */
#include "vars_support.h"

#define LAPS 200

typedef struct {
	shmx_log log;
	shmx_log_root root;
	shmx_log_window window;
	_Alignas(8) unsigned char ring[4096];
} test_log;

static void make_log(test_log *t, uint64_t size)
{
	memset(t, 0, sizeof(*t));
	shmx_log_view(&t->log, &t->root, t->ring, size);
	shmx_log_prepare(&t->log);
	assert_true(shmx_log_load(&t->log, &t->window));
	assert_true(t->window.head == t->window.tail);
	assert_int_equal(shmx_log_used(&t->log, &t->window), 0);
}

/* Appends a record that carries a number; false when there is no place. */
static bool append(test_log *t, uint64_t number, uint64_t length)
{
	static const unsigned char bytes[4096];
	uint64_t size = shmx_record_size(8, length);
	uint64_t offset = shmx_log_place(&t->log, &t->window, size);

	if (offset == SHMX_LOG_NOWHERE) {
		return false;
	}
	assert_true(offset >= t->window.head);
	assert_true(shmx_log_position(&t->log, offset) + size <= t->log.size);
	shmx_log_write(&t->log, offset, 0, 0, shmx_record_name(8, 0), shmx_record_form(6, length), &number, bytes);
	shmx_log_extend(&t->log, &t->window, offset, size);
	shmx_log_publish(&t->log, &t->window);
	return true;
}

/* Takes the oldest record away and returns its number. */
static uint64_t receive(test_log *t)
{
	uint64_t number;
	uint64_t size = shmx_log_size_at(&t->log, &t->window, t->window.tail);

	assert_true(size > 0);
	memcpy(&number, shmx_record_key(shmx_log_at(&t->log, t->window.tail)), 8);
	t->window.tail = shmx_log_after(&t->log, &t->window, t->window.tail, size);
	shmx_log_pass(&t->log, &t->window);
	return number;
}

static void test_records_come_out_in_order(void **state)
{
	static const uint64_t sizes[] = { 64, 72, 128, 200, 256, 1000, 1024, 4000, 4096 };
	uint64_t random = 3;

	(void) state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		test_log t;
		uint64_t sent = 0, received = 0;

		make_log(&t, sizes[s]);
		while (t.window.head < shmx_log_first(&t.log) * LAPS) {
			uint64_t length = next_number(&random) % (sizes[s] / 2);
			shmx_log_window loaded;

			if (append(&t, sent, length)) {
				sent++;
			} else if (t.window.tail != t.window.head) {
				assert_int_equal(receive(&t), received++);
			} else {
				/* Empty, and still no place here: there is one at the start of a lap. */
				assert_int_equal(received, sent);
				shmx_log_rewind(&t.log, &t.window);
				shmx_log_publish(&t.log, &t.window);
				shmx_log_pass(&t.log, &t.window);
				if (!append(&t, sent, length)) {
					assert_true(shmx_record_size(8, length) > t.log.size);
					continue;
				}
				sent++;
			}
			assert_true(shmx_log_load(&t.log, &loaded));
			assert_true(loaded.tail == t.window.tail && loaded.head == t.window.head);
			assert_true(shmx_log_used(&t.log, &t.window) + shmx_log_lost(&t.log, &t.window) <= t.log.size);
		}
		while (received < sent) {
			assert_int_equal(receive(&t), received++);
		}
		assert_true(t.window.tail == t.window.head);
		assert_true(sent > LAPS / 4);
	}
}

static void test_a_full_log_is_full(void **state)
{
	test_log t;
	uint64_t count = 0;

	(void) state;
	make_log(&t, 480);
	while (append(&t, count, 8)) {
		count++;
	}
	/* 48 bytes each, and the last one ends where the ring does. */
	assert_int_equal(count, 10);
	assert_int_equal(shmx_log_used(&t.log, &t.window), 480);
	assert_int_equal(receive(&t), 0);
	assert_true(append(&t, 10, 8));
	assert_false(append(&t, 11, 8));
	assert_int_equal(shmx_log_used(&t.log, &t.window), 480);
	for (uint64_t i = 1; i <= 10; i++) {
		assert_int_equal(receive(&t), i);
	}
	assert_true(t.window.tail == t.window.head);
}

static void test_offsets_only_grow(void **state)
{
	test_log t;
	uint64_t last = 0;

	(void) state;
	make_log(&t, 256);
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t offset = shmx_log_place(&t.log, &t.window, shmx_record_size(8, i % 50));

		if (offset == SHMX_LOG_NOWHERE) {
			receive(&t);
			continue;
		}
		assert_true(offset > last);
		last = offset;
		assert_true(append(&t, i, i % 50));
		assert_false(shmx_log_passed(&t.log, offset));
	}
	while (t.window.tail != t.window.head) {
		receive(&t);
	}
	assert_true(shmx_log_passed(&t.log, last));
}

/* Head stored, tail not: the window is loaded as if both were. */
static void test_death_between_head_and_tail(void **state)
{
	test_log t;
	shmx_log_window loaded;

	(void) state;
	make_log(&t, 256);
	append(&t, 1, 100);
	receive(&t);
	shmx_log_rewind(&t.log, &t.window);
	shmx_log_publish(&t.log, &t.window);
	assert_true(shmx_log_load(&t.log, &loaded));
	assert_true(loaded.tail == t.window.tail && loaded.head == t.window.head);
}

static void test_impossible_windows_are_refused(void **state)
{
	test_log t;
	shmx_log_window loaded;
	uint64_t random = 1, head, tail, lap_end;

	(void) state;
	make_log(&t, 1000);
	for (uint64_t i = 0; i < 60; i++) {
		if (!append(&t, i, 60)) {
			receive(&t);
		}
	}
	head = t.window.head;
	tail = t.window.tail;
	lap_end = t.window.lap_end;
	atomic_store(&t.root.tail, head + 8);
	assert_false(shmx_log_load(&t.log, &loaded));
	atomic_store(&t.root.tail, tail + 1);
	assert_false(shmx_log_load(&t.log, &loaded));
	atomic_store(&t.root.tail, 0);
	assert_false(shmx_log_load(&t.log, &loaded));
	for (int i = 0; i < 200000; i++) {
		atomic_store(&t.root.tail, i % 3 ? next_number(&random) % 8192 & ~7ULL : tail);
		atomic_store(&t.root.head, i % 5 ? next_number(&random) % 8192 & ~7ULL : head);
		atomic_store(&t.root.lap_end, i % 7 ? next_number(&random) % 8192 & ~7ULL : lap_end);
		if (!shmx_log_load(&t.log, &loaded)) {
			continue;
		}
		/* What passes can be used without harm. */
		assert_true(shmx_log_used(&t.log, &loaded) + shmx_log_lost(&t.log, &loaded) <= t.log.size);
		assert_true(shmx_log_size_at(&t.log, &loaded, loaded.tail) <= t.log.size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records_come_out_in_order),
		cmocka_unit_test(test_a_full_log_is_full),
		cmocka_unit_test(test_offsets_only_grow),
		cmocka_unit_test(test_death_between_head_and_tail),
		cmocka_unit_test(test_impossible_windows_are_refused),
	};

	return cmocka_run_group_tests_name("the log", tests, NULL, NULL);
}
