--TEST--
keys are PHP array keys: any bytes up to 64 KiB, and a decimal number is the int that it says
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 2000000);

$keys = [
	5, '5', 0, '0', -1, '-1', '05', '-0', ' 5', '5 ', '+5', '5.0', '1e1', '0x5', PHP_INT_MAX, (string) PHP_INT_MAX,
	'9223372036854775808', PHP_INT_MIN, (string) PHP_INT_MIN, '-9223372036854775809', '', ' ', "\0", "a\0b", "a\0c", "a", "A", "\xff\xfe",
	"key\n", str_repeat('k', 65535), str_repeat('k', 65536), str_repeat("\0", 65536), (int) 2147483648, (int) -2147483649,
];
$array = [];
foreach ($keys as $number => $key) {
	$array[$key] = $number;
	shmx_put_var($shmx, $key, $number);
}
$wrong = array_filter($keys, fn ($key) => shmx_get_var($shmx, $key) !== $array[$key] || !shmx_has_var($shmx, $key));
echo count($wrong), " of ", count($keys), " keys lead elsewhere than in an array\n";
var_dump(sorted(shmx_keys($shmx)) === sorted(array_keys($array)), count(array_unique(array_map('serialize', shmx_keys($shmx)))) === count($array));
var_dump(shmx_info($shmx)['entries'] === count($array));

echo "one key in two forms\n";
shmx_clear($shmx);
show(
	fn () => shmx_put_var($shmx, 5, 'int'),
	fn () => shmx_add_var($shmx, '5', 'string'),
	fn () => shmx_get_var($shmx, '5'),
	fn () => shmx_keys($shmx),
	fn () => shmx_put_var($shmx, '-7', 1),
	fn () => shmx_inc_var($shmx, -7),
	fn () => shmx_remove_var($shmx, '5'),
	fn () => shmx_has_var($shmx, 5),
	fn () => shmx_keys($shmx),
	fn () => shmx_cas_var($shmx, '-7', 2, 3),
	fn () => shmx_get_var($shmx, -7),
);

echo "keys of one and the same hash\n";
shmx_clear($shmx);
for ($i = 0; $i < 512; $i++) {
	// Ez and FY have the same hash, and so has everything that is made of them.
	shmx_put_var($shmx, strtr(sprintf('%09b', $i), ['0' => 'Ez', '1' => 'FY']), $i);
}
$good = 0;
for ($i = 0; $i < 512; $i++) {
	$good += shmx_get_var($shmx, strtr(sprintf('%09b', $i), ['0' => 'Ez', '1' => 'FY'])) === $i;
}
echo "$good of 512 are found, of ", count(shmx_keys($shmx)), "\n";
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
0 of 34 keys lead elsewhere than in an array
bool(true)
bool(true)
bool(true)
one key in two forms
true
false
'int'
[5]
true
2
true
false
[-7]
true
3
keys of one and the same hash
512 of 512 are found, of 512
