--TEST--
values go in and come out by value; references within them are kept as serialize() keeps them
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 1000000);

$value = 'put by reference';
$reference = &$value;
shmx_put_var($shmx, 'key', $reference);
$value = 'changed later';
show(fn () => shmx_get_var($shmx, 'key'));

$default = ['default'];
$alias = &$default;
$got = shmx_get_var($shmx, 'none', $alias);
$got[] = 'more';
show(fn () => $got, fn () => $default);

echo "shared within an array\n";
$one = 1;
$array = ['a' => &$one, 'b' => &$one, 'c' => 1];
shmx_put_var($shmx, 'key', $array);
$back = shmx_get_var($shmx, 'key');
$back['a'] = 2;
show(fn () => $back, fn () => $array);

echo "a reference that nobody shares any more\n";
$list = [1, 2, 3];
foreach ($list as &$item) {
}
unset($item);
shmx_put_var($shmx, 'key', $list);
show(fn () => shmx_get_var($shmx, 'key'), fn () => shmx_cas_var($shmx, 'key', [1, 2, 3], 'same'), fn () => shmx_get_var($shmx, 'key'));

echo "one that somebody shares, on one side of a swap\n";
$list = [1, 2, 3];
foreach ($list as &$item) {
}
shmx_put_var($shmx, 'key', $list);
show(
	fn () => shmx_cas_var($shmx, 'key', [1, 2, 4], 'other'),
	fn () => shmx_cas_var($shmx, 'key', '[1,2,3]', 'other'),
	fn () => shmx_cas_var($shmx, 'key', shmx_get_var($shmx, 'key'), [1, 2, 3]),
	fn () => shmx_cas_var($shmx, 'key', [1, 2, new stdClass], 'other'),
	fn () => shmx_cas_var($shmx, 'key', $list, 'swapped'),
	fn () => shmx_get_var($shmx, 'key'),
);
unset($item);

echo "recursion\n";
$recursive = ['name' => 'r'];
$recursive['self'] = &$recursive;
shmx_put_var($shmx, 'key', $recursive);
$back = shmx_get_var($shmx, 'key');
show(fn () => $back['self']['self']['self']['name']);
shmx_put_var($shmx, 'key', ['name' => 'r', 'self' => ['name' => 'r', 'self' => null]]);
show(fn () => shmx_cas_var($shmx, 'key', $recursive, 'other'));
$back['self']['name'] = 'changed';
show(fn () => $back['self']['self']['self']['name']);
unset($recursive, $back);
gc_collect_cycles();

echo "what cas and inc get by reference\n";
shmx_put_var($shmx, 'key', 1);
$expected = 1;
$new = 2;
$step = 5;
[$e, $n, $s] = [&$expected, &$new, &$step];
show(fn () => shmx_cas_var($shmx, 'key', $e, $n), fn () => shmx_inc_var($shmx, 'key', $s), fn () => [$expected, $new, $step]);
$e = [$expected];
shmx_put_var($shmx, 'key', [1]);
show(fn () => shmx_cas_var($shmx, 'key', $e, $n));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
'put by reference'
["default","more"]
["default"]
shared within an array
{"a":2,"b":2,"c":1}
{"a":1,"b":1,"c":1}
a reference that nobody shares any more
[1,2,3]
true
'same'
one that somebody shares, on one side of a swap
false
false
true
false
true
'swapped'
recursion
'r'
false
'changed'
what cas and inc get by reference
true
7
[1,2,5]
true
