--TEST--
a handler of pcntl_async_signals runs while shmx_lock waits, which then returns false
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 64);
shmx_lock($shmx);
$waiter = new Child(function ($parent) use ($key) {
	pcntl_async_signals(true);
	pcntl_signal(SIGUSR1, function () {
		echo "handler\n";
	});
	$shmx = shmx_open($key, 'w', 0600, 0);
	$waited = seconds(function () use ($parent, $shmx, &$got) {
		$parent->say('ready');
		$got = shmx_lock($shmx);
	});
	var_dump($got, $waited >= 0.15);
	$parent->say('returned');
	var_dump(shmx_lock($shmx));
});
$waiter->hear();
$waiter->awaitSleep();
usleep(150_000);
posix_kill($waiter->pid, SIGUSR1);
$waiter->hear();
shmx_unlock($shmx);
echo $waiter->wait(), "\n";
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
handler
bool(false)
bool(true)
bool(true)
exit 0
