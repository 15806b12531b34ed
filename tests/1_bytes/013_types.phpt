--TEST--
arguments are counted and converted as those of any function
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(0, 'n', 0600, 16);
shmx_delete($shmx);
show(
	fn () => shmx_read($shmx, 0),
	fn () => shmx_read($shmx, 0, 1, 1),
	fn () => shmx_write($shmx, 'x'),
	fn () => shmx_size(),
	fn () => shmx_size(null),
	fn () => shmx_size(new stdClass),
	fn () => shmx_read('0', 0, 1),
	fn () => shmx_read($shmx, 'one', 1),
	fn () => shmx_read($shmx, '1', 1.0) === "\0",
	fn () => shmx_read($shmx, 1.5, 1) === "\0",
	fn () => shmx_read($shmx, 1e30, 1),
	fn () => shmx_read($shmx, [], 1),
	fn () => shmx_write($shmx, [], 1),
	fn () => shmx_write($shmx, 123456, 0),
	fn () => shmx_read($shmx, 0, 6),
	fn () => shmx_open('key', 'a', 0, 0),
	fn () => shmx_open([], 'a', 0, 0),
	fn () => shmx_open(1, 'a', 0),
	fn () => shmx_lock($shmx, 'soon'),
	fn () => shmx_list(1),
);
?>
--EXPECT--
ArgumentCountError: shmx_read() expects exactly 3 arguments, 2 given
ArgumentCountError: shmx_read() expects exactly 3 arguments, 4 given
ArgumentCountError: shmx_write() expects exactly 3 arguments, 2 given
ArgumentCountError: shmx_size() expects exactly 1 argument, 0 given
TypeError: shmx_size(): Argument #1 ($shmx) must be of type Shmx, null given
TypeError: shmx_size(): Argument #1 ($shmx) must be of type Shmx, stdClass given
TypeError: shmx_read(): Argument #1 ($shmx) must be of type Shmx, string given
TypeError: shmx_read(): Argument #2 ($offset) must be of type int, string given
true
Deprecated: Implicit conversion from float 1.5 to int loses precision; true
TypeError: shmx_read(): Argument #2 ($offset) must be of type int, float given
TypeError: shmx_read(): Argument #2 ($offset) must be of type int, array given
TypeError: shmx_write(): Argument #2 ($data) must be of type string, array given
6
'123456'
TypeError: shmx_open(): Argument #1 ($key) must be of type int, string given
TypeError: shmx_open(): Argument #1 ($key) must be of type int, array given
ArgumentCountError: shmx_open() expects exactly 4 arguments, 3 given
TypeError: shmx_lock(): Argument #2 ($timeout) must be of type float, string given
ArgumentCountError: shmx_list() expects exactly 0 arguments, 1 given
