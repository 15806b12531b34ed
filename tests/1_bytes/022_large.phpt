--TEST--
a segment of 3 GiB works behind its second
--EXTENSIONS--
shmx
--SKIPIF--
<?php
require __DIR__ . '/../skip.inc';
skip_without_64_bits();
skip_without_memory(4);
?>
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$size = 3 << 30;
$shmx = shmx_open($key, 'n', 0600, $size);
show(
	fn () => shmx_size($shmx) === $size,
	fn () => shmx_info($shmx)['size'] === $size,
	fn () => shmx_write($shmx, 'far out', $size - 7),
	fn () => shmx_write($shmx, 'far out', $size - 3),
	fn () => shmx_write($shmx, str_repeat('more than the journal holds', 1000), (5 << 29) + 1),
	fn () => shmx_read($shmx, $size - 7, 0),
	fn () => shmx_read($shmx, (5 << 29) + 1, 27),
	fn () => shmx_read($shmx, (5 << 29) + 27001 - 27, 27),
	fn () => shmx_read($shmx, (1 << 31) - 1, 2) === "\0\0",
	fn () => shmx_read($shmx, $size + 1, 0),
	fn () => shmx_write($shmx, 'x', $size),
	fn () => shmx_write($shmx, 'x', $size + 1),
	fn () => shmx_read(shmx_open($key, 'a', 0, 0), $size - 3, 3),
	fn () => shmx_delete($shmx),
);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
true
true
7
3
27000
'far far'
'more than the journal holds'
'more than the journal holds'
true
ValueError: shmx_read(): Argument #2 ($offset) must be between 0 and the segment size
0
ValueError: shmx_write(): Argument #3 ($offset) is out of range
'far'
true
