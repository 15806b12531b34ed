/*
 * Named variables: a writer dies at every labelled point of every call, and whoever comes next finds each variable with
 * its old or its new value, all counts right, and nothing lost. So it is when those who repair die, too.
 *
 * shmx-flavour: crash
 */
#include "core_support.h"
#include "vars_support.h"

#include <signal.h>
#include <sys/mman.h>

#include "shmx_crash.h"

#define PERMANENTS 6
#define COUNTER 20
#define CACHED 100
#define NEW 50
#define STRING 6
#define LABELS 64

/* What a child that dies leaves for the parent, in memory that both share. */
typedef struct {
	char label[64];
	unsigned long passed;
} child_report;

static child_report *report;
static char labels_met[LABELS][64];
static int label_count;

static shmx_segment segment;
static unsigned char *image; /* header and payload as a scenario begins */

static size_t image_size(void)
{
	return SHMX_HEADER_SIZE + segment.payload_size;
}

static size_t value_length(uint64_t number)
{
	return 24 + number % 5 * 8;
}

static shmx_status put_version(uint64_t number, uint64_t version, int64_t ttl)
{
	unsigned char bytes[64];
	test_key key;

	make_key(&key, number);
	make_value(bytes, value_length(number), number, version);
	return put_bytes(&segment, &key.key, bytes, value_length(number), ttl);
}

/* 0 when the variable is not there. */
static uint64_t version_of(uint64_t number)
{
	unsigned char bytes[1024];
	size_t length = sizeof(bytes);
	uint64_t version = 0;
	uint8_t type;
	test_key key;

	make_key(&key, number);
	if (get_copy(&segment, &key.key, bytes, &length, &type) != SHMX_OK) {
		return 0;
	}
	if (type == SHMX_VALUE_INT || type == SHMX_VALUE_FLOAT) {
		memcpy(&version, bytes, 8);
		return version;
	}
	if (type <= SHMX_VALUE_TRUE) {
		return type;
	}
	assert_true(is_value(bytes, length, number, &version));
	return version;
}

/* --- what dies -------------------------------------------------------------------------------- */

static uint64_t target;

static void put_new(void)
{
	put_version(target, 2, 0);
}

static void put_new_cached(void)
{
	put_version(target, 2, SHMX_TTL_EVICTABLE);
}

static void put_large_cached(void)
{
	unsigned char bytes[600];
	test_key key;

	make_key(&key, target);
	make_value(bytes, sizeof(bytes), target, 2);
	put_bytes(&segment, &key.key, bytes, sizeof(bytes), 1000);
}

/* So large that all else goes, and that it has a place only at the start of a lap. */
static void put_nearly_all(void)
{
	static unsigned char bytes[2400];
	test_key key;

	make_key(&key, target);
	make_value(bytes, sizeof(bytes), target, 2);
	put_bytes(&segment, &key.key, bytes, sizeof(bytes), 1000);
}

static void put_int_over(void)
{
	test_key key;

	make_key(&key, target);
	put_int(&segment, &key.key, 2, 0);
}

static void put_bare_twice(void)
{
	shmx_value value = { SHMX_VALUE_TRUE, NULL, 0 };
	test_key key;

	make_key(&key, target);
	shmx_vars_put(&segment, &key.key, &value, 0, false, NULL);
	value.type = SHMX_VALUE_FALSE;
	shmx_vars_put(&segment, &key.key, &value, 0, false, NULL);
}

static void increment(void)
{
	int64_t result;
	test_key key;

	make_key(&key, target);
	shmx_vars_increment(&segment, &key.key, 1, 0, &result, NULL);
}

static void swap(void)
{
	unsigned char bytes[64];
	shmx_value value = { STRING, bytes, value_length(target) };
	shmx_found found;
	test_key key;

	make_key(&key, target);
	make_value(bytes, value_length(target), target, 2);
	if (shmx_vars_find(&segment, &key.key, &found) == SHMX_OK) {
		shmx_vars_replace_if(&segment, &key.key, &found, &value, NULL);
	}
}

static void remove_target(void)
{
	test_key key;

	make_key(&key, target);
	shmx_vars_remove(&segment, &key.key);
}

static void clear(void)
{
	shmx_vars_clear(&segment);
}

