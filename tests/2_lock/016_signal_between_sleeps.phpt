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
	pcntl_signal(SIGUSR1, function () use (&$handled) {
		$handled = hrtime(true);
	});
	while ($parent->hear() === 'again') {
		$handled = 0;
		$parent->say('waiting');
		shmx_lock($shmx, 0.5);
		// The signal may have come before the wait began, or later than its end.
		while ($handled === 0) {
			usleep(100);
		}
		$parent->say($handled);
	}
});
$late = 0;
for ($round = 0; $round < intdiv(500, slowness()); $round++) {
	$waiter->say('again');
	$waiter->hear();
	usleep(random_int(0, 1500) + ($round % 10 ? 0 : 9_500));
	$sent = hrtime(true);
	posix_kill($waiter->pid, SIGUSR1);
	$late += $waiter->hear() - $sent > 400e6;
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
