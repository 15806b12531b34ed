--TEST--
unlike with shmop, the kernel's size has the header on top of what is for use
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
foreach ([1, 16, 4096, 4097, 1 << 20] as $size) {
	$shmx = shmx_open($key, 'n', 0600, $size);
	shmx_write($shmx, 'z', $size - 1);
	printf("%d: %d on top, last byte %s\n", shmx_size($shmx), kernel_segment($key)['size'] - $size,
		shmx_read($shmx, $size - 1, 0));
	shmx_delete($shmx);
}
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
1: 8192 on top, last byte z
16: 8192 on top, last byte z
4096: 8192 on top, last byte z
4097: 8192 on top, last byte z
1048576: 8192 on top, last byte z
