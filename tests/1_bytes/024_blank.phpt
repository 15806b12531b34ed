--TEST--
a new segment is blank, reads as zero bytes, and the first write makes it one of bytes
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(0, 'n', 0600, 10000);
shmx_delete($shmx);
show(
	fn () => shmx_info($shmx)['kind'],
	fn () => shmx_read($shmx, 0, 0) === str_repeat("\0", 10000),
	fn () => shmx_write($shmx, '', 0),
	fn () => shmx_info($shmx)['kind'],
	fn () => shmx_lock($shmx),
	fn () => shmx_unlock($shmx),
	fn () => shmx_info($shmx)['kind'],
	fn () => shmx_write($shmx, 'x', 0),
	fn () => shmx_info($shmx)['kind'],
);
?>
--EXPECT--
'blank'
true
0
'blank'
true
true
'blank'
1
'bytes'
