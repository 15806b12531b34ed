--TEST--
a value that takes longer to decode than writers take to go round the log is read and swapped all the same
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(0, 'n', 0600, 1 << 20);
// An array for each of 25,000 numbers: 150 KB that are moved in microseconds and decoded in milliseconds.
$large = array_map(fn ($i) => [$i], range(1, 25_000));
shmx_put_var($shmx, 'large', $large);
shmx_put_var($shmx, 'rounds', 0);
$writer = new Child(function ($parent) use ($shmx) {
	$page = str_repeat('x', 65000);
	$parent->say('writing');
	for ($i = 0;; $i++) {
		shmx_put_var($shmx, 'page ' . $i % 20, $page, 100);
	}
});
$writer->hear();
$moved = shmx_info($shmx)['moved_bytes'];
$begun = microtime(true);
for ($i = 0; $i < 10; $i++) {
	if (shmx_get_var($shmx, 'large') !== $large || !shmx_cas_var($shmx, 'large', $large, $large)) {
		echo "not what was put\n";
	}
}
$took = microtime(true) - $begun;
// The writer did move it all the while.
var_dump($took < 10 * slowness() ?: $took, shmx_info($shmx)['moved_bytes'] - $moved > 1_000_000);
$writer->kill();
shmx_delete($shmx);
?>
--EXPECT--
bool(true)
bool(true)
