--TEST--
a script that ends while a value is unserialized leaves nothing of it to unserialize() in shutdown functions
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
error_reporting(E_ALL & ~E_DEPRECATED);
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 10_000);

/** Ends the script as memory_limit would. */
final class Ends implements Serializable
{
	public function serialize(): string
	{
		return 'none';
	}

	public function unserialize(string $data): void
	{
		eval('class Ends {}');
	}
}

register_shutdown_function(function () use ($shmx) {
	// Numbers of what was broken off would lead elsewhere.
	$pair = unserialize('a:2:{i:0;O:8:"stdClass":1:{s:4:"name";s:4:"mine";}i:1;r:2;}');
	var_dump($pair[0] === $pair[1]);
	var_dump(shmx_get_var($shmx, 'other') == [new stdClass()]);
	shmx_delete($shmx);
});
shmx_put_var($shmx, 'other', [new stdClass()]);
shmx_put_var($shmx, 'ends', [new stdClass(), new Ends()]);
shmx_get_var($shmx, 'ends');
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECTF--
Fatal error: Cannot %Sdeclare class Ends%s
bool(true)
bool(true)
