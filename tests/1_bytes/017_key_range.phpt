--TEST--
gh9945: unlike shmop before 8.6, a key that key_t cannot hold is refused and not cut
--EXTENSIONS--
shmx
--SKIPIF--
<?php
require __DIR__ . '/../skip.inc';
skip_without_64_bits();
?>
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
foreach ([2 ** 31, -(2 ** 31) - 1, 2 ** 32, 2 ** 32 + test_key(__FILE__), PHP_INT_MAX, PHP_INT_MIN] as $key) {
	show(fn () => shmx_open($key, 'c', 0600, 16));
}
foreach ([2 ** 31 - 1, -(2 ** 31)] as $key) {
	show(fn () => shmx_open($key, 'a', 0600, 16));
}
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
ValueError: shmx_open(): Argument #1 ($key) is out of range
ValueError: shmx_open(): Argument #1 ($key) is out of range
ValueError: shmx_open(): Argument #1 ($key) is out of range
ValueError: shmx_open(): Argument #1 ($key) is out of range
ValueError: shmx_open(): Argument #1 ($key) is out of range
ValueError: shmx_open(): Argument #1 ($key) is out of range
Warning: shmx_open(): Unable to attach or create shared memory segment "No such file or directory"; false
Warning: shmx_open(): Unable to attach or create shared memory segment "No such file or directory"; false
