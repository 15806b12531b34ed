--TEST--
shmop_open_private: key 0 makes a new segment each time
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$first = shmx_open(0, 'c', 0777, 1024);
shmx_write($first, 'mine', 0);
$second = shmx_open(0, 'c', 0777, 1024);
$third = shmx_open(0, 'n', 0777, 1024);
var_dump(shmx_read($first, 0, 4), shmx_read($second, 0, 4) === "\0\0\0\0", shmx_read($third, 0, 4) === "\0\0\0\0");
foreach ([$first, $second, $third] as $shmx) {
	shmx_delete($shmx);
}
?>
--EXPECT--
string(4) "mine"
bool(true)
bool(true)
