--TEST--
every value comes back as it was put: same type, same bits, same order, same next index
--EXTENSIONS--
shmx
--INI--
memory_limit=512M
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 33554432);

$holes = range(0, 9);
unset($holes[0], $holes[4], $holes[9]);
$emptied = [1, 2, 3];
unset($emptied[0], $emptied[1], $emptied[2]);
$deep = [];
for ($i = 0; $i < 400; $i++) {
	$deep = [$deep, 'level' => $i];
}
$deeper = 1;
for ($i = 0; $i < 2000; $i++) {
	$deeper = [$deeper];
}
$map = [];
for ($i = 0; $i < intdiv(20000, slowness()); $i++) {
	$map["key $i"] = ['id' => $i, 'name' => "name $i", 'tags' => ['a', 'b', $i % 7], 'price' => $i / 3];
}
$values = [
	'null' => null, 'false' => false, 'true' => true,
	'ints' => 0, 1, -1, PHP_INT_MAX, PHP_INT_MIN, 2147483648,
	'floats' => 0.0, -0.0, 1.5, NAN, INF, -INF, PHP_FLOAT_MIN, PHP_FLOAT_MAX, PHP_FLOAT_EPSILON, 5e-324, 0.1 + 0.2,
	'strings' => '', 'a', '0', "\0", "a\0b", '1234567', '12345678', '123456789', "\xff\x80", str_repeat('x', 1 << 20), 'ünïcödé',
	'arrays' => [], [[]], [[], [[]]], [null], [1, 'a', 1.5, true, null], range(1, 1000), array_fill(0, 1000, 1.5),
	'packed and mixed' => $holes, $emptied, [5 => 1, 3 => 2, -1 => 3], ['a' => 1, 5 => 2, 'b' => 3], ['5' => 1, '05' => 2, '' => 3, "\0" => 4],
	[PHP_INT_MAX => 1], [PHP_INT_MIN => 1], [-5 => 'a'], ['9223372036854775808' => 1, ' ' => [NAN, -0.0]],
	'nested' => $deep, $deeper, $map,
	'long keys' => [str_repeat('k', 100000) => 1, str_repeat('k', 253) => 2, str_repeat('k', 254) => 3],
];

/** serialize() tells all types, -0.0 and NAN, orders and bits apart; the next free index shows when something is appended. */
function bits(mixed $value): string
{
	if (is_array($value) && !array_key_exists(PHP_INT_MAX, $value)) {
		$value[] = 'appended';
	}
	return serialize($value);
}

$wrong = [];
foreach ($values as $name => $value) {
	shmx_put_var($shmx, 'direct', $value);
	$back = shmx_get_var($shmx, 'direct');
	$again = shmx_get_var($shmx, 'direct');
	if (bits($value) !== bits($back) || bits($value) !== bits($again) || gettype($value) !== gettype($back)) {
		$wrong[] = "$name: " . outcome(fn () => $back);
	}
	shmx_put_var($shmx, 'within', ['before', $value, 'name' => $value, [$value]]);
	if (serialize(shmx_get_var($shmx, 'within')) !== serialize(['before', $value, 'name' => $value, [$value]])) {
		$wrong[] = "$name within an array: " . outcome(fn () => shmx_get_var($shmx, 'within'));
	}
}
echo count($values) - count($wrong), ' of ', count($values), " values come back\n", implode("\n", $wrong);

echo "what was read belongs to the reader\n";
$array = ['list' => [1, 2, 3]];
shmx_put_var($shmx, 'direct', $array);
$array['list'][] = 4;
$one = shmx_get_var($shmx, 'direct');
$one['list'][] = 'mine';
show(fn () => shmx_get_var($shmx, 'direct'), fn () => $one);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
51 of 51 values come back
what was read belongs to the reader
{"list":[1,2,3]}
{"list":[1,2,3,"mine"]}
