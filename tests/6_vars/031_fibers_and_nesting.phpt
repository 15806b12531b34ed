--TEST--
user code that comes back to shmx while a value is serialized or unserialized, also in another fiber, spoils neither
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
error_reporting(E_ALL & ~E_DEPRECATED);
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 100_000);

final class Stores
{
	public function __serialize(): array
	{
		shmx_put_var($GLOBALS['shmx'], 'inner', new stdClass());
		return [];
	}
	public function __unserialize(array $data): void
	{
		shmx_get_var($GLOBALS['shmx'], 'inner');
	}
}

echo "a float behind an object that stores another one\n";
ini_set('serialize_precision', '5');
shmx_put_var($shmx, 'outer', [new Stores(), 0.1234567890123]);
var_dump(shmx_get_var($shmx, 'outer')[1] === 0.1234567890123);
var_dump(serialize(0.1234567890123));

/** Suspends whoever serializes or unserializes it. */
final class Suspends
{
	public function __serialize(): array
	{
		Fiber::getCurrent() && Fiber::suspend();
		return [];
	}
	public function __unserialize(array $data): void
	{
		Fiber::suspend();
	}
}

/** The same, by the interface that goes on with the numbering of whoever is at work. */
final class SuspendsToo implements Serializable
{
	public function serialize(): string
	{
		Fiber::getCurrent() && Fiber::suspend();
		return 'any';
	}
	public function unserialize(string $data): void
	{
		Fiber::suspend();
	}
}

/** The first begins, the second begins within it, and the first ends first. */
function crossed(Closure $first, Closure $second): void
{
	$fibers = [new Fiber($first), new Fiber($second)];
	foreach (['start', 'resume'] as $step) {
		array_map(fn ($fiber) => $fiber->$step(), $fibers);
	}
	$object = new stdClass();
	[$one, $other] = unserialize('a:2:{i:0;O:8:"stdClass":0:{}i:1;r:2;}');
	echo serialize([$object, $object]), ' ', serialize(0.1234567890123), ' ', $one === $other ? "one object\n" : "two objects\n";
}

echo "fibers that cross\n";
$values = ['a' => [new stdClass(), new SuspendsToo(), 0.1234567890123], 'b' => [new stdClass(), new Suspends(), 0.1234567890123]];
foreach (['ab', 'ba', 'aa', 'bb'] as $names) {
	$put = fn ($name) => fn () => shmx_put_var($shmx, $name, $values[$name]);
	$get = fn ($name) => fn () => shmx_get_var($shmx, $name)[2] === 0.1234567890123 || print("not to the last bit\n");
	crossed($put($names[0]), $put($names[1]));
	crossed($get($names[0]), $get($names[1]));
	crossed($put($names[0]), $get($names[1]));
	crossed($get($names[0]), $put($names[1]));
}
shmx_delete($shmx);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECTREGEX--
a float behind an object that stores another one
bool\(true\)
string\(10\) "d:0\.12346;"
fibers that cross
(?:a:2:\{i:0;O:8:"stdClass":0:\{\}i:1;r:2;\} d:0\.12346; one object\n?){16}
