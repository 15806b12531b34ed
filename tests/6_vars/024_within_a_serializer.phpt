--TEST--
values that are stored and read within another serialize() and unserialize() have their own objects
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
// The old interface shares PHP's numbering of objects with whatever is serialized within it.
error_reporting(E_ALL & ~E_DEPRECATED);
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 10_000);

final class Thing
{
	public function __construct(public string $name) {}
}

final class Old implements Serializable
{
	public static array $found = [];

	public function serialize(): string
	{
		global $shmx;
		$stored = new Thing('stored');
		shmx_put_var($shmx, 'pair', [$stored, $stored, $GLOBALS['outer']]);
		return 'old';
	}

	public function unserialize(string $data): void
	{
		global $shmx;
		self::$found = shmx_get_var($shmx, 'pair');
	}
}

$outer = new Thing('outer');
$bytes = serialize([$outer, new Old(), $outer]);
[$one, $two, $three] = shmx_get_var($shmx, 'pair');
echo $one->name, ' ', $two->name, ' ', $three->name, ' ', brief($one === $two), "\n";
$back = unserialize($bytes);
[$one, $two, $three] = Old::$found;
echo $one->name, ' ', $two->name, ' ', $three->name, ' ', brief($one === $two), "\n";
echo $back[0]->name, ' ', brief($back[0] === $back[2]), "\n";
shmx_delete($shmx);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
stored stored outer true
stored stored outer true
outer true
