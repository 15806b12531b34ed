--TEST--
a variable with a time to live is there until it is over, and not after
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 100000);

function state(Shmx $shmx): string
{
	$keys = shmx_keys($shmx);
	sort($keys);
	return implode(' ', $keys);
}
shmx_put_var($shmx, 'second', 'value', 5);
shmx_add_var($shmx, 'added', 'value', 5);
shmx_inc_var($shmx, 'counted', 5, 5);
shmx_inc_var($shmx, 'counted', 5, 1000);
shmx_put_var($shmx, 'swapped', 'one', 5);
shmx_cas_var($shmx, 'swapped', 'one', ['two']);
shmx_put_var($shmx, 'longer', 1, 5);
shmx_put_var($shmx, 'longer', 2, 1000);
shmx_put_var($shmx, 'for good', 'value', 5);
shmx_put_var($shmx, 'for good', 'value');
shmx_put_var($shmx, 'late', 'value', PHP_INT_MAX - 1);
shmx_put_var($shmx, 'evictable', 'value', SHMX_EVICTABLE);
shmx_put_var($shmx, 'shorter', 'value');
shmx_put_var($shmx, 'shorter', 'value', 5);
show(
	fn () => shmx_get_var($shmx, 'second'),
	fn () => shmx_get_var($shmx, 'counted'),
	fn () => shmx_get_var($shmx, 'swapped'),
	fn () => shmx_add_var($shmx, 'second', 'other'),
	fn () => state($shmx),
);
usleep(5_100_000);
echo "later\n";
show(
	fn () => shmx_get_var($shmx, 'second'),
	fn () => shmx_get_var($shmx, 'second', 'default'),
	fn () => shmx_has_var($shmx, 'second'),
	fn () => state($shmx),
	fn () => shmx_cas_var($shmx, 'swapped', ['two'], 3),
	fn () => shmx_has_var($shmx, 'swapped'),
	fn () => shmx_remove_var($shmx, 'second'),
	fn () => shmx_inc_var($shmx, 'counted'),
	fn () => shmx_add_var($shmx, 'added', 'anew'),
	fn () => shmx_get_var($shmx, 'added'),
	fn () => shmx_get_var($shmx, 'longer'),
	fn () => state($shmx),
	fn () => SHMX_EVICTABLE === PHP_INT_MAX,
);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
'value'
10
["two"]
false
'added counted evictable for good late longer second shorter swapped'
later
null
'default'
false
'evictable for good late longer'
false
false
false
1
true
'anew'
2
'added counted evictable for good late longer'
true
