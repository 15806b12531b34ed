--TEST--
shmop_write_errors: an offset outside the segment, and nothing is changed
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(0, 'n', 0644, 16);
shmx_delete($shmx);
shmx_write($shmx, 'as it was before', 0);
show(
	fn () => shmx_write($shmx, 'some text', -10),
	fn () => shmx_write($shmx, 'some text', 17),
	fn () => shmx_write($shmx, '', 17),
	fn () => shmx_write($shmx, 'some text', PHP_INT_MAX),
	fn () => shmx_write($shmx, 'some text', PHP_INT_MIN),
	fn () => shmx_read($shmx, 0, 16),
);
?>
--EXPECT--
ValueError: shmx_write(): Argument #3 ($offset) is out of range
ValueError: shmx_write(): Argument #3 ($offset) is out of range
ValueError: shmx_write(): Argument #3 ($offset) is out of range
ValueError: shmx_write(): Argument #3 ($offset) is out of range
ValueError: shmx_write(): Argument #3 ($offset) is out of range
'as it was before'
