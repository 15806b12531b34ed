--TEST--
after shmx_delete who has the segment open goes on with its variables
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 100000);

shmx_put_var($shmx, 'key', 1);
$other = shmx_open(test_key(__FILE__), 'w', 0, 0);
shmx_delete($shmx);
show(
	fn () => shmx_get_var($other, 'key'),
	fn () => shmx_inc_var($other, 'key'),
	fn () => shmx_get_var($shmx, 'key'),
	fn () => shmx_put_var($shmx, 'new', [1]),
	fn () => sorted(shmx_keys($other)),
	fn () => shmx_clear($shmx),
	fn () => shmx_has_var($other, 'key'),
	fn () => shmx_info($other)['deleted'],
);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
1
2
2
true
["key","new"]
null
false
true
