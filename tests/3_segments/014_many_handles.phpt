--TEST--
hundreds of handles on one segment, opened and closed, leave it as it was
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 16);
$handles = [];
for ($i = 0; $i < 300; $i++) {
	$handles[] = $handle = shmx_open($key, $i % 3 ? 'w' : 'a', 0600, 0);
	if ($i % 3) {
		shmx_write($handle, sprintf('%4d', $i), 0);
	}
}
show(fn () => shmx_read($handles[0], 0, 4), fn () => shmx_info($shmx)['attached'], fn () => shmx_info($shmx)['writers_in_use']);
$handles = [];
unset($handle);
show(fn () => shmx_info($shmx)['attached'], fn () => shmx_info($shmx)['writers_in_use'], fn () => shmx_write($shmx, 'x', 0));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
' 299'
301
200
1
0
1
