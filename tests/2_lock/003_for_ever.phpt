--TEST--
without a timeout shmx_lock waits, for longer than shmx.lock_timeout, and gets the lock
--EXTENSIONS--
shmx
pcntl
posix
--INI--
shmx.lock_timeout=0.05
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 64);
shmx_lock($shmx);
$waiter = new Child(function ($parent) use ($key) {
	$shmx = shmx_open($key, 'w', 0600, 0);
	$parent->say(seconds(function () use ($parent, $shmx) {
		$parent->say('waiting');
		shmx_lock($shmx);
	}));
	shmx_write($shmx, 'mine', 0);
});
echo $waiter->hear(), "\n";
usleep(300_000);
shmx_unlock($shmx);
$waited = $waiter->hear();
var_dump($waited >= 0.3);
echo $waiter->wait(), ' ', shmx_read($shmx, 0, 4), "\n";
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
waiting
bool(true)
exit 0 mine
