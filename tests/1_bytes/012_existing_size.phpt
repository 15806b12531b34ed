--TEST--
an existing segment is taken as it is, but not for a larger one
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0644, 1000);
foreach ([['c', 1], ['c', 1000], ['c', 1001], ['a', 0], ['a', 5000], ['a', -1], ['w', 0], ['w', 5000]] as [$mode, $size]) {
	echo "$mode $size: ", outcome(fn () => shmx_size(shmx_open($key, $mode, 0644, $size) ?: $shmx)), "\n";
}
shmx_delete($shmx);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
c 1: 1000
c 1000: 1000
c 1001: Warning: shmx_open(): Unable to attach or create shared memory segment "Invalid argument: the existing segment is smaller than that, or the size is above kernel.shmmax"; 1000
a 0: 1000
a 5000: 1000
a -1: 1000
w 0: 1000
w 5000: 1000
