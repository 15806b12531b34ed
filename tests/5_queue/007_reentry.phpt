--TEST--
serializing and unserializing may use the very queue that the message goes through
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 1 << 16);

final class Sender
{
	public static Shmx $queue;
	public static bool $closes = false;

	public function __construct(public string $name)
	{
	}

	public function __serialize(): array
	{
		shmx_send(self::$queue, "sent while $this->name was serialized");
		if (self::$closes) {
			shmx_close(self::$queue);
		}
		return [$this->name];
	}

	public function __unserialize(array $data): void
	{
		shmx_receive(self::$queue, $message, 0);
		$this->name = "$data[0], after " . brief($message);
	}
}

Sender::$queue = $shmx;
shmx_send($shmx, new Sender('a'));
shmx_send($shmx, [new Sender('b'), new Sender('c')]);
var_dump(shmx_pending($shmx));
while (shmx_receive($shmx, $message, 0)) {
	echo json_encode($message), "\n";
}
var_dump(shmx_pending($shmx));
// A lock held meanwhile is this script's own and no trouble.
shmx_lock($shmx);
shmx_send($shmx, new Sender('d'));
var_dump(shmx_pending($shmx));
shmx_unlock($shmx);
shmx_delete($shmx);
Sender::$closes = true;
show(fn () => shmx_send($shmx, new Sender('e')));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
int(5)
"sent while a was serialized"
{"name":"a, after 'sent while b was serialized'"}
"sent while c was serialized"
[{"name":"b, after null"},{"name":"c, after null"}]
int(0)
int(2)
Error: Shared memory segment has already been closed
