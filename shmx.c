/*
 * Floor 4: the PHP face.
 *
 * Each function parses, checks, calls down and turns the answer into a value, a warning or an exception. No memory layout
 * and no protocol stands here. Nothing from PHP runs between taking and releasing the guard, except in shmx_lock(), whose
 * purpose that is.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "php_shmx.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "ext/spl/spl_exceptions.h"
#include "ext/standard/info.h"
#include "php_ini.h"
#include "zend_exceptions.h"
#include "zend_interfaces.h"

#include "shmx_bytes.h"
#include "shmx_guard.h"
#include "shmx_kind.h"
#include "shmx_queue.h"
#include "shmx_vars.h"

static zend_class_entry *shmx_class;
static zend_class_entry *shmx_exception_class;
static zend_object_handlers shmx_handlers;

#include "shmx_arginfo.h"

ZEND_DECLARE_MODULE_GLOBALS(shmx)

#define SHMX_NANOSECONDS 1e9
/* Longer than this many seconds is for ever: it would overflow as nanoseconds. */
#define SHMX_LONGEST_WAIT 1e9

/* Errors on an open segment: the one table from the core's answers to what the user is told. */
static void throw_status(shmx_status status)
{
	const char *message;

	switch (status) {
		case SHMX_E_READ_ONLY:
			zend_throw_error(NULL, "Read-only segment cannot be written");
			return;
		case SHMX_E_FULL:
			message = "The segment is full";
			break;
		case SHMX_E_TIMEOUT:
			message = "Another writer kept the segment for longer than shmx.lock_timeout";
			break;
		case SHMX_E_DAMAGED:
			message = "The segment is damaged: what stands in it was not written by shmx";
			break;
		case SHMX_E_KIND:
			message = "The segment holds something else";
			break;
		case SHMX_E_WRITERS:
			message = "As many handles write to the segment as it has room for (see shmx.writers and kernel.sem), or "
					  "this process has changed its user and may not use the segment's semaphores any more";
			break;
		case SHMX_E_DEADLOCK:
			message = "This script holds the segment's lock and would wait for itself";
			break;
		case SHMX_E_DELETED:
			message = "The segment was deleted";
			break;
		case SHMX_E_UNTRUSTED:
			message =
				"The value holds an object or a reference and is not revived: other users may write to the segment, "
				"or the script forbade it; see shmx_allow_objects()";
			break;
		default:
			message = "Unexpected failure";
			break;
	}
	zend_throw_exception(shmx_exception_class, message, (zend_long) status);
}

/* As above, with the kind named. */
static void throw_call_status(shmx_segment *segment, shmx_status status, const char *wanted)
{
	uint32_t stored;
	const shmx_kind_operations *kind;

	if (status != SHMX_E_KIND) {
		throw_status(status);
		return;
	}
	stored = shmx_segment_kind(segment);
	kind = shmx_kind_find(stored);
	zend_throw_exception_ex(shmx_exception_class, SHMX_E_KIND, "The segment holds %s%s, not %s",
		stored == SHMX_KIND_QUEUE ? "a " : "", kind != NULL ? kind->name : "something unknown", wanted);
}

static const char *open_hint(const shmx_open_options *options, int error)
{
	bool creates = options->mode == 'c' || options->mode == 'n';

	switch (error) {
		case ENOSPC:
			return ": all segment ids or the memory for segments are taken; see kernel.shmmni and kernel.shmall";
		case ENOMEM:
			return ": the machine has too little memory for it";
		case EINVAL:
			if (options->mode == 'n') {
				return ": the size is above kernel.shmmax";
			}
			return creates ? ": the existing segment is smaller than that, or the size is above kernel.shmmax" : "";
		default:
			return "";
	}
}

static const char *semaphores_hint(int error)
{
	switch (error) {
		case ENOSPC:
			return ": all of the kernel's are taken; see kernel.sem and ipcs -s";
		case EINVAL:
			return ": the kernel allows too few in one set; see kernel.sem";
		default:
			return "";
	}
}

static void warn_open(const shmx_open_options *options, shmx_status status, int error)
{
	switch (status) {
		case SHMX_E_GET:
			php_error_docref(NULL, E_WARNING, "Unable to attach or create shared memory segment \"%s%s\"",
				strerror(error), open_hint(options, error));
			return;
		case SHMX_E_STAT:
			php_error_docref(NULL, E_WARNING, "Unable to get shared memory segment information \"%s%s\"",
				strerror(error), error == EACCES ? ": its permissions must let the process read it" : "");
			return;
		case SHMX_E_ATTACH:
			php_error_docref(NULL, E_WARNING, "Unable to attach to shared memory segment \"%s%s\"", strerror(error),
				error == EACCES
					? ": its permissions must let the process read it and, unless the mode is \"a\", write it"
					: "");
			return;
		case SHMX_E_SEMAPHORES:
			php_error_docref(NULL, E_WARNING, "Unable to make the semaphores of shared memory segment \"%s%s\"",
				strerror(error), semaphores_hint(error));
			return;
		case SHMX_E_FOREIGN:
			php_error_docref(NULL, E_WARNING,
				"Unable to attach to shared memory segment \"it was not made by shmx: use another key, "
				"or remove it with ipcrm\"");
			return;
		case SHMX_E_VERSION:
			php_error_docref(NULL, E_WARNING,
				"Unable to attach to shared memory segment \"its format is of another version than "
				"%u, the one that this shmx knows\"",
				SHMX_FORMAT_VERSION);
			return;
		case SHMX_E_HEADER:
			php_error_docref(NULL, E_WARNING,
				"Unable to attach to shared memory segment \"its header is damaged: remove it with "
				"ipcrm\"");
			return;
		default:
			php_error_docref(NULL, E_WARNING,
				"Unable to attach to shared memory segment \"the process that creates it does not "
				"finish\"");
			return;
	}
}

static bool interrupt_is_pending(void)
{
	return zend_atomic_bool_load_ex(&EG(vm_interrupt));
}

static zend_object *create_object(zend_class_entry *class)
{
	shmx_object *object = zend_object_alloc(sizeof(shmx_object), class);

	memset(&object->segment, 0, sizeof(object->segment));
	object->objects = SHMX_OBJECTS_OF_OURS;
	zend_object_std_init(&object->std, class);
	object_properties_init(&object->std, class);
	object->std.handlers = &shmx_handlers;
	return &object->std;
}

static void free_object(zend_object *std)
{
	shmx_segment_close(&shmx_object_from(std)->segment);
	zend_object_std_dtor(std);
}

static zend_function *refuse_constructor(zend_object *std)
{
	(void) std;
	zend_throw_error(NULL, "Cannot directly construct Shmx, use shmx_open() instead");
	return NULL;
}

/* The open segment behind an argument; NULL with an Error thrown when it was closed. */
static inline shmx_segment *open_segment(zval *argument)
{
	shmx_segment *segment = &shmx_object_from(Z_OBJ_P(argument))->segment;

	if (UNEXPECTED(segment->header == NULL)) {
		zend_throw_error(NULL, "Shared memory segment has already been closed");
		return NULL;
	}
	segment->lock_timeout = (int64_t) (SHMX_G(lock_timeout) * SHMX_NANOSECONDS);
	return segment;
}

/*
 * Unserializing runs the constructors' kin of whatever class the bytes name, so bytes that another user may have put there
 * are not unserialized. Asked each time: permissions and users change while a segment is open.
 */
static bool objects_are_allowed(const shmx_segment *segment)
{
	switch (((const shmx_object *) segment)->objects) {
		case SHMX_OBJECTS_ALWAYS:
			return true;
		case SHMX_OBJECTS_NEVER:
			return false;
		default:
			return !shmx_segment_has_foreign_writers(segment);
	}
}

#define SHMX_PARSE_SEGMENT_ONLY(argument) \
	ZEND_PARSE_PARAMETERS_START(1, 1) \
		Z_PARAM_OBJECT_OF_CLASS(argument, shmx_class) \
	ZEND_PARSE_PARAMETERS_END()