static void repair(void)
{
	if (shmx_guard_take(&segment, 5 * SECOND) == SHMX_OK) {
		shmx_guard_release(&segment);
	}
}

/* --- how it dies ------------------------------------------------------------------------------ */

static void note_label(const char *label)
{
	for (int i = 0; i < label_count; i++) {
		if (strcmp(labels_met[i], label) == 0) {
			return;
		}
	}
	if (label_count < LABELS) {
		strcpy(labels_met[label_count++], label);
	}
}

/* Runs `action` in a child that dies at its n-th point. True if it lived long enough to die there. */
static bool die_at(void (*action)(void), unsigned long n)
{
	int status;
	pid_t child;

	memset(report, 0, sizeof(*report));
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		shmx_crash_report_to(report->label, sizeof(report->label));
		/* Claiming a token is the guard's own business and tested there. */
		if (shmx_guard_take(&segment, 5 * SECOND) != SHMX_OK) {
			_exit(9);
		}
		shmx_guard_release(&segment);
		shmx_crash_arm(n);
		action();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status)) {
		assert_int_equal(WEXITSTATUS(status), 0);
		return false;
	}
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	note_label(report->label);
	return true;
}

/* The same for those who repair: the guard is abandoned, so the first take runs into the points of the recovery. */
static bool die_repairing_at(unsigned long n)
{
	int status;
	pid_t child;

	memset(report, 0, sizeof(*report));
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		shmx_crash_report_to(report->label, sizeof(report->label));
		shmx_crash_arm(n);
		repair();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status)) {
		return false;
	}
	note_label(report->label);
	return true;
}

/* --- what must hold --------------------------------------------------------------------------- */

typedef struct {
	const char *name;
	void (*action)(void);
	uint64_t target;
	uint64_t before; /* the target's version, 0: absent */
	uint64_t after;
	uint64_t between; /* a second right answer, for two calls in one; 0: none */
	bool may_vanish;  /* the target is a cache entry */
} scenario;

static void save_image(void)
{
	image = realloc(image, image_size());
	assert_non_null(image);
	memcpy(image, segment.header, image_size());
}

/* Everything but the guard's words as it was. Nobody else is attached. */
static void restore_image(void)
{
	shmx_header *saved = (shmx_header *) (void *) image;

	repair();
	atomic_store(&segment.header->write.kind, atomic_load(&saved->write.kind));
	memcpy(segment.header->root, saved->root, SHMX_ROOT_SIZE);
	memcpy(segment.payload, image + SHMX_HEADER_SIZE, segment.payload_size);
}

/* How often a death has left a key that a walk meets twice. */
static unsigned long twice;

/*
 * A walk over the keys, which needs no repair either, meets each permanent variable and ends well. If one is met twice, it
 * says so.
 */
static void check_walk(uint64_t permanents)
{
	static unsigned char name[SHMX_RECORD_MAX_KEY];
	shmx_vars_cursor cursor = { 0 };
	uint64_t met = 0, again = 0;
	size_t length;
	shmx_status status;

	while ((status = shmx_vars_next(&segment, &cursor, name, &length)) == SHMX_OK) {
		for (uint64_t i = 0; i < permanents; i++) {
			test_key key;

			make_key(&key, i);
			if (key.key.length == length && memcmp(key.key.bytes, name, length) == 0) {
				again |= met & UINT64_C(1) << i;
				met |= UINT64_C(1) << i;
			}
		}
	}
	if (status != SHMX_NOT_FOUND) {
		print_error("dead at \"%s\": a walk over the keys ends with %d\n", report->label, (int) status);
		fail();
	}
	if (again != 0) {
		assert_true(cursor.doubles);
		twice++;
	}
	for (uint64_t i = 0; i < permanents; i++) {
		assert_true((met >> i & 1) != 0 || version_of(i) == 0);
	}
}

static void check_bystanders(const scenario *s)
{
	check_walk(PERMANENTS);
	for (uint64_t i = 0; i < PERMANENTS; i++) {
		if (i != s->target) {
			assert_int_equal(version_of(i), 1);
		}
	}
	if (s->target != COUNTER) {
		assert_int_equal(version_of(COUNTER), 1);
	}
	for (uint64_t i = CACHED; i < CACHED + 60; i++) {
		uint64_t version = i == s->target ? 0 : version_of(i);

		assert_true(version == 0 || version == 1);
	}
}

