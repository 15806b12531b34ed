--TEST--
bytes are bytes: every value, at every length around a word, a cache line, a page and the journal's size
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$size = 20000;
$shmx = shmx_open(0, 'n', 0600, $size);
shmx_delete($shmx);
$expected = str_repeat("\0", $size);
$all = implode(array_map('chr', range(0, 255)));
$wrong = 0;
foreach ([0, 1, 7, 8, 9, 63, 64, 65, 255, 256, 4095, 4096, 4097, 8192, 12289] as $length) {
	foreach ([0, 1, 3, 64, 4095, 4096, 5001] as $offset) {
		$data = substr(str_repeat(strrev($all) . $length, 100), $offset % 251, $length);
		$wrong += shmx_write($shmx, $data, $offset) !== $length;
		$expected = substr_replace($expected, $data, $offset, $length);
		$wrong += shmx_read($shmx, 0, 0) !== $expected;
		$wrong += $length > 0 && shmx_read($shmx, $offset, $length) !== $data;
	}
}
var_dump($wrong, $expected !== str_repeat("\0", $size));
?>
--EXPECT--
int(0)
bool(true)