static bool parse_open_arguments(zend_long key, zend_string *mode, zend_long size, shmx_open_options *options)
{
	if (key < INT32_MIN || key > INT32_MAX) {
		zend_argument_value_error(1, "is out of range");
		return false;
	}
	if (ZSTR_LEN(mode) != 1 || memchr("acnw", ZSTR_VAL(mode)[0], 4) == NULL) {
		zend_argument_value_error(2, "must be a valid access mode");
		return false;
	}
	options->mode = ZSTR_VAL(mode)[0];
	if ((options->mode == 'c' || options->mode == 'n') && size < 1) {
		zend_argument_value_error(4, "must be greater than 0 for the \"c\" and \"n\" access modes");
		return false;
	}
	options->key = (key_t) key;
	options->size = size > 0 ? (size_t) size : 0;
	return true;
}

PHP_FUNCTION(shmx_open)
{
	zend_long key, permissions, size;
	zend_string *mode;
	shmx_open_options options = { 0 };
	shmx_status status;

	ZEND_PARSE_PARAMETERS_START(4, 4)
		Z_PARAM_LONG(key)
		Z_PARAM_STR(mode)
		Z_PARAM_LONG(permissions)
		Z_PARAM_LONG(size)
	ZEND_PARSE_PARAMETERS_END();

	if (!parse_open_arguments(key, mode, size, &options)) {
		RETURN_THROWS();
	}
	options.permissions = (int) (permissions & 0777);
	options.tokens = (uint32_t) SHMX_G(writers);
	options.lock_timeout = (int64_t) (SHMX_G(lock_timeout) * SHMX_NANOSECONDS);
	options.recover = shmx_kind_recover;

	object_init_ex(return_value, shmx_class);
	status = shmx_segment_open(&shmx_object_from(Z_OBJ_P(return_value))->segment, &options);
	if (status != SHMX_OK) {
		int error = errno;

		zval_ptr_dtor(return_value);
		ZVAL_FALSE(return_value);
		warn_open(&options, status, error);
	}
}

static void warn_torn(const shmx_torn *torn)
{
	php_error_docref(NULL, E_WARNING,
		"Bytes %" PRIu64 " to %" PRIu64 " were left half-written by a process that died; writing "
		"them anew clears this",
		torn->begin, torn->end - 1);
}

PHP_FUNCTION(shmx_read)
{
	zval *argument;
	zend_long offset, size;
	shmx_segment *segment;
	zend_string *result;
	shmx_torn torn;
	shmx_status status;

	ZEND_PARSE_PARAMETERS_START(3, 3)
		Z_PARAM_OBJECT_OF_CLASS(argument, shmx_class)
		Z_PARAM_LONG(offset)
		Z_PARAM_LONG(size)
	ZEND_PARSE_PARAMETERS_END();

	segment = open_segment(argument);
	if (segment == NULL) {
		RETURN_THROWS();
	}
	if (offset < 0 || (size_t) offset > segment->payload_size) {
		zend_argument_value_error(2, "must be between 0 and the segment size");
		RETURN_THROWS();
	}
	if (size < 0 || (size_t) size > segment->payload_size - (size_t) offset) {
		zend_argument_value_error(3, "is out of range");
		RETURN_THROWS();
	}
	if (size == 0) {
		size = (zend_long) (segment->payload_size - (size_t) offset);
	}
	result = shmx_new_string((size_t) size);
	status = shmx_bytes_read(segment, (uint64_t) offset, ZSTR_VAL(result), (size_t) size, &torn);
	if (UNEXPECTED(status != SHMX_OK)) {
		zend_string_efree(result);
		throw_call_status(segment, status, "bytes");
		RETURN_THROWS();
	}
	RETVAL_NEW_STR(result);
	if (UNEXPECTED(torn.found)) {
		warn_torn(&torn);
	}
}

PHP_FUNCTION(shmx_write)
{
	zval *argument;
	zend_string *data;
	zend_long offset;
	shmx_segment *segment;
	shmx_status status;
	size_t room, size;

	ZEND_PARSE_PARAMETERS_START(3, 3)
		Z_PARAM_OBJECT_OF_CLASS(argument, shmx_class)
		Z_PARAM_STR(data)
		Z_PARAM_LONG(offset)
	ZEND_PARSE_PARAMETERS_END();

	segment = open_segment(argument);
	if (segment == NULL) {
		RETURN_THROWS();
	}
	if (segment->read_only) {
		throw_status(SHMX_E_READ_ONLY);
		RETURN_THROWS();
	}
	if (offset < 0 || (size_t) offset > segment->payload_size) {
		zend_argument_value_error(3, "is out of range");
		RETURN_THROWS();
	}
	room = segment->payload_size - (size_t) offset;
	size = ZSTR_LEN(data) < room ? ZSTR_LEN(data) : room;
	status = shmx_bytes_write(segment, (uint64_t) offset, ZSTR_VAL(data), size);
	if (UNEXPECTED(status != SHMX_OK)) {
		throw_call_status(segment, status, "bytes");
		RETURN_THROWS();
	}
	RETURN_LONG((zend_long) size);
}

PHP_FUNCTION(shmx_size)
{
	zval *argument;
	shmx_segment *segment;

	SHMX_PARSE_SEGMENT_ONLY(argument);
	segment = open_segment(argument);
	if (segment == NULL) {
		RETURN_THROWS();
	}
	RETURN_LONG((zend_long) segment->payload_size);
}

PHP_FUNCTION(shmx_delete)
{
	zval *argument;
	shmx_segment *segment;

	SHMX_PARSE_SEGMENT_ONLY(argument);
	segment = open_segment(argument);
	if (segment == NULL) {
		RETURN_THROWS();
	}
	if (shmx_segment_delete(segment) != SHMX_OK) {
		php_error_docref(NULL, E_WARNING, "Can't mark segment for deletion (are you the owner?)");
		RETURN_FALSE;
	}
	RETURN_TRUE;
}

PHP_FUNCTION(shmx_close)
{
	zval *argument;
	shmx_segment *segment;

	SHMX_PARSE_SEGMENT_ONLY(argument);
	segment = open_segment(argument);
	if (segment == NULL) {
		RETURN_THROWS();
	}
	shmx_segment_close(segment);
}

/*
 * The argument of a timeout, once parsed. A bool, which PHP would make 0 or 1 second of, is refused: sem_acquire() takes one
 * there and means something else by it.
 */
static bool check_timeout(zend_execute_data *execute_data, double timeout, uint32_t argument)
{
	if (ZEND_NUM_ARGS() >= argument) {
		zval *given = ZEND_CALL_ARG(execute_data, argument);

		ZVAL_DEREF(given);
		if (Z_TYPE_P(given) == IS_FALSE || Z_TYPE_P(given) == IS_TRUE) {
			zend_argument_type_error(argument, "must be of type float, bool given");
			return false;
		}
	}
	if (isnan(timeout)) {
		zend_argument_value_error(argument, "must not be NAN");
		return false;
	}
	return true;
}

/* Seconds, negative for ever, to the core's nanoseconds. */
static int64_t wait_nanoseconds(double seconds)
{
	if (seconds < 0 || seconds > SHMX_LONGEST_WAIT) {
		return SHMX_WAIT_FOR_EVER;
	}
	return (int64_t) (seconds * SHMX_NANOSECONDS);
}

PHP_FUNCTION(shmx_lock)
{
	zval *argument;
	double timeout = -1;
	shmx_segment *segment;
	shmx_status status;

	ZEND_PARSE_PARAMETERS_START(1, 2)
		Z_PARAM_OBJECT_OF_CLASS(argument, shmx_class)
		Z_PARAM_OPTIONAL
		Z_PARAM_DOUBLE(timeout)
	ZEND_PARSE_PARAMETERS_END();

	segment = open_segment(argument);
	if (segment == NULL) {
		RETURN_THROWS();
	}
	if (!check_timeout(execute_data, timeout, 2)) {
		RETURN_THROWS();
	}
	segment->interrupted = interrupt_is_pending;
	status = shmx_segment_check(segment);
	if (status == SHMX_OK) {
		status = shmx_guard_take(segment, wait_nanoseconds(timeout));
	}
	segment->interrupted = NULL;
	if (status == SHMX_OK) {
		segment->explicit_depth++;
		RETURN_TRUE;
	}
	if (status == SHMX_E_TIMEOUT || status == SHMX_INTERRUPTED) {
		RETURN_FALSE;
	}
	if (status == SHMX_E_READ_ONLY) {
		zend_throw_error(NULL, "Read-only segment cannot be locked");
		RETURN_THROWS();
	}
	throw_status(status);
}

