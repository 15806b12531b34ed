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
shmx_send($shmx, str_repeat('x', 40 << 20));
$child = new Child(function () use ($shmx) {
	ini_set('memory_limit', '16M');
	shmx_receive($shmx, $message);
	echo "not reached\n";
});
echo $child->wait(), "\n";
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
Fatal error: Allowed memory size of %d bytes exhausted%s
exit 255
string(4) "next"
int(0)
