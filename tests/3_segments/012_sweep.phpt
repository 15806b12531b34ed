--TEST--
when the semaphores run out, those of segments removed with ipcrm are swept
--EXTENSIONS--
shmx
shmop
pcntl
posix
--SKIPIF--
<?php
require __DIR__ . '/../skip.inc';
skip_without_namespace();
?>
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
pcntl_unshare(CLONE_NEWIPC);
$key = test_key(__FILE__);
$kept = shmx_open($key, 'n', 0600, 16);
for ($i = 1; $i <= 10; $i++) {
	shmx_close(shmx_open($key + $i, 'n', 0600, 16));
}
for ($i = 1; $i <= 10; $i++) {
	shmop_delete(shmop_open($key + $i, 'a', 0600, 0));
}
show(
	fn () => count(kernel_sets()),
	fn () => shmx_delete(shmx_open($key + 20, 'n', 0600, 16)),
	fn () => count(kernel_sets()),
	fn () => shmx_write($kept, 'still has its own', 0),
	fn () => shmx_info($kept)['writers_in_use'],
);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
11
true
1
16
1
