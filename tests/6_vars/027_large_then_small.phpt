--TEST--
a large array, stored under another memory_limit, does not make the next ones too large for theirs
--EXTENSIONS--
shmx
--INI--
memory_limit=512M
--SKIPIF--
<?php
require __DIR__ . '/../skip.inc';
skip_without_memory_limit();
?>
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 1 << 20);
show(
	fn () => outcome(fn () => shmx_put_var($shmx, 'large', range(1, 3_000_000))) !== 'true',
	fn () => gc_mem_caches() >= 0,
	fn () => is_string(ini_set('memory_limit', (string) (memory_get_usage(true) + (8 << 20)))),
	fn () => shmx_put_var($shmx, 'small', range(1, 20_000)),
	fn () => shmx_get_var($shmx, 'small') === range(1, 20_000),
);
ini_set('memory_limit', '512M');

// Large ones that keep coming have room from the start, and one that does not take it up is not given it for long.
$numbers = range(1, 1_000_000);
$taken = function () use ($shmx) {
	memory_reset_peak_usage();
	$before = memory_get_usage(true);
	shmx_put_var($shmx, 'small', range(1, 20_000));
	return memory_get_peak_usage(true) - $before;
};
outcome(fn () => shmx_put_var($shmx, 'large', $numbers));
$first = $taken();
for ($i = 0; $i < 8; $i++) {
	$last = $taken();
}
show(fn () => $first >= 7_000_000, fn () => $last <= 4 << 20);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
true
true
true
true
true
true
true