static void check_outcome(const scenario *s)
{
	uint64_t version = version_of(s->target);

	if (version != s->before && version != s->after && !(s->between != 0 && version == s->between)
		&& !(s->may_vanish && version == 0)) {
		print_error("%s, dead at \"%s\": version %llu\n", s->name, report->label, (unsigned long long) version);
		fail();
	}
	check_bystanders(s);
}

/* Life goes on: every permanent variable can be stored anew, twice round the log. */
static void check_usable(void)
{
	for (int round = 0; round < 60; round++) {
		for (uint64_t i = 0; i < PERMANENTS; i++) {
			if (version_of(i) != 0) {
				assert_int_equal(put_version(i, 3, 0), SHMX_OK);
			}
		}
	}
	assert_sound(&segment);
}

static void run_scenario(const scenario *s)
{
	unsigned long n;

	target = s->target;
	assert_int_equal(version_of(target), s->before);
	save_image();
	for (n = 1; die_at(s->action, n); n++) {
		/* Readers need no repair: they see old or new at once. */
		check_outcome(s);
		assert_sound(&segment);
		check_outcome(s);
		check_usable();
		restore_image();
	}
	assert_true(n > 2);
	check_outcome(s);
	assert_sound(&segment);
	restore_image();
	for (n = 1; die_at(s->action, n); n++) {
		for (unsigned long m = 1; die_repairing_at(m); m++) {
			check_outcome(s);
		}
		assert_sound(&segment);
		check_outcome(s);
		restore_image();
	}
	restore_image();
}

/* A log that a few puts more will fill, with permanent variables and entries read and unread at its tail. */
static void fill(size_t size, uint64_t cached)
{
	open_segment(&segment, size);
	for (uint64_t i = 0; i < PERMANENTS; i++) {
		assert_int_equal(put_version(i, 1, 0), SHMX_OK);
	}
	for (uint64_t i = CACHED; i < CACHED + cached; i++) {
		assert_int_equal(put_version(i, 1, i % 3 == 0 ? SHMX_TTL_EVICTABLE : 1000), SHMX_OK);
		if (i % 2 == 0) {
			version_of(i);
		}
	}
	{
		test_key key;

		make_key(&key, COUNTER);
		assert_int_equal(put_int(&segment, &key.key, 1, 0), SHMX_OK);
	}
	assert_sound(&segment);
}

static void test_quiet_log(void **state)
{
	(void) state;
	/* One group of seven buckets: long chains, so that records are replaced and removed in every place of one. */
	fill(1500, 3);
	for (uint64_t i = 0; i < PERMANENTS; i++) {
		const scenario replaced = { "replace", put_new, i, 1, 2, 0, false };
		const scenario removed = { "remove", remove_target, i, 1, 0, 0, false };

		run_scenario(&replaced);
		run_scenario(&removed);
	}
	{
		const scenario scenarios[] = {
			{ "put", put_new, NEW, 0, 2, 0, false },
			{ "put a cache entry", put_new_cached, NEW, 0, 2, 0, false },
			{ "a cache entry replaced", put_new_cached, CACHED, 1, 2, 0, true },
			{ "a cache entry made permanent", put_new, CACHED + 1, 1, 2, 0, true },
			{ "a permanent variable made a cache entry", put_new_cached, 2, 1, 2, 0, false },
			{ "a number in place", put_int_over, COUNTER, 1, 2, 0, false },
			{ "a number over a string", put_int_over, 3, 1, 2, 0, false },
			{ "a type in place", put_bare_twice, 3, 1, SHMX_VALUE_FALSE, SHMX_VALUE_TRUE, false },
			{ "increment", increment, COUNTER, 1, 2, 0, false },
			{ "increment from nothing", increment, NEW, 0, 1, 0, false },
			{ "swap", swap, 4, 1, 2, 0, false },
			{ "swap of a number", swap, COUNTER, 1, 2, 0, false },
			{ "remove a cache entry", remove_target, CACHED, 1, 0, 0, true },
		};

		for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
			run_scenario(&scenarios[i]);
		}
	}
}

