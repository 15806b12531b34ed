--TEST--
shmop 002: what a bad argument is called
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
echo "open\n";
show(
	fn () => shmx_open($key, '', 0644, 1024),
	fn () => shmx_open($key, 'b', 0644, 1024),
	fn () => shmx_open(0, 'a', 0644, 1024),
	fn () => shmx_open($key, 'c', 0666, 0),
);
echo "read\n";
$shmx = shmx_open($key, 'n', 0600, 1024);
show(
	fn () => shmx_read($shmx, -10, 0),
	fn () => shmx_read($shmx, 0, -10),
);
echo "write\n";
show(fn () => shmx_write($shmx, 'some text', -10));
shmx_delete($shmx);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
open
ValueError: shmx_open(): Argument #2 ($mode) must be a valid access mode
ValueError: shmx_open(): Argument #2 ($mode) must be a valid access mode
Warning: shmx_open(): Unable to attach or create shared memory segment "Invalid argument"; false
ValueError: shmx_open(): Argument #4 ($size) must be greater than 0 for the "c" and "n" access modes
read
ValueError: shmx_read(): Argument #2 ($offset) must be between 0 and the segment size
ValueError: shmx_read(): Argument #3 ($size) is out of range
write
ValueError: shmx_write(): Argument #3 ($offset) is out of range