PHP_FUNCTION(shmx_unlock)
{
	zval *argument;
	shmx_segment *segment;

	SHMX_PARSE_SEGMENT_ONLY(argument);
	segment = open_segment(argument);
	if (segment == NULL) {
		RETURN_THROWS();
	}
	/* After a fork the lock is still the parent's, and the count with it. */
	if (!shmx_guard_held(segment) || segment->explicit_depth == 0) {
		zend_throw_error(NULL, "Shared memory segment is not locked through this handle");
		RETURN_THROWS();
	}
	segment->explicit_depth--;
	shmx_guard_release(segment);
	RETURN_TRUE;
}

PHP_FUNCTION(shmx_allow_objects)
{
	zval *argument;
	bool allow = true;

	ZEND_PARSE_PARAMETERS_START(1, 2)
		Z_PARAM_OBJECT_OF_CLASS(argument, shmx_class)
		Z_PARAM_OPTIONAL
		Z_PARAM_BOOL(allow)
	ZEND_PARSE_PARAMETERS_END();

	if (open_segment(argument) == NULL) {
		RETURN_THROWS();
	}
	shmx_object_from(Z_OBJ_P(argument))->objects = allow ? SHMX_OBJECTS_ALWAYS : SHMX_OBJECTS_NEVER;
}

/* Most messages fit here; a larger one gets memory of its own. */
#define SHMX_SMALL_MESSAGE 1024

PHP_FUNCTION(shmx_send)
{
	zval *argument, *value;
	double timeout = 0;
	shmx_segment *segment;
	shmx_encoded encoded;
	shmx_queue_room room;
	shmx_status status;

	ZEND_PARSE_PARAMETERS_START(2, 3)
		Z_PARAM_OBJECT_OF_CLASS(argument, shmx_class)
		Z_PARAM_ZVAL(value)
		Z_PARAM_OPTIONAL
		Z_PARAM_DOUBLE(timeout)
	ZEND_PARSE_PARAMETERS_END();

	if (open_segment(argument) == NULL || !check_timeout(execute_data, timeout, 3)
		|| !shmx_codec_encode(&SHMX_G(codec), value, &encoded)) {
		RETURN_THROWS();
	}
	/* Only now: encoding may have run user code that closed the segment. */
	segment = open_segment(argument);
	if (segment == NULL) {
		shmx_codec_encoded_free(&encoded);
		RETURN_THROWS();
	}
	segment->interrupted = interrupt_is_pending;
	status = shmx_queue_send(segment, encoded.type, encoded.bytes, encoded.length, wait_nanoseconds(timeout), &room);
	segment->interrupted = NULL;
	shmx_codec_encoded_free(&encoded);
	if (EXPECTED(status == SHMX_OK)) {
		RETURN_TRUE;
	}
	if (status == SHMX_E_FULL || status == SHMX_INTERRUPTED) {
		RETURN_FALSE;
	}
	if (status == SHMX_E_TOO_LARGE) {
		zend_throw_exception_ex(shmx_exception_class, SHMX_E_TOO_LARGE,
			"The message is too large for the queue: it needs %" PRIu64 " bytes and the queue has %" PRIu64,
			room.needed, room.available);
		RETURN_THROWS();
	}
	throw_call_status(segment, status, "a queue");
}

/* For a "variable" or a "message" whose bytes are no value. */
static void throw_undecodable(const char *what, uint32_t type)
{
	if (type != SHMX_TYPE_SERIALIZED) {
		throw_status(SHMX_E_DAMAGED);
		return;
	}
	zend_throw_exception_ex(shmx_exception_class, SHMX_E_DAMAGED,
		"The %s cannot be unserialized: this script lacks an enum that it holds, its objects are nested too deeply, or "
		"the segment is damaged",
		what);
}

static bool decode_message(const shmx_message *message, zval *value)
{
	if (message->type == SHMX_TYPE_SERIALIZED) {
		zend_string *copy = shmx_new_string(message->length);
		bool decoded;

		memcpy(ZSTR_VAL(copy), message->bytes, message->length);
		decoded = shmx_codec_unserialize(copy, value);
		zend_string_efree(copy);
		return decoded;
	}
	return shmx_codec_decode(&SHMX_G(codec), message->type, message->bytes, message->length, value);
}

/* PHP may end the script in here, when memory_limit is reached: the message's own memory is not PHP's to give back. */
static bool decode_and_free(shmx_message *message, zval *value)
{
	bool decoded = false;

	if (!message->allocated) {
		return decode_message(message, value);
	}
	zend_try
	{
		decoded = decode_message(message, value);
	}
	zend_catch
	{
		shmx_message_free(message);
		zend_bailout();
	}
	zend_end_try();
	shmx_message_free(message);
	return decoded;
}

/* Takes `value` over. Until PHP 8.5 the macro destroys the old value first, whose destructor may look at the variable. */
static void assign_output(zval *output, zval *value)
{
	zval old;

	ZVAL_COPY(&old, Z_REFVAL_P(output));
	ZEND_TRY_ASSIGN_REF_TMP(output, value);
	zval_ptr_dtor(&old);
}

PHP_FUNCTION(shmx_receive)
{
	zval *argument, *output, value;
	double timeout = -1;
	shmx_segment *segment;
	unsigned char small[SHMX_SMALL_MESSAGE];
	shmx_message message = { .bytes = small, .capacity = sizeof(small) };
	shmx_status status;
	bool decoded;

	ZEND_PARSE_PARAMETERS_START(2, 3)
		Z_PARAM_OBJECT_OF_CLASS(argument, shmx_class)
		Z_PARAM_ZVAL(output)
		Z_PARAM_OPTIONAL
		Z_PARAM_DOUBLE(timeout)
	ZEND_PARSE_PARAMETERS_END();

	segment = open_segment(argument);
	if (segment == NULL || !check_timeout(execute_data, timeout, 3)) {
		RETURN_THROWS();
	}
	segment->interrupted = interrupt_is_pending;
	status = shmx_queue_receive(segment, &message, wait_nanoseconds(timeout));
	segment->interrupted = NULL;
	if (UNEXPECTED(status != SHMX_OK)) {
		shmx_message_free(&message);
		if (status == SHMX_NO_MESSAGE || status == SHMX_INTERRUPTED) {
			ZVAL_NULL(&value);
			assign_output(output, &value);
			RETURN_FALSE;
		}
		if (status == SHMX_E_FULL) {
			zend_throw_exception(shmx_exception_class, "There is no memory for the message", SHMX_E_FULL);
			RETURN_THROWS();
		}
		throw_call_status(segment, status, "a queue");
		RETURN_THROWS();
	}
	/* The message is gone all the same: one that is refused must not stand in the way of those behind it. */
	if (message.type == SHMX_TYPE_SERIALIZED && !objects_are_allowed(segment)) {
		shmx_message_free(&message);
		throw_status(SHMX_E_UNTRUSTED);
		RETURN_THROWS();
	}
	ZVAL_NULL(&value);
	decoded = decode_and_free(&message, &value);
	if (UNEXPECTED(EG(exception) != NULL)) {
		zval_ptr_dtor(&value);
		RETURN_THROWS();
	}
	if (!decoded) {
		throw_undecodable("message", message.type);
		RETURN_THROWS();
	}
	assign_output(output, &value);
	RETURN_TRUE;
}

PHP_FUNCTION(shmx_pending)
{
	zval *argument;
	shmx_segment *segment;
	uint64_t pending;
	shmx_status status;

	SHMX_PARSE_SEGMENT_ONLY(argument);
	segment = open_segment(argument);
	if (segment == NULL) {
		RETURN_THROWS();
	}
	status = shmx_queue_pending(segment, &pending);
	if (status != SHMX_OK) {
		throw_call_status(segment, status, "a queue");
		RETURN_THROWS();
	}
	RETURN_LONG((zend_long) pending);
}

/* What the kernel knows of a segment, the same in shmx_info() and shmx_list(). */
static void add_kernel_figures(zval *array, int id, const struct shmid_ds *status)
{
#ifdef __linux__
	add_assoc_long(array, "key", (zend_long) status->shm_perm.__key);
#else
	add_assoc_null(array, "key");
#endif
	add_assoc_long(array, "shmid", id);
	add_assoc_long(array, "size", (zend_long) (status->shm_segsz - SHMX_HEADER_SIZE));
	add_assoc_long(array, "permissions", status->shm_perm.mode & 0777);
	add_assoc_long(array, "owner", (zend_long) status->shm_perm.uid);
	add_assoc_long(array, "group", (zend_long) status->shm_perm.gid);
	add_assoc_long(array, "attached", (zend_long) status->shm_nattch);
}

