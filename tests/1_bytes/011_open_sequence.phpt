--TEST--
shmop_errno_tests: "n" twice, "a" and "w" without a segment, then "c", "a" and "w" on one
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$made = shmx_open($key, 'n', 0644, 1024);
show(
	fn () => shmx_open($key, 'n', 0644, 1024),
	fn () => shmx_delete($made),
	fn () => shmx_open($key, 'a', 0644, 0),
	fn () => shmx_open($key, 'w', 0644, 0),
);
$create = shmx_open($key, 'c', 0644, 512);
$attach = shmx_open($key, 'a', 0644, 0);
$write = shmx_open($key, 'w', 0644, 0);
show(
	fn () => shmx_write($write, 'test', 0),
	fn () => shmx_read($attach, 0, 4),
	fn () => shmx_read($create, 0, 4),
	fn () => shmx_delete($create),
);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
Warning: shmx_open(): Unable to attach or create shared memory segment "File exists"; false
true
Warning: shmx_open(): Unable to attach or create shared memory segment "No such file or directory"; false
Warning: shmx_open(): Unable to attach or create shared memory segment "No such file or directory"; false
4
'test'
'test'
true
