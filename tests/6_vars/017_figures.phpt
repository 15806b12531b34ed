--TEST--
shmx_info counts entries, bytes, hits and misses of variables
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 100000);

$names = ['entries', 'capacity', 'bytes_used', 'bytes_live', 'permanent_bytes', 'hits', 'misses', 'evictions', 'second_rounds', 'expired', 'moved_bytes'];
$figures = fn () => array_intersect_key(shmx_info($shmx), array_flip($names));
var_dump($figures());
shmx_put_var($shmx, 'permanent', str_repeat('x', 100));
shmx_put_var($shmx, 'cache', 1, SHMX_EVICTABLE);
shmx_put_var($shmx, 'short', 1, 1);
// 32 bytes of header, key and value filled up to multiples of 8
var_dump($figures()['permanent_bytes'] === 32 + 16 + 104, $figures()['bytes_live'] === 32 + 16 + 104 + 2 * (32 + 8 + 8));
show($figures);
shmx_get_var($shmx, 'permanent');
shmx_get_var($shmx, 'none');
shmx_has_var($shmx, 'cache');
shmx_has_var($shmx, 'none');
shmx_has_var($shmx, 'neither');
show($figures);
echo "replaced, removed\n";
shmx_put_var($shmx, 'permanent', 1);
shmx_remove_var($shmx, 'cache');
show($figures);
echo "over\n";
usleep(1_100_000);
shmx_put_var($shmx, 'short', 1);
show(fn () => [$figures()['expired'], $figures()['entries']]);
echo "cleared\n";
shmx_clear($shmx);
show($figures);
echo "writes\n";
$before = shmx_info($shmx);
shmx_inc_var($shmx, 'n');
shmx_put_var($shmx, 'n', 5);
shmx_add_var($shmx, 'n', 6);
shmx_remove_var($shmx, 'not there');
shmx_remove_var($shmx, 'n');
$after = shmx_info($shmx);
var_dump($after['writes'] - $before['writes'], abs($after['last_write'] - time()) <= 20);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
array(0) {
}
bool(true)
bool(true)
{"entries":3,"capacity":87520,"bytes_used":248,"bytes_live":248,"permanent_bytes":152,"hits":0,"misses":0,"evictions":0,"second_rounds":0,"expired":0,"moved_bytes":0}
{"entries":3,"capacity":87520,"bytes_used":248,"bytes_live":248,"permanent_bytes":152,"hits":2,"misses":3,"evictions":0,"second_rounds":0,"expired":0,"moved_bytes":0}
replaced, removed
{"entries":2,"capacity":87520,"bytes_used":304,"bytes_live":104,"permanent_bytes":56,"hits":2,"misses":3,"evictions":0,"second_rounds":0,"expired":0,"moved_bytes":0}
over
[1,2]
cleared
{"entries":0,"capacity":87520,"bytes_used":0,"bytes_live":0,"permanent_bytes":0,"hits":2,"misses":3,"evictions":0,"second_rounds":0,"expired":1,"moved_bytes":0}
writes
int(3)
bool(true)