static void test_full_log(void **state)
{
	(void) state;
	fill(3200, 30);
	{
		const scenario scenarios[] = {
			{ "put, with room made", put_new, NEW, 0, 2, 0, false },
			{ "put a cache entry, with room made", put_new_cached, NEW, 0, 2, 0, false },
			{ "put a large entry, with all moved", put_large_cached, NEW, 0, 2, 0, true },
			{ "replace, with room made", put_new, 0, 1, 2, 0, false },
			{ "replace another, with room made", put_new, 5, 1, 2, 0, false },
			{ "swap, with room made", swap, 2, 1, 2, 0, false },
		};

		for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
			run_scenario(&scenarios[i]);
		}
	}
}

static void test_first_put(void **state)
{
	(void) state;
	open_segment(&segment, 1000);
	target = 0;
	save_image();
	for (unsigned long n = 1; die_at(put_new, n); n++) {
		uint64_t version = version_of(0);

		assert_true(version == 0 || version == 2);
		assert_sound(&segment);
		assert_int_equal(put_version(1, 1, 0), SHMX_OK);
		assert_sound(&segment);
		restore_image();
	}
}

/* All or nothing, and twice so when the segment is damaged before. */
static void test_clear(void **state)
{
	(void) state;
	fill(1500, 3);
	save_image();
	for (int damage = 0; damage < 2; damage++) {
		shmx_vars_root *root = (shmx_vars_root *) (void *) ((shmx_header *) (void *) image)->root;

		atomic_store(&root->damaged, (uint64_t) damage);
		restore_image();
		for (unsigned long n = 1; die_at(clear, n); n++) {
			const char *broken;

			if (damage == 0) {
				check_walk(PERMANENTS);
			}
			for (unsigned long m = 1; damage == 1 && die_repairing_at(m); m++) {
			}
			if (shmx_vars_check(&segment, &broken) == SHMX_OK) {
				uint64_t there = 0;

				for (uint64_t i = 0; i < PERMANENTS; i++) {
					there += version_of(i) == 1;
				}
				assert_true(there == 0 || (there == PERMANENTS && damage == 0));
			} else {
				assert_int_equal(damage, 1);
			}
			assert_int_equal(shmx_vars_clear(&segment), SHMX_OK);
			assert_sound(&segment);
			assert_int_equal(put_version(1, 1, 0), SHMX_OK);
			assert_sound(&segment);
			restore_image();
		}
	}
}

/* The window reaches over the end of the ring, and is emptied: a walk must not lose its way at the old lap's end. */
static void test_wrapped_log(void **state)
{
	static void (*const actions[])(void) = { clear, put_nearly_all };
	shmx_log_root *root;

	(void) state;
	open_segment(&segment, 3200);
	root = (shmx_log_root *) (void *) segment.header->root;
	for (uint64_t i = CACHED; atomic_load(&root->head) / 4096 == atomic_load(&root->tail) / 4096; i++) {
		assert_int_equal(put_version(i, 1, 1000), SHMX_OK);
	}
	target = NEW;
	save_image();
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		for (unsigned long n = 1; die_at(actions[i], n); n++) {
			check_walk(0);
			for (unsigned long m = 1; die_repairing_at(m); m++) {
				check_walk(0);
			}
			assert_sound(&segment);
			check_walk(0);
			restore_image();
		}
		restore_image();
	}
}

static bool was_met(const char *label)
{
	for (int i = 0; i < label_count; i++) {
		if (strcmp(labels_met[i], label) == 0) {
			return true;
		}
	}
	return false;
}

/* Every label that stands in the sources was where somebody died. */
static void test_every_point_was_met(void **state)
{
	(void) state;
	assert_true(twice > 0);
	assert_true(check_labels("shmx_vars.c", was_met) + check_labels("shmx_log.c", was_met) >= 25);
	assert_true(was_met("guard: taken over") && was_met("guard: recovered"));
}

static int close_after(void **state)
{
	(void) state;
	close_segment(&segment);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_first_put, close_after),
		cmocka_unit_test_teardown(test_quiet_log, close_after),
		cmocka_unit_test_teardown(test_full_log, close_after),
		cmocka_unit_test_teardown(test_clear, close_after),
		cmocka_unit_test_teardown(test_wrapped_log, close_after),
		cmocka_unit_test(test_every_point_was_met),
	};

	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return report == MAP_FAILED ? 1 : cmocka_run_group_tests_name("variables, dying", tests, NULL, NULL);
}
