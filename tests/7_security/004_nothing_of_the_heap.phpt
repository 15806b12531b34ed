--TEST--
no call stores bytes in the segment that were left behind in the process's memory
--EXTENSIONS--
shmx
shmop
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

final class Thing
{
	public function __construct(public mixed $value) {}
}

// In the source it stands in another form, so that only what was left behind can be found.
$canary = strrev('YXyranaC');

/** Leaves it behind in blocks of every size that PHP's allocator keeps lists of, each filled to its end, and in larger ones. */
function leave_behind(string $canary): void
{
	$much = str_repeat($canary, 5_000);
	$left = [$much, substr($much, 500)];
	// A string has 24 bytes before it and one behind.
	for ($block = 32; $block <= 3_072; $block += 8) {
		$left[] = substr($much, 0, $block - 25);
	}
}

$values = [null, false, 7, 1.5, '', [], [1], [true, null, 2.5], ['a' => 1, 'b' => ['c' => 'd']], range(1, 9), array_fill(0, 5, 0.5),
	[[1, 'two'], [3, 'four']], [5 => 'a', 'x' => [[]]], new Thing('v'), new ArrayObject([new Thing(1)])];
for ($length = 1; $length < 70; $length++) {
	$values[] = str_repeat('x', $length);
	$values[] = [str_repeat('k', $length) => str_repeat('x', $length), 'rest' => str_repeat('y', 70 - $length)];
	$values[] = new Thing(str_repeat('z', $length));
}
$values[] = str_repeat('long', 5_000);
$values[] = array_fill(0, 500, 'many');
$one = 1;
$values[] = [&$one, &$one];

$key = test_key(__FILE__);
[$variables, $queue, $bytes] = array_map(fn ($number) => shmx_open($key + $number, 'n', 0600, 200_000), range(0, 2));
foreach ($values as $number => $value) {
	leave_behind($canary);
	$name = str_repeat('n', $number % 40) . $number;
	shmx_put_var($variables, $name, $value, [0, SHMX_EVICTABLE, 100][$number % 3]);
	leave_behind($canary);
	shmx_add_var($variables, "added $name", $value);
	shmx_inc_var($variables, 'count');
	shmx_cas_var($variables, $name, $value, [$value]);
	leave_behind($canary);
	shmx_send($queue, $value);
	if ($number % 3 === 0) {
		shmx_receive($queue, $message, 0);
		shmx_remove_var($variables, "added $name");
	}
	leave_behind($canary);
	shmx_write($bytes, is_string($value) ? $value : (string) $number, $number * 100);
	shmx_info($variables);
	shmx_keys($variables);
}
foreach (['variables' => 0, 'queue' => 1, 'bytes' => 2] as $kind => $number) {
	$all = shmop_read(shmop_open($key + $number, 'a', 0, 0), 0, 0);
	echo "$kind: ", strlen(rtrim($all, "\0")) > 10_000 ? 'full of bytes' : 'EMPTY', ', ',
		array_filter(str_split($canary, 4), fn ($piece) => str_contains($all, $piece)) ? 'FOUND' : 'none of them left behind', "\n";
}
// And it would be found.
shmx_put_var($variables, 'key', [$canary]);
var_dump(str_contains(shmop_read(shmop_open($key, 'a', 0, 0), 0, 0), $canary));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
variables: full of bytes, none of them left behind
queue: full of bytes, none of them left behind
bytes: full of bytes, none of them left behind
bool(true)