/* The same where the kernel does not tell: this process may not read the segment any more, but still has it. */
static void add_figures_without_kernel(zval *array, const shmx_segment *segment)
{
	add_assoc_null(array, "key");
	add_assoc_long(array, "shmid", segment->id);
	add_assoc_long(array, "size", (zend_long) segment->payload_size);
	add_assoc_null(array, "permissions");
	add_assoc_null(array, "owner");
	add_assoc_null(array, "group");
	add_assoc_null(array, "attached");
}

static void add_kind(zval *array, uint32_t stored)
{
	const shmx_kind_operations *kind = shmx_kind_find(stored);

	add_assoc_string(array, "kind", kind != NULL ? kind->name : "unknown");
}

static void add_torn_ranges(zval *array, shmx_segment *segment)
{
	shmx_torn ranges[SHMX_TORN_RANGES];
	size_t count = shmx_bytes_torn_ranges(segment, ranges);
	zval list;

	array_init(&list);
	for (size_t i = 0; i < count; i++) {
		zval pair;

		array_init_size(&pair, 2);
		add_next_index_long(&pair, (zend_long) ranges[i].begin);
		add_next_index_long(&pair, (zend_long) (ranges[i].end - ranges[i].begin));
		add_next_index_zval(&list, &pair);
	}
	add_assoc_zval(array, "torn", &list);
}

/* What is beyond an int, on 32 bits, is the largest one. */
static void add_figure(zval *array, const char *name, uint64_t figure)
{
	add_assoc_long(array, name, figure > (uint64_t) ZEND_LONG_MAX ? ZEND_LONG_MAX : (zend_long) figure);
}

static void add_variable_figures(zval *array, shmx_segment *segment)
{
	shmx_vars_figures figures;

	if (shmx_vars_info(segment, &figures) != SHMX_OK) {
		return;
	}
	add_figure(array, "entries", figures.entries);
	add_figure(array, "capacity", figures.capacity);
	add_figure(array, "bytes_used", figures.bytes_used);
	add_figure(array, "bytes_live", figures.bytes_live);
	add_figure(array, "permanent_bytes", figures.permanent_bytes);
	add_figure(array, "hits", figures.hits);
	add_figure(array, "misses", figures.misses);
	add_figure(array, "evictions", figures.evictions);
	add_figure(array, "second_rounds", figures.second_rounds);
	add_figure(array, "expired", figures.expired);
	add_figure(array, "moved_bytes", figures.moved_bytes);
}

static void add_queue_figures(zval *array, shmx_segment *segment)
{
	shmx_queue_figures figures;

	if (shmx_queue_info(segment, &figures) != SHMX_OK) {
		return;
	}
	add_figure(array, "pending", figures.pending);
	add_figure(array, "sent", figures.sent);
	add_figure(array, "received", figures.received);
	add_figure(array, "capacity", figures.capacity);
	add_figure(array, "bytes_used", figures.bytes_used);
	add_figure(array, "receivers_waiting", figures.receivers_waiting);
	add_figure(array, "senders_waiting", figures.senders_waiting);
}

/* Of a queue, what it counts itself: a message whose sender died may be sent and not yet counted in the header. */
static uint64_t count_writes(shmx_segment *segment)
{
	uint32_t kind = shmx_segment_kind(segment);
	shmx_queue_figures figures;

	if (kind == SHMX_KIND_QUEUE && shmx_queue_info(segment, &figures) == SHMX_OK) {
		return figures.sent;
	}
	return kind <= SHMX_KIND_BYTES ? shmx_bytes_writes(segment)
								   : atomic_load_explicit(&segment->header->counters.writes, memory_order_relaxed);
}

static void add_header_figures(zval *array, shmx_segment *segment)
{
	const shmx_header *header = segment->header;
	zend_long last_write = (zend_long) atomic_load_explicit(&header->counters.last_write_at, memory_order_relaxed);
	uint32_t in_use, total;
	bool has_semaphores = shmx_guard_tokens(segment, &in_use, &total);

	add_kind(array, shmx_segment_kind(segment));
	add_assoc_long(
		array, "created", (zend_long) atomic_load_explicit(&header->identity.created_at, memory_order_relaxed));
	if (last_write != 0) {
		add_assoc_long(array, "last_write", last_write);
	} else {
		add_assoc_null(array, "last_write");
	}
	add_figure(array, "writes", count_writes(segment));
	add_figure(array, "recoveries", atomic_load_explicit(&header->counters.recoveries, memory_order_relaxed));
	add_figure(array, "torn_writes", atomic_load_explicit(&header->counters.torn_writes, memory_order_relaxed));
	add_torn_ranges(array, segment);
	add_assoc_long(array, "writers", (zend_long) total);
	if (has_semaphores) {
		add_assoc_long(array, "semid", segment->semaphores);
		add_assoc_long(array, "writers_in_use", (zend_long) in_use);
	} else {
		add_assoc_null(array, "semid");
		add_assoc_null(array, "writers_in_use");
	}
	add_assoc_long(
		array, "format_version", (zend_long) atomic_load_explicit(&header->identity.version, memory_order_relaxed));
}

PHP_FUNCTION(shmx_info)
{
	zval *argument;
	shmx_segment *segment;
	struct shmid_ds status;

	SHMX_PARSE_SEGMENT_ONLY(argument);
	segment = open_segment(argument);
	if (segment == NULL) {
		RETURN_THROWS();
	}
	if (shmx_segment_check(segment) != SHMX_OK) {
		throw_status(SHMX_E_DAMAGED);
		RETURN_THROWS();
	}
	array_init(return_value);
	if (shmx_segment_stat(segment, &status) == SHMX_OK) {
		add_kernel_figures(return_value, segment->id, &status);
		add_assoc_bool(return_value, "deleted", (status.shm_perm.mode & SHM_DEST) != 0);
	} else {
		add_figures_without_kernel(return_value, segment);
		add_assoc_null(return_value, "deleted");
	}
	add_header_figures(return_value, segment);
	if (shmx_segment_kind(segment) == SHMX_KIND_VARIABLES) {
		add_variable_figures(return_value, segment);
	} else if (shmx_segment_kind(segment) == SHMX_KIND_QUEUE) {
		add_queue_figures(return_value, segment);
	}
}

/* A key as the core takes it. An int is its decimal text, so that 5 and "5" are one key. */
typedef struct {
	shmx_key core;
	char digits[MAX_LENGTH_OF_LONG + 1]; /* and a NUL */
} variable_key;

static bool make_key(variable_key *key, zend_string *text, zend_long number)
{
	if (text != NULL) {
		if (UNEXPECTED(ZSTR_LEN(text) > SHMX_RECORD_MAX_KEY)) {
			zend_argument_value_error(2, "must be at most %d bytes long", (int) SHMX_RECORD_MAX_KEY);
			return false;
		}
		key->core = (shmx_key){ ZSTR_VAL(text), ZSTR_LEN(text), (uint64_t) ZSTR_HASH(text) };
		return true;
	}
	char *end = key->digits + sizeof(key->digits) - 1;
	char *begin = zend_print_long_to_buf(end, number);
	key->core.bytes = begin;
	key->core.length = (size_t) (end - begin);
	key->core.hash = (uint64_t) zend_hash_func(begin, key->core.length);
	return true;
}

static bool check_ttl(zend_long ttl, uint32_t argument, int64_t *seconds)
{
	if (UNEXPECTED(ttl < 0)) {
		zend_argument_value_error(argument, "must be greater than or equal to 0");
		return false;
	}
	*seconds = ttl == ZEND_LONG_MAX ? SHMX_TTL_EVICTABLE : (int64_t) ttl;
	return true;
}

/* What a call on variables could not do, with the room named where room was missing. */
static void throw_variable_status(shmx_segment *segment, shmx_status status, const shmx_room *room)
{
	if (status == SHMX_E_FULL) {
		zend_throw_exception_ex(shmx_exception_class, SHMX_E_FULL,
			"The segment is full: the variable needs %" PRIu64 " bytes and %" PRIu64
			" are available; only variables with a time to live give way",
			room->needed, room->available);
	} else if (status == SHMX_E_TOO_LARGE) {
		zend_throw_exception_ex(shmx_exception_class, SHMX_E_TOO_LARGE,
			"The variable is too large for the segment: it needs %" PRIu64 " bytes and at most %" PRIu64
			" can be had with its time to live",
			room->needed, room->available);
	} else {
		throw_call_status(segment, status, "variables");
	}
}

