--TEST--
a refused open leaves nothing attached
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 16);
for ($i = 0; $i < 100; $i++) {
	@shmx_open($key, 'n', 0600, 16);
	@shmx_open($key, 'c', 0600, 17);
}
var_dump(kernel_segment($key)['nattch'], count(array_filter(shmx_list(), fn ($segment) => $segment['key'] === $key)));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
int(1)
int(1)
