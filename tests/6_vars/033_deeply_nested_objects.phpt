--TEST--
objects nested deeper than unserialize_max_depth are stored, and said to be damaged where that counts
--EXTENSIONS--
shmx
--INI--
unserialize_max_depth=4096
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 1_000_000);
$chain = null;
for ($i = 0; $i < 5000; $i++) {
	$chain = (object) ['next' => $chain];
}
show(
	fn () => shmx_put_var($shmx, 'chain', $chain),
	fn () => shmx_get_var($shmx, 'chain'),
	fn () => ini_set('unserialize_max_depth', '0'),
	fn () => shmx_get_var($shmx, 'chain')->next->next::class,
);
shmx_delete($shmx);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECTF--
true
Warning: shmx_get_var(): Maximum depth of 4096 exceeded.%s ShmxException SHMX_E_DAMAGED: %s
'4096'
'stdClass'
