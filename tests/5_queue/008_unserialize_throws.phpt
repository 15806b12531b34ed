--TEST--
an exception while a message is unserialized comes out, and the message is gone
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 1 << 16);

final class Bomb
{
	public function __unserialize(array $data): void
	{
		throw new DomainException('no such thing');
	}
	public function __serialize(): array
	{
		return ['data' => str_repeat('x', 2000)];
	}
}

final class Refuses
{
	public function __serialize(): array
	{
		throw new LogicException('not this one');
	}
}

shmx_send($shmx, new Bomb());
shmx_send($shmx, 'next');
show(
	fn () => shmx_send($shmx, new Refuses()),
	fn () => shmx_pending($shmx),
);
$message = 'before';
try {
	shmx_receive($shmx, $message);
} catch (DomainException $e) {
	echo $e->getMessage(), ', ', brief($message), "\n";
}
var_dump(shmx_receive($shmx, $message), $message, shmx_pending($shmx));
shmx_delete($shmx);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
LogicException: not this one
2
no such thing, 'before'
bool(true)
string(4) "next"
int(0)
