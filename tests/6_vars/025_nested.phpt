--TEST--
arrays that contain themselves, or others many times, are stored or refused as serialize() would, and in no time
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 1_000_000);

function contains_itself(): array
{
	$array = [1];
	$array[1] = &$array;
	return $array;
}
function nested(int $depth): array
{
	for ($array = []; $depth > 1; $depth--) {
		$array = [$array];
	}
	return $array;
}

$cycle = contains_itself();
show(
	fn () => shmx_put_var($shmx, 'cycle', $cycle),
	fn () => serialize(shmx_get_var($shmx, 'cycle')) === serialize(unserialize(serialize($cycle))),
	fn () => shmx_put_var($shmx, 'deep', nested(4000)),
	fn () => shmx_get_var($shmx, 'deep') === nested(4000),
	fn () => shmx_put_var($shmx, 'deeper', nested(4098)),
);
// 2^600 ways lead through it: only PHP's memory_limit ends what would be written, and some builds end the process with it.
$code = '$key = ' . test_key(__FILE__) . ';' . <<<'CODE'
	$shmx = shmx_open($key, "w", 0, 0);
	for ($array = [1], $i = 0; $i < 600; $i++) {
		$array = [$array, $array];
	}
	shmx_put_var($shmx, "wide", $array);
	CODE;
$flags = trim(getenv('SHMX_PHP_FLAGS') ?: getenv('TEST_PHP_EXTRA_ARGS'));
$begun = hrtime(true);
// Also where the tests run without PHP's own allocator, which alone knows a limit.
exec('env -u USE_ZEND_ALLOC ' . PHP_BINARY . " $flags -d memory_limit=16M -r " . escapeshellarg($code) . ' 2>&1', $said);
echo preg_match('/memory (size|limit) of/', implode("\n", $said)) === 1 ? 'memory' : implode("\n", $said), ', ',
	brief((hrtime(true) - $begun) / 1e9 < 20 * slowness()), "\n";
shmx_delete($shmx);
// Or it would look like memory lost.
unset($cycle);
gc_collect_cycles();
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
ValueError: Arrays nested more than 4096 levels deep cannot be stored
memory, true
