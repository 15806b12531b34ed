--TEST--
a value that takes longer to read than writers take to go round the log is read and swapped all the same
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

/** How long $looks reads and swaps took, in seconds, while another process does nothing but put. */
function look(mixed $large, int $looks): float
{
	$shmx = shmx_open(0, 'n', 0600, 1 << 20);
	shmx_put_var($shmx, 'large', $large);
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
	// The writer may be given no processor for as long as the looks take.
	$moves = fn () => shmx_info($shmx)['moved_bytes'] - $moved >= 1_000_000;
	for ($i = 0; $i < $looks || !$moves() && microtime(true) < $begun + 20 * slowness(); $i++) {
		if (shmx_get_var($shmx, 'large') != $large || !shmx_cas_var($shmx, 'large', $large, $large)) {
			echo "not what was put\n";
		}
		if (shmx_cas_var($shmx, 'large', is_array($large) ? [] : 'small', 0)) {
			echo "what was not expected was swapped\n";
		}
		if ($i === $looks - 1) {
			$took = microtime(true) - $begun;
		}
	}
	if (!$moves()) {
		echo "the writer did not move it\n";
	}
	$writer->kill();
	shmx_delete($shmx);
	return $took;
}

$object = new ArrayObject(['text' => str_repeat('o', 150_000)]);
foreach ([
	// 150 KB that are moved in microseconds and decoded in milliseconds.
	[array_map(fn ($i) => [$i], range(1, 25_000)), 10],
	[str_repeat('s', 150_000), 300],
	[$object, 300],
] as [$large, $looks]) {
	var_dump(($took = look($large, $looks)) < 20 * slowness() ?: $took);
}
?>
--EXPECT--
bool(true)
bool(true)
bool(true)
