--TEST--
what a queue refuses: too large, another kind, read only, closed, its own lock
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 4096);
show(
	fn () => shmx_send($shmx, str_repeat('x', 5000)),
	fn () => shmx_send($shmx, str_repeat('x', 5000), -1),
	fn () => shmx_info($shmx)['kind'],
	fn () => shmx_send($shmx, str_repeat('x', 4000), -1),
	fn () => shmx_send($shmx, str_repeat('x', 4000)),
	fn () => shmx_send($shmx, str_repeat('x', 100), 0.001),
	fn () => shmx_receive($shmx, $message),
);
echo "-- other kinds\n";
$bytes = shmx_open(test_key(__FILE__, 1), 'n', 0600, 4096);
shmx_write($bytes, 'a', 0);
show(
	fn () => shmx_send($bytes, 1),
	fn () => shmx_send($bytes, str_repeat('x', 5000)),
	fn () => shmx_receive($bytes, $message),
	fn () => shmx_pending($bytes),
	fn () => shmx_read($shmx, 0, 1),
	fn () => shmx_put_var($shmx, 'a', 1),
);
shmx_delete($bytes);
echo "-- read only\n";
$reader = shmx_open($key, 'a', 0, 0);
shmx_send($shmx, 1);
show(
	fn () => shmx_send($reader, 1),
	fn () => shmx_receive($reader, $message),
	fn () => shmx_pending($reader),
);
echo "-- under a lock\n";
$other = shmx_open($key, 'w', 0, 0);
shmx_lock($shmx);
show(
	fn () => shmx_send($shmx, 2),
	fn () => shmx_receive($shmx, $message),
	fn () => shmx_receive($shmx, $message, 1),
	fn () => shmx_receive($shmx, $message, 0),
	fn () => shmx_receive($shmx, $message),
	fn () => shmx_receive($shmx, $message, 0.5),
	fn () => shmx_send($shmx, str_repeat('x', 4000)),
	fn () => shmx_send($shmx, str_repeat('x', 100), 0.5),
	fn () => shmx_send($other, 1),
);
shmx_unlock($shmx);
echo "-- closed\n";
shmx_delete($shmx);
shmx_close($shmx);
show(
	fn () => shmx_send($shmx, 1),
	fn () => shmx_receive($shmx, $message),
	fn () => shmx_pending($shmx),
);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
ShmxException SHMX_E_TOO_LARGE: The message is too large for the queue: it needs 5032 bytes and the queue has 4096
ShmxException SHMX_E_TOO_LARGE: The message is too large for the queue: it needs 5032 bytes and the queue has 4096
'blank'
true
false
false
true
-- other kinds
ShmxException SHMX_E_KIND: The segment holds bytes, not a queue
ShmxException SHMX_E_KIND: The segment holds bytes, not a queue
ShmxException SHMX_E_KIND: The segment holds bytes, not a queue
ShmxException SHMX_E_KIND: The segment holds bytes, not a queue
ShmxException SHMX_E_KIND: The segment holds a queue, not bytes
ShmxException SHMX_E_KIND: The segment holds a queue, not variables
-- read only
Error: Read-only segment cannot be written
Error: Read-only segment cannot be written
1
-- under a lock
true
true
true
false
ShmxException SHMX_E_DEADLOCK: This script holds the segment's lock and would wait for itself
ShmxException SHMX_E_DEADLOCK: This script holds the segment's lock and would wait for itself
true
ShmxException SHMX_E_DEADLOCK: This script holds the segment's lock and would wait for itself
ShmxException SHMX_E_DEADLOCK: This script holds the segment's lock and would wait for itself
-- closed
Error: Shared memory segment has already been closed
Error: Shared memory segment has already been closed
Error: Shared memory segment has already been closed
