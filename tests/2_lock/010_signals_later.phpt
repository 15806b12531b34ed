--TEST--
without pcntl_async_signals a signal ends neither a waiting lock nor a waiting write
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
$waits = [
	'lock' => fn ($shmx) => shmx_lock($shmx),
	'write' => fn ($shmx) => shmx_write($shmx, 'x', 0),
];
$waiters = [];
foreach ($waits as $name => $wait) {
	$waiters[] = $waiter = new Child(function ($parent) use ($key, $name, $wait) {
		pcntl_async_signals($name === 'write');
		pcntl_signal(SIGUSR1, fn () => null);
		$shmx = shmx_open($key, 'w', 0600, 0);
		$waited = seconds(function () use ($parent, $name, $wait, $shmx) {
			$parent->say('ready');
			$parent->say($name . ' ' . outcome(fn () => $wait($shmx)));
		});
		$parent->say($waited >= 0.25);
	});
	$waiter->hear();
	$waiter->awaitSleep();
}
for ($i = 0; $i < 10; $i++) {
	usleep(25_000);
	foreach ($waiters as $waiter) {
		posix_kill($waiter->pid, SIGUSR1);
	}
}
shmx_unlock($shmx);
foreach ($waiters as $waiter) {
	echo $waiter->hear(), ' ', brief($waiter->hear()), ' ', $waiter->wait(), "\n";
}
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
lock true true exit 0
write 1 true exit 0
