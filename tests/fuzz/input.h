/* What a fuzzer's input is to it: numbers of so many bytes, one after the other; 0 when nothing is left. */
#ifndef SHMX_FUZZ_INPUT_H
#define SHMX_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
	const uint8_t *at;
	const uint8_t *end;
} source;

static inline uint64_t take(source *from, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes && from->at < from->end; i++) {
		value = value << 8 | *from->at++;
	}
	return value;
}

#endif
