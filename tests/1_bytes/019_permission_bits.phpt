--TEST--
unlike with shmop, of the permissions only the low nine bits count
--EXTENSIONS--
shmx
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
umask(0);
$key = test_key(__FILE__);
foreach ([0600, 0644, 0777, 0711, 0601, 0610, 0100600, 01644, 03640, 04600, 010600, -1, -0200] as $permissions) {
	$shmx = shmx_open($key, 'n', $permissions, 16);
	printf("%s: %s\n", $permissions < 0 ? $permissions : decoct($permissions), kernel_segment($key)['perms'] ?? 'no segment');
	if ($shmx) {
		shmx_delete($shmx);
	}
}
show(fn () => shmx_open($key, 'w', -1, 1), fn () => shmx_open($key, 'a', 01000 | 02000, 1));
var_dump(kernel_segment($key));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
600: 600
644: 644
777: 777
711: 711
601: 601
610: 610
100600: 600
1644: 644
3640: 640
4600: 600
10600: 600
-1: 777
-128: 600
Warning: shmx_open(): Unable to attach or create shared memory segment "No such file or directory"; false
Warning: shmx_open(): Unable to attach or create shared memory segment "No such file or directory"; false
NULL