/* How often writers may overtake a look at a variable before it changes its ways; and a large one, which takes its time. */
#define SHMX_LOOKS 16u
#define SHMX_LARGE_LOOKS 2u
#define SHMX_LARGE_VARIABLE 65536u

/* Of bytes that no other process changes. An exception may be pending after SHMX_OK. */
static shmx_status unserialize_copy(const zend_string *copy, zval *value)
{
	return shmx_codec_unserialize(copy, value) || EG(exception) != NULL ? SHMX_OK : SHMX_E_DAMAGED;
}

/* PHP's unserializer reads twice and runs user code, so it gets bytes of its own. */
static shmx_status unserialize_found(shmx_segment *segment, const shmx_found *found, zval *value)
{
	zend_string *copy = shmx_new_string(found->length);
	shmx_status status;

	memcpy(ZSTR_VAL(copy), found->bytes, found->length);
	status = shmx_vars_still_valid(segment, found) ? unserialize_copy(copy, value) : SHMX_NOT_FOUND;
	zend_string_efree(copy);
	return status;
}

/*
 * Turns what was found into a PHP value. `copy`: NULL, or the bytes, which found->bytes is then in and which nobody
 * overtakes. SHMX_NOT_FOUND: the bytes were overtaken by writers, find again. SHMX_E_DAMAGED: they are no value. An
 * exception may be pending after SHMX_OK: unserializing runs user code.
 */
static shmx_status decode_found(shmx_segment *segment, const shmx_found *found, zend_string *copy, zval *value)
{
	bool decoded;

	switch (found->type) {
		case SHMX_TYPE_NULL:
			ZVAL_NULL(value);
			return SHMX_OK;
		case SHMX_TYPE_FALSE:
			ZVAL_FALSE(value);
			return SHMX_OK;
		case SHMX_TYPE_TRUE:
			ZVAL_TRUE(value);
			return SHMX_OK;
		case SHMX_TYPE_INT:
		case SHMX_TYPE_FLOAT:
			/* Loaded in one piece with the type: there is nothing to overtake. */
			decoded = shmx_codec_decode(
				&SHMX_G(codec), found->type, (const unsigned char *) &found->number, found->length, value);
			return decoded ? SHMX_OK : SHMX_E_DAMAGED;
		case SHMX_TYPE_SERIALIZED:
			if (!objects_are_allowed(segment)) {
				return SHMX_E_UNTRUSTED;
			}
			return copy != NULL ? unserialize_copy(copy, value) : unserialize_found(segment, found, value);
		case SHMX_TYPE_STRING:
			if (copy != NULL) {
				ZVAL_STR_COPY(value, copy);
				return SHMX_OK;
			}
			ZEND_FALLTHROUGH;
		default:
			decoded = shmx_codec_decode(&SHMX_G(codec), found->type, found->bytes, found->length, value);
			if (copy == NULL && !shmx_vars_still_valid(segment, found)) {
				if (decoded) {
					/* If the next look ends in an error, this may be what PHP frees as the call's result. */
					zval_ptr_dtor_nogc(value);
					ZVAL_UNDEF(value);
				}
				return SHMX_NOT_FOUND;
			}
			return decoded ? SHMX_OK : SHMX_E_DAMAGED;
	}
}

/* Finds, and copies the bytes. SHMX_E_FULL: there are more of them than `room`. `overtaken`: try again. */
static shmx_status find_and_copy(
	shmx_segment *segment, const variable_key *key, shmx_found *found, char *into, size_t room, bool *overtaken)
{
	shmx_status status = shmx_vars_find(segment, &key->core, found);

	*overtaken = false;
	if (status != SHMX_OK) {
		return status;
	}
	if (found->length > room) {
		return SHMX_E_FULL;
	}
	memcpy(into, found->bytes, found->length);
	*overtaken = !shmx_vars_still_valid(segment, found);
	return SHMX_OK;
}

/* The same under the lock, where nobody overtakes. Who does not get it in time has been overtaken, too. */
static shmx_status find_and_copy_guarded(
	shmx_segment *segment, const variable_key *key, shmx_found *found, char *into, size_t room, bool *overtaken)
{
	shmx_status status = shmx_guard_take(segment, segment->lock_timeout);

	if (status == SHMX_OK) {
		status = find_and_copy(segment, key, found, into, room, overtaken);
		shmx_guard_release(segment);
	}
	*overtaken = *overtaken || status == SHMX_E_TIMEOUT;
	return status == SHMX_E_TIMEOUT ? SHMX_OK : status;
}

/*
 * For a value that takes longer to decode than writers take to go once round the log: copies its bytes, which is faster by
 * far, and if even that is overtaken again and again, under the lock, every other time. Who cannot lock goes on without.
 * Room is made before, for an error of Zend's would leave the lock taken. SHMX_OK with `copy`, which found->bytes is then
 * in; SHMX_E_TIMEOUT when shmx.lock_timeout is over.
 */
static shmx_status copy_variable(
	shmx_segment *segment, const variable_key *key, shmx_found *found, size_t expected_length, zend_string **copy)
{
	int64_t begun = shmx_clock_monotonic();
	size_t room = expected_length;
	shmx_status status = SHMX_OK;
	bool overtaken = true;

	*copy = shmx_new_string(room);
	for (unsigned int look = 0; status == SHMX_OK && overtaken; look++) {
		bool guarded = look >= SHMX_LOOKS && look % 2 == 0 && !segment->read_only;

		status =
			(guarded ? find_and_copy_guarded : find_and_copy)(segment, key, found, ZSTR_VAL(*copy), room, &overtaken);
		if (status == SHMX_E_FULL) {
			zend_string_efree(*copy);
			room = MIN(found->length + found->length / 8, segment->payload_size);
			*copy = shmx_new_string(room);
			overtaken = true;
			status = SHMX_OK;
		}
		if (overtaken && look >= 2 * SHMX_LOOKS && shmx_clock_monotonic() - begun > segment->lock_timeout) {
			status = SHMX_E_TIMEOUT;
		}
	}
	if (status != SHMX_OK) {
		zend_string_efree(*copy);
		return status;
	}
	ZSTR_LEN(*copy) = found->length;
	ZSTR_VAL(*copy)[found->length] = '\0';
	found->bytes = (const unsigned char *) ZSTR_VAL(*copy);
	return SHMX_OK;
}

static bool may_look_again(const shmx_found *found, unsigned int looks)
{
	return looks < (found->length < SHMX_LARGE_VARIABLE ? SHMX_LOOKS : SHMX_LARGE_LOOKS);
}

/* Finds and decodes. SHMX_OK with `value` set (undefined if an exception is pending), SHMX_NOT_FOUND, or an error. */
static shmx_status fetch(shmx_segment *segment, const variable_key *key, shmx_found *found, zval *value)
{
	zend_string *copy;
	unsigned int looks = 0;
	shmx_status status;

	ZVAL_UNDEF(value);
	do {
		status = shmx_vars_find(segment, &key->core, found);
		if (status != SHMX_OK) {
			return status;
		}
		status = decode_found(segment, found, NULL, value);
		if (EXPECTED(status != SHMX_NOT_FOUND)) {
			return status;
		}
	} while (may_look_again(found, ++looks));
	status = copy_variable(segment, key, found, found->length, &copy);
	if (status == SHMX_OK) {
		status = decode_found(segment, found, copy, value);
		zend_string_release(copy);
	}
	return status;
}

static void store_variable(INTERNAL_FUNCTION_PARAMETERS, bool only_if_absent)
{
	zval *argument, *value;
	zend_string *text;
	zend_long number, ttl = 0;
	shmx_segment *segment;
	variable_key key;
	shmx_encoded encoded;
	shmx_room room;
	int64_t seconds;
	shmx_status status;

	ZEND_PARSE_PARAMETERS_START(3, 4)
		Z_PARAM_OBJECT_OF_CLASS(argument, shmx_class)
		Z_PARAM_STR_OR_LONG(text, number)
		Z_PARAM_ZVAL(value)
		Z_PARAM_OPTIONAL
		Z_PARAM_LONG(ttl)
	ZEND_PARSE_PARAMETERS_END();

	if (open_segment(argument) == NULL || !make_key(&key, text, number) || !check_ttl(ttl, 4, &seconds)
		|| !shmx_codec_encode(&SHMX_G(codec), value, &encoded)) {
		RETURN_THROWS();
	}
	/* Only now: encoding may have run user code that closed the segment. */
	segment = open_segment(argument);
	if (segment == NULL) {
		shmx_codec_encoded_free(&encoded);
		RETURN_THROWS();
	}
	status = shmx_vars_put(segment, &key.core,
		&(shmx_value){ .type = encoded.type, .bytes = encoded.bytes, .length = encoded.length }, seconds,
		only_if_absent, &room);
	shmx_codec_encoded_free(&encoded);
	if (EXPECTED(status == SHMX_OK)) {
		RETURN_TRUE;
	}
	if (status == SHMX_NOT_FOUND) {
		RETURN_FALSE;
	}
	throw_variable_status(segment, status, &room);
}

