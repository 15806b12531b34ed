--TEST--
a script that would wait for itself through another handle is told so at once
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$first = shmx_open($key, 'n', 0600, 64);
$second = shmx_open($key, 'w', 0600, 0);
shmx_lock($first);
$taken = seconds(fn () => show(
	fn () => shmx_lock($second),
	fn () => shmx_lock($second, 0),
	fn () => shmx_write($second, 'x', 0),
	fn () => shmx_write($second, '', 0),
	fn () => shmx_unlock($second),
	fn () => shmx_read($second, 0, 1) === "\0",
	fn () => shmx_write($first, 'y', 0),
	fn () => shmx_read($second, 0, 1),
));
// Below shmx.lock_timeout.
var_dump($taken < 4);
show(
	fn () => shmx_unlock($first),
	fn () => shmx_lock($second, 0),
	fn () => shmx_write($first, 'x', 0),
);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
ShmxException SHMX_E_DEADLOCK: This script holds the segment's lock and would wait for itself
ShmxException SHMX_E_DEADLOCK: This script holds the segment's lock and would wait for itself
ShmxException SHMX_E_DEADLOCK: This script holds the segment's lock and would wait for itself
0
Error: Shared memory segment is not locked through this handle
true
1
'y'
bool(true)
true
true
ShmxException SHMX_E_DEADLOCK: This script holds the segment's lock and would wait for itself
