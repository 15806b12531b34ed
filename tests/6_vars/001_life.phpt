--TEST--
a variable's life: what each call returns before, while and after it is there
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 100000);

show(
	fn () => shmx_get_var($shmx, 'key'),
	fn () => shmx_get_var($shmx, 'key', 'default'),
	fn () => shmx_has_var($shmx, 'key'),
	fn () => shmx_remove_var($shmx, 'key'),
	fn () => shmx_cas_var($shmx, 'key', null, 1),
	fn () => shmx_keys($shmx),
	fn () => shmx_clear($shmx),
	fn () => shmx_info($shmx)['kind'],
);
echo "put, replace, add\n";
show(
	fn () => shmx_put_var($shmx, 'key', 'one'),
	fn () => shmx_info($shmx)['kind'],
	fn () => shmx_get_var($shmx, 'key', 'default'),
	fn () => shmx_has_var($shmx, 'key'),
	fn () => shmx_put_var($shmx, 'key', ['two']),
	fn () => shmx_get_var($shmx, 'key'),
	fn () => shmx_add_var($shmx, 'key', 'three'),
	fn () => shmx_get_var($shmx, 'key'),
	fn () => shmx_add_var($shmx, 'other', null),
	fn () => shmx_has_var($shmx, 'other'),
	fn () => shmx_get_var($shmx, 'other', 'default'),
	fn () => shmx_add_var($shmx, 'other', 1),
);
echo "swap, count\n";
show(
	fn () => shmx_cas_var($shmx, 'key', ['one'], 1),
	fn () => shmx_cas_var($shmx, 'key', ['two'], 1),
	fn () => shmx_get_var($shmx, 'key'),
	fn () => shmx_inc_var($shmx, 'key'),
	fn () => shmx_inc_var($shmx, 'key', -3),
	fn () => shmx_inc_var($shmx, 'counter', 5),
	fn () => shmx_get_var($shmx, 'counter'),
);
echo "keys, remove, clear\n";
$keys = shmx_keys($shmx);
sort($keys);
show(
	fn () => $keys,
	fn () => shmx_remove_var($shmx, 'key'),
	fn () => shmx_remove_var($shmx, 'key'),
	fn () => shmx_has_var($shmx, 'key'),
	fn () => shmx_clear($shmx),
	fn () => shmx_keys($shmx),
	fn () => shmx_get_var($shmx, 'counter'),
	fn () => shmx_add_var($shmx, 'key', 'anew'),
	fn () => shmx_get_var($shmx, 'key'),
);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
null
'default'
false
false
false
[]
null
'blank'
put, replace, add
true
'variables'
'one'
true
true
["two"]
false
["two"]
true
true
null
false
swap, count
false
true
1
2
-1
5
5
keys, remove, clear
["counter","key","other"]
true
false
false
null
[]
null
true
'anew'
