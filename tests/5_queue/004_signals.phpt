--TEST--
a handler of pcntl_async_signals runs while a queue is waited for, which then returns false
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 4096);
foreach (['receive', 'send'] as $what) {
	if ($what === 'send') {
		while (shmx_send($shmx, str_repeat('x', 200))) {
		}
	}
	$waiter = new Child(function ($parent) use ($key, $what) {
		pcntl_async_signals(true);
		pcntl_signal(SIGUSR1, function () {
			echo "handler\n";
		});
		$shmx = shmx_open($key, 'w', 0600, 0);
		$message = 'before';
		$wait = fn () => $what === 'send' ? shmx_send($shmx, str_repeat('y', 200), -1) : shmx_receive($shmx, $message);
		$waited = seconds(function () use ($wait, &$got) {
			$got = $wait();
		});
		var_dump($got, $waited < 2 * slowness());
		$parent->say('returned');
		// Again: nothing is left of the wait that was broken off.
		var_dump($wait());
	});
	$waiting = fn () => shmx_info($shmx)[$what === 'send' ? 'senders_waiting' : 'receivers_waiting'] ?? 0;
	while ($waiting() !== 1) {
		usleep(500);
	}
	posix_kill($waiter->pid, SIGUSR1);
	$waiter->hear();
	while ($waiting() !== 1) {
		usleep(500);
	}
	$what === 'send' ? shmx_receive($shmx, $message) : shmx_send($shmx, 'message');
	echo $waiter->wait(), "\n";
}
// A signal that comes before the wait does not wait for its end; what is there at once is had all the same.
pcntl_async_signals(true);
pcntl_signal(SIGALRM, function () {
	echo "alarm\n";
	throw new Exception('from the handler');
});
while (shmx_receive($shmx, $message, 0)) {
}
pcntl_alarm(1);
show(function () use ($shmx) {
	while (!shmx_receive($shmx, $message)) {
	}
});
shmx_delete($shmx);
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
handler
bool(false)
bool(true)
bool(true)
exit 0
alarm
Exception: from the handler
