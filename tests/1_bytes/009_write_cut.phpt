--TEST--
shmop_write_partial: as in PHP 8.2, of a write past the end as much is written as fits
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(0, 'n', 0644, 16);
shmx_delete($shmx);
show(
	fn () => shmx_write($shmx, str_repeat('a', 16), 0),
	fn () => shmx_write($shmx, 'bbbbbbbb', 11),
	fn () => shmx_read($shmx, 0, 16),
	fn () => shmx_write($shmx, 'c', 16),
	fn () => shmx_write($shmx, '', 16),
	fn () => shmx_write($shmx, '', 0),
	fn () => shmx_write($shmx, str_repeat('d', 5000), 0),
	fn () => shmx_read($shmx, 0, 0),
);
?>
--EXPECT--
16
5
'aaaaaaaaaaabbbbb'
0
0
0
16
'dddddddddddddddd'
