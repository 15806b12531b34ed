--TEST--
IPC namespaces do not see each other's segments
--EXTENSIONS--
shmx
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
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0666, 100);
shmx_write($shmx, 'outside', 0);
elsewhere(function () use ($key) {
	show(fn () => count(array_filter(shmx_list(), fn ($segment) => $segment['key'] === $key)));
	enter_own_namespace();
	show(fn () => shmx_list(), fn () => shmx_open($key, 'w', 0, 0));
	$mine = shmx_open($key, 'n', 0666, 100);
	shmx_write($mine, 'inside', 0);
	show(fn () => count(shmx_list()));
});
show(fn () => shmx_read($shmx, 0, 7));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
1
[]
Warning: shmx_open(): Unable to attach or create shared memory segment "No such file or directory"; false
1
'outside'
