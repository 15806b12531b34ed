--TEST--
no signal is lost while shmx_lock waits, at whatever moment it comes
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 64);
shmx_lock($shmx);
$waiter = new Child(function ($parent) use ($shmx) {
	pcntl_async_signals(true);
	pcntl_signal(SIGUSR1, fn () => $parent->say('handled'));
	while ($parent->hear() === 'again') {
		$parent->say('waiting');
		// The signal may have come before the wait began, which then ends with the lock.
		if (shmx_lock($shmx, 20)) {
			shmx_unlock($shmx);
		}
		$parent->say('returned');
	}
});
$late = 0;
for ($round = 0; $round < intdiv(500, slowness()) && $late === 0; $round++) {
	$waiter->say('again');
	$waiter->hear();
	usleep(random_int(0, 1500) + ($round % 10 ? 0 : 9_500));
	$sent = hrtime(true);
	posix_kill($waiter->pid, SIGUSR1);
	// One that is lost is handled when the wait is over.
	$late += $waiter->hear() !== 'handled' || hrtime(true) - $sent > 10e9;
	shmx_unlock($shmx);
	$waiter->hear();
	shmx_lock($shmx);
}
$waiter->say('end');
var_dump($late);
echo $waiter->wait(), "\n";
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
int(0)
exit 0
