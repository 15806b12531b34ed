--TEST--
objects of the old Serializable interface come back as from serialize(): cycles end, and one object stays one
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
error_reporting(E_ALL & ~E_DEPRECATED);
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 100_000);
$queue = shmx_open(test_key(__FILE__, 1), 'n', 0600, 10_000);

final class Node implements Serializable
{
	public ?Node $peer = null;

	public function serialize(): string
	{
		return serialize($this->peer);
	}

	public function unserialize(string $data): void
	{
		$this->peer = unserialize($data);
	}
}

final class Wrap implements Serializable
{
	public function __construct(public ?object $inner) {}

	public function serialize(): string
	{
		return serialize([$this->inner]);
	}

	public function unserialize(string $data): void
	{
		[$this->inner] = unserialize($data);
	}
}

$one = new Node();
$other = new Node();
$one->peer = $other;
$other->peer = $one;
shmx_put_var($shmx, 'cycle', $one);
shmx_send($queue, $one);
$object = new stdClass();
shmx_put_var($shmx, 'pair', [$object, new Wrap($object)]);
shmx_receive($queue, $message);
show(
	fn () => shmx_get_var($shmx, 'cycle')->peer::class,
	fn () => $message->peer::class,
	fn () => serialize($message) === serialize($one),
	fn () => serialize(shmx_get_var($shmx, 'cycle')) === serialize(unserialize(serialize($one))),
);
[$first, $second] = shmx_get_var($shmx, 'pair');
var_dump($first === $second->inner);

echo "floats beside objects, to the last bit though serialize_precision says otherwise\n";
final class Settles
{
	public function __serialize(): array
	{
		ini_set('serialize_precision', '5');
		return ['float' => M_PI];
	}
	public function __unserialize(array $data): void
	{
	}
}

/** Ends the script as memory_limit would, in the middle of its serialization. */
final class Ends implements Serializable
{
	public function serialize(): string
	{
		eval('class Ends {}');
	}

	public function unserialize(string $data): void
	{
	}
}

ini_set('serialize_precision', '14');
$sum = [0.1 + 0.2, $object];
shmx_put_var($shmx, 'sum', $sum);
show(
	fn () => shmx_get_var($shmx, 'sum')[0] === 0.1 + 0.2,
	fn () => shmx_cas_var($shmx, 'sum', $sum, [0.5]),
	fn () => serialize(M_PI),
	fn () => shmx_put_var($shmx, 'settles', new Settles()),
	fn () => serialize(M_PI),
);
register_shutdown_function(function () use ($shmx, $queue) {
	// What was broken off has left nothing behind: $object was the first in it.
	global $object;
	echo serialize(M_PI), ' ', serialize([$object, $object]), "\n";
	shmx_delete($shmx);
	shmx_delete($queue);
});
ini_set('serialize_precision', '3');
shmx_put_var($shmx, 'ends', [$object, new Ends()]);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECTF--
'Node'
'Node'
true
true
bool(true)
floats beside objects, to the last bit though serialize_precision says otherwise
true
true
'd:3.1415926535898;'
true
'd:3.1416;'

Fatal error: Cannot %Sdeclare class Ends%s
d:3.14; a:2:{i:0;O:8:"stdClass":0:{}i:1;r:2;}