PHP_FUNCTION(shmx_put_var)
{
	store_variable(INTERNAL_FUNCTION_PARAM_PASSTHRU, false);
}

PHP_FUNCTION(shmx_add_var)
{
	store_variable(INTERNAL_FUNCTION_PARAM_PASSTHRU, true);
}

PHP_FUNCTION(shmx_get_var)
{
	zval *argument, *fallback = NULL;
	zend_string *text;
	zend_long number;
	shmx_segment *segment;
	variable_key key;
	shmx_found found;
	shmx_status status;

	ZEND_PARSE_PARAMETERS_START(2, 3)
		Z_PARAM_OBJECT_OF_CLASS(argument, shmx_class)
		Z_PARAM_STR_OR_LONG(text, number)
		Z_PARAM_OPTIONAL
		Z_PARAM_ZVAL(fallback)
	ZEND_PARSE_PARAMETERS_END();

	segment = open_segment(argument);
	if (segment == NULL || !make_key(&key, text, number)) {
		RETURN_THROWS();
	}
	found.type = 0;
	status = fetch(segment, &key, &found, return_value);
	if (EXPECTED(status == SHMX_OK)) {
		return;
	}
	if (status == SHMX_NOT_FOUND) {
		if (fallback != NULL) {
			RETURN_COPY_DEREF(fallback);
		}
		RETURN_NULL();
	}
	if (status == SHMX_E_DAMAGED) {
		throw_undecodable("variable", found.type);
		RETURN_THROWS();
	}
	throw_variable_status(segment, status, NULL);
}

/* The arguments of the calls that take a segment and a key and nothing else. */
static shmx_segment *parse_segment_and_key(INTERNAL_FUNCTION_PARAMETERS, variable_key *key)
{
	zval *argument;
	zend_string *text;
	zend_long number;
	shmx_segment *segment;

	(void) return_value;
	ZEND_PARSE_PARAMETERS_START(2, 2)
		Z_PARAM_OBJECT_OF_CLASS(argument, shmx_class)
		Z_PARAM_STR_OR_LONG(text, number)
	ZEND_PARSE_PARAMETERS_END_EX(return NULL);

	segment = open_segment(argument);
	return segment != NULL && make_key(key, text, number) ? segment : NULL;
}

PHP_FUNCTION(shmx_has_var)
{
	variable_key key;
	shmx_found found;
	shmx_segment *segment = parse_segment_and_key(INTERNAL_FUNCTION_PARAM_PASSTHRU, &key);
	shmx_status status;

	if (segment == NULL) {
		RETURN_THROWS();
	}
	status = shmx_vars_find(segment, &key.core, &found);
	if (status != SHMX_OK && status != SHMX_NOT_FOUND) {
		throw_variable_status(segment, status, NULL);
		RETURN_THROWS();
	}
	RETURN_BOOL(status == SHMX_OK);
}

PHP_FUNCTION(shmx_remove_var)
{
	variable_key key;
	shmx_segment *segment = parse_segment_and_key(INTERNAL_FUNCTION_PARAM_PASSTHRU, &key);
	shmx_status status;

	if (segment == NULL) {
		RETURN_THROWS();
	}
	status = shmx_vars_remove(segment, &key.core);
	if (status != SHMX_OK && status != SHMX_NOT_FOUND) {
		throw_variable_status(segment, status, NULL);
		RETURN_THROWS();
	}
	RETURN_BOOL(status == SHMX_OK);
}

PHP_FUNCTION(shmx_inc_var)
{
	zval *argument;
	zend_string *text;
	zend_long number, step = 1, ttl = 0;
	shmx_segment *segment;
	variable_key key;
	shmx_room room;
	int64_t seconds, result;
	shmx_status status;

	ZEND_PARSE_PARAMETERS_START(2, 4)
		Z_PARAM_OBJECT_OF_CLASS(argument, shmx_class)
		Z_PARAM_STR_OR_LONG(text, number)
		Z_PARAM_OPTIONAL
		Z_PARAM_LONG(step)
		Z_PARAM_LONG(ttl)
	ZEND_PARSE_PARAMETERS_END();

	segment = open_segment(argument);
	if (segment == NULL || !make_key(&key, text, number) || !check_ttl(ttl, 4, &seconds)) {
		RETURN_THROWS();
	}
	status = shmx_vars_increment(segment, &key.core, step, seconds, &result, &room);
	if (EXPECTED(status == SHMX_OK)) {
		RETURN_LONG((zend_long) result);
	}
	if (status != SHMX_E_TYPE) {
		throw_variable_status(segment, status, &room);
	} else if (result == 0) {
		zend_throw_exception(shmx_exception_class, "The variable is not an int", SHMX_E_TYPE);
	} else {
		zend_throw_error(zend_ce_arithmetic_error, "The sum is too large for an int");
	}
}

/* Whether the decoded value, which this frees, is what the caller expects. */
static bool is_expected(zval *current, zval *expected)
{
	bool same;

	ZVAL_DEREF(expected);
	same = zend_is_identical(current, expected);
	zval_ptr_dtor(current);
	return same;
}

/* What shmx_cas_var() was asked for. */
typedef struct {
	const variable_key *key;
	zval *value;
	const shmx_encoded *expected; /* the value's */
	const shmx_encoded *next;
	shmx_room *room;
} variable_swap;

static bool has_bytes(const shmx_found *found, const shmx_encoded *encoded)
{
	return found->length == encoded->length && memcmp(found->bytes, encoded->bytes, encoded->length) == 0;
}

/*
 * Whether what is stored, in the form that PHP serializes, is what serialize() makes of the expected value. It is never
 * unserialized for that. An array is stored in this form or in shmx's own, as it has references in it or not; one without
 * objects runs no user code here.
 */
static bool is_serialized_as_expected(const variable_swap *swap, const shmx_found *found)
{
	shmx_encoded serialized;
	bool same;

	if (swap->expected->type == SHMX_TYPE_SERIALIZED) {
		return has_bytes(found, swap->expected);
	}
	if (swap->expected->type != SHMX_TYPE_ARRAY || !shmx_codec_serialize(swap->value, &serialized)) {
		return false;
	}
	same = has_bytes(found, &serialized);
	shmx_codec_encoded_free(&serialized);
	return same;
}

static bool may_be_expected(const variable_swap *swap, const shmx_found *found)
{
	const zval *value = swap->value;

	ZVAL_DEREF(value);
	return found->type == swap->expected->type || (found->type == SHMX_TYPE_ARRAY && Z_TYPE_P(value) == IS_ARRAY);
}

/* Compares what was found with what is expected; `copy` and SHMX_NOT_FOUND as for decode_found(). */
static shmx_status compare(
	shmx_segment *segment, const variable_swap *swap, const shmx_found *found, zend_string *copy, bool *same)
{
	shmx_status status = SHMX_OK;
	zval current;

	if (found->type == SHMX_TYPE_SERIALIZED) {
		*same = is_serialized_as_expected(swap, found);
		return copy != NULL || shmx_vars_still_valid(segment, found) ? SHMX_OK : SHMX_NOT_FOUND;
	}
	*same = false;
	if (may_be_expected(swap, found)) {
		status = decode_found(segment, found, copy, &current);
		*same = status == SHMX_OK && is_expected(&current, swap->value);
	}
	return status;
}

static shmx_status replace_found(shmx_segment *segment, const variable_swap *swap, const shmx_found *found)
{
	const shmx_value replacement = { swap->next->type, swap->next->bytes, swap->next->length };

	return shmx_vars_replace_if(segment, &swap->key->core, found, &replacement, swap->room);
}

