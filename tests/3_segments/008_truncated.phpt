--TEST--
a key that was remade behind shmx's back is looked at anew
--EXTENSIONS--
shmx
shmop
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 1000);
shmx_write($shmx, 'good', 0);
shmx_delete($shmx);
unset($shmx);
foreach ([9192, 8192, 100] as $size) {
	$shmop = shmop_open($key, 'n', 0600, $size);
	show(fn () => shmx_open($key, 'w', 0600, 0), fn () => shmx_open($key, 'c', 0600, 50));
	var_dump(shmop_read($shmop, 0, 0) === str_repeat("\0", $size));
	shmop_delete($shmop);
	unset($shmop);
}
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
Warning: shmx_open(): Unable to attach to shared memory segment "it was not made by shmx: use another key, or remove it with ipcrm"; false
Warning: shmx_open(): Unable to attach to shared memory segment "it was not made by shmx: use another key, or remove it with ipcrm"; false
bool(true)
Warning: shmx_open(): Unable to attach to shared memory segment "it was not made by shmx: use another key, or remove it with ipcrm"; false
Warning: shmx_open(): Unable to attach or create shared memory segment "Invalid argument: the existing segment is smaller than that, or the size is above kernel.shmmax"; false
bool(true)
Warning: shmx_open(): Unable to attach to shared memory segment "it was not made by shmx: use another key, or remove it with ipcrm"; false
Warning: shmx_open(): Unable to attach or create shared memory segment "Invalid argument: the existing segment is smaller than that, or the size is above kernel.shmmax"; false
bool(true)
