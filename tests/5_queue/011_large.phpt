--TEST--
a message larger than memory_limit ends in PHP's own error, and the queue goes on
--EXTENSIONS--
shmx
pcntl
posix
--SKIPIF--
<?php
require __DIR__ . '/../skip.inc';
skip_without_memory_limit();
?>
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 48 << 20);
$large = fn () => str_repeat('x', 40 << 20);
foreach (['a string' => $large, 'with an object' => fn () => [new stdClass(), $large()]] as $name => $make) {
	shmx_send($shmx, $make());
	echo "$name\n";
	$child = new Child(function () use ($shmx) {
		register_shutdown_function(function () {
			echo "the script ended as scripts do\n";
		});
		ini_set('memory_limit', '16M');
		shmx_receive($shmx, $message);
		echo "not reached\n";
	});
	echo $child->wait(), "\n";
}
shmx_send($shmx, 'next');
shmx_receive($shmx, $message, 0);
var_dump($message, shmx_pending($shmx));
shmx_delete($shmx);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECTF--
a string

Fatal error: Allowed memory size of %d bytes exhausted%s
the script ended as scripts do
exit 255
with an object

Fatal error: Allowed memory size of %d bytes exhausted%s
the script ended as scripts do
exit 255
string(4) "next"
int(0)
