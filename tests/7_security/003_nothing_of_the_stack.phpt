--TEST--
clearing damaged variables stores nothing of the process's own memory in the segment
--EXTENSIONS--
shmx
shmop
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
const FIGURES = ['entries', 'bytes_live', 'permanent_bytes', 'evictions', 'second_rounds', 'expired', 'moved_bytes'];
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 10_000);
for ($i = 0; $i < 100; $i++) {
	shmx_put_var($shmx, "key $i", str_repeat('x', 200), SHMX_EVICTABLE);
}
echo brief(shmx_info($shmx)['evictions'] > 0), "\n";
$raw = shmop_open($key, 'w', 0, 0);
// The log's head, which every writer looks at.
shmop_write($raw, str_repeat("\xff", 8), 1024 + 128);
show(fn () => shmx_put_var($shmx, 'key', 'refused'));
shmx_clear($shmx);
// Counts, and what the clear was about to store of them.
echo bin2hex(shmop_read($raw, 1024 + 192, 64)), "\n", bin2hex(shmop_read($raw, 1024 + 368, 64)), "\n";
echo json_encode(array_intersect_key(shmx_info($shmx), array_flip(FIGURES))), "\n";
show(fn () => shmx_put_var($shmx, 'key', 'value'), fn () => shmx_get_var($shmx, 'key'));
shmx_delete($shmx);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
true
ShmxException SHMX_E_DAMAGED: The segment is damaged: what stands in it was not written by shmx
00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
{"entries":0,"bytes_live":0,"permanent_bytes":0,"evictions":0,"second_rounds":0,"expired":0,"moved_bytes":0}
true
'value'