/* Swaps if the stored bytes are those of the copy, under the lock, where nobody overtakes. `changed`: they are not. */
static shmx_status replace_copied(
	shmx_segment *segment, const variable_swap *swap, const shmx_found *copied, bool *changed)
{
	shmx_found found;
	shmx_status status = shmx_guard_take(segment, segment->lock_timeout);

	*changed = false;
	if (status != SHMX_OK) {
		return status;
	}
	status = shmx_vars_find(segment, &swap->key->core, &found);
	if (status == SHMX_OK) {
		/* The number was loaded apart from the copied bytes, and it is the number that was compared. */
		*changed = found.type != copied->type || found.length != copied->length || found.number != copied->number
			|| memcmp(found.bytes, copied->bytes, copied->length) != 0;
		if (!*changed) {
			/* Not found here: its time is over. */
			status = replace_found(segment, swap, &found);
		}
	}
	shmx_guard_release(segment);
	return status;
}

/* For a value that writers move on faster than it is decoded: decodes a copy, and swaps if that still is what is stored. */
static shmx_status swap_by_copy(shmx_segment *segment, const variable_swap *swap)
{
	bool changed = true;
	shmx_status status = SHMX_OK;

	while (status == SHMX_OK && changed) {
		shmx_found found;
		zend_string *copy;
		bool same;

		status = copy_variable(segment, swap->key, &found, swap->expected->length, &copy);
		if (status != SHMX_OK) {
			return status;
		}
		status = compare(segment, swap, &found, copy, &same);
		if (status == SHMX_OK) {
			status = same ? replace_copied(segment, swap, &found, &changed) : SHMX_NOT_FOUND;
		}
		zend_string_release(copy);
	}
	return status;
}

static shmx_status swap_variable(shmx_segment *segment, const variable_swap *swap)
{
	shmx_found found;
	unsigned int looks = 0;

	do {
		bool same;
		shmx_status status = shmx_vars_find(segment, &swap->key->core, &found);

		if (status != SHMX_OK) {
			return status;
		}
		status = compare(segment, swap, &found, NULL, &same);
		if (status == SHMX_OK && !same) {
			return SHMX_NOT_FOUND;
		}
		if (status == SHMX_OK) {
			status = replace_found(segment, swap, &found);
		}
		/* Not found: overtaken while it was compared, or something was stored or moved since. */
		if (status != SHMX_NOT_FOUND) {
			return status;
		}
	} while (may_look_again(&found, ++looks));
	return swap_by_copy(segment, swap);
}

PHP_FUNCTION(shmx_cas_var)
{
	zval *argument, *value, *next_value;
	zend_string *text;
	zend_long number;
	shmx_segment *segment;
	variable_key key;
	shmx_encoded expected, next;
	shmx_room room;
	shmx_status status;

	ZEND_PARSE_PARAMETERS_START(4, 4)
		Z_PARAM_OBJECT_OF_CLASS(argument, shmx_class)
		Z_PARAM_STR_OR_LONG(text, number)
		Z_PARAM_ZVAL(value)
		Z_PARAM_ZVAL(next_value)
	ZEND_PARSE_PARAMETERS_END();

	if (open_segment(argument) == NULL || !make_key(&key, text, number)
		|| !shmx_codec_encode(&SHMX_G(codec), value, &expected)) {
		RETURN_THROWS();
	}
	if (!shmx_codec_encode(&SHMX_G(codec), next_value, &next)) {
		shmx_codec_encoded_free(&expected);
		RETURN_THROWS();
	}
	/* Only now: encoding may have run user code that closed the segment. */
	segment = open_segment(argument);
	if (segment != NULL && segment->read_only) {
		throw_status(SHMX_E_READ_ONLY);
	} else if (segment != NULL) {
		const variable_swap swap = { &key, value, &expected, &next, &room };

		status = swap_variable(segment, &swap);
		if (status == SHMX_OK || status == SHMX_NOT_FOUND) {
			RETVAL_BOOL(status == SHMX_OK);
		} else {
			throw_variable_status(segment, status, &room);
		}
	}
	shmx_codec_encoded_free(&next);
	shmx_codec_encoded_free(&expected);
}

/* Walks of who cannot lock: at most, and before shmx.lock_timeout counts. */
#define SHMX_KEYS_ATTEMPTS 100
#define SHMX_KEYS_TIMED 3

/*
 * Keys one behind the other, each after its length and before a NUL, which Zend looks at. In malloc()'s memory: an error of
 * Zend's would leave the guard taken.
 */
typedef struct {
	unsigned char *bytes;
	size_t used;
	size_t size;
	size_t count;
	bool doubles;
	bool no_memory;
} key_list;

typedef struct {
	const unsigned char *bytes;
	size_t length;
	zend_ulong hash;
} listed_key;

/* Where the next key goes, with room for the longest one; NULL when there is no memory. */
static unsigned char *place_of_next_key(key_list *list)
{
	size_t needed = list->used + sizeof(size_t) + SHMX_RECORD_MAX_KEY + 1;

	if (needed > list->size) {
		unsigned char *larger = realloc(list->bytes, needed + list->used);

		if (larger == NULL) {
			list->no_memory = true;
			return NULL;
		}
		list->bytes = larger;
		list->size = needed + list->used;
	}
	return list->bytes + list->used + sizeof(size_t);
}

/* SHMX_E_TIMEOUT also when more than `most` bytes of keys come. */
static shmx_status list_keys(shmx_segment *segment, key_list *list, size_t most)
{
	shmx_vars_cursor cursor = { 0 };
	unsigned char *key;

	list->used = list->count = 0;
	while ((key = place_of_next_key(list)) != NULL) {
		size_t length;
		shmx_status status = shmx_vars_next(segment, &cursor, key, &length);

		list->doubles = cursor.doubles;
		if (status != SHMX_OK) {
			return status == SHMX_NOT_FOUND ? SHMX_OK : status;
		}
		memcpy(key - sizeof(length), &length, sizeof(length));
		key[length] = '\0';
		list->used += sizeof(length) + length + 1;
		list->count++;
		if (list->used > most) {
			return SHMX_E_TIMEOUT;
		}
	}
	return SHMX_OK;
}

/* Nobody overtakes the walk, and a key takes less in the list than in the segment: else somebody has scribbled. */
static shmx_status list_keys_guarded(shmx_segment *segment, key_list *list)
{
	shmx_status status = shmx_guard_take(segment, segment->lock_timeout);

	if (status == SHMX_OK) {
		status = list_keys(segment, list, segment->payload_size);
		shmx_guard_release(segment);
		return status == SHMX_E_TIMEOUT ? SHMX_E_DAMAGED : status;
	}
	return status;
}

/*
 * Writers overtake a walk whose process is kept from running half-way. Who may write makes them wait; a read-only handle
 * can only try again.
 */
static shmx_status list_keys_tirelessly(shmx_segment *segment, key_list *list)
{
	const size_t most = 2 * MIN(segment->payload_size, SIZE_MAX / 2);
	const int64_t begun = shmx_clock_monotonic();
	shmx_status status = list_keys(segment, list, most);

	for (int attempt = 1; status == SHMX_E_TIMEOUT && attempt < SHMX_KEYS_ATTEMPTS; attempt++) {
		if (!segment->read_only) {
			return list_keys_guarded(segment, list);
		}
		/* A scribbler can make each walk a long one. */
		if (attempt >= SHMX_KEYS_TIMED && segment->lock_timeout >= 0
			&& shmx_clock_monotonic() - begun > segment->lock_timeout) {
			break;
		}
		status = list_keys(segment, list, most);
	}
	return status;
}

static int compare_keys(const void *left, const void *right)
{
	const listed_key *one = left, *other = right;

	if (one->hash != other->hash) {
		return one->hash < other->hash ? -1 : 1;
	}
	if (one->length != other->length) {
		return one->length < other->length ? -1 : 1;
	}
	return memcmp(one->bytes, other->bytes, one->length);
}

/* The key at `at`, without its hash, and where the next one is. */
static listed_key next_listed(const key_list *list, size_t *at)
{
	listed_key key = { .bytes = list->bytes + *at + sizeof(key.length) };

	memcpy(&key.length, list->bytes + *at, sizeof(key.length));
	*at += sizeof(key.length) + key.length + 1;
	return key;
}

/*
 * A walk that writers met may have met a key twice. They are told by sorting: whoever chooses the keys could make a PHP
 * array of them take quadratic time. In malloc()'s memory; NULL when there is none.
 */
