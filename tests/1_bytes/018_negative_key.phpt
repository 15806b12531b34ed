--TEST--
the halves of the key range are both good, as ftok() gives them
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = (int) (test_key(__FILE__) - 2 ** 31);
$shmx = shmx_open($key, 'n', 0600, 16);
shmx_write($shmx, 'there', 0);
var_dump(shmx_read(shmx_open($key, 'a', 0600, 0), 0, 5), shmx_info($shmx)['key'] === $key, shmx_delete($shmx));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
string(5) "there"
bool(true)
bool(true)
