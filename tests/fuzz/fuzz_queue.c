/*
 * libFuzzer target for the queue: the input is sends and receives, and strokes over the memory between them. Whatever
 * stands there, every call returns and reads nothing outside the segment; and as long as nothing was scribbled, messages
 * come out in order and a full walk finds every invariant kept. Needs no PHP; build.sh says how it is built.
 */
#include <stdlib.h>
#include <string.h>

#include "shmx_guard.h"
#include "shmx_queue.h"
#include "tests/core/fake_segment.h"
#include "tests/fuzz/input.h"

#define PAYLOAD 1000

typedef struct {
	uint64_t first;
	uint64_t next;
	size_t lengths[64]; /* of the messages in the queue, by number */
} model;

static void expect(bool is_so, bool is_scribbled)
{
	if (!is_so && !is_scribbled) {
		abort();
	}
}

static void send_one(shmx_segment *segment, model *plain, size_t length, bool scribbled)
{
	static unsigned char bytes[2048];
	shmx_queue_room room;
	shmx_status status;

	memset(bytes, (int) (plain->next & 255), length);
	status = shmx_queue_send(segment, 6, bytes, length, 0, &room);
	if (status == SHMX_OK) {
		plain->lengths[plain->next++ % 64] = length;
		return;
	}
	expect(status == (shmx_record_size(0, length) > PAYLOAD ? SHMX_E_TOO_LARGE : SHMX_E_FULL), scribbled);
	expect(status == SHMX_E_TOO_LARGE || plain->first != plain->next, scribbled);
}

static void receive_one(shmx_segment *segment, model *plain, size_t capacity, bool scribbled)
{
	unsigned char *small = malloc(capacity + 1);
	shmx_message message = { .bytes = small, .capacity = capacity };
	shmx_status status = shmx_queue_receive(segment, &message, 0);
	unsigned char sum = 0;

	if (status == SHMX_OK) {
		expect(plain->first != plain->next && message.length == plain->lengths[plain->first % 64], scribbled);
		for (size_t i = 0; i < message.length; i++) {
			expect(message.bytes[i] == (plain->first & 255), scribbled);
			sum |= message.bytes[i];
		}
		expect(message.length == 0 || sum == (plain->first & 255), scribbled);
		plain->first++;
	} else {
		expect(status == SHMX_NO_MESSAGE && plain->first == plain->next, scribbled);
	}
	shmx_message_free(&message);
	free(small);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	source from = { data, data + size };
	model plain = { .first = 1, .next = 1 };
	shmx_segment segment;
	shmx_queue_figures figures;
	const char *broken;
	bool scribbled = false;

	make_fake_segment(&segment, PAYLOAD);
	while (from.at < from.end) {
		uint8_t what = (uint8_t) take(&from, 1);

		switch (what & 7) {
			case 0:
			case 1:
				send_one(&segment, &plain, what >> 3, scribbled);
				break;
			case 2:
				send_one(&segment, &plain, take(&from, 2) % 2048, scribbled);
				break;
			case 3:
			case 4:
				receive_one(&segment, &plain, what >> 3, scribbled);
				break;
			case 5:
				shmx_queue_recover(&segment);
				expect(shmx_queue_check(&segment, &broken) == SHMX_OK, scribbled);
				expect(shmx_queue_info(&segment, &figures) == SHMX_OK && figures.pending == plain.next - plain.first,
					scribbled);
				break;
			case 6: { /* any word of the root, in full or by a little */
				uint64_t place = take(&from, 1) * 8 % sizeof(shmx_queue_root);
				uint64_t *word = (uint64_t *) (void *) (segment.header->root + place);

				*word = what & 128 ? take(&from, 8) : *word + take(&from, 1) - 128;
				scribbled = true;
				break;
			}
			default: /* a byte of a record */
				segment.payload[take(&from, 2) % PAYLOAD] = (unsigned char) take(&from, 1);
				scribbled = true;
				break;
		}
	}
	free(segment.header);
	return 0;
}
