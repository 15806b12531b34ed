--TEST--
every kind of value comes out as it was sent
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
enum Suit
{
	case Hearts;
	case Spades;
}

final class Point
{
	private $hidden = 'h';
	public function __construct(public int $x, public ?Point $next = null)
	{
	}
}

$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 8 << 20);
$shared = [1, 2];
$values = [
	null, true, false, 0, -1, PHP_INT_MAX, PHP_INT_MIN, 1.5, -0.0, INF, '', 'text', "\0\xff", str_repeat('k', 1024),
	str_repeat('k', 1025), random_bytes(3 << 20), [], [1, 2, 3], range(1, 1000), ['a' => 1, 5 => 'five', '' => null],
	[[[['deep']]], ['x' => ['y' => [1.25, true, null]]]], array_fill(0, 100, str_repeat('v', 100)),
	new Point(1, new Point(2)), Suit::Spades, [Suit::Hearts, new Point(3)], new ArrayObject([1, 2]),
	['first' => &$shared, 'second' => &$shared],
];
foreach ($values as $i => $value) {
	shmx_send($shmx, $value) && shmx_receive($shmx, $message, 0) or die("$i did not go through");
	if (serialize($message) !== serialize($value)) {
		echo "$i is not what it was: ", brief($message), "\n";
	}
}
var_dump($message['first'] === [1, 2]);
$message['first'][] = 3;
var_dump($message['second'], Suit::Spades === (function () use ($shmx) {
	shmx_send($shmx, Suit::Spades);
	shmx_receive($shmx, $message);
	return $message;
})());
// All of them at once, in order.
$sent = array_slice($values, 0, 15);
foreach ($sent as $value) {
	shmx_send($shmx, $value);
}
$received = [];
while (shmx_receive($shmx, $message, 0)) {
	$received[] = $message;
}
var_dump($received === $sent, is_nan((function () use ($shmx) {
	shmx_send($shmx, NAN);
	shmx_receive($shmx, $message);
	return $message;
})()));
show(
	fn () => shmx_send($shmx, fn () => 1),
	fn () => shmx_send($shmx, ['a' => $shmx]),
	fn () => shmx_pending($shmx),
);
shmx_delete($shmx);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
bool(true)
array(3) {
  [0]=>
  int(1)
  [1]=>
  int(2)
  [2]=>
  int(3)
}
bool(true)
bool(true)
bool(true)
Exception: Serialization of 'Closure' is not allowed
Exception: Serialization of 'Shmx' is not allowed
0
