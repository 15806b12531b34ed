--TEST--
while a lock is held the writes of others wait, and reads do not
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 64);
shmx_write($shmx, 'before', 0);
shmx_lock($shmx);
shmx_write($shmx, 'inside', 0);
$other = new Child(function ($parent) use ($key) {
	$shmx = shmx_open($key, 'w', 0600, 0);
	$read = seconds(function () use ($shmx, &$seen) {
		$seen = shmx_read($shmx, 0, 6);
	});
	$parent->say(seconds(function () use ($parent, $seen, $read, $shmx) {
		// Below shmx.lock_timeout.
		$parent->say([$seen, $read < 4]);
		shmx_write($shmx, 'behind', 0);
	}) >= 0.2);
});
show(fn () => $other->hear());
usleep(200_000);
show(fn () => shmx_read($shmx, 0, 6), fn () => shmx_unlock($shmx), fn () => $other->hear());
$other->wait();
show(fn () => shmx_read($shmx, 0, 6));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
["inside",true]
'inside'
true
true
'behind'
