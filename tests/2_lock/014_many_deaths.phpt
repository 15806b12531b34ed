--TEST--
tokens are not used up by the dead: a thousand writers of a set of two, one after the other
--EXTENSIONS--
shmx
pcntl
posix
--INI--
shmx.writers=2
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 64);
$bad = 0;
for ($i = 0; $i < 1000 / slowness(); $i++) {
	$pid = pcntl_fork();
	if ($pid === 0) {
		shmx_lock($shmx);
		shmx_write($shmx, 'x', 0);
		posix_kill(getmypid(), SIGKILL);
	}
	pcntl_waitpid($pid, $status);
	$bad += pcntl_wtermsig($status) !== SIGKILL;
}
var_dump($bad);
show(fn () => shmx_info($shmx)['writers_in_use'], fn () => shmx_write($shmx, 'y', 0), fn () => shmx_read($shmx, 0, 1));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
int(0)
0
1
'y'
