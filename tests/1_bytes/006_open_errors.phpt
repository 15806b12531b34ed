--TEST--
shmop_open_errors, shmop_open_warnings: illegal modes and sizes, and keys that are not there
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
show(
	fn () => shmx_open($key, '', 0, 0),
	fn () => shmx_open($key, 'wrong_mode', 0, 0),
	fn () => shmx_open($key, "a\0", 0, 0),
	fn () => shmx_open($key, "\0", 0, 0),
	fn () => shmx_open($key, 'q', 0, 0),
	fn () => shmx_open($key, 'A', 0, 0),
	fn () => shmx_open($key, 'c', 0, 0),
	fn () => shmx_open($key, 'n', 0, 0),
	fn () => shmx_open($key, 'c', 0600, -1),
	fn () => shmx_open($key, 'n', 0600, PHP_INT_MIN),
	fn () => shmx_open($key, 'a', 0644, 0),
	fn () => shmx_open($key, 'w', 0644, 0),
	fn () => shmx_open($key, 'a', 0644, -1),
	fn () => shmx_open(0, 'a', 0644, 1024),
	fn () => shmx_open(0, 'w', 0644, 1024),
);
var_dump(kernel_segment($key));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
ValueError: shmx_open(): Argument #2 ($mode) must be a valid access mode
ValueError: shmx_open(): Argument #2 ($mode) must be a valid access mode
ValueError: shmx_open(): Argument #2 ($mode) must be a valid access mode
ValueError: shmx_open(): Argument #2 ($mode) must be a valid access mode
ValueError: shmx_open(): Argument #2 ($mode) must be a valid access mode
ValueError: shmx_open(): Argument #2 ($mode) must be a valid access mode
ValueError: shmx_open(): Argument #4 ($size) must be greater than 0 for the "c" and "n" access modes
ValueError: shmx_open(): Argument #4 ($size) must be greater than 0 for the "c" and "n" access modes
ValueError: shmx_open(): Argument #4 ($size) must be greater than 0 for the "c" and "n" access modes
ValueError: shmx_open(): Argument #4 ($size) must be greater than 0 for the "c" and "n" access modes
Warning: shmx_open(): Unable to attach or create shared memory segment "No such file or directory"; false
Warning: shmx_open(): Unable to attach or create shared memory segment "No such file or directory"; false
Warning: shmx_open(): Unable to attach or create shared memory segment "No such file or directory"; false
Warning: shmx_open(): Unable to attach or create shared memory segment "Invalid argument"; false
Warning: shmx_open(): Unable to attach or create shared memory segment "Invalid argument"; false
NULL
