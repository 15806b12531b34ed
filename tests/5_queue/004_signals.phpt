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
		for ($i = 0; $i < 3; $i++) {
			var_dump($wait());
			$parent->say(hrtime(true));
		}
		// Again: nothing is left of the waits that were broken off.
		var_dump($wait());
	});
	$await = function () use ($shmx, $what) {
		while ((shmx_info($shmx)[$what === 'send' ? 'senders_waiting' : 'receivers_waiting'] ?? 0) !== 1) {
			usleep(500);
		}
	};
	$late = INF;
	for ($i = 0; $i < 3; $i++) {
		$await();
		$sent = hrtime(true);
		posix_kill($waiter->pid, SIGUSR1);
		$late = min($late, ($waiter->hear() ?? exit('it waits on')) - $sent);
	}
	// Two seconds are how long a wait may sleep at once. It may have had no processor, but not each time.
	var_dump($late < 1e9 * slowness());
	$await();
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
handler
bool(false)
handler
bool(false)
bool(true)
bool(true)
exit 0
handler
bool(false)
handler
bool(false)
handler
bool(false)
bool(true)
bool(true)
exit 0
alarm
Exception: from the handler
