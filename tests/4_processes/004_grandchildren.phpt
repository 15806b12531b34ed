--TEST--
grandchildren write too, and die without harm
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 64);
shmx_write($shmx, 'self ', 0);
$child = new Child(function () use ($shmx) {
	shmx_lock($shmx);
	shmx_write($shmx, 'child ', 5);
	$grandchild = new Child(function ($parent) use ($shmx) {
		show(fn () => shmx_unlock($shmx), fn () => shmx_lock($shmx, 0));
		$parent->say('tried');
		shmx_lock($shmx);
		shmx_write($shmx, 'grandchild ', 11);
		$last = new Child(function () use ($shmx) {
			show(fn () => shmx_lock($shmx, 0.01));
			posix_kill(getmypid(), SIGKILL);
		});
		echo $last->wait(), "\n";
		show(fn () => shmx_unlock($shmx));
	});
	$grandchild->hear();
	shmx_unlock($shmx);
	echo $grandchild->wait(), "\n";
});
echo $child->wait(), "\n";
show(fn () => trim(shmx_read($shmx, 0, 0), "\0"), fn () => shmx_lock($shmx, 0), fn () => shmx_info($shmx)['recoveries']);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
Error: Shared memory segment is not locked through this handle
false
false
signal 9
true
exit 0
exit 0
'self child grandchild '
true
0
