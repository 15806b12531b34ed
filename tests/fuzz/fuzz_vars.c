/*
 * libFuzzer target for the log and the index of variables: the input is calls, and strokes over the memory between them.
 * Whatever stands there, every call returns and reads nothing outside the segment; and as long as nothing was scribbled,
 * a full walk finds every invariant kept. Needs no PHP; build.sh says how it is built.
 */
#include <stdlib.h>
#include <string.h>

#include "shmx_guard.h"
#include "shmx_vars.h"
#include "tests/core/fake_segment.h"
#include "tests/fuzz/input.h"

#define PAYLOAD 2496

static int64_t clock_now;

static int64_t fuzz_clock(void)
{
	return clock_now;
}

static void read_value(shmx_segment *segment, const shmx_key *key, shmx_found *found)
{
	volatile unsigned char sum = 0;

	if (shmx_vars_find(segment, key, found) == SHMX_OK) {
		for (size_t i = 0; i < found->length; i++) {
			sum = (unsigned char) (sum + found->bytes[i]);
		}
		shmx_vars_still_valid(segment, found);
	}
}

static void walk(shmx_segment *segment)
{
	static unsigned char key[SHMX_RECORD_MAX_KEY];
	shmx_vars_cursor cursor = { 0 };
	size_t length;
	int steps = 0;

	while (shmx_vars_next(segment, &cursor, key, &length) == SHMX_OK && steps++ < 10000) {
	}
}

/* True when memory was scribbled on. */
static bool stroke(shmx_segment *segment, source *from)
{
	uint64_t place = take(from, 2);
	uint64_t word = take(from, 8);
	unsigned char *base = place & 1 ? segment->payload : segment->header->root;
	uint64_t size = place & 1 ? PAYLOAD : sizeof(shmx_vars_root);

	memcpy(base + (place >> 1) % (size / 8) * 8, &word, 8);
	return true;
}

static bool make_a_call(shmx_segment *segment, source *from)
{
	static const unsigned char bytes[1024] = { 1, 2, 3 };
	static const int64_t ttls[] = { 0, 0, 3, SHMX_TTL_EVICTABLE };
	uint64_t what = take(from, 1);
	uint64_t number = take(from, 1);
	char name[2] = { (char) (number & 31), 0 };
	shmx_key key = { name, 1 + (number >> 5 & 1), number & 31 };
	int64_t integer = (int64_t) number;
	shmx_value value = { SHMX_VALUE_INT, &integer, sizeof(integer) };
	int64_t ttl = ttls[number >> 6];
	shmx_found found = { 0 };
	const char *broken;

	switch (what % 12) {
		case 0:
		case 1:
		case 2:
			value = (shmx_value){ 6, bytes, take(from, 1) * 4 };
			shmx_vars_put(segment, &key, &value, ttl, what & 128, NULL);
			break;
		case 3:
			shmx_vars_put(segment, &key, &value, ttl, what & 128, NULL);
			break;
		case 4:
			shmx_vars_increment(segment, &key, integer, ttl, &integer, NULL);
			break;
		case 5:
			shmx_vars_remove(segment, &key);
			break;
		case 6:
			read_value(segment, &key, &found);
			shmx_vars_replace_if(segment, &key, &found, &value, NULL);
			break;
		case 7:
			walk(segment);
			break;
		case 8:
			clock_now += (int64_t) number * 100000000;
			break;
		case 9:
			if (number == 0) {
				shmx_vars_clear(segment);
			} else {
				shmx_vars_recover(segment);
			}
			break;
		case 10:
			shmx_vars_check(segment, &broken);
			break;
		default:
			return stroke(segment, from);
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	source from = { data, data + size };
	shmx_segment segment;
	bool scribbled = false;
	const char *broken;

	shmx_vars_clock = fuzz_clock;
	clock_now = 1000000000;
	make_fake_segment(&segment, PAYLOAD);
	while (from.at < from.end) {
		scribbled |= make_a_call(&segment, &from);
		if (!scribbled && shmx_vars_check(&segment, &broken) != SHMX_OK) {
			abort();
		}
	}
	free(segment.header);
	return 0;
}
