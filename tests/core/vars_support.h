/*
 * What the tests of variables share: a segment that vanishes whatever happens to the test, values that prove themselves,
 * a source of numbers, a clock that stands until it is set.
 */
#ifndef SHMX_TESTS_VARS_SUPPORT_H
#define SHMX_TESTS_VARS_SUPPORT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shmx_guard.h"
#include "shmx_vars.h"

#define SECOND INT64_C(1000000000)

/* A private segment, already marked for removal; its semaphores go at exit, or with the next sweep. */
void open_segment(shmx_segment *segment, size_t size);
void close_segment(shmx_segment *segment);

/* A second handle on the same segment, in the same process. */
void open_again(shmx_segment *segment, const shmx_segment *other, bool read_only);

uint64_t next_number(uint64_t *state);

/* Keys that differ in nothing but a number, with the hash that a PHP string of the same bytes has. */
typedef struct {
	char text[32];
	shmx_key key;
} test_key;
void make_key(test_key *key, uint64_t number);
shmx_key text_key(const char *text);
uint64_t php_hash(const void *bytes, size_t length);

/* `length` bytes, at least 24, that carry a number, a version and a sum over everything. */
void make_value(unsigned char *bytes, size_t length, uint64_t number, uint64_t version);
/* Whether these are bytes that make_value() made for this number; tells the version. */
bool is_value(const unsigned char *bytes, size_t length, uint64_t number, uint64_t *version);

/* Find and copy, again and again until the copy is valid. `length` is the room on entry, the value's length after. */
shmx_status get_copy(shmx_segment *segment, const shmx_key *key, unsigned char *bytes, size_t *length, uint8_t *type);
/* The number of an INT, or of a bare type its type. */
shmx_status get_int(shmx_segment *segment, const shmx_key *key, int64_t *value);
shmx_status put_bytes(shmx_segment *segment, const shmx_key *key, const void *bytes, size_t length, int64_t ttl);
shmx_status put_int(shmx_segment *segment, const shmx_key *key, int64_t value, int64_t ttl);

/* Fails the test, naming the invariant, if a full walk finds one broken. */
#define assert_sound(segment) assert_sound_at(segment, __FILE__, __LINE__)
void assert_sound_at(shmx_segment *segment, const char *file, int line);

/* A clock that stands still. set_clock(0) puts the real one back. */
void set_clock(int64_t nanoseconds);

/* The number in an environment variable, or `otherwise`. */
unsigned long from_environment(const char *name, unsigned long otherwise);

#endif
