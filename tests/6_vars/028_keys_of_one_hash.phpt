--TEST--
shmx_keys() takes no longer for keys of one hash than for others, and names each once
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 4 << 20);

function best_seconds(Shmx $shmx): float
{
	$best = INF;
	for ($i = 0; $i < 5; $i++) {
		$best = min($best, seconds(fn () => shmx_keys($shmx)));
	}
	return $best;
}

function one_of_two_halves(int $number, string $zero, string $one): string
{
	return strtr(sprintf('%013b', $number), ['0' => $zero, '1' => $one]);
}

$took = [];
// PHP gives Ez and FY the same hash, and so everything that is made of them.
foreach (['apart' => ['Ez', 'Fz'], 'one hash' => ['Ez', 'FY']] as $name => [$zero, $one]) {
	shmx_clear($shmx);
	for ($i = 0; $i < 8192; $i++) {
		shmx_put_var($shmx, one_of_two_halves($i, $zero, $one), $i);
	}
	// A writer may be at work while another process has the lock: only then are doubles looked for.
	foreach ([false, true] as $is_locked) {
		$other = $is_locked ? new Child(function ($parent) use ($shmx) {
			$parent->say(shmx_lock($shmx));
			$parent->hear();
		}) : null;
		$other?->hear();
		$keys = shmx_keys($shmx);
		echo "$name", $is_locked ? ', locked' : '', ': ', count($keys), ' keys, ', count(array_unique($keys)), " different ones\n";
		$took[$name] = best_seconds($shmx);
		$other?->kill();
	}
}
// Kept apart by a PHP array they would take some hundred times as long.
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
apart: 8192 keys, 8192 different ones
apart, locked: 8192 keys, 8192 different ones
one hash: 8192 keys, 8192 different ones
one hash, locked: 8192 keys, 8192 different ones
as fast
