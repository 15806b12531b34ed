--TEST--
shmx_cas_var compares as === does, and objects by what serialize() makes of them
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 1000000);

class Box
{
	public function __construct(public mixed $value) {}
}

/** Whether a swap finds what was put. */
function swaps(mixed $stored, mixed $expected): bool
{
	global $shmx;
	shmx_put_var($shmx, 'key', $stored);
	$swapped = shmx_cas_var($shmx, 'key', $expected, 'new');
	if (shmx_get_var($shmx, 'key') === 'new' xor $swapped) {
		echo "says one thing and does another\n";
	}
	return $swapped;
}

$values = [null, false, true, 0, 1, 2, -1, 0.0, -0.0, 1.0, NAN, INF, '', '0', '1', 'a', "a\0", [], [1], ['1'], [1.0], [1, 2], [1 => 2, 0 => 1],
	['a' => 1, 'b' => 2], ['b' => 2, 'a' => 1], [NAN], [[1, [2]]], [[1, ['2']]], ['0' => 1], [-0.0], [0.0], [null]];
$wrong = [];
foreach ($values as $stored) {
	foreach ($values as $expected) {
		if (swaps($stored, $expected) !== ($stored === unserialize(serialize($expected)))) {
			$wrong[] = [$stored, $expected];
		}
	}
}
echo count($values) ** 2 - count($wrong), ' of ', count($values) ** 2, " pairs are swapped exactly when === says so\n";

echo "objects\n";
$object = new Box([1]);
show(
	fn () => swaps(new Box([1]), new Box([1])),
	fn () => swaps($object, $object),
	fn () => swaps(new Box([1]), new Box(['1'])),
	fn () => swaps(new Box(NAN), new Box(NAN)),
	fn () => swaps([new Box(1), 'a'], [new Box(1), 'a']),
	fn () => swaps([new Box(1)], [1]),
	fn () => swaps([1], [new Box(1)]),
	fn () => swaps(new Box(1), (array) new Box(1)),
	fn () => swaps([$object, $object], [new Box([1]), new Box([1])]),
);

echo "a variable that is not there equals nothing\n";
shmx_remove_var($shmx, 'key');
show(
	fn () => shmx_cas_var($shmx, 'key', null, 1),
	fn () => shmx_cas_var($shmx, 'key', '', 1),
	fn () => shmx_has_var($shmx, 'key'),
);

echo "from one type to another, and to the same\n";
shmx_put_var($shmx, 'key', 1);
show(
	fn () => shmx_cas_var($shmx, 'key', 1, 2),
	fn () => shmx_cas_var($shmx, 'key', 2, 2),
	fn () => shmx_cas_var($shmx, 'key', 2, null),
	fn () => shmx_cas_var($shmx, 'key', null, true),
	fn () => shmx_cas_var($shmx, 'key', true, new Box(5)),
	fn () => shmx_cas_var($shmx, 'key', new Box(5), [1, 2]),
	fn () => shmx_cas_var($shmx, 'key', [1, 2], str_repeat('long', 10000)),
	fn () => shmx_cas_var($shmx, 'key', str_repeat('long', 10000), 1.5),
	fn () => shmx_get_var($shmx, 'key'),
);

echo "what is of another type is not revived for the comparison\n";
final class Loud
{
	public function __unserialize(array $data): void
	{
		echo "revived\n";
	}
}
shmx_put_var($shmx, 'key', new Loud());
show(fn () => shmx_cas_var($shmx, 'key', 5, 6), fn () => shmx_cas_var($shmx, 'key', new Loud(), 6), fn () => shmx_get_var($shmx, 'key'));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
1024 of 1024 pairs are swapped exactly when === says so
objects
true
true
false
true
true
false
false
false
false
a variable that is not there equals nothing
false
false
false
from one type to another, and to the same
true
true
true
true
true
true
true
true
1.5
what is of another type is not revived for the comparison
false
true
6
