--TEST--
a stopped holder is not a dead one: nobody steals its lock, and when it goes on all do
--EXTENSIONS--
shmx
pcntl
posix
--INI--
shmx.lock_timeout=0.2
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 64);
$holder = new Child(function ($parent) use ($key) {
	$shmx = shmx_open($key, 'w', 0600, 0);
	shmx_lock($shmx);
	shmx_write($shmx, 'held', 0);
	$parent->say('locked');
	$parent->hear();
	$parent->say(shmx_read($shmx, 0, 4));
	shmx_unlock($shmx);
	$parent->say('unlocked');
});
$holder->hear();
posix_kill($holder->pid, SIGSTOP);
pcntl_waitpid($holder->pid, $status, WUNTRACED);
show(
	fn () => shmx_lock($shmx, 0),
	fn () => shmx_lock($shmx, 0.4),
	fn () => shmx_write($shmx, 'stolen', 0),
	fn () => shmx_read($shmx, 0, 4),
);
posix_kill($holder->pid, SIGCONT);
$holder->say('go on');
echo $holder->hear(), ' ', $holder->hear(), "\n";
show(fn () => shmx_lock($shmx, 1), fn () => shmx_write($shmx, 'next', 0), fn () => shmx_read($shmx, 0, 4),
	fn () => shmx_info($shmx)['recoveries']);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
false
false
ShmxException SHMX_E_TIMEOUT: Another writer kept the segment for longer than shmx.lock_timeout
'held'
held unlocked
true
4
'next'
0
