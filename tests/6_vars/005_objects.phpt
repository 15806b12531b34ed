--TEST--
objects come back as serialize() and unserialize() make them
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 1000000);

enum Suit: string
{
	case Hearts = 'h';
	case Spades = 's';
}
final class Point
{
	public function __construct(public readonly int $x, protected ?float $y = null, private array $more = []) {}
}
class Magic
{
	public $kept = 1;
	public $lost = 2;
	public array $calls = [];

	public function __serialize(): array
	{
		return ['kept' => $this->kept];
	}

	public function __unserialize(array $data): void
	{
		$this->kept = $data['kept'];
		$this->lost = 'not stored';
		$this->calls[] = __FUNCTION__;
	}
}
class Old
{
	public $a = 'a';
	private $b = 'b';
	public $c = 'c';

	public function __sleep()
	{
		return ['a', 'b'];
	}

	public function __wakeup()
	{
		$this->c = 'woken';
	}
}
class Refuses
{
	public function __serialize(): array
	{
		throw new LogicException('not me');
	}
}
class RefusesLater
{
	public function __unserialize(array $data): void
	{
		throw new LogicException('not any more');
	}
}

$put = function (mixed $value) use ($shmx) {
	shmx_put_var($shmx, 'object', $value);
	return shmx_get_var($shmx, 'object');
};
show(
	fn () => serialize($put(new Point(1, 2.5, ['a' => Suit::Hearts]))) === serialize(new Point(1, 2.5, ['a' => Suit::Hearts])),
	fn () => $put(new Point(1))->x = 2,
);
var_dump($put(Suit::Spades) === Suit::Spades, $put([Suit::Spades])[0] === Suit::Spades);
$magic = $put(new Magic());
echo "$magic->kept, $magic->lost, ", implode($magic->calls), "\n";
echo strtr(serialize($put(new Old())), "\0", '~'), "\n";
var_dump($put(new ArrayObject([1, 2]))->count());
echo $put(new DateTimeImmutable('2020-02-29 12:00:00 UTC'))->format('c'), "\n";

echo "one object twice is one object\n";
$object = new stdClass();
$pair = $put([$object, $object, 'self' => null]);
var_dump($pair[0] === $pair[1], $pair[0] === $object);
$object->self = $object;
$back = $put($object);
var_dump($back->self === $back);
unset($object->self, $back->self);

echo "what cannot be stored throws what serialize() throws, and the old value stays\n";
shmx_put_var($shmx, 'stays', 'old');
show(
	fn () => shmx_put_var($shmx, 'stays', fn () => 1),
	fn () => shmx_put_var($shmx, 'stays', ['deep' => ['in' => strlen(...)]]),
	fn () => shmx_add_var($shmx, 'new', new class {}),
	fn () => shmx_put_var($shmx, 'stays', $shmx),
	fn () => shmx_put_var($shmx, 'stays', new Refuses()),
	fn () => shmx_put_var($shmx, 'stays', (function () { yield 1; })()),
	fn () => shmx_cas_var($shmx, 'stays', 'old', fn () => 1),
	fn () => shmx_cas_var($shmx, 'stays', fn () => 1, 'new'),
	fn () => shmx_get_var($shmx, 'stays'),
	fn () => shmx_has_var($shmx, 'new'),
);
echo "what cannot be revived throws from the read, and stays\n";
shmx_put_var($shmx, 'later', new RefusesLater());
show(
	fn () => shmx_get_var($shmx, 'later'),
	fn () => shmx_get_var($shmx, 'later', 'default'),
	fn () => shmx_has_var($shmx, 'later'),
	fn () => shmx_put_var($shmx, 'later', 1),
	fn () => shmx_get_var($shmx, 'later'),
);
echo "a resource is stored as serialize() has it\n";
show(fn () => $put(STDIN), fn () => $put([STDIN, 'a']), fn () => unserialize(serialize([STDIN, 'a'])));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
true
Error: Cannot modify readonly property Point::$x
bool(true)
bool(true)
1, not stored, __unserialize
O:3:"Old":2:{s:1:"a";s:1:"a";s:6:"~Old~b";s:1:"b";}
int(2)
2020-02-29T12:00:00+00:00
one object twice is one object
bool(true)
bool(false)
bool(true)
what cannot be stored throws what serialize() throws, and the old value stays
Exception: Serialization of 'Closure' is not allowed
Exception: Serialization of 'Closure' is not allowed
Exception: Serialization of 'class@anonymous' is not allowed
Exception: Serialization of 'Shmx' is not allowed
LogicException: not me
Exception: Serialization of 'Generator' is not allowed
Exception: Serialization of 'Closure' is not allowed
Exception: Serialization of 'Closure' is not allowed
'old'
false
what cannot be revived throws from the read, and stays
LogicException: not any more
LogicException: not any more
true
true
1
a resource is stored as serialize() has it
0
[0,"a"]
[0,"a"]
