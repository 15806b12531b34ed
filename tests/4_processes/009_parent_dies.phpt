--TEST--
the lock of a killed parent is free although its children live and have the segment open
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
shmx_close(shmx_open($key, 'n', 0600, 16));
$parent = new Child(function ($test) use ($key) {
	$shmx = shmx_open($key, 'w', 0600, 0);
	shmx_lock($shmx);
	shmx_write($shmx, 'parent', 0);
	$child = new Child(function () use ($shmx, $test) {
		$test->say(shmx_lock($shmx, 0));
		$got = shmx_lock($shmx, 10);
		$test->say([$got, shmx_read($shmx, 0, 6), shmx_info($shmx)['recoveries']]);
	});
	$child->wait();
});
show(fn () => $parent->hear());
echo $parent->kill(), "\n";
show(fn () => $parent->hear());
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
false
signal 9
[true,"parent",1]
