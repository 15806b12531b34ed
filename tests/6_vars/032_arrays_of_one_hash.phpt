--TEST--
an array whose keys have one hash is read with a bounded number of steps for each key
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
ini_set('memory_limit', '1G');
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 16 << 20);

function one_of_two_halves(int $number, string $zero, string $one): string
{
	return strtr(sprintf('%014b', $number), ['0' => $zero, '1' => $one]);
}

$took = [];
// PHP gives Ez and FY the same hash, and so everything that is made of them.
foreach (['apart' => ['Ez', 'Fz'], 'one hash' => ['Ez', 'FY']] as $name => [$zero, $one]) {
	$keys = array_map(fn ($number) => one_of_two_halves($number, $zero, $one), range(0, (1 << 14) - 1));
	shmx_put_var($shmx, $name, array_fill_keys($keys, 1));
	$took[$name] = INF;
	for ($i = 0; $i < 5; $i++) {
		$took[$name] = min($took[$name], seconds(function () use ($shmx, $name, &$array) { $array = shmx_get_var($shmx, $name); }));
	}
	echo "$name: ", count($array), ' keys, ', array_keys($array) === $keys ? "as they were\n" : "others\n";
}
// PHP itself takes some four hundred times as long to fill it.
$ratio = $took['one hash'] / $took['apart'];
echo $ratio < 20 ? "as fast\n" : sprintf("%.1f times as long\n", $ratio);
shmx_delete($shmx);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
apart: 16384 keys, as they were
one hash: 16384 keys, as they were
as fast
