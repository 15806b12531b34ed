--TEST--
variables that were scribbled over throw SHMX_E_DAMAGED from writers until they are cleared
--EXTENSIONS--
shmx
shmop
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 100000);

$other = shmx_open(test_key(__FILE__), 'w', 0, 0);
shmx_put_var($shmx, 'key', 'value');
$raw = shmop_open(test_key(__FILE__), 'w', 0, 0);
// The log's head and tail stand in the root.
shmop_write($raw, str_repeat("\xff", 64), 1024);
shmop_write($raw, str_repeat("\xfe", 64), 1024 + 128);
show(
	fn () => shmx_put_var($shmx, 'key', 1),
	fn () => shmx_inc_var($shmx, 'counter'),
	fn () => shmx_remove_var($shmx, 'key'),
	fn () => shmx_clear($other),
	fn () => shmx_get_var($shmx, 'key'),
	fn () => shmx_keys($shmx),
	fn () => shmx_put_var($shmx, 'key', 'anew'),
	fn () => shmx_get_var($other, 'key'),
);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
ShmxException SHMX_E_DAMAGED: The segment is damaged: what stands in it was not written by shmx
ShmxException SHMX_E_DAMAGED: The segment is damaged: what stands in it was not written by shmx
ShmxException SHMX_E_DAMAGED: The segment is damaged: what stands in it was not written by shmx
null
null
[]
true
'anew'