static listed_key *sort_keys(const key_list *list)
{
	listed_key *keys = calloc(list->count + 1, sizeof(*keys));
	size_t at = 0;

	if (keys == NULL) {
		return NULL;
	}
	for (size_t i = 0; i < list->count; i++) {
		keys[i] = next_listed(list, &at);
		keys[i].hash = zend_hash_func((const char *) keys[i].bytes, keys[i].length);
	}
	qsort(keys, list->count, sizeof(*keys), compare_keys);
	return keys;
}

/* As a PHP array would have it: a decimal number is an int. */
static void add_key(zval *array, listed_key key)
{
	const char *text = (const char *) key.bytes;
	zend_ulong number;

	if (ZEND_HANDLE_NUMERIC_STR(text, key.length, number)) {
		add_next_index_long(array, (zend_long) number);
	} else {
		add_next_index_stringl(array, text, key.length);
	}
}

/* `sorted`: NULL where no key is there twice. */
static void add_keys(zval *array, const key_list *list, const listed_key *sorted)
{
	size_t at = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (sorted == NULL) {
			add_key(array, next_listed(list, &at));
		} else if (i == 0 || compare_keys(&sorted[i - 1], &sorted[i]) != 0) {
			add_key(array, sorted[i]);
		}
	}
}

/* Frees both, also where PHP ends the script for want of memory. Not inlined: longjmp() would clobber the caller's locals. */
static zend_never_inline void return_keys(zval *return_value, key_list *list, listed_key *sorted)
{
	zend_try
	{
		if (list->no_memory) {
			zend_error_noreturn(E_ERROR, "Out of memory");
		}
		array_init_size(return_value, (uint32_t) MIN(list->count, HT_MAX_SIZE));
		add_keys(return_value, list, sorted);
	}
	zend_catch
	{
		free(sorted);
		free(list->bytes);
		zend_bailout();
	}
	zend_end_try();
	free(sorted);
	free(list->bytes);
}

PHP_FUNCTION(shmx_keys)
{
	zval *argument;
	shmx_segment *segment;
	key_list list = { 0 };
	listed_key *sorted = NULL;
	shmx_status status;

	SHMX_PARSE_SEGMENT_ONLY(argument);
	segment = open_segment(argument);
	if (segment == NULL) {
		RETURN_THROWS();
	}
	status = list_keys_tirelessly(segment, &list);
	if (status != SHMX_OK) {
		free(list.bytes);
		throw_variable_status(segment, status, NULL);
		RETURN_THROWS();
	}
	if (list.doubles) {
		sorted = sort_keys(&list);
		list.no_memory |= sorted == NULL;
	}
	return_keys(return_value, &list, sorted);
}

PHP_FUNCTION(shmx_clear)
{
	zval *argument;
	shmx_segment *segment;
	shmx_status status;

	SHMX_PARSE_SEGMENT_ONLY(argument);
	segment = open_segment(argument);
	if (segment == NULL) {
		RETURN_THROWS();
	}
	status = shmx_vars_clear(segment);
	if (status != SHMX_OK) {
		throw_variable_status(segment, status, NULL);
	}
}

static void list_segment(int id, int semaphores, const struct shmid_ds *status, void *context)
{
	zval *list = context;
	zval entry;
	uint32_t kind = 0;
	int own_semaphores = semaphores;
	bool readable = shmx_segment_peek(id, &kind, &own_semaphores);

	/* A set that a second creator of the same segment made in vain. */
	if (own_semaphores != semaphores) {
		return;
	}
	array_init(&entry);
	add_kernel_figures(&entry, id, status);
	add_assoc_long(&entry, "semid", semaphores);
	add_assoc_long(&entry, "created", (zend_long) status->shm_ctime);
	if (readable) {
		add_kind(&entry, kind);
	} else {
		add_assoc_null(&entry, "kind");
	}
	add_next_index_zval(list, &entry);
}

PHP_FUNCTION(shmx_list)
{
	ZEND_PARSE_PARAMETERS_NONE();

	array_init(return_value);
	shmx_segment_each(list_segment, return_value);
}

static ZEND_INI_MH(on_update_lock_timeout)
{
	const char *end;
	double seconds = zend_strtod(ZSTR_VAL(new_value), &end);

	/* Also refuses what is no number, or not only one. */
	if (end == ZSTR_VAL(new_value) || *end != '\0' || !(seconds >= 0 && seconds <= SHMX_LONGEST_WAIT)) {
		return FAILURE;
	}
	return OnUpdateReal(entry, new_value, mh_arg1, mh_arg2, mh_arg3, stage);
}

static ZEND_INI_MH(on_update_writers)
{
	zend_string *error = NULL;
	/* As OnUpdateLong() reads it: "4G" is not 4. */
	zend_long writers = zend_ini_parse_quantity(new_value, &error);

	if (error != NULL) {
		zend_string_release(error);
		return FAILURE;
	}
	if (writers < 1 || writers > (zend_long) SHMX_MAX_TOKENS) {
		return FAILURE;
	}
	return OnUpdateLong(entry, new_value, mh_arg1, mh_arg2, mh_arg3, stage);
}

PHP_INI_BEGIN()
	STD_PHP_INI_ENTRY(
		"shmx.lock_timeout", "5", PHP_INI_ALL, on_update_lock_timeout, lock_timeout, zend_shmx_globals, shmx_globals)
	STD_PHP_INI_ENTRY("shmx.writers", "1023", PHP_INI_ALL, on_update_writers, writers, zend_shmx_globals, shmx_globals)
PHP_INI_END()

static PHP_MINIT_FUNCTION(shmx)
{
	if (!shmx_guard_watch_forks()) {
		return FAILURE;
	}
	REGISTER_INI_ENTRIES();
	register_shmx_symbols(module_number);
	shmx_class = register_class_Shmx();
	shmx_class->create_object = create_object;
	shmx_exception_class = register_class_ShmxException(spl_ce_RuntimeException);
	memcpy(&shmx_handlers, &std_object_handlers, sizeof(shmx_handlers));
	shmx_handlers.offset = offsetof(shmx_object, std);
	shmx_handlers.free_obj = free_object;
	shmx_handlers.get_constructor = refuse_constructor;
	shmx_handlers.clone_obj = NULL;
	shmx_handlers.compare = zend_objects_not_comparable;
	shmx_look_at_huge_pages();
	return SUCCESS;
}

static PHP_MSHUTDOWN_FUNCTION(shmx)
{
	UNREGISTER_INI_ENTRIES();
	return SUCCESS;
}

static PHP_MINFO_FUNCTION(shmx)
{
	char version[16];

	snprintf(version, sizeof(version), "%u", SHMX_FORMAT_VERSION);
	php_info_print_table_start();
	php_info_print_table_row(2, "shmx support", "enabled");
	php_info_print_table_row(2, "Version", PHP_SHMX_VERSION);
	php_info_print_table_row(2, "Segment format", version);
	php_info_print_table_row(2, "Shared memory", "System V");
	php_info_print_table_end();
	DISPLAY_INI_ENTRIES();
}

static PHP_GINIT_FUNCTION(shmx)
{
#if defined(COMPILE_DL_SHMX) && defined(ZTS)
	ZEND_TSRMLS_CACHE_UPDATE();
#endif
	memset(shmx_globals, 0, sizeof(*shmx_globals));
	shmx_codec_memory_init(&shmx_globals->codec);
}

static PHP_GSHUTDOWN_FUNCTION(shmx)
{
	shmx_codec_memory_destroy(&shmx_globals->codec);
}

static PHP_RINIT_FUNCTION(shmx)
{
	shmx_codec_memory_request_start(&SHMX_G(codec));
	return SUCCESS;
}

zend_module_entry shmx_module_entry = { STANDARD_MODULE_HEADER, "shmx", ext_functions, PHP_MINIT(shmx),
	PHP_MSHUTDOWN(shmx), PHP_RINIT(shmx), NULL, PHP_MINFO(shmx), PHP_SHMX_VERSION, PHP_MODULE_GLOBALS(shmx),
	PHP_GINIT(shmx), PHP_GSHUTDOWN(shmx), NULL, STANDARD_MODULE_PROPERTIES_EX };

#ifdef COMPILE_DL_SHMX
#ifdef ZTS
ZEND_TSRMLS_CACHE_DEFINE()
#endif
ZEND_GET_MODULE(shmx)
#endif
