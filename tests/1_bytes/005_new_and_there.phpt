--TEST--
shmop_open_n_identical_segment: "n" refuses a key that is there
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'c', 0644, 1024);
shmx_write($shmx, 'kept', 0);
show(
	fn () => shmx_open($key, 'n', 0644, 2048),
	fn () => shmx_open($key, 'n', 0644, 1024),
	fn () => shmx_read($shmx, 0, 4),
	fn () => shmx_size($shmx),
);
shmx_delete($shmx);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
Warning: shmx_open(): Unable to attach or create shared memory segment "File exists"; false
Warning: shmx_open(): Unable to attach or create shared memory segment "File exists"; false
'kept'
1024
