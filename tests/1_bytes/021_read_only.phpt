--TEST--
a handle opened with "a" cannot change anything, and sees what others write
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$writer = shmx_open($key, 'n', 0600, 16);
$reader = shmx_open($key, 'a', 0600, 0);
show(
	fn () => shmx_write($reader, 'x', 0),
	fn () => shmx_write($reader, '', 0),
	fn () => shmx_write($reader, 'x', 99),
	fn () => shmx_lock($reader),
	fn () => shmx_lock($reader, 0),
	fn () => shmx_unlock($reader),
	fn () => shmx_write($writer, 'seen', 0),
	fn () => shmx_read($reader, 0, 4),
	fn () => shmx_delete($reader),
);
var_dump(kernel_segment($key)['key'] ?? 'gone');
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
Error: Read-only segment cannot be written
Error: Read-only segment cannot be written
Error: Read-only segment cannot be written
Error: Read-only segment cannot be locked
Error: Read-only segment cannot be locked
Error: Shared memory segment is not locked through this handle
4
'seen'
true
string(4) "gone"
