--TEST--
a process killed in the middle of small writes leaves each whole or not at all
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$size = 4096;
$shmx = shmx_open($key, 'n', 0600, $size + 100);
$reader = shmx_open($key, 'a', 0600, 0);
shmx_write($shmx, str_repeat('a', $size), 50);
$mixed = 0;
for ($round = 0; $round < intdiv(200, slowness()); $round++) {
	$child = new Child(function ($parent) use ($key, $size) {
		$shmx = shmx_open($key, 'w', 0600, 0);
		$parent->say('ready');
		for ($i = 0;; $i++) {
			shmx_write($shmx, str_repeat(chr(97 + $i % 26), $size), 50);
		}
	});
	$child->hear();
	usleep(random_int(0, 3000));
	$child->kill();
	foreach ([$reader, $shmx] as $handle) {
		$mixed += strlen(count_chars(shmx_read($handle, 100, 1000), 3)) !== 1;
		$mixed += strlen(count_chars(shmx_read($handle, 50, $size), 3)) !== 1;
	}
	shmx_write($shmx, 'z', 0);
}
var_dump($mixed, shmx_info($shmx)['torn'], shmx_info($shmx)['writers_in_use']);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
int(0)
array(0) {
}
int(1)
