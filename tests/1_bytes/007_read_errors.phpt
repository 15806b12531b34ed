--TEST--
shmop_read_errors: a range outside the segment
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(0, 'n', 0644, 1024);
shmx_delete($shmx);
show(
	fn () => shmx_read($shmx, -1, 100),
	fn () => shmx_read($shmx, 1400, 100),
	fn () => shmx_read($shmx, 1025, 0),
	fn () => shmx_read($shmx, 0, -1),
	fn () => shmx_read($shmx, 0, 1400),
	fn () => shmx_read($shmx, 1000, 25),
	fn () => shmx_read($shmx, 1024, 1),
	fn () => shmx_read($shmx, PHP_INT_MAX, 1),
	fn () => shmx_read($shmx, 1, PHP_INT_MAX),
	fn () => shmx_read($shmx, PHP_INT_MAX, PHP_INT_MAX),
	fn () => shmx_read($shmx, PHP_INT_MIN, PHP_INT_MIN),
);
?>
--EXPECT--
ValueError: shmx_read(): Argument #2 ($offset) must be between 0 and the segment size
ValueError: shmx_read(): Argument #2 ($offset) must be between 0 and the segment size
ValueError: shmx_read(): Argument #2 ($offset) must be between 0 and the segment size
ValueError: shmx_read(): Argument #3 ($size) is out of range
ValueError: shmx_read(): Argument #3 ($size) is out of range
ValueError: shmx_read(): Argument #3 ($size) is out of range
ValueError: shmx_read(): Argument #3 ($size) is out of range
ValueError: shmx_read(): Argument #2 ($offset) must be between 0 and the segment size
ValueError: shmx_read(): Argument #3 ($size) is out of range
ValueError: shmx_read(): Argument #2 ($offset) must be between 0 and the segment size
ValueError: shmx_read(): Argument #2 ($offset) must be between 0 and the segment size
